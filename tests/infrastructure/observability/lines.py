"""A log of a test's own, in the place of the process's."""

import io
import json
import logging
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, Literal

import pytest

from app.infrastructure.observability.logs import configure_logging


class Written(io.StringIO):
    """Standard output, with what it was written piece by piece; for as long as it is broken, it takes nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[str] = []
        self.fault: Exception | None = None

    def write(self, text: str) -> int:
        if self.fault is not None:
            raise self.fault
        self.pieces.append(text)
        return super().write(text)

    def flush(self) -> None:
        if self.fault is not None:
            raise self.fault
        super().flush()

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.getvalue().splitlines()]

    def events(self) -> list[str]:
        """The events; of a request, its id."""
        return [line.get("request_id", line["event"]) for line in self.lines()]


@contextmanager
def logging_to_test(level: str = "info", style: Literal["json", "pretty"] = "json") -> Generator[Written]:
    """Have the process log as it does when it starts, but to the test."""
    root, written = logging.getLogger(), Written()
    handlers, before = root.handlers, root.level
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("app.infrastructure.observability.requests._Log.take", None)
        for flag in ("logThreads", "logProcesses", "logMultiprocessing"):
            patch.setattr(logging, flag, getattr(logging, flag))
        with pytest.MonkeyPatch.context() as output:
            output.setattr("sys.stdout", written)
            configure_logging(level, style)
        try:
            yield written
        finally:
            root.handlers = handlers
            root.setLevel(before)
