"""Whether a client takes JSON, the one thing that is answered here (RFC 9110 12.5.1)."""

import re
from collections.abc import Sequence
from typing import Final

from litestar.handlers import HTTPRouteHandler
from litestar.status_codes import HTTP_204_NO_CONTENT

from app.domain.errors import NotAcceptable

_RANGE: Final = re.compile(r"\s*([^\s;,]+)\s*(?:;([^,]*))?")
_REFUSED: Final = re.compile(r"(?:^|;)\s*q\s*=\s*0(?:\.0{0,3})?\s*(?:;|$)", re.IGNORECASE)
_FITTING: Final = ("application/json", "application/*", "*/*")
"""The ranges that JSON is in, the most specific one first: that is the one which counts."""


def answers_json(handler: HTTPRouteHandler) -> bool:
    """Whether an operation has a body to answer with."""
    return handler.resolve_include_in_schema() and handler.status_code != HTTP_204_NO_CONTENT


def check_accept(fields: Sequence[str]) -> None:
    """`Accept` must leave room for `application/json`; raises `NotAcceptable`, also where problems would be taken."""
    if not fields or fields[0] in _FITTING:
        return
    accepted = {
        found[1].lower(): _REFUSED.search(found[2] or "") is None
        for field in fields
        for found in _RANGE.finditer(field)
    }
    # an empty field asks for nothing in particular
    if accepted and not next((accepted[fitting] for fitting in _FITTING if fitting in accepted), False):
        raise NotAcceptable
