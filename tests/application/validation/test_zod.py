"""What Zod 4.6.7 itself found in these bodies, with schemas made from the same Structs' document.

Each line of `zod.jsonl` holds a Struct's name, a body, and Zod's issues in its order: code, path, parameters
(`pattern`, `errors`, `note` and `received` left out). Nullable fields are `.nullable()`, optional ones
`.optional()`, tagged unions `z.discriminatedUnion`, closed Structs `z.strictObject`, days and times `z.iso.*`.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from app.application.validation import convert
from app.domain.errors import Issue, ValidationFailed
from app.presentation.http.decoding import decode_json
from tests.application.validation import samples

LEFT_OUT = {"pattern", "errors", "note"}
FINDINGS: list[tuple[str, str, list[Any]]] = [
    json.loads(line) for line in Path(__file__).with_name("zod.jsonl").read_text(encoding="utf-8").splitlines()
]


def found(struct: str, body: str) -> list[Any]:
    try:
        convert(getattr(samples, struct), decode_json(body.encode()))
    except ValidationFailed as refused:
        return [plain(issue) for issue in refused.issues]
    return []


def plain(issue: Issue) -> list[Any]:
    return [
        issue.code.value,
        list(issue.path),
        {name: value for name, value in issue.params.items() if name not in LEFT_OUT},
    ]


@pytest.mark.parametrize(("struct", "body", "issues"), FINDINGS, ids=[f"{line[0]}-{line[1][:60]}" for line in FINDINGS])
def test_a_body_has_the_issues_that_zod_finds_in_it(struct: str, body: str, issues: list[Any]) -> None:
    assert found(struct, body) == issues


def test_every_issue_code_is_among_the_findings() -> None:
    codes = {issue[0] for _, _, issues in FINDINGS for issue in issues}
    assert codes == {
        "invalid_type",
        "too_small",
        "too_big",
        "invalid_format",
        "invalid_value",
        "unrecognized_keys",
        "invalid_union",
    }


def test_a_missing_tag_tells_the_tags_there_are() -> None:
    with pytest.raises(ValidationFailed) as refused:
        convert(samples.Tagged, {"first": {"op": "drop"}})
    (issue,) = refused.value.issues
    assert issue.path == ("first", "op")
    assert issue.params == {
        "errors": [],
        "note": "No matching discriminator",
        "discriminator": "op",
        "options": ["move", "rename"],
    }
    assert issue.message == 'Expected one of "move", "rename"'


def test_a_union_that_nothing_fits_tells_what_each_option_found() -> None:
    with pytest.raises(ValidationFailed) as refused:
        convert(samples.Unions, {"textOrInt": 1.5})
    (issue,) = refused.value.issues
    assert issue.path == ("textOrInt",)
    assert issue.params["errors"] == [
        [{"code": "invalid_type", "path": [], "message": "Expected a string, received a number", "expected": "string"}],
        [
            {
                "code": "invalid_type",
                "path": [],
                "message": "Expected a whole number, received a fractional one",
                "expected": "int",
                "format": "safeint",
            }
        ],
    ]


def test_a_pattern_is_told_as_zod_writes_it() -> None:
    with pytest.raises(ValidationFailed) as refused:
        convert(samples.Strings, {"code": "ABC"})
    assert refused.value.issues[0].params["pattern"] == "/^[a-z]+$/"
