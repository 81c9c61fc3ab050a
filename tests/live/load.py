"""Clients that use the API as fast as it answers, and remember what they were told.

Run as a program (`python -m tests.live.load PORT CLIENTS SECONDS`) they have a process of their own. It says `begun`
once every client has an account, and at the end prints their journal as one line of JSON.
"""

import asyncio
import subprocess
import sys
import time
from collections.abc import Coroutine
from dataclasses import dataclass
from itertools import count
from typing import Any

import msgspec

from tests.live.http import Answer, Client, Lost
from tests.live.server import PROJECT

PASSWORD = "a long enough pass phrase"


class Journal(msgspec.Struct):
    """What was acknowledged, and what may or may not have been done because no answer came."""

    name: str
    """What every title and address begins with."""
    users: list[str] = []
    titles: dict[str, str] = {}
    """Of every todo that was made, deleted ones included, by its id."""
    deleted: list[str] = []
    uncertain: list[str] = []
    unanswered_creates: int = 0
    lost: int = 0
    statuses: dict[str, int] = {}
    slowest: dict[str, float] = {}

    def refused(self) -> dict[str, int]:
        """The answers that no client should have been given."""
        return {answer: times for answer, times in self.statuses.items() if not answer.split(" ")[2].startswith("2")}

    def assert_kept(self, rows: dict[str, str], users: set[str]) -> None:
        """All that was acknowledged is in the database, and nothing that was not asked for."""
        assert set(self.users) <= users
        doubtful = {*self.uncertain, *self.deleted}
        kept = {key: title for key, title in self.titles.items() if key not in doubtful}
        assert {key: title for key, title in rows.items() if key in kept} == kept
        assert not rows.keys() & set(self.deleted)
        unheard = rows.keys() - self.titles.keys()
        assert len(unheard) <= self.unanswered_creates


class Person:
    """One client: signs up, and then signs in and keeps todos again and again."""

    def __init__(self, client: Client, email: str, journal: Journal) -> None:
        self._client = client
        self._email = email
        self._journal = journal
        self._mine: list[str] = []

    async def sign_up(self) -> None:
        answer = await self._call("POST", "/api/auth/register", email=self._email, password=PASSWORD, name="Ada")
        if answer.status == 201:
            self._journal.users.append(self._email)
            self._client.headers["Authorization"] = f"Bearer {answer.json()['accessToken']}"

    async def live(self, until: float) -> None:
        for cycle in count():
            if time.monotonic() > until:
                return
            await self._call("POST", "/api/auth/login", email=self._email, password=PASSWORD)
            for number in range(4):
                await self._create(f"{self._email} {cycle} {number}")
            await self._call("GET", "/api/todos")
            if self._mine:
                await self._rename(self._mine[-1], f"{self._email} {cycle} renamed")
                await self._delete(self._mine.pop(0))

    async def _create(self, title: str) -> None:
        self._journal.unanswered_creates += 1
        answer = await self._call("POST", "/api/todos", title=title)
        self._journal.unanswered_creates -= 1
        if answer.status == 201:
            key = str(answer.json()["id"])
            self._journal.titles[key] = title
            self._mine.append(key)

    async def _rename(self, key: str, title: str) -> None:
        self._journal.uncertain.append(key)
        answer = await self._call("PATCH", f"/api/todos/{key}", title=title)
        self._journal.uncertain.remove(key)
        if answer.status == 200:
            self._journal.titles[key] = title

    async def _delete(self, key: str) -> None:
        self._journal.uncertain.append(key)
        answer = await self._call("DELETE", f"/api/todos/{key}")
        self._journal.uncertain.remove(key)
        if answer.status == 204:
            self._journal.deleted.append(key)

    async def _call(self, method: str, path: str, **body: str) -> Answer:
        answer = await self._client.call(method, path, body or None)
        what = f"{method} {path.removesuffix(path.rsplit('/', maxsplit=1)[-1]) if '-' in path else path}"
        told = f"{what} {answer.status}"
        self._journal.statuses[told] = self._journal.statuses.get(told, 0) + 1
        self._journal.slowest[what] = max(self._journal.slowest.get(what, 0), answer.seconds)
        return answer


async def load(port: int, clients: int, seconds: float, name: str) -> Journal:
    journal = Journal(name)
    people = [Person(Client(port), f"{name}-{number}@example.com", journal) for number in range(clients)]
    await _until_lost(journal, [person.sign_up() for person in people])
    sys.stdout.write("begun\n")
    sys.stdout.flush()
    until = time.monotonic() + seconds
    await _until_lost(journal, [person.live(until) for person in people])
    return journal


async def _until_lost(journal: Journal, lives: list[Coroutine[Any, Any, None]]) -> None:
    for result in await asyncio.gather(*lives, return_exceptions=True):
        if isinstance(result, Lost):
            journal.lost += 1
        elif result is not None:
            raise result


@dataclass
class Load:
    """The clients' process."""

    process: subprocess.Popen[str]

    @classmethod
    def start(cls, port: int, *, clients: int, seconds: float) -> "Load":
        """Start the clients, and wait until each has signed up."""
        words = [sys.executable, "-m", __name__, str(port), str(clients), str(seconds)]
        process = subprocess.Popen(words, cwd=PROJECT, stdout=subprocess.PIPE, text=True)  # noqa: S603 -- ourselves
        load = cls(process)
        assert load._line() == "begun"
        return load

    def journal(self) -> Journal:
        """What they were told, once all have ended."""
        told = self._line()
        self.process.communicate()
        return msgspec.json.decode(told, type=Journal)

    def _line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()


def main() -> None:
    port, clients, seconds = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
    journal = asyncio.run(load(port, clients, seconds, f"load-{time.time_ns()}"))
    sys.stdout.write(msgspec.json.encode(journal).decode() + "\n")


if __name__ == "__main__":
    main()
