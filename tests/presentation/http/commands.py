"""What Hypothesis may have two people do with todos; which ones those are is decided when it is done."""

from typing import Any, Final

from hypothesis import strategies as st

from tests.presentation.http.model import Json

Pick = tuple[int, int]
Raw = tuple[str, Pick, Json, bool | None]
"""The kind of an operation, the todo, a body in which what is named by ids is yet to be picked, and `Op.stale`."""

PICKS: Final = st.tuples(st.integers(0, 5), st.integers(0, 999))
"""Of all there are if the first is 0, and else of those that are likely to do; the second tells which one."""

TEXTS: Final = {"title": st.sampled_from(["Buy milk", "Wine", " Call Bob ", "Milk the cow"])}
DUES: Final = (
    st.none()
    | st.fixed_dictionaries(
        {"date": st.sampled_from(["2030-01-02", "2030-03-31", "2030-07-01"])},
        optional={"timeZone": st.sampled_from(["Europe/Berlin", "America/New_York"])},
    )
    | st.just({"date": "2030-03-31", "time": "02:30:00", "timeZone": "Europe/Berlin"})
)
STANDING: Final = st.sampled_from(
    [{}, {}, {}, {"completed": True}, {"completed": False}]
    + [{"status": status} for status in ("open", "completed", "cancelled")]
)
PRIORITIES: Final = ("none", "low", "medium", "high", "urgent")
FIELDS: Final = {
    "notes": st.sampled_from([None, "", "Two litres"]),
    "priority": st.sampled_from(PRIORITIES),
    "tags": st.lists(st.sampled_from(["home", "shop", "x"]), max_size=3),
    "due": DUES,
    # nobody, one of the two, or somebody who shares none of their lists
    "assigneeId": st.sampled_from([None, 0, 1, 2]),
}
BESIDE: Final = st.sampled_from(["afterId", "beforeId"]).flatmap(lambda name: st.fixed_dictionaries({name: PICKS}))


def merged(*parts: st.SearchStrategy[Json]) -> st.SearchStrategy[Json]:
    return st.tuples(*parts).map(lambda found: {name: value for part in found for name, value in part.items()})


def raws(kind: str, body: st.SearchStrategy[Json], *, stale: bool = False) -> st.SearchStrategy[Raw]:
    versions = st.sampled_from([None, None, False, True]) if stale else st.none()
    return st.tuples(st.just(kind), PICKS, body, versions)


NOTHING: Final = st.just(dict[str, Any]())
CREATE: Final = raws(
    "create",
    merged(st.fixed_dictionaries(TEXTS, optional=FIELDS | {"listId": PICKS, "parentId": st.none() | PICKS}), STANDING),
)
UPDATE: Final = raws("update", merged(st.fixed_dictionaries({}, optional=TEXTS | FIELDS), STANDING), stale=True)
MOVE: Final = raws(
    "move",
    merged(st.fixed_dictionaries({}, optional={"listId": PICKS, "parentId": st.none() | PICKS}), NOTHING | BESIDE),
)
DELETE: Final = raws("delete", NOTHING, stale=True)
COMPLETE: Final = raws("complete", NOTHING)
RESTORE: Final = raws("restore", NOTHING)
DUPLICATE: Final = raws("duplicate", NOTHING)
TURN: Final = COMPLETE | raws("reopen", NOTHING) | raws("cancel", NOTHING)
BULK: Final = st.lists(CREATE | UPDATE | COMPLETE | MOVE | DELETE, min_size=1, max_size=5)

SORTS: Final = ("createdAt", "updatedAt", "dueAt", "priority", "position")
FILTERS: Final[dict[str, st.SearchStrategy[Any]]] = {
    "listId": PICKS,
    "parentId": PICKS,
    "status": st.sampled_from(["open", "completed", "open,cancelled"]),
    "completed": st.sampled_from(["true", "false"]),
    "priority": st.sampled_from(["urgent", "none,low"]),
    "tag": st.sampled_from(["home", "shop"]),
    "assigneeId": st.sampled_from([0, 1, 2]),
    "dueBefore": st.sampled_from(["2030-01-02T23:00:00Z", "2030-06-01T00:00:00Z"]),
    "dueAfter": st.sampled_from(["2030-01-02T23:00:00Z", "2030-06-01T00:00:00Z"]),
    "q": st.sampled_from(["mi", "buy lit", "bob"]),
}
ORDER: Final = st.lists(
    st.sampled_from([sign + name for name in SORTS for sign in ("", "-")]),
    min_size=1,
    max_size=2,
    unique_by=lambda name: name.removeprefix("-"),
)
CHOSEN: Final = st.lists(st.sampled_from([*FILTERS]), max_size=2, unique=True)
QUERIES: Final = merged(
    st.fixed_dictionaries({"limit": st.sampled_from([1, 3, 100])}, optional={"sort": ORDER.map(",".join)}),
    CHOSEN.flatmap(lambda names: st.fixed_dictionaries({name: FILTERS[name] for name in names})),
)

DEEDS: Final = ("make", "invite", "accept", "role", "remove", "transfer", "archive", "unarchive", "delete", "restore")
ADMINISTER: Final = st.tuples(
    # what keeps people and lists out is done as often as what lets them in again
    st.sampled_from([*DEEDS, "invite", "accept", "accept", "role", "unarchive", "unarchive", "restore", "restore"]),
    PICKS,
    st.sampled_from([0, 1, 0, 1, 2]),
    st.sampled_from(["editor", "viewer"]),
)


def named(name: str, arguments: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[str, Any]]:
    return st.tuples(st.just(name), arguments)


COMMANDS: Final = st.one_of(
    # of which the simplest play is made, with which Hypothesis begins
    named("rest", st.just(())),
    *(named("work", st.tuples(raw)) for raw in (CREATE, CREATE, CREATE, UPDATE, UPDATE, MOVE, MOVE, TURN, TURN)),
    *(named("work", st.tuples(raw)) for raw in (DELETE, RESTORE, DUPLICATE)),
    named("bulk", st.tuples(BULK, st.booleans())),
    *[named("administer", ADMINISTER)] * 3,
    named("look", st.tuples(PICKS, QUERIES)),
)
"""A method, and what it is called with beside who does it."""
