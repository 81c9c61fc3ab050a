"""What a schema says of values that hold others: arrays, records, objects, unions."""

from collections.abc import Mapping, Sequence

import msgspec

from app.application.validation._nodes import Facts, Node, Unsound, measure
from app.application.validation._report import Json, Report, ReportFull
from app.application.validation._text import is_text, shown_key


class ListNode(Node):
    """An array of one kind of item."""

    expected = "array"
    takes = frozenset({list})

    def __init__(self, item: Node, facts: Facts) -> None:
        self._item = item
        self._facts = facts
        self.guarded = item.guarded
        self.rewrites = item.rewrites

    def admit(self, value: Json) -> Json:
        if type(value) is not list:
            return value
        if self._facts.max_length is not None and len(value) > self._facts.max_length:
            raise Unsound
        admit = self._item.admit
        if self.rewrites:
            return [admit(item) for item in value]
        for item in value:
            admit(item)
        return value

    def read(self, value: Json) -> Json:
        """Each text holds items between commas; an empty text holds none."""
        texts = value if isinstance(value, list) else [value]
        if not all(isinstance(text, str) for text in texts):
            return value
        return [self._item.read(part) for text in texts if text for part in str(text).split(",")]

    def collect(self, value: Json, report: Report) -> None:
        facts = self._facts
        if not isinstance(value, list):
            report.mistyped(self.expected, value)
            if isinstance(value, str):  # Zod measures whatever has a length
                measure("string", len(value), facts.min_length, facts.max_length, report)
            return
        if facts.max_length is not None and len(value) > facts.max_length:
            report.too_many("array", facts.max_length, halts=True)
            return
        # Zod counts the items last, and not at all once one of them has halted it.
        halted, report.halted = report.halted, False
        path = report.path
        for index, item in enumerate(value):
            path.append(index)
            self._item.collect(item, report)
            path.pop()
        if not report.halted:
            measure("array", len(value), facts.min_length, None, report)
        report.halted |= halted


class RecordNode(Node):
    """An object whose keys are data."""

    expected = "record"
    takes = frozenset({dict})
    guarded = True

    def __init__(self, item: Node, facts: Facts) -> None:
        self._item = item
        self._facts = facts
        self.rewrites = item.rewrites

    def admit(self, value: Json) -> Json:
        if type(value) is not dict:
            return value
        if not all(map(is_text, value)):
            raise Unsound
        admit = self._item.admit
        if self.rewrites:
            return {key: admit(item) for key, item in value.items()}
        if self._item.guarded:
            for item in value.values():
                admit(item)
        return value

    def collect(self, value: Json, report: Report) -> None:
        if not isinstance(value, dict):
            report.mistyped(self.expected, value)
            return
        found = len(report.issues)
        measure("object", len(value), self._facts.min_length, self._facts.max_length, report)
        if len(report.issues) > found:
            return
        path = report.path
        for key, item in value.items():
            path.append(shown_key(key))
            if not is_text(key):
                report.malformed("unicode")
            self._item.collect(item, report)
            path.pop()


class ObjectNode(Node):
    """A Struct: named fields, each required or optional, and perhaps a rule over all of them."""

    expected = "object"
    takes = frozenset({dict})
    # settled by `complete`; a Struct that holds itself is asked before that
    guarded = True
    rewrites = True

    def __init__(self, schema: type[msgspec.Struct]) -> None:
        self._schema = schema
        self._strict = schema.__struct_config__.forbid_unknown_fields
        self._ruled = hasattr(schema, "__post_init__")
        self._fields: Mapping[str, Node] = {}
        self._guards: Mapping[str, Node] = {}
        self._required: frozenset[str] = frozenset()
        self._tag: str | None = None

    def complete(self, fields: Mapping[str, Node], required: frozenset[str], tag: str | None) -> None:
        """Give the fields by their wire names; a second step because a Struct may hold itself."""
        self._fields = fields
        self._required = required
        self._tag = tag
        self._guards = {name: node for name, node in fields.items() if node.guarded}
        self.guarded = bool(self._guards) or tag is not None
        self.rewrites = any(node.rewrites for node in fields.values())

    @property
    def strict(self) -> bool:
        """Whether unknown keys are refused."""
        return self._strict

    @property
    def fields(self) -> Mapping[str, Node]:
        """The fields by their names on the wire."""
        return self._fields

    def admit(self, value: Json) -> Json:
        if type(value) is not dict:
            return value
        if self._tag is not None and self._tag not in value:  # msgspec would let a Struct outside a union pass
            raise Unsound
        guards = self._guards
        kept = value
        for name, item in value.items():
            node = guards.get(name)
            if node is None or item is None:
                continue
            admitted = node.admit(item)
            if admitted is not item:
                if kept is value:
                    kept = dict(value)
                kept[name] = admitted
        return kept

    def read(self, value: Json) -> Json:
        if not isinstance(value, dict):
            return value
        return {name: self._fields[name].read(item) if name in self._fields else item for name, item in value.items()}

    def collect(self, value: Json, report: Report) -> None:
        if not isinstance(value, dict):
            report.mistyped(self.expected, value)
            return
        found = len(report.issues)
        path = report.path
        known = 0
        for name, node in self._fields.items():
            if name in value:
                known += 1
                path.append(name)
                node.collect(value[name], report)
                path.pop()
            elif name in self._required:
                path.append(name)
                node.missing(report)
                path.pop()
        if self._strict and known < len(value):
            unknown = (key for key in value if key not in self._fields)
            report.unrecognized(unknown, len(value) - known)
        if self._ruled and len(report.issues) == found:
            self._judge(value, report)

    def _judge(self, value: Json, report: Report) -> None:
        try:
            msgspec.convert(self.admit(value), self._schema)
        except msgspec.ValidationError as refused:
            cause = refused.__cause__
            # A subclass comes from a library and may repeat input; a plain ValueError is our own sentence.
            report.broken(str(cause) if type(cause) is ValueError else "Expected fields that go together")


class TaggedNode(Node):
    """A union of Structs that one field tells apart."""

    expected = "object"
    takes = frozenset({dict})
    guarded = True
    rewrites = True

    def __init__(self, tag: str, options: Mapping[str | int, ObjectNode]) -> None:
        self._tag = tag
        self._options = options

    def admit(self, value: Json) -> Json:
        option = self._option(value)
        return value if option is None else option.admit(value)

    def collect(self, value: Json, report: Report) -> None:
        if not isinstance(value, dict):
            report.mistyped(self.expected, value)
            return
        option = self._option(value)
        if option is None:
            report.untagged(self._tag, tuple(self._options))
        else:
            option.collect(value, report)

    def _option(self, value: Json) -> ObjectNode | None:
        tag = value.get(self._tag) if isinstance(value, dict) else None
        if type(tag) is str or type(tag) is int:
            return self._options.get(tag)
        return None


class NullableNode(Node):
    """Null, or else what the inner node says; null is no option of its own in what is reported."""

    def __init__(self, inner: Node) -> None:
        self._inner = inner
        self.expected = inner.expected
        self.takes = inner.takes | {type(None)}
        self.guarded = inner.guarded
        self.rewrites = inner.rewrites

    def admit(self, value: Json) -> Json:
        return None if value is None else self._inner.admit(value)

    def read(self, value: Json) -> Json:
        return self._inner.read(value)

    def missing(self, report: Report) -> None:
        self._inner.missing(report)

    def collect(self, value: Json, report: Report) -> None:
        if value is not None:
            self._inner.collect(value, report)


class UnionNode(Node):
    """A union whose options the JSON type tells apart."""

    expected = "object"

    def __init__(self, options: Sequence[Node]) -> None:
        self._options = tuple(options)
        self._by_type = {taken: option for option in reversed(options) for taken in option.takes}
        self.takes = frozenset(self._by_type)
        self.guarded = any(option.guarded for option in options)
        self.rewrites = any(option.rewrites for option in options)

    def admit(self, value: Json) -> Json:
        option = self._by_type.get(type(value))
        return value if option is None else option.admit(value)

    def read(self, value: Json) -> Json:
        return next((read for option in self._options if (read := option.read(value)) is not value), value)

    def missing(self, report: Report) -> None:
        branches: list[Report] = []
        for option in self._options:
            branch = report.branch()
            option.missing(branch)
            branches.append(branch)
        report.no_union(branches)

    def collect(self, value: Json, report: Report) -> None:
        branches: list[Report] = []
        for option in self._options:
            branch = report.branch()
            try:
                option.collect(value, branch)
            except ReportFull:
                branch.aborted = True
            if not branch.issues:
                return
            branches.append(branch)
        # Where one option alone is of the right type, its faults are the value's.
        likely = [branch for branch in branches if not branch.aborted]
        if len(likely) == 1:
            report.absorb(likely[0])
        else:
            report.no_union(branches)
