"""What a reader of the OpenAPI document may rely on; each test is one of it."""

import enum
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Annotated, Any, cast
from uuid import UUID

import msgspec
import pytest
from jsonschema_rs import Draft202012Validator
from litestar import Litestar, get
from msgspec import UNSET, Meta, Struct, UnsetType

from app.application.validation import convert
from app.asgi import create_app
from app.domain.errors import ValidationFailed
from app.presentation.http.openapi import document
from app.presentation.http.openapi.document import describe
from app.presentation.http.openapi.endpoints import find_endpoints
from app.presentation.http.openapi.problems import problem_example
from app.presentation.http.openapi.schemas import struct_schemas
from app.settings import Settings
from tests.application.validation import samples
from tests.conformance import decided

Json = dict[str, Any]

FINDINGS = Path("tests/application/validation/zod.jsonl")


def described() -> Json:
    content: Json = json.loads(document(create_app(Settings.load({"APP_ENV": "test"}))))
    return content


DOCUMENT = described()
SCHEMAS: dict[str, Json] = DOCUMENT["components"]["schemas"]
OPERATIONS: list[Json] = [operation for item in DOCUMENT["paths"].values() for operation in item.values()]


def walk(node: Any, path: str = "#") -> Iterator[tuple[str, Json]]:
    """Every object of a document, with where it stands."""
    if isinstance(node, dict):
        part = cast("Json", node)
        yield path, part
        for name, child in part.items():
            if name not in {"example", "examples"}:
                yield from walk(child, f"{path}/{name}")
    elif isinstance(node, list):
        for index, child in enumerate(cast("list[Any]", node)):
            yield from walk(child, f"{path}/{index}")


def resolved(part: Json) -> Json:
    if "$ref" not in part:
        return part
    found: Any = DOCUMENT
    for name in part["$ref"].removeprefix("#/").split("/"):
        found = found[name]
    return dict(found)


def fields() -> Iterator[tuple[str, Json]]:
    for name, schema in SCHEMAS.items():
        for field, described in schema.get("properties", {}).items():
            yield f"{name}.{field}", described


@cache
def validator(schema: str) -> Draft202012Validator:
    components = {name: decided(component) for name, component in SCHEMAS.items()}
    bundle = {**decided(json.loads(schema)), "components": {"schemas": components}}
    return Draft202012Validator(bundle, validate_formats=True)


def faults(schema: Json, value: object) -> list[str]:
    return [fault.message for fault in validator(json.dumps(schema)).iter_errors(value)]


def test_an_operation_has_a_name_of_its_own_in_camel_case() -> None:
    names = [operation["operationId"] for operation in OPERATIONS]
    assert len(names) == len(set(names))
    for name in names:
        assert re.fullmatch(r"[a-z]+(?:[A-Z][a-z]+)*", name), name


def test_an_operation_has_one_declared_tag_a_summary_and_a_description() -> None:
    declared = [tag["name"] for tag in DOCUMENT["tags"]]
    assert all(tag["description"] for tag in DOCUMENT["tags"])
    assert {tag for operation in OPERATIONS for tag in operation["tags"]} == set(declared)
    for operation in OPERATIONS:
        assert len(operation["tags"]) == 1
        assert 0 < len(operation["summary"]) <= 60
        assert not operation["summary"].endswith(".")
        assert operation["description"].endswith((".", "`."))


def test_an_operation_says_who_may_call_it() -> None:
    for operation in OPERATIONS:
        assert operation["security"] in ([], [{"bearer": []}], [{}, {"bearer": []}]), operation["operationId"]
        assert ("401" in operation["responses"]) or operation["security"] == []


def test_every_answer_has_its_content_or_none_and_every_refusal_is_a_problem() -> None:
    for operation in OPERATIONS:
        for status, response in operation["responses"].items():
            place = f"{operation['operationId']} {status}"
            assert response["description"], place
            content = response.get("content", {})
            expected = {"application/problem+json"} if int(status) >= 400 else {"application/json"}
            assert set(content) == (set() if status in {"204", "304"} else expected), place


def test_every_example_is_valid() -> None:
    checked = 0
    for place, part in walk(DOCUMENT):
        if "schema" in part:
            examples = [resolved(example)["value"] for example in part.get("examples", {}).values()]
            examples += [part["example"]] if "example" in part else []
            assert examples, f"{place} has no example"
            for example in examples:
                assert not faults(part["schema"], example), place
                checked += 1
        elif isinstance(part.get("examples"), list):
            for example in part["examples"]:
                assert not faults(part, example), place
                checked += 1
    assert checked > 200


def test_every_field_has_a_description_and_an_example() -> None:
    for place, given in fields():
        field = resolved(given) | given
        assert field.get("description"), place
        evident = {"const", "enum", "$ref", "oneOf", "anyOf", "properties"}
        boolean = "boolean" in str(field.get("type"))
        items = field.get("items", {}).keys() & evident
        assert field.get("examples") or boolean or items or field.keys() & evident, place


def test_requests_are_closed_and_answers_are_whole() -> None:
    for operation in OPERATIONS:
        if "requestBody" in operation:
            content = operation["requestBody"]["content"]
            assert operation["requestBody"]["required"] is True
            assert list(content) == ["application/json"]
            assert resolved(content["application/json"]["schema"])["additionalProperties"] is False
        for response in operation["responses"].values():
            for content in response.get("content", {}).values():
                schema = resolved(content["schema"])
                assert "additionalProperties" not in schema
                # the one field that is there only for those who ask
                assert set(schema.get("properties", ())) - set(schema.get("required", ())) <= {"total"}


def test_an_enumeration_is_a_component_and_null_is_a_type() -> None:
    for place, part in walk(DOCUMENT):
        assert "nullable" not in part, place
        if "enum" in part:
            assert re.fullmatch(r"#/components/schemas/\w+", place), f"{place} is an enumeration without a name"
        if {"type": "null"} in part.get("anyOf", ()):
            # a reference or an array, which have no type to add null to
            assert all(option.keys() & {"$ref", "items"} for option in part["anyOf"] if option != {"type": "null"}), (
                place
            )


def test_a_union_is_told_apart_by_a_constant_of_each_option() -> None:
    unions = [(place, part) for place, part in walk(DOCUMENT) if "oneOf" in part]
    assert unions
    for place, union in unions:
        tag, mapping = union["discriminator"]["propertyName"], union["discriminator"]["mapping"]
        assert [option["$ref"] for option in union["oneOf"]] == list(mapping.values()), place
        for value, reference in mapping.items():
            option = resolved({"$ref": reference})
            assert option["properties"][tag]["const"] == value
            assert tag in option["required"]


class Kind(enum.StrEnum):
    """A kind."""

    ONE = "one"
    TWO = "two"


class Leaf(Struct, tag_field="type", tag="leaf"):
    """A leaf."""

    at: Annotated[datetime, Meta(tz=True)] | None


class Branch(Struct, tag_field="type", tag="branch"):
    """A branch."""

    kind: Kind | None


class Tree(Struct, forbid_unknown_fields=True, rename="camel"):
    """A tree."""

    root: Leaf | Branch
    nick_name: Annotated[str, Meta(max_length=5)] | UnsetType | None = UNSET
    planted_on: date | None = None
    owner: UUID | None = None
    ages: list[int] | None = None


def test_structs_are_described_as_typescript_likes_them() -> None:
    schemas = struct_schemas({Tree})
    properties = schemas["Tree"]["properties"]
    assert schemas["Tree"]["additionalProperties"] is False
    assert schemas["Tree"]["required"] == ["root"]
    assert properties["root"] == {
        "oneOf": [{"$ref": "#/components/schemas/Leaf"}, {"$ref": "#/components/schemas/Branch"}],
        "discriminator": {
            "propertyName": "type",
            "mapping": {"branch": "#/components/schemas/Branch", "leaf": "#/components/schemas/Leaf"},
        },
    }
    assert properties["nickName"] == {"type": ["string", "null"], "maxLength": 5}
    assert properties["plantedOn"] == {"type": ["string", "null"], "format": "date", "default": None}
    assert properties["owner"] == {"type": ["string", "null"], "format": "uuid", "default": None}
    assert properties["ages"]["anyOf"] == [{"type": "array", "items": {"type": "integer"}}, {"type": "null"}]
    assert schemas["Leaf"]["properties"]["at"] == {"type": ["string", "null"], "format": "date-time"}
    assert schemas["Branch"]["properties"]["kind"] == {
        "anyOf": [{"$ref": "#/components/schemas/Kind"}, {"type": "null"}]
    }
    assert schemas["Branch"]["properties"]["type"] == {
        "description": "Tells what this is.",
        "type": "string",
        "const": "branch",
    }
    assert schemas["Kind"] == {"description": "A kind.", "type": "string", "enum": ["one", "two"]}


def test_whatever_the_collector_finds_is_documented() -> None:
    for line in FINDINGS.read_text(encoding="utf-8").splitlines():
        struct, body, _ = json.loads(line)
        try:
            convert(getattr(samples, struct), msgspec.json.decode(body))
        except ValidationFailed as refusal:
            problem = problem_example(refusal, "/api/todos")
            assert not faults({"$ref": "#/components/schemas/ValidationFailedProblem"}, problem), line
        except msgspec.DecodeError:
            continue


def test_the_document_is_the_same_to_the_byte_each_time() -> None:
    made = [document(create_app(Settings.load({"APP_ENV": "test"}))) for _ in range(8)]
    assert set(made) == {made[0]}
    assert json.loads(made[0]) == DOCUMENT


def test_the_command_writes_the_document_that_is_served(tmp_path: Path) -> None:
    output = tmp_path / "openapi.json"
    command = [
        sys.executable,
        "-m",
        "litestar",
        "--app",
        "app.asgi:create_app",
        "schema",
        "openapi",
        "--output",
        str(output),
    ]
    environment = {"APP_ENV": "test", "DATA_DIR": str(tmp_path), "PATH": "/usr/bin:/bin"}
    subprocess.run(command, check=True, env=environment, capture_output=True, timeout=60)  # noqa: S603 -- our own
    assert json.loads(output.read_bytes()) == DOCUMENT


def test_a_handler_that_is_not_described_makes_no_document() -> None:
    @get("/bare", operation_id="getBare", tags=["System"], opt={"public": True})
    async def bare() -> None: ...

    whole = create_app(Settings.load({"APP_ENV": "test"}))
    endpoints = find_endpoints([*whole.routes, *Litestar([bare], openapi_config=None).routes])
    with pytest.raises(TypeError, match="getBare has no summary"):
        describe(endpoints, title="Evenstar", version="0")
