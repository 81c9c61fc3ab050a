"""The check that every response goes through has teeth, and so has the count at the end of a run."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.asgi import create_app
from app.settings import Settings
from tests.conformance import CheckedTransport, Nonconforming, Tally, contract_of
from tests.house.test_document import DOCUMENT

CONTRACT = contract_of(create_app(Settings.load({"APP_ENV": "test"})))
RESPONSES = DOCUMENT["paths"]["/api/todos/{todoId}"]["get"]["responses"]
TODO: dict[str, Any] = RESPONSES["200"]["content"]["application/json"]["example"]
NOT_FOUND: dict[str, Any] = DOCUMENT["components"]["examples"]["not_found"]["value"]


def documented(status: int) -> dict[str, str]:
    """The headers that an answer of this status has."""
    response = RESPONSES[str(status)]
    headers = {name: DOCUMENT["components"]["headers"][name]["example"] for name in response["headers"]}
    return headers | ({"Content-Type": next(iter(response["content"]))} if "content" in response else {})


HEADERS = documented(200)
PROBLEM = documented(404)


def answer(status: int, body: Any = None, headers: dict[str, str] = HEADERS) -> httpx.Response:
    content = b"" if body is None else json.dumps(body).encode()
    return httpx.Response(status, content=content, headers=headers)


async def checked(response: httpx.Response, tally: Tally, method: str = "GET", path: str = "/api/todos/1") -> None:
    transport = CheckedTransport(httpx.MockTransport(lambda _: response), CONTRACT, tally)
    async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as client:
        await client.request(method, path)


@pytest.mark.anyio
async def test_a_documented_answer_passes_and_is_counted() -> None:
    tally = Tally()
    await checked(answer(200, TODO), tally)
    await checked(answer(404, NOT_FOUND, PROBLEM), tally, path="/api/todos///1/")
    await checked(answer(304, None, documented(304)), tally)
    assert tally.seen == {("getTodo", 200, ""), ("getTodo", 404, "not_found"), ("getTodo", 304, "")}
    assert tally.complaints == []


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("response", "complaint"),
    [
        (answer(202, TODO), "getTodo does not declare 202"),
        (answer(200, TODO | {"secret": 1}), "Additional properties are not allowed"),
        (
            answer(200, {name: value for name, value in TODO.items() if name != "title"}),
            '"title" is a required property',
        ),
        (answer(200, TODO | {"title": None}), "body/title: null is not of type"),
        (answer(200, TODO | {"id": "7"}), 'body/id: "7" is not a "uuid"'),
        (answer(200, TODO | {"createdAt": "yesterday"}), 'body/createdAt: "yesterday" is not a "date-time"'),
        (answer(200, TODO, HEADERS | {"Content-Type": "text/html"}), "the media type 'text/html'"),
        (answer(200, TODO, {name: value for name, value in HEADERS.items() if name != "ETag"}), "ETag is missing"),
        (answer(200, TODO, HEADERS | {"ETag": "1"}), "ETag: "),
        (answer(200, TODO, HEADERS | {"Location": "/api/todos/1"}), "the header Location is not declared"),
        (answer(304, TODO, documented(304)), "a body where none is declared"),
        (answer(404, NOT_FOUND | {"status": 410}, PROBLEM), "body/status: 404 was expected"),
        (answer(404, NOT_FOUND | {"code": "gone"}, PROBLEM), "body/code: "),
        (answer(404, NOT_FOUND | {"hint": "try 8"}, PROBLEM), "Additional properties are not allowed"),
        (answer(404, NOT_FOUND, PROBLEM | {"Content-Type": "application/json"}), "the media type 'application/json'"),
    ],
)
async def test_an_answer_that_is_not_documented_fails_the_test(response: httpx.Response, complaint: str) -> None:
    tally = Tally()
    with pytest.raises(Nonconforming) as raised:
        await checked(response, tally)
    assert str(raised.value).startswith(f"GET /api/todos/1 -> {response.status_code}\n")
    assert complaint in str(raised.value)
    assert tally.seen == set()
    # a test that swallows the exception fails the run all the same
    assert tally.complaints == [str(raised.value)]


@pytest.mark.anyio
async def test_beside_the_operations_there_are_404_405_and_400_and_nothing_else() -> None:
    tally = Tally()
    wrong_method = NOT_FOUND | DOCUMENT["components"]["schemas"]["MethodNotAllowedProblem"]["examples"][0]
    await checked(answer(404, NOT_FOUND, PROBLEM), tally, path="/nothing/here")
    await checked(answer(405, wrong_method, PROBLEM | {"Allow": "GET, PATCH"}), tally, method="PUT")
    await checked(answer(200, "anything"), tally, path="/metrics")
    with pytest.raises(Nonconforming, match="405 without Allow"):
        await checked(answer(405, wrong_method, PROBLEM), tally, method="PUT")
    with pytest.raises(Nonconforming, match="200 where nothing is documented"):
        await checked(answer(200, TODO), tally, path="/nothing/here")
    assert tally.seen == set()


@pytest.mark.anyio
async def test_head_is_answered_like_get_without_a_body_and_counts_for_nothing() -> None:
    tally = Tally()
    await checked(answer(200), tally, method="HEAD")
    await checked(answer(404, None, PROBLEM), tally, method="HEAD", path="/nothing/here")
    with pytest.raises(Nonconforming, match="a body where none is declared"):
        await checked(answer(200, TODO), tally, method="HEAD")
    with pytest.raises(Nonconforming, match="the header ETag is missing"):
        await checked(answer(200, None, PROBLEM), tally, method="HEAD")
    assert tally.seen == set()


SUITE = """\
from tests.conformance import TALLY

def test_one():
    TALLY.declared |= {("getThing", 200, ""), ("getThing", 404, "not_found")}
    TALLY.seen.add(("getThing", 200, ""))

def test_other():
    TALLY.declared |= {("getThing", 200, ""), ("getThing", 404, "not_found")}
    {other}
"""
FINISHED = 'TALLY.seen.add(("getThing", 404, "not_found"))'


def run(folder: Path, other: str, *options: str) -> tuple[int, str]:
    (folder / "pyproject.toml").write_text('[tool.pytest.ini_options]\ntestpaths = ["."]\nmarkers = ["soak"]\n')
    (folder / "test_things.py").write_text(SUITE.replace("{other}", other))
    command = [sys.executable, "-m", "pytest", "-p", "xdist.plugin", "-p", "tests.conformance", "-m", "not soak"]
    environment = {"PYTHONPATH": str(Path.cwd()), "PATH": "/usr/bin:/bin", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    done = subprocess.run(  # noqa: S603 -- our own
        [*command, *options], cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=120
    )
    return done.returncode, done.stdout


def test_a_whole_run_fails_for_an_answer_that_nobody_saw(tmp_path: Path) -> None:
    code, output = run(tmp_path, "pass", "-n", "2")
    assert code == 1
    assert "1 of 2 declared answers seen" in output
    assert "never seen: getThing 404 not_found" in output


def test_what_any_process_of_a_run_saw_counts(tmp_path: Path) -> None:
    code, output = run(tmp_path, FINISHED, "-n", "2")
    assert (code, "2 of 2 declared answers seen" in output) == (0, True)


def test_a_part_of_the_suite_may_see_less(tmp_path: Path) -> None:
    assert run(tmp_path, "pass", "-n", "0", "-k", "one")[0] == 0
    assert run(tmp_path, "pass", "-n", "0", "test_things.py")[0] == 0


def test_a_complaint_fails_any_run(tmp_path: Path) -> None:
    code, output = run(tmp_path, 'TALLY.complaints.append("GET /thing -> 200")', "-n", "0", "-k", "other")
    assert (code, "GET /thing -> 200" in output) == (1, True)
