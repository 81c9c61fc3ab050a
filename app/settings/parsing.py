"""The forms that a value may take, each described once, for its faults and for its readers.

A description follows the words "must be", and literal text in it stands in backticks.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_network
from itertools import pairwise
from pathlib import Path
from typing import Any, Final
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from msgspec import Struct

from app.settings.sources import Fault, read_file

SECRET_BYTES: Final = 32
_VARIETY: Final = 10
_TEXT_CHARACTERS: Final = 255
_QUOTA: Final = 1_000_000
_WINDOW_SECONDS: Final = 86_400
_PORT: Final = 65_535
_OTHERS: Final = 0o007

_LABEL = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_HOST = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(?:\.{_LABEL})*|\[(?P<ipv6>[0-9a-f:.]+)\]")
_ORIGIN = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]*)://(?P<host>\[.*\]|[^:]*)(?::(?P<port>[1-9][0-9]{0,4}))?")
_DEFAULT_PORTS = {"http": "80", "https": "443"}
_NETWORK = re.compile("[0-9A-Fa-f:.]+(?:/(?:0|[1-9][0-9]{0,2}))?")
_WHOLE_NUMBER = re.compile("[1-9][0-9]{0,8}")
_RATE = re.compile("([1-9][0-9]{0,6})/([1-9][0-9]{0,4})")
_ATOM = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_ADDRESS = rf"{_ATOM}(?:\.{_ATOM})*@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*"
_MAILBOX = re.compile(rf'{_ADDRESS}|[^\s<>"@,;:\\][^<>"@,;:\\]* <{_ADDRESS}>')
_PLACEHOLDER = re.compile("change.?me|example|placeholder|insecure|replace.?me|secret.?key|your.?secret")
_SWITCH = {
    "true": True,
    "1": True,
    "yes": True,
    "on": True,
    "false": False,
    "0": False,
    "no": False,
    "off": False,
}


@dataclass(frozen=True, slots=True)
class Form:
    """What a value must be, in words that follow "must be", and how it is read.

    `read` raises `Fault` where it can say more than the description, else any other ValueError.
    """

    description: str
    read: Callable[[Any], object]


class RateLimit(Struct, frozen=True):
    """At most `quota` requests in `window` seconds."""

    quota: int
    window: int


def one_of(*words: str) -> Form:
    """One of these words, spelled exactly so."""

    def read(text: str) -> str:
        return words[words.index(text)]

    return Form(f"{', '.join(f'`{word}`' for word in words[:-1])} or `{words[-1]}`", read)


def integer(least: int, most: int) -> Form:
    """A whole number in plain ASCII digits; both bounds belong to it and are positive."""

    def read(text: str) -> int:
        if not _WHOLE_NUMBER.fullmatch(text) or not least <= int(text) <= most:
            raise ValueError
        return int(text)

    return Form(f"a whole number from {least} to {most}", read)


def list_of(item: Form) -> Form:
    """Items with commas between them, read into a tuple; a fault names the positions of the wrong ones."""

    def read(text: str) -> tuple[object, ...]:
        values: list[object] = []
        wrong: list[str] = []
        for position, part in enumerate(text.split(",") if text else (), start=1):
            try:
                values.append(item.read(part.strip()))
            except ValueError:
                wrong.append(str(position))
        if wrong:
            raise Fault(f"has wrong items, number {', '.join(wrong)}: each must be {item.description}")
        return tuple(values)

    return Form(f"a comma-separated list, each item {item.description}", read)


def _switch(text: str) -> bool:
    if text.lower() not in _SWITCH:
        raise ValueError
    return _SWITCH[text.lower()]


def _text(text: str) -> str:
    if text != text.strip() or len(text) > _TEXT_CHARACTERS:
        raise ValueError
    return text


def _host(text: str) -> str:
    found = _HOST.fullmatch(text)
    if not found:
        raise ValueError
    if found["ipv6"] and str(IPv6Address(found["ipv6"])) != found["ipv6"]:
        raise ValueError
    return text


def _host_or_any(text: str) -> str:
    return text if text == "*" else _host(text)


def _origin(text: str) -> str:
    found = _ORIGIN.fullmatch(text)
    if not found or found["port"] == _DEFAULT_PORTS.get(found["scheme"], "") or int(found["port"] or 1) > _PORT:
        raise ValueError
    _host(found["host"])
    return text


def _origin_or_any(text: str) -> str:
    return text if text == "*" else _origin(text)


def _web_origin(text: str) -> str:
    if not text.startswith(("http://", "https://")):
        raise ValueError
    return _origin(text)


def _network(text: str) -> IPv4Network | IPv6Network:
    if not _NETWORK.fullmatch(text):
        raise ValueError
    return ip_network(text)


def _rate(text: str) -> RateLimit:
    found = _RATE.fullmatch(text)
    if not found or int(found[1]) > _QUOTA or int(found[2]) > _WINDOW_SECONDS:
        raise ValueError
    return RateLimit(int(found[1]), int(found[2]))


def _mailbox(text: str) -> str:
    if not _MAILBOX.fullmatch(text):
        raise ValueError
    return text


def _secret(text: str) -> str:
    if len(text.encode()) < SECRET_BYTES:
        raise ValueError
    return text


def _url(text: str, *schemes: str) -> SplitResult:
    scheme, separator, _ = text.partition("://")
    # A "#" or a blank is what an unescaped password leaves behind.
    if not separator or scheme not in schemes or not text.isascii() or {"#", " "} & set(text):
        raise ValueError
    parts = urlsplit(text)
    if parts.port == 0:
        raise ValueError
    return parts


def _database_url(text: str) -> str:
    parts = _url(text, "postgresql", "postgres", "postgresql+asyncpg")
    if not parts.hostname and "host" not in parse_qs(parts.query):
        raise Fault("must name a host, or the directory of a socket as in `?host=/run/postgresql`")
    return text


def _redis_url(text: str) -> str:
    parts = _url(text, "redis", "rediss", "unix")
    if parts.scheme == "unix":
        if parts.hostname or parts.path in {"", "/"}:
            raise Fault("must name its socket by an absolute path, as in `unix:///run/valkey.sock`")
    elif not parts.hostname or not re.fullmatch("/?|/[0-9]{1,4}", parts.path):
        raise Fault("must name a host, and after it nothing but a port and the number of a database")
    return text


def _smtp_url(text: str) -> str:
    parts = _url(text, "smtp", "smtps")
    if not parts.hostname or parts.path not in {"", "/"} or parts.query:
        raise Fault("must name a host, and after it nothing but a port")
    if bool(parts.username) != bool(parts.password):
        raise Fault("must have both a user and a password, or neither")
    return text


def _off(value: bool) -> None:  # noqa: FBT001 -- a reader is handed the value alone
    if value:
        raise ValueError


def _https(origin: str) -> None:
    if not origin.startswith("https://"):
        raise ValueError


def _exact(items: tuple[str, ...]) -> None:
    if "*" in items:
        raise ValueError


def _unpredictable(secret: str) -> None:
    # "aaaa..." has few different characters, "abcd..." few different steps from one to the next.
    steps = {ord(after) - ord(before) for before, after in pairwise(secret)}
    if min(len(set(secret)), len(steps)) < _VARIETY or _PLACEHOLDER.search(secret.lower()):
        raise ValueError


def _own_password(url: str) -> None:
    parts = urlsplit(url)
    passwords = [unquote(parts.password or ""), *parse_qs(parts.query).get("password", ())]
    if any(_PLACEHOLDER.search(password.lower()) for password in passwords):
        raise ValueError


def _private_file(path: Path) -> None:
    _, mode = read_file(path)
    if mode & _OTHERS:
        raise Fault("names a file that is open to other users: take their rights away (`chmod o=`)")


SWITCH: Final = Form("`true` or `false`", _switch)
TEXT: Final = Form(f"text of at most {_TEXT_CHARACTERS} characters, with no blank at either end", _text)
PATH: Final = Form("a path", Path)
HOST: Final = Form("an exact host in lower case and without a port, or `*`", _host_or_any)
ORIGIN: Final = Form(
    "an exact origin (`scheme://host[:port]` in lower case, with no default port and no path), or `*`",
    _origin_or_any,
)
WEB_ORIGIN: Final = Form("`http[s]://host[:port]` in lower case, with no default port and no path", _web_origin)
NETWORK: Final = Form("an IP address or a network such as `10.0.0.0/8`", _network)
RATE: Final = Form(f"`quota/seconds`, such as `10/60`, up to `{_QUOTA}/{_WINDOW_SECONDS}`", _rate)
MAILBOX: Final = Form("an e-mail address, or a name and an address as in `Name <name@host>`", _mailbox)
SECRET: Final = Form(f"at least {SECRET_BYTES} bytes of text", _secret)
DATABASE_URL: Final = Form(
    "a percent-encoded URL `postgresql://user:password@host:port/name`, or `postgres://`, `postgresql+asyncpg://`",
    _database_url,
)
REDIS_URL: Final = Form(
    "a percent-encoded URL `redis://user:password@host:port/number`, or `rediss://`, `unix:///path`",
    _redis_url,
)
SMTP_URL: Final = Form(
    "a percent-encoded URL `smtp://user:password@host:port`, or `smtps://`",
    _smtp_url,
)

OFF: Final = Form("off", _off)
HTTPS: Final = Form("an `https` origin", _https)
EXACT: Final = Form("without `*`", _exact)
UNPREDICTABLE: Final = Form("random, and neither a pattern nor an example", _unpredictable)
OWN_PASSWORD: Final = Form("without the password of an example", _own_password)
PRIVATE_FILE: Final = Form("the path of a readable file that is closed to other users", _private_file)
