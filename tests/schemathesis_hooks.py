"""What schemathesis is told of the service: how to sign in, and which valid requests it may refuse all the same."""

import json
import os
import time
from typing import Any, TypeAlias
from urllib.request import Request, urlopen

import schemathesis

Case: TypeAlias = schemathesis.Case[Any]

ORIGIN = os.environ["EVENSTAR_ORIGIN"]
ADMIN = os.environ["EVENSTAR_ADMIN"]
PASSWORD = os.environ["EVENSTAR_PASSWORD"]

ADMIN_PATHS = ("/api/users", "/api/audit-events")
UNREADABLE = {"malformed_request", "method_not_allowed", "payload_too_large", "unsupported_media_type"}
# of what is valid by the schema, texts that were not made here, that PostgreSQL cannot keep, or that are no names
BEYOND_SCHEMAS = {"cursor", "email", "etag", "unicode"}


def post(path: str, body: dict[str, str]) -> dict[str, Any]:
    request = Request(ORIGIN + path, json.dumps(body).encode(), {"Content-Type": "application/json"})  # noqa: S310 -- ours
    with urlopen(request, timeout=30) as response:  # noqa: S310 -- as above
        answer: dict[str, Any] = json.load(response)
    return answer


def account_of(case: Case, _: schemathesis.AuthContext) -> str:
    """Operations share an account, and see each other's rows, but for those that might end its sessions."""
    path: str = case.operation.path
    return str(case.operation.label) if path.startswith(("/api/auth", "/api/me", *ADMIN_PATHS)) else "shared"


@schemathesis.auth(cache_by_key=account_of, refresh_interval=300)
class Bearer:
    """Signs up somebody new, or signs the admin in."""

    def get(self, case: Case, _: schemathesis.AuthContext) -> str:
        if case.operation.path.startswith(ADMIN_PATHS):
            return str(post("/api/auth/login", {"email": ADMIN, "password": PASSWORD})["accessToken"])
        email = f"somebody.{time.time_ns():x}@example.com"
        person = {"email": email, "password": PASSWORD, "name": "Somebody"}
        return str(post("/api/auth/register", person)["accessToken"])

    def set(self, case: Case, data: str, _: schemathesis.AuthContext) -> None:
        case.headers["Authorization"] = f"Bearer {data}"


@schemathesis.check
def valid_requests_are_refused_for_what_no_schema_tells(
    context: schemathesis.CheckContext,  # noqa: ARG001 -- schemathesis hands it over
    response: schemathesis.Response,
    case: Case,
) -> None:
    """In place of `positive_data_acceptance`, which knows statuses and no reasons."""
    if case.meta is None or not case.meta.generation.mode.is_positive:
        return
    problem: dict[str, Any] = response.json() if response.status_code >= 400 else {}
    assert problem.get("code") not in UNREADABLE, problem
    for issue in problem.get("issues", ()):
        # a link may lead on from an id that is null, which schemathesis then writes as a word
        linked = issue["in"] == "path" and case.path_parameters
        assert linked or issue["code"] == "custom" or issue.get("format") in BEYOND_SCHEMAS, issue
