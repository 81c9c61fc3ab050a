"""Holds every response of the suite against the OpenAPI document, and tells in the end which answers nobody saw.

`checked_transport(app)` is for clients of an application in process; for one behind a socket wrap its transport:
`CheckedTransport(httpx.AsyncHTTPTransport(), contract_of(app))`. A response that the document does not declare, or
declares otherwise, fails the test that got it. After the whole suite each declared answer must have been seen.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, TypeAlias

import httpx
import pytest
from jsonschema_rs import Draft202012Validator
from litestar import Litestar
from litestar.routes import HTTPRoute

Json: TypeAlias = dict[str, Any]
Answer: TypeAlias = tuple[str, int, str]
"""An operation's id, a status, and the problem's code; no code is an empty text."""

SCHEMAS: Final = "#/components/schemas/"
PROBLEM: Final = "application/problem+json"
# whoever sends one of these must have said so
TOLD_HEADERS: Final = ("ETag", "Location", "Retry-After", "Set-Cookie", "WWW-Authenticate")


class Nonconforming(AssertionError):
    """A response that the document does not describe."""


@dataclass
class Tally:
    """What the document declares, what was seen of it, and what was seen beside it."""

    declared: set[Answer] = field(default_factory=set[Answer])
    seen: set[Answer] = field(default_factory=set[Answer])
    complaints: list[str] = field(default_factory=list[str])


TALLY: Final = Tally()


class Contract:
    """The document as something that responses can be held against."""

    def __init__(self, described: Json, undocumented: re.Pattern[str]) -> None:
        self._components: Json = described["components"]
        self._undocumented = undocumented
        self._validators: dict[str, Draft202012Validator] = {}
        self._paths = [
            (re.compile("/".join("[^/]+" if part[:1] == "{" else re.escape(part) for part in path.split("/"))), item)
            # a literal segment wins over a parameter
            for path, item in sorted(described["paths"].items(), key=lambda pair: pair[0].replace("{", "~"))
        ]

    def declared(self) -> Iterator[Answer]:
        """Every answer of every operation."""
        for _, item in self._paths:
            for described in item.values():
                for status, response in described["responses"].items():
                    for code in self._codes(response):
                        yield described["operationId"], int(status), code

    def check(self, method: str, path: str, response: httpx.Response) -> Answer | None:
        """The declared answer that it is, None where it is nobody's; raises `Nonconforming`."""
        # as Litestar routes it: slashes in a row are one, and one in the end is none
        path = re.sub("/+", "/", path).rstrip("/")
        item = next((item for pattern, item in self._paths if pattern.fullmatch(path)), None)
        if method == "OPTIONS" or (item is None and self._undocumented.fullmatch(path)):
            return None
        # HEAD is GET without its body
        described = None if item is None else item.get("get" if method == "HEAD" else method.lower())
        if described is None:
            self._check_stray(method, response, allow=item is not None)
            return None
        declared = described["responses"].get(str(response.status_code))
        if declared is None:
            raise Nonconforming(f"{described['operationId']} does not declare {response.status_code}: {response.text}")
        self._check_headers(declared.get("headers", {}), response.headers)
        if method == "HEAD":
            self._check_body({}, response)
            return None
        return described["operationId"], response.status_code, self._check_body(declared.get("content", {}), response)

    def _check_stray(self, method: str, response: httpx.Response, *, allow: bool) -> None:
        """No operation was asked: there is no such path, method, or host."""
        expected = {400, 405} if allow else {400, 404}
        if response.status_code not in expected:
            raise Nonconforming(f"{response.status_code} where nothing is documented: {response.text}")
        if response.status_code == 405 and not response.headers.get("allow"):
            raise Nonconforming("405 without Allow")
        self._check_body({} if method == "HEAD" else {PROBLEM: {"schema": {"$ref": f"{SCHEMAS}Problem"}}}, response)

    def _check_headers(self, declared: Json, found: httpx.Headers) -> None:
        for name in TOLD_HEADERS:
            if name in found and name not in declared:
                raise Nonconforming(f"the header {name} is not declared")
        for name, reference in declared.items():
            header = self._components["headers"][reference["$ref"].rpartition("/")[2]]
            if name in found:
                text = found[name]
                value = int(text) if header["schema"]["type"] == "integer" and text.isdecimal() else text
                self._validate(header["schema"], value, name)
            elif header.get("required"):
                raise Nonconforming(f"the header {name} is missing")

    def _check_body(self, content: Json, response: httpx.Response) -> str:
        if not content:
            if response.content:
                raise Nonconforming(f"a body where none is declared: {response.text}")
            return ""
        media_type = response.headers.get("content-type", "").partition(";")[0]
        if media_type not in content:
            raise Nonconforming(f"the media type {media_type!r} is not among {', '.join(content)}")
        body = json.loads(response.content)
        self._validate(content[media_type]["schema"], body, "body")
        if media_type != PROBLEM:
            return ""
        if body["status"] != response.status_code:
            raise Nonconforming(f"a problem of status {body['status']} answered with {response.status_code}")
        return str(body["code"])

    def _validate(self, schema: Json, value: object, where: str) -> None:
        key = json.dumps(schema)
        if key not in self._validators:
            bundle = {**decided(schema), "components": {"schemas": self._closed}}
            self._validators[key] = Draft202012Validator(bundle, validate_formats=True)
        faults = [
            "/".join(map(str, [where, *fault.instance_path])) + f": {fault.message[:500]}"
            for fault in self._validators[key].iter_errors(value)
        ]
        if faults:
            raise Nonconforming("\n".join(faults))

    @cached_property
    def _closed(self) -> dict[str, Json]:
        """The components without room for a field that they do not name: clients must bear one, we declare it."""
        return {
            name: {"additionalProperties": False, **decided(schema)} if "properties" in schema else decided(schema)
            for name, schema in self._components["schemas"].items()
        }

    def _codes(self, response: Json) -> list[str]:
        if PROBLEM not in response.get("content", {}):
            return [""]
        schema = response["content"][PROBLEM]["schema"]
        if "discriminator" in schema:
            return list(schema["discriminator"]["mapping"])
        reference = schema["allOf"][0] if "allOf" in schema else schema
        component = self._components["schemas"][reference["$ref"].removeprefix(SCHEMAS)]
        return [component["properties"]["code"]["const"]]


def decided(schema: Json) -> Json:
    """The schema with its discriminator put to use, so that a fault is told of the one option that was meant."""
    if "discriminator" not in schema:
        return schema
    tag, mapping = schema["discriminator"]["propertyName"], schema["discriminator"]["mapping"]
    return {
        "type": "object",
        "required": [tag],
        "properties": {tag: {"enum": list(mapping)}},
        "allOf": [
            {"if": {"properties": {tag: {"const": value}}}, "then": {"$ref": reference}}
            for value, reference in mapping.items()
        ],
    }


class CheckedTransport(httpx.AsyncBaseTransport):
    """Fails the test that gets a response which the document does not describe."""

    def __init__(self, inner: httpx.AsyncBaseTransport, contract: Contract, tally: Tally = TALLY) -> None:
        self._inner = inner
        self._contract = contract
        self._tally = tally

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await self._inner.handle_async_request(request)
        await response.aread()
        try:
            answer = self._contract.check(request.method, request.url.path, response)
        except Nonconforming as error:
            complaint = f"{request.method} {request.url.raw_path.decode()} -> {response.status_code}\n{error}"
            self._tally.complaints.append(complaint)
            raise Nonconforming(complaint) from None
        if answer is not None:
            self._tally.seen.add(answer)
        return response

    async def aclose(self) -> None:
        await self._inner.aclose()


_contracts: Final[dict[int, tuple[Litestar, Contract]]] = {}


def contract_of(app: Litestar) -> Contract:
    """The contract of the application's document."""
    from app.presentation.http.openapi import document  # noqa: PLC0415 -- a run that asks nothing need not load it

    if id(app) not in _contracts:
        hidden = [
            re.sub(r"\{[^/]*\}", "[^/]+", re.escape(route.path_format).replace(r"\{", "{").replace(r"\}", "}"))
            for route in app.routes
            if not isinstance(route, HTTPRoute) or not any(h.resolve_include_in_schema() for h in route.route_handlers)
        ]
        contract = Contract(json.loads(document(app)), re.compile("|".join(hidden)))
        TALLY.declared.update(contract.declared())
        # with the application, whose id must not be another's
        _contracts[id(app)] = (app, contract)
    return _contracts[id(app)][1]


def checked_transport(app: Litestar) -> CheckedTransport:
    """A transport into the application, every response through which is checked."""
    inner = httpx.ASGITransport(app)  # pyright: ignore[reportArgumentType] -- Litestar's own ASGI types
    return CheckedTransport(inner, contract_of(app))


KEY: Final = "conformance"


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Send what was seen to the run's first process, which fails a whole run that left an answer unseen."""
    output: Json | None = getattr(session.config, "workeroutput", None)
    if output is not None:
        output[KEY] = json.dumps([sorted(TALLY.declared), sorted(TALLY.seen), TALLY.complaints])
    elif TALLY.complaints or (TALLY.declared - TALLY.seen and _is_whole(session)):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take over what an xdist worker has seen."""
    declared, seen, complaints = json.loads(getattr(node, "workeroutput", {}).get(KEY, "[[], [], []]"))
    TALLY.declared.update(map(tuple, declared))
    TALLY.seen.update(map(tuple, seen))
    TALLY.complaints.extend(complaints)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Tell how many of the declared answers were seen, and of a run that fails for it, which were not."""
    if not TALLY.declared:
        return
    unseen = TALLY.declared - TALLY.seen
    terminalreporter.write_sep("-", "conformance to the document")
    terminalreporter.write_line(f"{len(TALLY.declared) - len(unseen)} of {len(TALLY.declared)} declared answers seen")
    failing = _is_whole(terminalreporter._session)  # noqa: SLF001 -- the hook is handed no session
    if failing or terminalreporter.verbosity > 0:
        for name in sorted({answer[0] for answer in unseen}):
            answers = [f"{status} {code}".strip() for owner, status, code in sorted(unseen) if owner == name]
            terminalreporter.write_line(f"never seen: {name} {', '.join(answers)}", red=failing)
    for complaint in TALLY.complaints:
        terminalreporter.write_line(complaint, red=True)


def _is_whole(session: pytest.Session) -> bool:
    """Whether all tests of the suite ran: nothing was picked, left out, or cut short."""
    option = session.config.option
    picked = option.keyword or option.markexpr != "not soak" or option.deselect or option.ignore or option.collectonly
    picked = picked or getattr(option, "lf", False) or session.shouldstop or session.shouldfail or session.testsfailed
    return not picked and session.config.args_source is pytest.Config.ArgsSource.TESTPATHS
