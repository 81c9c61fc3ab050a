"""Preconditions: which versions of a row a change may meet (RFC 9110 13.1.1)."""

import re
from collections.abc import Sequence
from typing import Final

from app.domain.errors import Issue, IssueCode, ValidationFailed

_ENTITY_TAGS: Final = re.compile(r'\s*(?:W/)?"[^"\x00-\x20\x7f]*"\s*')
# fifteen digits stay under 2^53
_VERSION: Final = re.compile(r'"([1-9][0-9]{0,14})"')


def parse_if_match(fields: Sequence[str]) -> frozenset[int] | None:
    """The versions that `If-Match` allows: None for any. Weak tags match nothing; raises `ValidationFailed`."""
    if not fields or list(fields) == ["*"]:
        return None
    candidates = [candidate for field in fields for candidate in field.split(",")]
    if not all(_ENTITY_TAGS.fullmatch(candidate) for candidate in candidates):
        raise ValidationFailed(
            [
                Issue(
                    IssueCode.INVALID_FORMAT,
                    ("If-Match",),
                    "Expected entity tags in double quotes, or *",
                    location="header",
                    params={"origin": "string", "format": "etag"},
                )
            ]
        )
    matches = (_VERSION.fullmatch(candidate.strip()) for candidate in candidates)
    return frozenset(int(match[1]) for match in matches if match is not None)
