"""What a schema says of values that hold others: arrays, records, objects."""

from collections.abc import Iterator, Mapping

import msgspec

from app.application.validation._node import Facts, Node, Unsound
from app.application.validation._report import Json, Report
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
                report.measure("string", len(value), facts.min_length, facts.max_length)
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
            report.measure("array", len(value), facts.min_length, None)
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
        report.measure("object", len(value), self._facts.min_length, self._facts.max_length)
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
        self.guarded = bool(self._guards) or tag is not None or not self._strict
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
        if not self._strict and not all(map(is_text, value)):
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
        if known < len(value):
            self._refuse((key for key in value if key not in self._fields), len(value) - known, report)
        if self._ruled and len(report.issues) == found:
            self._judge(value, report)

    def _refuse(self, unknown: Iterator[str], count: int, report: Report) -> None:
        if self._strict:
            report.unrecognized(unknown, count)
            return
        for key in unknown:
            if not is_text(key):
                report.path.append(shown_key(key))
                report.malformed("unicode")
                report.path.pop()

    def _judge(self, value: Json, report: Report) -> None:
        try:
            msgspec.convert(self.admit(value), self._schema)
        except msgspec.ValidationError as refused:
            cause = refused.__cause__
            # A subclass comes from a library and may repeat input; a plain ValueError is our own sentence.
            report.broken(str(cause) if type(cause) is ValueError else "Expected fields that go together")
