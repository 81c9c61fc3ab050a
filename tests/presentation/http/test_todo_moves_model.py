"""Moves at random against a model: lists in memory, in which a todo is taken out and put in."""

from collections import defaultdict
from typing import Any

import pytest
from anyio import from_thread, to_thread
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from litestar import Litestar

from tests.presentation.http.conftest import People, Person
from tests.presentation.http.places import add, all_todos, move
from tests.presentation.http.shared import make_crew, told

pytestmark = pytest.mark.anyio

COUNT = 8
TODOS = st.integers(0, COUNT - 1)
STEPS = st.lists(
    st.tuples(
        TODOS,
        st.sampled_from(["end", "afterId", "beforeId", "afterId", "beforeId"]),
        TODOS,
        # the parent: unchanged, none, or one of them
        st.none() | st.just(-1) | TODOS,
        st.booleans(),
    ),
    min_size=1,
    max_size=12,
)
Step = tuple[int, str, int, int | None, bool]


class Model:
    """Who stands where, by numbers; outermost ones stand below -1, and those of the other list below -2."""

    def __init__(self) -> None:
        self.below: defaultdict[int, list[int]] = defaultdict(list)
        self.below[-1] = list(range(COUNT))

    def parent(self, number: int) -> int:
        return next(parent for parent, numbers in self.below.items() if number in numbers)

    def line(self, number: int) -> list[int]:
        """It and those above it, the list last."""
        return [number] if number < 0 else [number, *self.line(self.parent(number))]

    def height(self, number: int) -> int:
        return 1 + max((self.height(each) for each in self.below[number]), default=0)

    def move(self, step: Step) -> str | None:
        """Do it, or tell the refusal."""
        number, where, sibling, asked, elsewhere = step
        own = self.line(number)[-1]
        target = -3 - own if elsewhere else own
        parent = asked
        if asked is None:
            parent = target if elsewhere else self.parent(number)
        elif asked < 0:
            parent = target
        assert parent is not None
        if parent >= 0:
            if number in self.line(parent):
                return "parent_cycle"
            # where it stands already as well: the list that is named is where the parent is looked for
            if self.line(parent)[-1] != target:
                return "parent_not_found"
            if parent != self.parent(number) and len(self.line(parent)) - 1 + self.height(number) > 4:
                return "too_deep"
        siblings = [each for each in self.below[parent] if each != number]
        if where != "end" and sibling not in siblings:
            return "not_a_sibling"
        at = len(siblings) if where == "end" else siblings.index(sibling) + (where == "afterId")
        self.below[self.parent(number)].remove(number)
        self.below[parent].insert(at, number)
        return None


async def play(person: Person, lists: tuple[str, str], steps: list[Step]) -> None:
    made = list((await add(person, "abcdefgh", listId=lists[0])).values())
    numbers = {todo["id"]: number for number, todo in enumerate(made)}
    model = Model()
    for step in steps:
        number, where, sibling, parent, elsewhere = step
        body: dict[str, Any] = {} if where == "end" else {where: made[sibling]["id"]}
        if parent is not None:
            body["parentId"] = None if parent < 0 else made[parent]["id"]
        if elsewhere:
            body["listId"] = lists[model.line(number)[-1] + 2]
        _, code = told(await move(person, made[number], **body))
        assert code == model.move(step), step
        stored: defaultdict[int, list[int]] = defaultdict(list)
        for index, list_id in enumerate(lists):
            for todo in await all_todos(person, listId=list_id):
                parent_id = todo["parentId"]
                stored[-1 - index if parent_id is None else numbers[parent_id]].append(numbers[todo["id"]])
        assert stored == {place: found for place, found in model.below.items() if found}
    for todo in made:
        # with what is below it, where that is not gone yet
        await person.client.delete(f"/api/todos/{todo['id']}")


async def play_many(app: Litestar, people: People, count: int) -> None:
    """Hypothesis draws in a thread of its own; the requests are made on the application's loop."""
    crew = await make_crew(app, people)
    inbox = (await crew.owner.add_todo())["listId"]
    await crew.owner.client.delete(f"/api/todos/{(await all_todos(crew.owner))[0]['id']}")

    @settings(max_examples=count, suppress_health_check=[HealthCheck.too_slow])
    @given(steps=STEPS)
    def play_one(steps: list[Step]) -> None:
        from_thread.run(play, crew.owner, (crew.list_id, inbox), steps)

    await to_thread.run_sync(play_one)


async def test_invariant_5_moves_at_random_keep_the_order_that_lists_in_memory_have(
    app: Litestar, people: People
) -> None:
    await play_many(app, people, 12)


@pytest.mark.soak
async def test_invariant_5_three_hundred_plays_of_moves_keep_it_too(app: Litestar, people: People) -> None:
    await play_many(app, people, 300)
