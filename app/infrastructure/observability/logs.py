"""Logs: one JSON object a line, or coloured text on a terminal; fields are allow-listed where they are written."""

import asyncio
import logging
import sys
from datetime import UTC, datetime
from typing import Any, Final, Literal, TextIO

import msgspec
import structlog

from app.infrastructure.observability.requests import REQUEST_LOGGER, take_requests

_encode_lines: Final = msgspec.json.Encoder().encode_lines

LEVELS: Final = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}


class _RequestLine(msgspec.Struct, gc=False):
    """The line about a request; the fields are `FIELDS` after the first four, in their order."""

    event: str
    level: str
    logger: str
    timestamp: datetime
    method: str
    route: str
    status: int
    duration_ms: float
    request_id: str
    user_id: str | None


class _JsonLines(logging.StreamHandler[TextIO]):
    """Writes the lines about requests itself, which are nearly all there are: those of one turn of the loop at once.

    The others are structlog's, and keep their place among them.
    """

    def __init__(self, stream: TextIO) -> None:
        super().__init__(stream)
        self._lines: list[_RequestLine] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Write the record; never raises."""
        self.flush()
        super().emit(record)

    def tell(self, told: tuple[Any, ...]) -> None:
        """Write a line about a request before long; never raises."""
        self._lines.append(_RequestLine("request", "info", REQUEST_LOGGER, datetime.now(UTC), *told))
        if len(self._lines) == 1:
            try:
                asyncio.get_running_loop().call_soon(self.flush)
            except RuntimeError:
                self.flush()

    def flush(self) -> None:
        """Write what is waiting."""
        self.acquire()
        try:
            self._write()
            self.stream.flush()
        except (OSError, ValueError):
            # whoever reads the log has gone
            self._lines.clear()
        finally:
            self.release()

    def _write(self) -> None:
        lines, self._lines = self._lines, []
        if lines:
            self.stream.write(_encode_lines(lines).decode())


def configure_logging(level: str, style: Literal["auto", "json", "pretty"]) -> None:
    """Send every logger of the process through structlog to standard output."""
    pretty = style == "pretty" or (style == "auto" and sys.stdout.isatty())
    shared: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.stdlib.ExtraAdder(),
    ]
    last: list[Any] = (
        # the prettier tracebacks show the values of variables, passwords among them
        [structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)]
        if pretty
        else [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
    )
    handler = logging.StreamHandler(sys.stdout) if pretty else _JsonLines(sys.stdout)
    take_requests(handler.tell if isinstance(handler, _JsonLines) else None)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(LEVELS[level])
    # no line tells these, and finding them out is much of what a line costs (Python's HOWTO on logging)
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    # statements would show what people write, at `debug` as well
    logging.getLogger("sqlalchemy").setLevel(logging.WARNING)
    logging.getLogger("alembic.runtime.plugins").setLevel(logging.WARNING)
    # each worker tells by itself when it is ready and when it stops
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
