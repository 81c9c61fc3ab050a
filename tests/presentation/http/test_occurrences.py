"""The history of a recurring todo: what was completed and skipped, when and by whom."""

from typing import Any
from uuid import uuid4

import pytest
from litestar import Litestar

from tests.presentation.http.conftest import People, Person, SettableClock
from tests.presentation.http.shared import Crew, make_crew, told

pytestmark = pytest.mark.anyio

DAILY: dict[str, Any] = {"due": {"date": "2030-01-31"}, "recurrence": {"rule": "FREQ=DAILY", "timeZone": "UTC"}}


@pytest.fixture
async def crew(app: Litestar, people: People) -> Crew:
    return await make_crew(app, people)


async def deal(person: Person, todo: dict[str, Any], verb: str, day: str) -> dict[str, Any]:
    answer = await person.client.post(f"/api/todos/{todo['id']}/{verb}", json={"occurrence": day})
    assert answer.status_code == 200, answer.text
    found = answer.json()
    return dict(found.get("completedOccurrence") or found.get("skippedOccurrence"))


async def test_everyone_who_shares_the_list_sees_them_latest_first(crew: Crew, clock: SettableClock) -> None:
    todo = await crew.add(**DAILY)
    path = f"/api/todos/{todo['id']}/occurrences"
    assert (await crew.viewer.client.get(path)).json() == {"items": [], "nextCursor": None}
    first = await deal(crew.owner, todo, "complete", "2030-01-31")
    clock.advance(minutes=1)
    second = await deal(crew.editor, todo, "skip", "2030-02-01")
    assert first == {
        "id": first["id"],
        "scheduledFor": "2030-01-31",
        "outcome": "completed",
        "createdAt": "2030-01-01T00:00:00Z",
        "userId": str(crew.owner.user.id),
    }
    assert (second["outcome"], second["userId"]) == ("skipped", str(crew.editor.user.id))
    for person in (crew.owner, crew.editor, crew.viewer):
        assert (await person.client.get(path)).json() == {"items": [second, first], "nextCursor": None}
    assert told(await crew.stranger.client.get(path)) == (404, "not_found")
    assert told(await crew.owner.client.get(f"/api/todos/{uuid4()}/occurrences")) == (404, "not_found")


async def test_pages_go_through_all_of_them_without_gap_or_repetition(ada: Person, clock: SettableClock) -> None:
    todo = await ada.add_todo(**DAILY)
    path = f"/api/todos/{todo['id']}/occurrences"
    made: list[dict[str, Any]] = []
    for day in range(1, 8):
        # pairs at the same instant: the id decides between them
        if day % 2:
            clock.advance(seconds=1)
        made.append(await deal(ada, todo, "complete", "2030-01-31" if day == 1 else f"2030-02-0{day - 1}"))
    seen: list[dict[str, Any]] = []
    parameters: dict[str, str | int] = {"limit": 3, "includeTotal": "true"}
    while True:
        page = (await ada.client.get(path, params=parameters)).json()
        assert page["total"] == 7
        seen += page["items"]
        if page["nextCursor"] is None:
            break
        assert len(page["items"]) == 3
        parameters["cursor"] = page["nextCursor"]
    assert seen == made[::-1]


async def test_a_cursor_is_good_for_one_todo_and_one_person(crew: Crew) -> None:
    todo, other = await crew.add(**DAILY), await crew.add(**DAILY)
    for day in ("2030-01-31", "2030-02-01"):
        await deal(crew.owner, todo, "complete", day)
    page = (await crew.owner.client.get(f"/api/todos/{todo['id']}/occurrences", params={"limit": 1})).json()
    parameters = {"limit": 1, "cursor": page["nextCursor"]}
    found = await crew.owner.client.get(f"/api/todos/{todo['id']}/occurrences", params=parameters)
    assert [each["scheduledFor"] for each in found.json()["items"]] == ["2030-01-31"]
    for person, of in ((crew.owner, other), (crew.viewer, todo)):
        refused = await person.client.get(f"/api/todos/{of['id']}/occurrences", params=parameters)
        assert told(refused) == (422, "validation_failed")


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "cursor=x", "sort=createdAt", "limit=1&colour=red"])
async def test_what_is_no_page_is_refused(ada: Person, query: str) -> None:
    todo = await ada.add_todo(**DAILY)
    assert told(await ada.client.get(f"/api/todos/{todo['id']}/occurrences?{query}")) == (422, "validation_failed")


async def test_the_history_is_hidden_with_a_trashed_todo(ada: Person) -> None:
    todo = await ada.add_todo(**DAILY)
    await deal(ada, todo, "complete", "2030-01-31")
    await ada.client.delete(f"/api/todos/{todo['id']}")
    assert told(await ada.client.get(f"/api/todos/{todo['id']}/occurrences")) == (404, "not_found")
