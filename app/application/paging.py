"""Pages: their order, and cursors, signed positions that are good for one caller and one listing only."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from hashlib import blake2b
from hmac import compare_digest
from operator import attrgetter
from typing import Any, Final, Generic, TypeVar
from uuid import UUID

import msgspec
from msgspec import structs

from app.application.schemas import Encoded, PageQuery, View
from app.domain.access import Actor
from app.domain.errors import Issue, IssueCode, ValidationFailed
from app.infrastructure.database.repositories.keyset import SortTerm

SIGNATURE_BYTES: Final = 16

_PAGE: Final = frozenset(PageQuery.__struct_fields__)
_encode: Final = msgspec.json.Encoder().encode

NO_KEYS: Final[Mapping[str, Any]] = {}

PositionT = TypeVar("PositionT")
ViewT = TypeVar("ViewT", bound=View)


class CursorCodec:
    """Writes and reads cursors under a secret key."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def encode(self, position: object, scope: str) -> str:
        """A cursor for the position; `scope` names caller, listing, sort and filters."""
        payload = msgspec.json.encode(position)
        return urlsafe_b64encode(self._sign(payload, scope) + payload).rstrip(b"=").decode()

    def decode(self, cursor: str, schema: type[PositionT], scope: str) -> PositionT:
        """The position in a cursor of the same scope; raises `ValidationFailed` on any other text."""
        try:
            raw = urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
            signature, payload = raw[:SIGNATURE_BYTES], raw[SIGNATURE_BYTES:]
            if compare_digest(signature, self._sign(payload, scope)):
                return msgspec.json.decode(payload, type=schema)
        except (ValueError, msgspec.MsgspecError):
            pass
        raise ValidationFailed(
            [
                Issue(
                    IssueCode.INVALID_FORMAT,
                    ("cursor",),
                    "Expected the nextCursor of the same listing",
                    location="query",
                    params={"origin": "string", "format": "cursor"},
                )
            ]
        )

    def _sign(self, payload: bytes, scope: str) -> bytes:
        return blake2b(scope.encode() + b"\0" + payload, key=self._key, digest_size=SIGNATURE_BYTES).digest()


@dataclass(frozen=True, slots=True)
class SortKey(Generic[ViewT]):
    """How a field is sorted by that has no order of its own: by which column, and what that holds for a row."""

    column: str
    type: type
    read: Callable[[ViewT], object]


class Pager(Generic[ViewT]):
    """One request's way through a listing: its order, where it starts, and the cursor it ends with.

    A cursor is bound to caller, listing, sort and filters, and where each of several rows has such a listing, to the
    row that this one is `within`; raises `ValidationFailed` on one of any other, and on a sort that names a field
    twice.
    """

    def __init__(
        self,
        codec: CursorCodec,
        actor: Actor,
        schema: type[ViewT],
        query: PageQuery,
        default: SortTerm,
        *,
        keys: Mapping[str, SortKey[ViewT]] = NO_KEYS,
        within: UUID | None = None,
    ) -> None:
        """`keys` tells, by field, what is sorted by in the place of its own column.

        `within` names the row whose own the listed ones are, where the path does and no filter.
        """
        self._codec = codec
        self._schema = schema
        self._limit = query.limit
        self._keys: dict[str, SortKey[Any]] = {**_own_keys(schema), **keys}
        self._fields = _fields(schema, tuple(getattr(query, "sort", ())), default)
        self.terms = tuple(SortTerm(self._keys[term.column].column, term.descending) for term in self._fields)
        filters = {name: getattr(query, name) for name in query.__struct_fields__ if name not in _PAGE}
        self._scope = f"{schema.__name__}:{within or ''}:{actor.id}:{_encode(filters).decode()}"
        self.after: Sequence[object] | None = None
        if query.cursor is not None:
            position = tuple[tuple(self._keys[term.column].type for term in self._fields)]  # pyright: ignore[reportInvalidTypeArguments] -- made of the sort's fields
            self.after = codec.decode(query.cursor, position, self._scope)

    @property
    def limit(self) -> int:
        """How many rows to fetch: one more than asked for tells whether there is a next page."""
        return self._limit + 1

    def page(self, found: list[ViewT]) -> tuple[list[ViewT], str | None]:
        """The page's items of the rows that were found, and the next page's cursor."""
        items = found[: self._limit]
        if len(found) <= self._limit:
            return items, None
        return items, self._cursor(items[-1])

    def page_encoded(self, found: Sequence[bytes]) -> Encoded:
        """The same of rows that are JSON already, as one."""
        items = found[: self._limit]
        cursor = None
        if len(found) > self._limit:
            cursor = self._cursor(msgspec.json.decode(items[-1], type=self._schema))
        return Encoded(b'{"items":[%b],"nextCursor":%b}' % (b",".join(items), _encode(cursor)))

    def _cursor(self, last: ViewT) -> str:
        position = [self._keys[term.column].read(last) for term in self._fields]
        return self._codec.encode(position, self._scope)


@cache
def _own_keys(schema: type[View]) -> dict[str, SortKey[Any]]:
    return {field.name: SortKey(field.name, field.type, attrgetter(field.name)) for field in structs.fields(schema)}


@lru_cache(1024)
def _fields(schema: type[View], sort: tuple[str, ...], default: SortTerm) -> tuple[SortTerm, ...]:
    columns = {field.encode_name: field.name for field in structs.fields(schema)}
    terms = [SortTerm(columns[name.removeprefix("-")], name.startswith("-")) for name in sort] or [default]
    if len({term.column for term in terms}) < len(terms):
        raise ValidationFailed([Issue(IssueCode.CUSTOM, ("sort",), "Expected each field once", location="query")])
    # ids decide between equals, in the direction of the last term, so that one index can serve both
    return (*terms, SortTerm("id", terms[-1].descending))
