"""What is asked of a server under load: by whom, in which proportions, as the bytes of requests."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, Final, TypeAlias
from urllib.parse import quote


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who asks: the token, todos of the inbox, the open ones among them, and words of their titles."""

    token: str
    todos: Sequence[str]
    open: Sequence[str]
    words: Sequence[str]

    def asks(self, method: str, path: str, body: Any = None) -> bytes:
        """A request as it goes over the wire."""
        payload = b"" if body is None else json.dumps(body).encode()
        kind = "" if body is None else f"Content-Type: application/json\r\nContent-Length: {len(payload)}\r\n"
        head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {self.token}\r\n{kind}\r\n"
        return head.encode() + payload


Work: TypeAlias = Callable[[Random, Sequence[Person]], Iterator[bytes]]

NEW: Final = {"title": "Buy milk and bread", "notes": "two litres, whole grain"}


def _page(person: Person, _: Random) -> bytes:
    return person.asks("GET", "/api/todos?limit=20")


def _one(person: Person, chance: Random) -> bytes:
    return person.asks("GET", f"/api/todos/{chance.choice(person.todos)}")


def _new(person: Person, _: Random) -> bytes:
    return person.asks("POST", "/api/todos", NEW)


def _moved(person: Person, chance: Random) -> bytes:
    todo, other = chance.sample(person.todos, 2)
    return person.asks("POST", f"/api/todos/{todo}/move", {"beforeId": other})


def _found(person: Person, chance: Random) -> bytes:
    return person.asks("GET", f"/api/search?limit=20&q={quote(chance.choice(person.words))}")


def _changed(person: Person, chance: Random) -> bytes:
    return person.asks("PATCH", f"/api/todos/{chance.choice(person.todos)}", {"completed": True})


def _in_turn(ask: Callable[[Person, Random], bytes]) -> Work:
    """Everybody in turn, without end."""

    def work(chance: Random, people: Sequence[Person]) -> Iterator[bytes]:
        while True:
            for person in people:
                yield ask(person, chance)

    return work


def _completions(_: Random, people: Sequence[Person]) -> Iterator[bytes]:
    """Each open todo, everybody's first before anybody's second; then they are reopened, and so on without end."""
    while True:
        for step in ("complete", "reopen"):
            for turn in range(max(len(person.open) for person in people)):
                for person in people:
                    if turn < len(person.open):
                        path = f"/api/todos/{person.open[turn]}/{step}"
                        yield person.asks("POST", path, {} if step == "complete" else None)


def mixed(chance: Random, people: Sequence[Person]) -> Iterator[bytes]:
    """Of a hundred requests 70 pages of 20, 15 todos, 10 new ones and 5 changes."""
    asks, weights = (_page, _one, _new, _changed), (70, 15, 10, 5)
    while True:
        for person in people:
            (ask,) = chance.choices(asks, weights)
            yield ask(person, chance)


WORKS: Final[Mapping[str, Work]] = {
    "list": _in_turn(_page),
    "get": _in_turn(_one),
    "search": _in_turn(_found),
    "complete": _completions,
    "move": _in_turn(_moved),
    "create": _in_turn(_new),
}
"""One thing at a time: first what changes nothing, last what adds to the rows."""
