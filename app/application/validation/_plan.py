"""From a type to its node: what the Structs of the application say, read once per type.

Understood are str, int, float, bool, None, datetime, date, time, UUID, enumerations, Literal, list, dict with
plain str keys, Structs (tagged ones too), `Annotated` with `Meta`, and unions, None and `UnsetType` among them.
Two entries of `Meta(extra={...})` add to it: `"trim": True` strips the blanks around a text before anything else
is asked, and `"format": "email"` (as `extra_json_schema` too) checks for an address of at most 254 characters.
"""

import enum
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin
from uuid import UUID

from msgspec import Meta, Struct, UnsetType
from msgspec.structs import fields as struct_fields

from app.application.validation._containers import ListNode, ObjectNode, RecordNode
from app.application.validation._node import Facts, Node
from app.application.validation._scalars import BoolNode, ChoiceNode, FloatNode, IntNode, NullNode
from app.application.validation._strings import DateNode, InstantNode, StringNode, TimeNode, UuidNode
from app.application.validation._unions import NullableNode, TaggedNode, UnionNode

_MEASURED: Final[Mapping[type, Callable[[Facts], Node]]] = {str: StringNode, int: IntNode, float: FloatNode}
_PLAIN: Final[Mapping[type, Callable[[], Node]]] = {
    bool: BoolNode,
    NoneType: NullNode,
    UUID: UuidNode,
    datetime: InstantNode,
    date: DateNode,
    time: TimeNode,
}
# an instant has an offset, a time of day has none
_UNSUPPORTED_ZONES: Final[frozenset[tuple[type, bool | None]]] = frozenset({(datetime, False), (time, True)})
_BOUNDS: Final = ("ge", "gt", "le", "lt", "min_length", "max_length", "pattern")


@cache
def plan(schema: type) -> Node:
    """The node of a type; TypeError where the type holds something that no request can carry here."""
    return _Planner().node(schema, ())


class _Planner:
    def __init__(self) -> None:
        self._objects: dict[type[Struct], ObjectNode] = {}

    def node(self, annotation: object, metas: tuple[Meta, ...]) -> Node:
        origin, args = get_origin(annotation), get_args(annotation)
        if origin is Annotated:
            inner = tuple(extra for extra in args[1:] if isinstance(extra, Meta))
            return self.node(args[0], (*inner, *metas))
        if origin in {Union, UnionType}:
            return self._union(args, metas)
        if origin is Literal:
            return ChoiceNode(args)
        facts = _facts(metas)
        if origin is list:
            return ListNode(self.node(args[0], ()), facts)
        if origin is dict and args[0] is str:
            return RecordNode(self.node(args[1], ()), facts)
        if isinstance(annotation, type):
            return self._plain(annotation, facts, metas)
        message = f"{annotation} cannot be validated"
        raise TypeError(message)

    def _plain(self, kind: type, facts: Facts, metas: Sequence[Meta]) -> Node:
        if issubclass(kind, Struct):
            return self._object(kind)
        if issubclass(kind, enum.Enum):
            return ChoiceNode([member.value for member in kind])
        if kind in _MEASURED:
            return _MEASURED[kind](facts)
        zoned = next((meta.tz for meta in metas if meta.tz is not None), None)
        if kind not in _PLAIN or (kind, zoned) in _UNSUPPORTED_ZONES:
            message = f"{kind.__name__} cannot be validated"
            raise TypeError(message)
        return _PLAIN[kind]()

    def _object(self, kind: type[Struct]) -> ObjectNode:
        if kind in self._objects:
            return self._objects[kind]
        config = kind.__struct_config__
        if config.array_like:
            message = f"{kind.__name__} cannot be validated"
            raise TypeError(message)
        node = self._objects[kind] = ObjectNode(kind)
        found = struct_fields(kind)
        required = {field.encode_name for field in found if field.required}
        fields = {field.encode_name: self.node(field.type, ()) for field in found}
        if config.tag_field is not None:
            fields = {config.tag_field: ChoiceNode([_tag(kind)]), **fields}
            required.add(config.tag_field)
        node.complete(fields, frozenset(required), config.tag_field)
        return node

    def _union(self, members: Sequence[object], metas: tuple[Meta, ...]) -> Node:
        structs: list[type[Struct]] = []
        options: list[Node] = []
        for member in members:
            if member is NoneType or member is UnsetType:
                continue
            bare = get_args(member)[0] if get_origin(member) is Annotated else member
            if isinstance(bare, type) and issubclass(bare, Struct):
                structs.append(bare)
            else:
                options.append(self.node(member, metas))
        if len(structs) == 1:
            options.append(self._object(structs[0]))
        elif structs:
            tag = str(structs[0].__struct_config__.tag_field)
            options.append(TaggedNode(tag, {_tag(struct): self._object(struct) for struct in structs}))
        node = options[0] if len(options) == 1 else UnionNode(options)
        return NullableNode(node) if NoneType in members else node


def _facts(metas: Sequence[Meta]) -> Facts:
    given: dict[str, Any] = {}
    for meta in metas:
        if meta.multiple_of is not None:
            message = "multiple_of has no issue code here"
            raise TypeError(message)
        given |= {name: bound for name in _BOUNDS if (bound := getattr(meta, name)) is not None}
        extra = (meta.extra_json_schema or {}) | (meta.extra or {})
        given |= {"trim": True} if extra.get("trim") else {}
        given |= {"email": True} if extra.get("format") == "email" else {}
    return Facts(**given)


def _tag(struct: type[Struct]) -> str | int:
    tag = struct.__struct_config__.tag
    if tag is None:
        message = f"{struct.__name__} needs a tag"
        raise TypeError(message)
    return tag
