from dataclasses import replace
from datetime import date
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.errors import ValidationFailed
from app.domain.lifecycle import (
    Changes,
    Node,
    OccurrenceRequired,
    ParentCycle,
    ParentNotFound,
    StaleOccurrence,
    TodoNotOpen,
    TodoNotRecurring,
    TooDeep,
    cancel,
    check_occurrence,
    check_parent,
    check_skip,
    complete,
    mend,
    renew,
    reopen,
    status_from,
)
from app.domain.todos import LEVELS_MAX, TodoStatus

OPEN, COMPLETED, CANCELLED = TodoStatus.OPEN, TodoStatus.COMPLETED, TodoStatus.CANCELLED


def node(number: int, parent: int | None = None, status: TodoStatus = OPEN) -> Node:
    return Node(UUID(int=number), None if parent is None else UUID(int=parent), status)


def told(changes: Changes) -> dict[int, TodoStatus]:
    return {todo_id.int: status for todo_id, status in changes.items()}


@pytest.mark.parametrize(
    ("current", "status", "completed", "wanted"),
    [
        (OPEN, None, None, OPEN),
        (CANCELLED, None, None, CANCELLED),
        (OPEN, None, True, COMPLETED),
        (COMPLETED, None, True, COMPLETED),
        (CANCELLED, None, True, COMPLETED),
        (OPEN, None, False, OPEN),
        (COMPLETED, None, False, OPEN),
        (CANCELLED, None, False, CANCELLED),
        (OPEN, CANCELLED, None, CANCELLED),
        (OPEN, CANCELLED, False, CANCELLED),
        (COMPLETED, OPEN, False, OPEN),
        (OPEN, COMPLETED, True, COMPLETED),
    ],
)
def test_completed_and_status_are_two_ways_to_say_one_thing(
    current: TodoStatus, status: TodoStatus | None, wanted: TodoStatus, *, completed: bool | None
) -> None:
    assert status_from(current, status=status, completed=completed) is wanted


@pytest.mark.parametrize(("status", "completed"), [(OPEN, True), (CANCELLED, True), (COMPLETED, False)])
def test_they_must_not_contradict_each_other(status: TodoStatus, *, completed: bool) -> None:
    with pytest.raises(ValidationFailed) as refused:
        status_from(OPEN, status=status, completed=completed)
    assert [issue.path for issue in refused.value.issues] == [("completed",)]


def test_an_occurrence_is_known_by_its_day() -> None:
    check_occurrence(date(2026, 1, 30), date(2026, 1, 30))
    with pytest.raises(StaleOccurrence):
        check_occurrence(date(2026, 2, 6), date(2026, 1, 30))
    with pytest.raises(StaleOccurrence):
        check_occurrence(date(2026, 1, 30), date(2026, 2, 6))
    with pytest.raises(OccurrenceRequired):
        check_occurrence(date(2026, 1, 30), None)


def test_only_an_open_todo_that_recurs_has_something_to_skip() -> None:
    check_skip(OPEN, recurs=True)
    with pytest.raises(TodoNotRecurring):
        check_skip(OPEN, recurs=False)
    for status in (COMPLETED, CANCELLED):
        with pytest.raises(TodoNotOpen):
            check_skip(status, recurs=True)


FAMILY = [
    node(1),
    node(2, 1),
    node(3, 2, COMPLETED),
    node(4, 1, CANCELLED),
    node(5, 4),
    node(6),
]


def test_completing_a_parent_completes_its_open_descendants_and_nothing_else() -> None:
    assert told(complete(FAMILY, UUID(int=1))) == {1: COMPLETED, 2: COMPLETED, 5: COMPLETED}
    assert told(complete(FAMILY, UUID(int=6))) == {6: COMPLETED}


def test_completing_what_is_completed_changes_nothing() -> None:
    assert complete([node(1, None, COMPLETED), node(2, 1, COMPLETED)], UUID(int=1)) == {}


def test_a_cancelled_todo_is_reopened_before_it_is_completed_and_the_other_way_round() -> None:
    with pytest.raises(TodoNotOpen, match="cancelled"):
        complete(FAMILY, UUID(int=4))
    with pytest.raises(TodoNotOpen, match="completed"):
        cancel(node(1, None, COMPLETED))


def test_cancelling_is_for_one_todo() -> None:
    assert told(cancel(FAMILY[0])) == {1: CANCELLED}
    assert cancel(node(1, None, CANCELLED)) == {}


def test_reopening_a_child_reopens_its_completed_ancestors() -> None:
    line = [node(1, None, COMPLETED), node(2, 1, CANCELLED), node(3, 2, COMPLETED), node(4, 3, COMPLETED)]
    assert told(reopen([*line, node(5, 1, COMPLETED)], UUID(int=4))) == {1: OPEN, 3: OPEN, 4: OPEN}
    assert told(reopen(line, UUID(int=2))) == {1: OPEN, 2: OPEN}
    assert reopen([node(1), node(2, 1)], UUID(int=2)) == {}


def test_an_open_todo_put_below_a_completed_one_reopens_that() -> None:
    assert told(reopen([node(1, None, COMPLETED), node(2, 1)], UUID(int=2))) == {1: OPEN}


def test_a_recurring_todo_that_moves_on_finds_its_completed_subtasks_open_again() -> None:
    assert told(renew([node(1), node(2, 1, COMPLETED), node(3, 2, COMPLETED), node(4, 1, CANCELLED)], UUID(int=1))) == {
        2: OPEN,
        3: OPEN,
    }


def applied(todos: list[Node], changes: Changes) -> list[Node]:
    return [replace(todo, status=changes.get(todo.id, todo.status)) for todo in todos]


def ancestors(todos: list[Node], todo: Node) -> list[Node]:
    by_id = {each.id: each for each in todos}
    found: list[Node] = []
    while todo.parent_id is not None:
        todo = by_id[todo.parent_id]
        found.append(todo)
    return found


def is_sound(todos: list[Node]) -> bool:
    """Whether no open todo stands below a completed one."""
    return not any(
        above.status is COMPLETED for todo in todos if todo.status is OPEN for above in ancestors(todos, todo)
    )


@settings(deadline=None, max_examples=150)
@given(
    parents=st.lists(st.floats(0, 1), min_size=1, max_size=12),
    steps=st.lists(st.tuples(st.sampled_from(["complete", "cancel", "reopen", "renew"]), st.floats(0, 1)), max_size=12),
)
def test_no_open_todo_is_ever_below_a_completed_one(parents: list[float], steps: list[tuple[str, float]]) -> None:
    todos = [node(number, round(place * number) or None) for number, place in enumerate([0.0, *parents]) if number]
    todos = [todo if todo.parent_id != todo.id else replace(todo, parent_id=None) for todo in todos]
    for step, place in steps:
        todo = todos[round(place * (len(todos) - 1))]
        try:
            match step:
                case "complete":
                    changes = complete(todos, todo.id)
                case "cancel":
                    changes = cancel(todo)
                case "reopen":
                    changes = reopen(todos, todo.id)
                case _:
                    # only what is open recurs on
                    changes = renew(todos, todo.id) if todo.status is OPEN else {}
        except TodoNotOpen:
            continue
        todos = applied(todos, changes)
        assert is_sound(todos)
        assert all(
            any(each.id == todo_id and each.status is status for each in todos) for todo_id, status in changes.items()
        )


@settings(deadline=None, max_examples=150)
@given(
    places=st.lists(st.floats(0, 1), min_size=1, max_size=12),
    statuses=st.lists(st.sampled_from(TodoStatus), min_size=12, max_size=12),
)
def test_whatever_is_open_below_a_completed_todo_reopens_it_and_nothing_else(
    places: list[float], statuses: list[TodoStatus]
) -> None:
    todos = [
        node(number, int(place * number) or None, status)
        for number, (place, status) in enumerate(zip([0.0, *places], [OPEN, *statuses], strict=False))
        if number
    ]
    todos = [todo if todo.parent_id != todo.id else replace(todo, parent_id=None) for todo in todos]
    changes = mend(todos)
    assert is_sound(applied(todos, changes))
    for todo in todos:
        if todo.id in changes:
            assert (todo.status, changes[todo.id]) == (COMPLETED, OPEN)
            assert any(todo in ancestors(todos, other) for other in todos if other.status is OPEN)


LINE = [node(1), node(2, 1), node(3, 2), node(4, 3)]


def test_todos_nest_four_levels_deep() -> None:
    check_parent(LINE[:3], UUID(int=9), UUID(int=3))
    with pytest.raises(TooDeep):
        check_parent(LINE, UUID(int=9), UUID(int=4))


def test_what_stands_below_a_moved_todo_counts() -> None:
    moved = [node(7), node(8, 7), node(9, 8)]
    check_parent([*moved, *LINE[:1]], UUID(int=7), UUID(int=1))
    with pytest.raises(TooDeep):
        check_parent([*moved, *LINE[:2]], UUID(int=7), UUID(int=2))


@pytest.mark.parametrize("parent", [2, 3, 4])
def test_no_todo_stands_below_itself(parent: int) -> None:
    with pytest.raises(ParentCycle):
        check_parent(LINE, UUID(int=2), UUID(int=parent))


def test_a_new_todo_is_not_its_own_parent() -> None:
    with pytest.raises(ParentCycle):
        check_parent([], UUID(int=9), UUID(int=9))


def test_a_parent_must_be_there() -> None:
    with pytest.raises(ParentNotFound):
        check_parent(LINE, UUID(int=2), UUID(int=99))


def test_a_todo_may_stay_where_it_is() -> None:
    check_parent(LINE, UUID(int=4), UUID(int=3))


@settings(deadline=None, max_examples=150)
@given(wishes=st.lists(st.tuples(st.integers(1, 9), st.integers(1, 9)), max_size=40))
def test_whatever_is_asked_a_tree_stays_a_tree_of_four_levels(wishes: list[tuple[int, int]]) -> None:
    todos = {number: node(number) for number in range(1, 10)}
    for number, parent in wishes:
        try:
            check_parent(todos.values(), UUID(int=number), UUID(int=parent))
        except (ParentCycle, TooDeep):
            continue
        todos[number] = node(number, parent)
        for todo in todos.values():
            assert len(ancestors(list(todos.values()), todo)) < LEVELS_MAX


def test_a_circle_that_no_rule_allows_holds_nothing_up() -> None:
    circle = [node(1, 2), node(2, 1)]
    assert told(complete(circle, UUID(int=1))) == {1: COMPLETED, 2: COMPLETED}
    assert reopen(circle, UUID(int=1)) == {}
    with pytest.raises(ParentCycle):
        check_parent(circle, UUID(int=1), UUID(int=2))
    check_parent(circle, UUID(int=3), UUID(int=2))
