"""Two people work on shared lists, as Hypothesis has it, and all that they are told is what a model in memory says.

After each step both of them look at all of their todos: there is none that they should not see, each is as the model
has it and where the model has it, and none has changed that the step did not concern.
"""

from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from anyio import from_thread, to_thread
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from tests.presentation.http.commands import COMMANDS, PRIORITIES, Pick, Raw
from tests.presentation.http.conftest import START, People, SettableClock
from tests.presentation.http.desk import Desk
from tests.presentation.http.model import STATUS, Json, Shelf, Ticket

pytestmark = pytest.mark.anyio

Tally = Counter[tuple[str, str | None]]
WHO = st.integers(0, 1)
STEP = "step"
SORT_KEYS: dict[str, Callable[[Json], Any]] = {
    "createdAt": lambda row: row["createdAt"],
    "updatedAt": lambda row: row["updatedAt"],
    "dueAt": lambda row: row["dueAt"] or "9999",
    "priority": lambda row: PRIORITIES.index(row["priority"]),
    "position": lambda row: row["position"],
}
MATCHES: dict[str, Callable[[Json, Any], bool]] = {
    "listId": lambda row, asked: row["listId"] == asked,
    "parentId": lambda row, asked: row["parentId"] == asked,
    "status": lambda row, asked: row["status"] in asked.split(","),
    "completed": lambda row, asked: row["completed"] is (asked == "true"),
    "priority": lambda row, asked: row["priority"] in asked.split(","),
    "tag": lambda row, asked: asked in row["tags"],
    "assigneeId": lambda row, asked: row["assigneeId"] == asked,
    "dueBefore": lambda row, asked: row["dueAt"] is not None and row["dueAt"] < asked,
    "dueAfter": lambda row, asked: row["dueAt"] is not None and row["dueAt"] >= asked,
    "q": lambda row, asked: all(
        any(word.startswith(start) for word in f"{row['title']} {row['notes'] or ''}".lower().split())
        for start in asked.split()
    ),
}


class SharedLists(RuleBasedStateMachine):
    """One play, by two new people: the one has a list that the other may change, the other one to be looked at."""

    def __init__(self, people: People, clock: SettableClock, tally: Tally) -> None:
        super().__init__()
        clock.instant = START
        self.clock = clock
        self.tally = tally
        self.rested = False
        made = [from_thread.run(partial(people.make, time_zone="UTC")) for _ in range(3)]
        self.desk = Desk(made[:2], str(made[2].user.id), tally)
        self.model, self.ids = self.desk.model, self.desk.ids
        for who in self.ids[:2]:
            (inbox,) = self.desk.pages(who, "/lists")
            self.model.shelves[inbox["id"]] = Shelf(inbox["id"], {who: "owner"}, is_inbox=True)
        self.tick()
        self.invite(self.ids[0], self.make_list(self.ids[0]), "editor")
        self.accept(self.ids[1], 0)
        self.invite(self.ids[1], self.make_list(self.ids[1]), "viewer")
        self.accept(self.ids[0], 1)
        for who in self.ids[:2]:
            self.desk.work(who, ("create", (1, 0), {"title": "Wine", "listId": (1, 1)}, None))
        for _ in range(3):
            # below one another
            self.desk.work(
                self.ids[0], ("create", (1, 0), {"title": "Wine", "listId": (1, 1), "parentId": (5, 2)}, None)
            )

    def tick(self) -> None:
        self.clock.advance(seconds=1)
        self.model.now = self.clock.now()

    def make_list(self, who: str) -> str:
        response = self.desk.ask(who, "POST", "/lists", json={"name": "Groceries"})
        assert response.status_code == 201, response.text
        made: str = response.json()["id"]
        self.model.shelves[made] = Shelf(made, {who: "owner"})
        return made

    def invite(self, who: str, list_id: str, role: str) -> None:
        response = self.desk.ask(who, "POST", f"/lists/{list_id}/invitations", json={"role": role})
        if self.desk.decided(response, self.model.invite, who, list_id):
            self.model.tickets.append(Ticket(response.json()["token"], list_id, role))

    def accept(self, who: str, number: int) -> None:
        ticket = self.model.tickets[number % len(self.model.tickets)]
        response = self.desk.ask(who, "POST", "/invitations/accept", json={"token": ticket.token})
        self.desk.decided(response, self.model.accept, who, ticket)

    @rule(who=WHO, command=COMMANDS)
    def step(self, who: int, command: tuple[str, Any]) -> None:
        """One rule, so that no play goes without some of the commands."""
        name, arguments = command
        self.rested = name == "rest"
        self.tally[STEP, None] += not self.rested
        getattr(self, name)(self.ids[who], *arguments)

    def rest(self, _: str) -> None:
        """Nobody does anything."""

    def work(self, who: str, raw: Raw) -> None:
        self.desk.work(who, raw)

    def bulk(self, who: str, asked: list[Raw], atomic: bool) -> None:
        self.desk.bulk(who, asked, atomic=atomic)

    def administer(self, actor: str, deed: str, pick: Pick, whom: int, role: str) -> None:
        """Do something about a list, or about who shares it."""
        user_id = self.ids[whom]
        list_id = self.desk.own_list_of(actor, pick)
        path = f"/lists/{list_id}"
        if deed == "make":
            self.make_list(actor)
        elif deed == "invite":
            self.invite(actor, list_id, role)
        elif deed == "accept":
            fresh = [number for number, ticket in enumerate(self.model.tickets) if pick[0] and not ticket.used]
            self.accept(actor, fresh[-1] if fresh else pick[1])
        elif deed == "delete":
            self.desk.decided(self.desk.ask(actor, "DELETE", path), self.model.delete_list, actor, list_id)
        elif deed == "role":
            response = self.desk.ask(actor, "PATCH", f"{path}/members/{user_id}", json={"role": role})
            self.desk.decided(response, self.model.change_role, actor, list_id, user_id, role)
        elif deed == "remove":
            response = self.desk.ask(actor, "DELETE", f"{path}/members/{user_id}")
            self.desk.decided(response, self.model.remove, actor, list_id, user_id)
        elif deed == "transfer":
            response = self.desk.ask(actor, "POST", f"{path}/transfer", json={"userId": user_id})
            self.desk.decided(response, self.model.transfer, actor, list_id, user_id)
        else:
            model = self.model
            decide = {"archive": model.archive, "unarchive": model.unarchive, "restore": model.restore_list}[deed]
            self.desk.decided(self.desk.ask(actor, "POST", f"{path}/{deed}"), decide, actor, list_id)
        self.compare_lists()

    def compare_lists(self) -> None:
        """Who has which list, and is what to it, by where it is shown."""
        for who in self.ids[:2]:
            for state in ("active", "archived", "trashed"):
                rows = self.desk.pages(who, "/lists", state=state)
                shown = {row["id"]: (row["role"], row["ownerId"]) for row in rows}
                assert shown == {
                    each.id: (each.roles[who], each.owner)
                    for each in self.model.shelves.values()
                    if who in each.roles and each.state == state and (who == each.owner or not each.deleted)
                }

    def look(self, who: str, pick: Pick, query: Json) -> None:
        self.desk.work(who, ("look", pick, {}, None))
        self.list_some(who, query)
        self.list_trash(who)

    def list_some(self, who: str, query: Json) -> None:
        """The rows themselves have been held against the model."""
        asked = self.desk.filled(who, "", query)
        wanted = [self.desk.rows[each.id] for each in self.model.visible(who) if each.live]
        for name in asked.keys() & MATCHES.keys():
            wanted = [row for row in wanted if MATCHES[name](row, asked[name])]
        terms = asked.get("sort", "-createdAt").split(",")
        wanted.sort(key=lambda row: row["id"], reverse=terms[-1].startswith("-"))
        for term in reversed(terms):
            wanted.sort(key=SORT_KEYS[term.removeprefix("-")], reverse=term.startswith("-"))
        assert self.desk.pages(who, "/todos", **asked) == wanted
        self.tally["list", "some" if wanted else "none"] += 1

    def list_trash(self, who: str) -> None:
        """Latest first is what was deleted by itself."""
        rows = self.desk.pages(who, "/trash", limit=3)
        for row in rows:
            self.desk.check(row)
        wanted = [each for each in self.model.visible(who) if each.deletion == each.id]
        wanted.sort(key=lambda item: (item.deleted_at, item.id), reverse=True)
        assert [row["id"] for row in rows] == [item.id for item in wanted]
        self.tally["trash", "some" if wanted else "none"] += 1

    @invariant()
    def compare(self) -> None:
        if not self.rested:
            self.desk.compare()
            self.tick()


async def play(people: People, clock: SettableClock, *, plays: int, steps: int) -> Tally:
    """Tells how often which operation was done or refused.

    Each play is a run with a seed of its own, after the simplest one: what Hypothesis makes of plays that it has seen
    repeats a few commands all over.
    """
    tally: Tally = Counter()
    chosen = settings(
        max_examples=2,
        stateful_step_count=steps,
        phases=[Phase.generate],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
    )
    for number in range(plays):
        machine: Any = seed(number)(partial(SharedLists, people, clock, tally))
        await to_thread.run_sync(partial(run_state_machine_as_test, machine, settings=chosen))
    return tally


async def test_two_people_who_share_lists_see_and_do_what_a_model_in_memory_says(
    people: People, clock: SettableClock
) -> None:
    tally = await play(people, clock, plays=5, steps=35)
    assert tally[STEP, None] >= 150


@pytest.mark.soak
async def test_two_people_differ_from_the_model_in_none_of_two_thousand_steps(
    people: People, clock: SettableClock
) -> None:
    tally = await play(people, clock, plays=45, steps=50)
    assert tally[STEP, None] >= 2_000
    # whoever meets a used invitation must have lost the list meanwhile
    assert {code for _, code in tally} >= STATUS.keys() - {"invitation_used"}
