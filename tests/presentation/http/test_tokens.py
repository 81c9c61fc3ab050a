import base64
import json

import httpx
import jwt
import pytest
from litestar import Litestar

from db.factories import UserFactory
from tests.presentation.http.conftest import Person, SettableClock

pytestmark = pytest.mark.anyio


async def test_access_tokens_end_after_fifteen_minutes(ada: Person, clock: SettableClock) -> None:
    clock.advance(minutes=14, seconds=59)
    assert (await ada.client.get("/api/me")).status_code == 200
    clock.advance(seconds=1)
    answer = await ada.client.get("/api/me")
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, 'Bearer error="invalid_token"')


async def test_the_key_set_verifies_our_tokens_and_holds_no_private_part(
    client: httpx.AsyncClient, ada: Person
) -> None:
    keys = (await client.get("/.well-known/jwks.json")).json()["keys"]
    assert all(set(key) == {"kty", "crv", "x", "y", "kid", "alg", "use"} for key in keys)
    header = jwt.get_unverified_header(ada.token)
    assert header == {"alg": "ES256", "typ": "at+jwt", "kid": keys[0]["kid"]}
    claims = jwt.decode(
        ada.token,
        jwt.PyJWK(keys[0]),
        algorithms=["ES256"],
        audience="evenstar",
        options={"verify_exp": False, "verify_iat": False},
    )
    assert set(claims) == {"iss", "sub", "aud", "exp", "iat", "jti", "sid", "role", "scope", "auth_time"}
    assert claims["sub"] == str(ada.user.id)
    assert claims["exp"] - claims["iat"] == 900


def tampered(token: str, *, header: dict[str, object] | None = None, claims: dict[str, object] | None = None) -> str:
    """The token with another header or other claims under its old signature."""
    parts = token.split(".")
    for index, changes in enumerate((header, claims)):
        if changes is not None:
            present = json.loads(base64.urlsafe_b64decode(parts[index] + "=="))
            encoded = base64.urlsafe_b64encode(json.dumps(present | changes).encode()).rstrip(b"=")
            parts[index] = encoded.decode()
    return ".".join(parts)


async def test_a_token_that_is_not_ours_to_the_letter_is_refused(ada: Person, client: httpx.AsyncClient) -> None:
    head, payload, signature = ada.token.split(".")
    forgeries = [
        "",
        "x",
        "a.b.c",
        ada.token + "=",
        ada.token[:-4] + "AAAA",
        f"{head}.{payload}.",
        f"{head}.{payload}",
        f"{head}.{payload}.{signature}.{signature}",
        tampered(ada.token, header={"alg": "none"}),
        tampered(ada.token, header={"alg": "HS256"}),
        tampered(ada.token, header={"kid": "unknown"}),
        tampered(ada.token, header={"kid": "../../../dev/null"}),
        tampered(ada.token, header={"typ": "JWT"}),
        tampered(ada.token, header={"crit": ["exp"]}),
        tampered(ada.token, claims={"role": "admin"}),
        tampered(ada.token, claims={"exp": 10**400}),
        "A" * 20_000,
        f"{head}.{'A' * 20_000}.{signature}",
    ]
    for forgery in forgeries:
        answer = await client.get("/api/me", headers={"Authorization": f"Bearer {forgery}"})
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated"), forgery[:80]
        assert answer.headers["www-authenticate"] == 'Bearer error="invalid_token"'
    for scheme in ("Basic", "bearer2", "Token"):
        answer = await client.get("/api/me", headers={"Authorization": f"{scheme} {ada.token}"})
        assert answer.status_code == 401


async def test_a_token_whose_account_is_gone_sees_nobody(client: httpx.AsyncClient, app: Litestar) -> None:
    gone = UserFactory.build()
    token = app.state.access_tokens.issue(gone.id, gone.id, gone.role, gone.created_at)
    headers = {"Authorization": f"Bearer {token}"}
    assert (await client.get("/api/me", headers=headers)).status_code == 401
    answer = await client.post("/api/todos", json={"title": "From nobody"}, headers=headers)
    assert answer.status_code == 401
