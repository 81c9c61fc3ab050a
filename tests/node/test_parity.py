"""A running service before Node: any client, the generated one, other makers of tokens, other hashers of passwords."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.live.data import query
from tests.node.conftest import FOLDER, Node, described
from tests.node.service import Service, jest_results, serving

PASSWORD = "pässwörd of Node's own"

Jest = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def service(node: Node) -> Iterator[Service]:  # noqa: ARG001 -- without Node nobody speaks to it
    with serving() as service:
        yield service


@pytest.fixture(scope="module")
def jest(node: Node, service: Service, tmp_path_factory: pytest.TempPathFactory) -> Jest:
    """Run an npm script of Jest's; returns what became of each file of tests."""

    def run(*script: str) -> dict[str, Any]:
        report = tmp_path_factory.mktemp("jest") / "report.json"
        done = node.npm(*script, "--json", f"--outputFile={report}", **service.environment)
        assert report.exists(), done.stdout + done.stderr
        return jest_results(report, FOLDER)

    return run


def files(*folders: str) -> list[str]:
    found = [path for folder in folders for path in (FOLDER / folder).glob("*.test.js")]
    return sorted(path.relative_to(FOLDER).as_posix() for path in found)


@pytest.fixture(scope="module")
def api(jest: Jest) -> dict[str, Any]:
    """As anybody runs it against a service of theirs."""
    return jest("test", "--")


@pytest.fixture(scope="module")
def ours(jest: Jest, package: Path) -> dict[str, Any]:  # noqa: ARG001 -- the tests import it
    return jest("run", "jest", "--", "client", "tokens")


def assert_passed(result: dict[str, Any]) -> None:
    assert result["status"] == "passed", result["message"]
    assert {test["status"] for test in result["assertionResults"]} == {"passed"}


@pytest.mark.parametrize("file", files("api"))
def test_the_service_answers_as_supertest_expects(api: dict[str, Any], file: str) -> None:
    assert_passed(api[file])


def test_every_operation_succeeds_for_supertest(api: dict[str, Any], service: Service) -> None:
    assert api
    counted = re.findall(
        r'^evenstar_http_requests_total\{method="(\w+)",route="([^"]+)",status="([23]\d\d)"\}',
        httpx.get(f"{service.server.url}/metrics").text,
        re.MULTILINE,
    )
    seen = {(method.lower(), route) for method, route, _ in counted}
    paths: dict[str, dict[str, Any]] = json.loads(described())["paths"]
    assert {(method, path) for path, item in paths.items() for method in item} - seen == set()


@pytest.mark.parametrize("file", files("client", "tokens"))
def test_node_and_the_service_agree(ours: dict[str, Any], file: str) -> None:
    assert_passed(ours[file])


def signed_up(service: Service) -> str:
    email = f"{uuid4()}@example.com"
    answer = service.call("/api/auth/register", {"email": email, "password": PASSWORD, "name": "Ada"})
    assert answer.status_code == 201, answer.text
    return email


def test_hashes_from_nodes_bcrypt_log_in(node: Node, service: Service) -> None:
    hashes: list[str] = json.loads(node.script("tokens/passwords.js", "hash", PASSWORD))
    assert [hashed[:7] for hashed in hashes] == ["$2a$10$", "$2b$10$", "$2b$10$"]
    data_dir = service.server.data_dir
    for hashed in hashes:
        email = signed_up(service)
        query(data_dir, f"UPDATE users SET password_hash = '{hashed}' WHERE email = '{email}'")  # noqa: S608 -- made here
        right = service.call("/api/auth/login", {"email": email, "password": PASSWORD})
        assert right.status_code == 200, right.text
        wrong = service.call("/api/auth/login", {"email": email, "password": PASSWORD.upper()})
        assert wrong.status_code == 401


def test_our_hashes_verify_in_node(node: Node, service: Service) -> None:
    email = signed_up(service)
    ((hashed,),) = query(service.server.data_dir, f"SELECT password_hash FROM users WHERE email = '{email}'")  # noqa: S608 -- made here
    assert json.loads(node.script("tokens/passwords.js", "verify", PASSWORD, hashed)) == [True]
    assert json.loads(node.script("tokens/passwords.js", "verify", PASSWORD + "!", hashed)) == [False]
