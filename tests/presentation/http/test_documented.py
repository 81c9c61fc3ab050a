"""What the document says apart from refusals, asked of the application."""

import httpx
import pytest

from app.domain.access import UserRole
from db.factories.accounts import PASSWORD
from tests.presentation.http.conftest import People, Person
from tests.presentation.http.operations import DESCRIBED

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("code", DESCRIBED["components"]["schemas"]["ProblemCode"]["enum"])
async def test_every_code_is_explained_where_its_type_points(client: httpx.AsyncClient, code: str) -> None:
    response = await client.get(f"/problems/{code}")
    assert response.status_code == 200
    explained = response.json()
    assert explained["example"]["code"] == explained["code"] == code
    assert explained["example"]["type"] == response.request.url.path


async def test_health_and_keys_are_answered_as_documented(client: httpx.AsyncClient) -> None:
    for path in ("/health/live", "/health/ready", "/.well-known/jwks.json"):
        assert (await client.get(path)).status_code == 200


async def test_the_served_document_is_the_one_that_answers_are_held_against(client: httpx.AsyncClient) -> None:
    response = await client.get("/docs/openapi.json")
    assert response.headers["content-type"] == "application/json"
    assert response.json() == DESCRIBED


async def test_a_row_that_the_client_has_is_not_sent_again(people: People) -> None:
    admin = (await people.make(role=UserRole.ADMIN)).client
    me = await admin.get("/api/me")
    for path in ("/api/me", f"/api/users/{me.json()['id']}"):
        held = (await admin.get(path)).headers["etag"]
        response = await admin.get(path, headers={"If-None-Match": held})
        assert (response.status_code, response.content) == (304, b"")


async def test_a_common_password_is_refused_when_it_is_changed_to(ada: Person) -> None:
    body = {"currentPassword": PASSWORD, "newPassword": "password1"}
    answer = await ada.client.post("/api/me/password", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "password_compromised")
