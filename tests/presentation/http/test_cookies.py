"""Browser mode: the refresh token in a cookie."""

from http.cookies import SimpleCookie

import httpx
import pytest
from litestar import Litestar

from db.factories.accounts import PASSWORD
from tests.presentation.http.conftest import Person

pytestmark = pytest.mark.anyio

SAME_ORIGIN = {"Sec-Fetch-Site": "same-origin"}


async def sign_in(client: httpx.AsyncClient, person: Person) -> tuple[dict[str, str | None], str]:
    answer = await client.post(
        "/api/auth/login", json={"email": person.user.email, "password": PASSWORD, "transport": "cookie"}
    )
    assert answer.status_code == 200
    cookie = SimpleCookie(answer.headers["set-cookie"])["__Secure-refresh"]
    return answer.json(), cookie.value


def with_cookie(token: str, **headers: str) -> dict[str, str]:
    return {"Cookie": f"__Secure-refresh={token}", **headers}


async def test_the_refresh_token_is_set_as_a_cookie_and_is_in_no_body(client: httpx.AsyncClient, ada: Person) -> None:
    answer = await client.post(
        "/api/auth/login", json={"email": ada.user.email, "password": PASSWORD, "transport": "cookie"}
    )
    cookie = SimpleCookie(answer.headers["set-cookie"])["__Secure-refresh"]
    assert answer.json()["refreshToken"] is None
    assert cookie.value not in answer.text
    attributes = {name: cookie[name] for name in ("path", "secure", "httponly", "samesite", "max-age", "domain")}
    assert attributes == {
        "path": "/api/auth/refresh",
        "secure": True,
        "httponly": True,
        "samesite": "strict",
        "max-age": "604800",
        "domain": "",
    }


async def test_a_cookie_is_exchanged_for_the_next_one(client: httpx.AsyncClient, ada: Person) -> None:
    _, token = await sign_in(client, ada)
    answer = await client.post("/api/auth/refresh", json={}, headers=with_cookie(token, **SAME_ORIGIN))
    assert (answer.status_code, answer.json()["refreshToken"]) == (200, None)
    rotated = SimpleCookie(answer.headers["set-cookie"])["__Secure-refresh"].value
    assert rotated not in {token, ""}
    me = await client.get("/api/me", headers={"Authorization": f"Bearer {answer.json()['accessToken']}"})
    assert me.status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "https://evil.example.com"},
        {"Origin": "null"},
        {"Origin": "https://evil.example.com", "Sec-Fetch-Site": "same-origin"},
        {},
    ],
)
async def test_another_site_makes_nothing_of_the_cookie(
    client: httpx.AsyncClient, ada: Person, headers: dict[str, str]
) -> None:
    _, token = await sign_in(client, ada)
    refused = await client.post("/api/auth/refresh", json={}, headers=with_cookie(token, **headers))
    assert (refused.status_code, refused.json()["code"]) == (403, "cross_site_request")
    good = await client.post("/api/auth/refresh", json={}, headers=with_cookie(token, **SAME_ORIGIN))
    assert good.status_code == 200


@pytest.mark.parametrize("origin", ["https://app.example.com", "http://127.0.0.1:8000"])
async def test_pages_of_this_origin_and_of_listed_ones_may_refresh(
    client: httpx.AsyncClient, ada: Person, origin: str
) -> None:
    _, token = await sign_in(client, ada)
    answer = await client.post("/api/auth/refresh", json={}, headers=with_cookie(token, Origin=origin))
    assert answer.status_code == 200


async def test_without_cookie_and_body_there_is_nothing_to_refresh(client: httpx.AsyncClient) -> None:
    answer = await client.post("/api/auth/refresh", json={}, headers=SAME_ORIGIN)
    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_refresh_token")


async def test_logout_by_access_token_ends_the_session_and_takes_the_cookie_back(
    app: Litestar, client: httpx.AsyncClient, ada: Person
) -> None:
    pair, token = await sign_in(client, ada)
    headers = {"Authorization": f"Bearer {pair['accessToken']}"}
    answer = await client.post("/api/auth/logout", json={}, headers=headers)
    assert answer.status_code == 204
    cookie = SimpleCookie(answer.headers["set-cookie"])["__Secure-refresh"]
    assert (cookie.value, cookie["max-age"]) == ("", "0")
    await app.state.revocations.read()
    assert (await client.get("/api/me", headers=headers)).status_code == 401
    refused = await client.post("/api/auth/refresh", json={}, headers=with_cookie(token, **SAME_ORIGIN))
    assert refused.status_code == 401
    assert (await client.post("/api/auth/logout", json={})).status_code == 401


async def test_of_two_cookies_of_the_name_neither_is_taken(client: httpx.AsyncClient, ada: Person, bob: Person) -> None:
    """A page of another host of the domain can add a cookie, and cannot have its own session taken for the user's."""
    (_, theirs), (_, planted) = await sign_in(client, ada), await sign_in(client, bob)
    for first, second in ((theirs, planted), (planted, theirs)):
        twice = {"Cookie": f"__Secure-refresh={first}; __Secure-refresh={second}", **SAME_ORIGIN}
        refused = await client.post("/api/auth/refresh", json={}, headers=twice)
        assert (refused.status_code, refused.json()["code"]) == (401, "invalid_refresh_token")
    good = await client.post("/api/auth/refresh", json={}, headers=with_cookie(theirs, **SAME_ORIGIN))
    assert good.status_code == 200


async def test_a_sign_in_takes_over_no_session_that_was_there_before(
    client: httpx.AsyncClient, ada: Person, bob: Person
) -> None:
    _, planted = await sign_in(client, bob)
    body = {"email": ada.user.email, "password": PASSWORD, "transport": "cookie"}
    answer = await client.post("/api/auth/login", json=body, headers=with_cookie(planted, **SAME_ORIGIN))
    cookie = SimpleCookie(answer.headers["set-cookie"])["__Secure-refresh"].value
    assert cookie != planted
    assert answer.json()["user"]["id"] == str(ada.user.id)
    again = await client.post("/api/auth/refresh", json={}, headers=with_cookie(planted, **SAME_ORIGIN))
    assert again.json()["user"]["id"] == str(bob.user.id)
