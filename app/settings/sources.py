"""Where the text of a variable comes from: the environment, a file that it names, `.env` in development."""

import os
from collections.abc import Iterable, Mapping
from io import StringIO
from pathlib import Path
from typing import Final

from dotenv import dotenv_values
from dotenv.parser import parse_stream

DOTENV: Final = Path(".env")
_FILE_BYTES: Final = 65_536


class SettingsError(Exception):
    """The settings cannot be used; `faults` holds the variable and the message of each, and never a value."""

    def __init__(self, faults: Iterable[tuple[str, str]]) -> None:
        self.faults = tuple(faults)
        super().__init__(self.faults)

    def __str__(self) -> str:
        """One line for each fault."""
        return "\n".join(["The settings cannot be used:", *(f"  {name} {why}" for name, why in self.faults)])


class Fault(ValueError):
    """What is wrong with one value, in words that follow the variable's name and repeat no part of it."""


class NoFile(Fault):
    """There is no file of that name."""


def read_file(path: Path) -> tuple[bytes, int]:
    """The content, cut off behind 64 KiB, and the mode of a regular file; raises `Fault`."""
    try:
        # Asked first, because opening a pipe would wait for its writer.
        if path.is_file():
            with path.open("rb") as file:
                return file.read(_FILE_BYTES + 1), os.fstat(file.fileno()).st_mode
    except OSError as error:
        raise Fault(f"cannot be read ({error.strerror})") from None
    raise NoFile("names no file")


def read_text(path: Path) -> str:
    """The whole of a small UTF-8 file; raises `Fault`."""
    content, _ = read_file(path)
    if len(content) > _FILE_BYTES:
        raise Fault(f"is larger than {_FILE_BYTES} bytes")
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise Fault("does not hold UTF-8 text") from None


def read_variable(name: str, environ: Mapping[str, str]) -> str | None:
    """The variable's text, from NAME or from the file that NAME_FILE names; None if it is not set, or empty.

    A variable whose own name ends in _FILE is a path and has no such twin. Raises `SettingsError`.
    """
    text = environ.get(name)
    file = None if name.endswith("_FILE") else environ.get(f"{name}_FILE")
    if text and file:
        raise SettingsError([(name, f"is set together with {name}_FILE: keep one of them")])
    if file:
        name = f"{name}_FILE"
        try:
            text = read_text(Path(file)).removesuffix("\n").removesuffix("\r")
        except Fault as fault:
            raise SettingsError([(name, str(fault))]) from None
    if text and not text.isprintable():
        raise SettingsError([(name, "must be a single line of printable text")])
    return text or None


def process_environment() -> tuple[Mapping[str, str], list[tuple[str, str]]]:
    """The process's environment, in development over that of `.env` beside it, and that file's faults."""
    if os.environ.get("APP_ENV_FILE") or os.environ.get("APP_ENV") not in {None, "", "development"}:
        return os.environ, []
    try:
        text = read_text(DOTENV)
    except NoFile:
        return os.environ, []
    except Fault as fault:
        return os.environ, [(str(DOTENV), str(fault))]
    broken = [binding.original.line for binding in parse_stream(StringIO(text)) if binding.error]
    if broken:
        return os.environ, [(str(DOTENV), f"cannot be understood on line {line}") for line in broken]
    found = dotenv_values(stream=StringIO(text))
    return {**{name: value for name, value in found.items() if value is not None}, **os.environ}, []
