"""Logs: one JSON object a line, or coloured text on a terminal; fields are allow-listed where they are written."""

import logging
import sys
from datetime import UTC, datetime
from typing import Any, Final, Literal

import msgspec
import structlog

from app.infrastructure.observability.requests import FIELDS, REQUEST_LOGGER

_encode: Final = msgspec.json.Encoder().encode

LEVELS: Final = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}


class _Formatter(structlog.stdlib.ProcessorFormatter):
    """Writes the lines about requests itself, which are nearly all there are, and leaves the others to structlog."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as one JSON object."""
        if record.name != REQUEST_LOGGER:
            return super().format(record)
        told = record.__dict__
        line = {
            "event": record.msg,
            "level": "info",
            "logger": record.name,
            "timestamp": datetime.fromtimestamp(record.created, UTC),
            **{name: told[name] for name in FIELDS},
        }
        return _encode(line).decode()


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
    kind = structlog.stdlib.ProcessorFormatter if pretty else _Formatter
    formatter = kind(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(LEVELS[level])
    # no line tells these, and finding them out is much of what a line costs (Python's HOWTO on logging)
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    # statements would show what people write, at `debug` as well
    logging.getLogger("sqlalchemy").setLevel(logging.WARNING)
    logging.getLogger("alembic.runtime.plugins").setLevel(logging.WARNING)
