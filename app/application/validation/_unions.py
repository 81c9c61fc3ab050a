from collections.abc import Mapping, Sequence

from app.application.validation._containers import ObjectNode
from app.application.validation._node import Node
from app.application.validation._report import Json, Report, ReportFull


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
