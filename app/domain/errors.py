"""The closed catalogue of refusals: whatever Evenstar declines, it declines with one of these codes.

A refusal knows its stable code, its constant title and its kind. It knows no status: each door maps the kind
(HTTP to RFC 9457, GraphQL to `extensions.code`, a command to an exit code). Its docstring is what
`/problems/{code}` tells a reader. Columns add their own refusals beside their rules.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar, Literal

Location = Literal["body", "query", "path", "header"]


class Kind(StrEnum):
    """What sort of refusal it is; a door maps each kind to one status of its own."""

    MALFORMED = "malformed"
    UNAUTHENTICATED = "unauthenticated"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    NOT_ACCEPTABLE = "not_acceptable"
    TIMEOUT = "timeout"
    CONFLICT = "conflict"
    GONE = "gone"
    STALE = "stale"
    TOO_LARGE = "too_large"
    UNSUPPORTED_MEDIA_TYPE = "unsupported_media_type"
    INVALID = "invalid"
    TOO_MANY = "too_many"
    INTERNAL = "internal"
    UNAVAILABLE = "unavailable"


class Refusal(Exception):
    """The request was refused."""

    code: ClassVar[str] = "refused"
    title: ClassVar[str] = "Request refused"
    kind: ClassVar[Kind] = Kind.MALFORMED

    def __init__(self, detail: str = "", *, retry_after: int | None = None, current: object = None) -> None:
        """`detail` repeats no input, `retry_after` is in seconds, `current` is the row a stale write met."""
        super().__init__(detail or self.title)
        self.detail = detail or self.title
        self.retry_after = retry_after
        self.current = current


class IssueCode(StrEnum):
    """Zod 4's issue codes, the ones that JSON can give rise to."""

    INVALID_TYPE = "invalid_type"
    TOO_SMALL = "too_small"
    TOO_BIG = "too_big"
    INVALID_FORMAT = "invalid_format"
    INVALID_VALUE = "invalid_value"
    UNRECOGNIZED_KEYS = "unrecognized_keys"
    INVALID_UNION = "invalid_union"
    CUSTOM = "custom"


@dataclass(frozen=True, slots=True)
class Issue:
    """One fault of one value; `params` are the code's own parameters as Zod names them."""

    code: IssueCode
    path: tuple[str | int, ...]
    message: str
    location: Location = "body"
    params: Mapping[str, object] = field(default_factory=dict[str, object])

    def shown(self) -> dict[str, object]:
        """The issue as callers are told it."""
        told = {"code": self.code.value, "path": list(self.path), "in": self.location, "message": self.message}
        return {**told, **self.params}


class ValidationFailed(Refusal):
    """One or more values of the request break the documented schema; `issues` names every one of them."""

    code = "validation_failed"
    title = "Validation failed"
    kind = Kind.INVALID

    def __init__(self, issues: Sequence[Issue]) -> None:
        super().__init__("1 field is invalid" if len(issues) == 1 else f"{len(issues)} fields are invalid")
        self.issues = tuple(issues)


class MalformedRequest(Refusal):
    """The request cannot be read without guessing: broken JSON, a key or value sent twice, bad UTF-8."""

    code = "malformed_request"
    title = "Malformed request"
    kind = Kind.MALFORMED


class Unauthenticated(Refusal):
    """The request carries no access token, or one that is not valid (any more)."""

    code = "unauthenticated"
    title = "Authentication required"
    kind = Kind.UNAUTHENTICATED


class Forbidden(Refusal):
    """The caller is known and may see the thing, but may not do this to it."""

    code = "forbidden"
    title = "Not allowed"
    kind = Kind.FORBIDDEN


class NotFound(Refusal):
    """There is no such thing, or it is not the caller's to see; the two are not told apart."""

    code = "not_found"
    title = "Not found"
    kind = Kind.NOT_FOUND


class MethodNotAllowed(Refusal):
    """The path exists but not with this method; `Allow` lists those it has."""

    code = "method_not_allowed"
    title = "Method not allowed"
    kind = Kind.METHOD_NOT_ALLOWED


class NotAcceptable(Refusal):
    """The request accepts none of the media types that this route can answer with."""

    code = "not_acceptable"
    title = "Not acceptable"
    kind = Kind.NOT_ACCEPTABLE


class RequestTimeout(Refusal):
    """The request's body did not arrive in time."""

    code = "request_timeout"
    title = "Request timed out"
    kind = Kind.TIMEOUT


class Conflict(Refusal):
    """The request contradicts the present state."""

    code = "conflict"
    title = "Conflicts with the current state"
    kind = Kind.CONFLICT


class StaleVersion(Refusal):
    """`If-Match` named a version that has been replaced; `current` holds the present representation."""

    code = "stale_version"
    title = "The row has changed"
    kind = Kind.STALE


class IdempotencyKeyReused(Refusal):
    """The Idempotency-Key came before with another body; a new request needs a new key."""

    code = "idempotency_key_reused"
    title = "Idempotency key used for another request"
    kind = Kind.INVALID


class IdempotencyKeyInUse(Conflict):
    """The first request under this Idempotency-Key is still running; send it again after `Retry-After` seconds."""

    code = "idempotency_key_in_use"
    title = "Idempotency key in use"


class PayloadTooLarge(Refusal):
    """The request's body is larger than this route takes."""

    code = "payload_too_large"
    title = "Payload too large"
    kind = Kind.TOO_LARGE


class UnsupportedMediaType(Refusal):
    """The body is not `application/json` in UTF-8."""

    code = "unsupported_media_type"
    title = "Unsupported media type"
    kind = Kind.UNSUPPORTED_MEDIA_TYPE


class TooManyRequests(Refusal):
    """A rate limit is used up; `Retry-After` tells in seconds when the next request may pass."""

    code = "too_many_requests"
    title = "Too many requests"
    kind = Kind.TOO_MANY


class InternalError(Refusal):
    """Something failed on our side; the request id finds it in the logs."""

    code = "internal_error"
    title = "Internal error"
    kind = Kind.INTERNAL


class Unavailable(Refusal):
    """The service cannot answer right now; the same request may be sent again after `Retry-After` seconds."""

    code = "unavailable"
    title = "Temporarily unavailable"
    kind = Kind.UNAVAILABLE


def catalogue() -> tuple[type[Refusal], ...]:
    """Every refusal that the loaded columns define, in the order of their codes."""
    found: set[type[Refusal]] = set()
    waiting = list(Refusal.__subclasses__())
    while waiting:
        refusal = waiting.pop()
        found.add(refusal)
        waiting.extend(refusal.__subclasses__())
    return tuple(sorted(found, key=lambda refusal: refusal.code))
