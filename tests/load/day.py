"""People at their todos, for any deployment: what a day's clients ask for, in the proportions in which they do.

    uv run --group load locust -f tests/load/day.py --headless --host http://127.0.0.1:8000 -u 50 -r 10 -t 60s

Each of them registers, and deletes the account at the end. Where that is not wanted, or addresses must be verified,
`--accounts FILE` names accounts that there are: a line of JSON for each, `{"email", "password"}`, and at least as many
as people. Requests are counted under the routes of the OpenAPI document.
"""

# locust is installed for its runs alone, so where types are checked it and what is derived from it are unknown
# pyright: reportMissingImports=false, reportUnknownVariableType=false, reportUnknownParameterType=false
# pyright: reportUntypedBaseClass=false, reportUntypedFunctionDecorator=false, reportUnknownArgumentType=false

import json
import random
import time
from collections import OrderedDict
from collections.abc import Container, Iterator, Mapping
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from locust import FastHttpUser, between, events, task
from locust.exception import StopUser

Json = dict[str, Any]

FIRST_TODOS: Final = 25
"""What somebody new writes down at once, so that there is more than a page."""

EARLY_SECONDS: Final = 60
"""How long before its end an access token is exchanged."""

LONGEST_WAIT_SECONDS: Final = 30
REMEMBERED: Final = 200
DOING: Final = ("Buy", "Call", "Mend", "Read", "Write to", "Pay", "Plan", "Sort out", "Return", "Look up")
THINGS: Final = ("the dentist", "milk", "the bicycle", "a letter", "the rent", "the garden", "holidays", "grandmother")

_accounts: list[Json] = []
_taken: Iterator[Json] = iter(())


@events.init_command_line_parser.add_listener
def add_arguments(parser: Any) -> None:
    parser.add_argument("--accounts", default="", help="a file of accounts, a line of JSON each: email, password")


@events.test_start.add_listener
def read_accounts(environment: Any, **_: Any) -> None:
    global _taken  # noqa: PLW0603 -- the accounts of this process, each of which one person has
    given: str = environment.parsed_options.accounts
    _accounts[:] = [json.loads(line) for line in Path(given).read_text().splitlines()] if given else []
    _taken = iter(_accounts)


def something() -> str:
    """A title whose words others have too."""
    return f"{random.choice(DOING)} {random.choice(THINGS)}"  # noqa: S311 -- no secret


def _code(response: Any) -> str:
    """What a problem is called, so that the same ones are counted together."""
    try:
        return str(response.json()["code"])
    except (ValueError, TypeError, KeyError):
        return "without a problem's code"


class Person(FastHttpUser):
    """Somebody with the product open: looks, searches, ticks off, and now and then signs in anew."""

    wait_time = between(1, 5)
    insecure = False

    def on_start(self) -> None:
        self._tags: OrderedDict[str, str] = OrderedDict()
        """The entity tag of each todo that the client holds, those seen last at the end."""
        self._refresh_token = ""
        self._authorization: dict[str, str] = {}
        self._fresh_until = 0.0
        given = next(_taken, None)
        self._registered = given is None and not _accounts
        if given is not None:
            self._credentials = {"email": given["email"], "password": given["password"]}
            self._sign_in()
        elif self._registered:
            self._credentials = {"email": f"day-{uuid4()}@example.com", "password": uuid4().hex}
            self._register()
        else:
            raise StopUser

    def on_stop(self) -> None:
        if self._registered:
            # an account is deleted by whoever has signed in lately
            self._sign_in()
            self._call("DELETE", "/api/me", fine={204})
        else:
            self._call("POST", "/api/auth/logout", {"refreshToken": self._refresh_token}, fine={204})

    @task(30)
    def page_through(self) -> None:
        cursor: str | None = ""
        while cursor is not None:
            page = self._call("GET", "/api/todos", query={"limit": "20", **({"cursor": cursor} if cursor else {})})
            if page is None:
                return
            self._remember(*page["items"])
            # few people look further than the page before them
            cursor = page["nextCursor"] if random.random() < 0.3 else None  # noqa: S311 -- no secret
            self.wait()

    @task(15)
    def open_one(self) -> None:
        if (todo := self._any_todo()) is not None:
            headers = {"If-None-Match": self._tags[todo]}
            self._remember(self._call("GET", "/api/todos/{todoId}", headers=headers, fine={200, 304}, todoId=todo))

    @task(6)
    def search(self) -> None:
        found = self._call("GET", "/api/search", query={"q": something().split()[-1], "limit": "20"})
        if found is not None:
            self._remember(*(item["todo"] for item in found["items"]))

    @task(10)
    def create(self) -> None:
        self._create()

    @task(8)
    def complete(self) -> None:
        if (todo := self._any_todo()) is not None:
            done = self._call("POST", "/api/todos/{todoId}/complete", {}, todoId=todo)
            self._remember(done and done["todo"])

    @task(4)
    def move(self) -> None:
        todo, other = self._any_todo(), self._any_todo()
        if todo is not None and other is not None and todo != other:
            # whoever else moves in the list may have been a moment faster
            place = {"beforeId": other}
            self._remember(self._call("POST", "/api/todos/{todoId}/move", place, fine={200, 409}, todoId=todo))

    @task(10)
    def change(self) -> None:
        if (todo := self._any_todo()) is not None:
            headers = {"If-Match": self._tags[todo]}
            changes = random.choice(({"notes": something()}, {"title": something()}, {"priority": "high"}))  # noqa: S311
            changed = self._call("PATCH", "/api/todos/{todoId}", changes, headers=headers, fine={200, 412}, todoId=todo)
            # a stale tag is told with the present row
            self._remember(changed and changed.get("current", changed))

    @task(2)
    def refresh(self) -> None:
        self._refresh()

    @task(1)
    def sign_in_again(self) -> None:
        self._call("POST", "/api/auth/logout", {"refreshToken": self._refresh_token}, fine={204})
        self._sign_in()

    def _register(self) -> None:
        pair = self._call("POST", "/api/auth/register", {**self._credentials, "name": "Day"}, fine={201})
        if pair is None:
            raise StopUser
        self._hold(pair)
        for _ in range(FIRST_TODOS):
            self._create()

    def _sign_in(self) -> None:
        pair = self._call("POST", "/api/auth/login", self._credentials)
        if pair is None:
            raise StopUser
        self._hold(pair)

    def _refresh(self) -> None:
        pair = self._call("POST", "/api/auth/refresh", {"refreshToken": self._refresh_token})
        if pair is None:
            self._sign_in()
        else:
            self._hold(pair)

    def _hold(self, pair: Json) -> None:
        self._authorization = {"Authorization": f"Bearer {pair['accessToken']}"}
        self._refresh_token = pair["refreshToken"]
        self._fresh_until = time.monotonic() + pair["expiresIn"] - EARLY_SECONDS

    def _create(self) -> None:
        headers = {"Idempotency-Key": str(uuid4())}
        self._remember(self._call("POST", "/api/todos", {"title": something()}, headers=headers, fine={201}))

    def _any_todo(self) -> str | None:
        return random.choice(list(self._tags)) if self._tags else None  # noqa: S311 -- no secret

    def _remember(self, *todos: Json | None) -> None:
        for todo in todos:
            if todo:
                self._tags[todo["id"]] = f'"{todo["version"]}"'
                self._tags.move_to_end(todo["id"])
        while len(self._tags) > REMEMBERED:
            self._tags.popitem(last=False)

    def _call(
        self,
        method: str,
        route: str,
        body: Json | None = None,
        *,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        fine: Container[int] = (200,),
        **path: str,
    ) -> Any:
        """The answer's JSON if its status is `fine`, None without any; a failure is counted under the route.

        A client that is told to wait does so before it goes on.
        """
        if not route.startswith("/api/auth/") and self._authorization and time.monotonic() > self._fresh_until:
            self._refresh()
        with self.client.request(
            method,
            route.format(**path),
            name=route,
            json=body,
            params=query,
            headers={**self._authorization, **(headers or {})},
            catch_response=True,
        ) as response:
            status: int = response.status_code
            if status in fine:
                response.success()
                return response.json() if response.content else None
            response.failure(f"{status} {_code(response)}")
            wait = response.headers.get("Retry-After", "") if response.headers else ""
        time.sleep(min(float(wait), LONGEST_WAIT_SECONDS) if wait.isdecimal() else 0)
        return None
