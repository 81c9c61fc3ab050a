"""A database as it is after years: lists of 200,000 and of 2,000 todos of the same kind, and 3,000 small ones.

Of each of the two, a quarter of the todos match what is common, and ten match what is rare; a dozen stand below
another one. They were made one a minute, and so lie in the table.
"""

import asyncio
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import asyncpg

LARGE: Final = 200_000
SMALL: Final = 2_000
OTHERS: Final = 3_000
RARE: Final = 10

# what belongs to a list of so many todos has these ids
OWNER: Final = "00000000-0000-7000-8000-{:012d}"
LIST: Final = "00000000-0000-7000-8001-{:012d}"
HELPER: Final = "00000000-0000-7000-8002-{:012d}"
PARENT: Final = "00000000-0000-7000-8003-{:012d}"

_PEOPLE: Final = """
INSERT INTO users (id, email, email_canonical, name, time_zone, role, version, created_at, updated_at)
SELECT id, id || '@example.com', id || '@example.com', 'Ada', 'UTC', 'user', 1, '2030-01-01Z', '2030-01-01Z'
  FROM unnest($1::uuid[]) AS ids (id)
"""
_LISTS: Final = """
INSERT INTO lists (id, owner_id, name, position, is_inbox, version, created_at, updated_at)
SELECT id, owner, 'Inbox', 'a0', true, 1, '2030-01-01Z', '2030-01-01Z'
  FROM unnest($1::uuid[], $2::uuid[]) AS made (id, owner)
"""
_MEMBERSHIPS: Final = """
INSERT INTO memberships (id, list_id, user_id, role, version, created_at, updated_at)
SELECT uuidv7(), list, member, role, 1, '2030-01-01Z', '2030-01-01Z'
  FROM unnest($1::uuid[], $2::uuid[], $3::text[]) AS made (list, member, role)
"""
_TODOS: Final = """
INSERT INTO todos (id, list_id, parent_id, has_subtasks, title, notes, status, priority, due_date, due_at, tags,
                   assignee_id, position, created_by, version, created_at, updated_at)
SELECT CASE WHEN number = 1 THEN $5::uuid ELSE uuidv7() END,
       $1::uuid, CASE WHEN is_rare OR number = 2 THEN $5::uuid END, number = 1,
       concat_ws(' ', CASE WHEN is_common THEN 'Buy' ELSE 'Fetch' END, (ARRAY['milk', 'bread', 'wine'])[1 + number % 3],
                 CASE WHEN is_rare THEN 'quinces' END, to_hex(number * 2654435761 % 4294967296)),
       CASE WHEN number % 10 = 0 THEN 'Nothing that anybody would look for, number ' || number END,
       (ARRAY['open', 'completed', 'cancelled'])[1 + number % 3],
       CASE WHEN is_rare THEN 'urgent' ELSE (ARRAY['high', 'high', 'none', 'low'])[1 + weight % 4] END,
       CASE WHEN has_due THEN due::date END, CASE WHEN has_due THEN due END,
       CASE WHEN is_rare THEN ARRAY['rare', 'common'] WHEN is_common THEN ARRAY['common'] ELSE '{}'::text[] END,
       CASE WHEN is_rare THEN $4::uuid WHEN is_common THEN $3::uuid END,
       'b' || lpad(to_hex(number * 7919 % $2), 8, '0'), $3, 1,
       '2030-01-01Z'::timestamptz + number * interval '1 minute',
       '2030-01-01Z'::timestamptz + number * 6389 % $2 * interval '1 minute'
  FROM (SELECT *, number % 5 < 3 OR is_rare AS has_due,
               CASE WHEN is_rare THEN '2031-06-01Z' ELSE '2030-01-01 12:00Z'::timestamptz + delay END AS due
          FROM (SELECT number::int8, number % ($2 / 10) = 7 AS is_rare, abs(hashint4(number)) % 4 = 1 AS is_common,
                       abs(hashint4(number + 3000000)) AS weight,
                       abs(hashint4(number + 6000000)) % 500000 * interval '1 minute' AS delay
                  FROM generate_series(1, $2::int) AS numbers (number)))
"""
_FEW: Final = """
INSERT INTO todos (id, list_id, title, status, priority, position, created_by, version, created_at, updated_at)
SELECT uuidv7(), list, 'Buy milk', 'open', 'none', 'a' || number, owner, 1, '2030-01-01Z', '2030-01-01Z'
  FROM unnest($1::uuid[], $2::uuid[]) AS made (list, owner), generate_series(1, 7) AS numbers (number)
"""


@dataclass(frozen=True)
class Household:
    """Somebody with one list of so many todos."""

    size: int

    @property
    def owner(self) -> UUID:
        return UUID(OWNER.format(self.size))

    @property
    def list(self) -> UUID:
        return UUID(LIST.format(self.size))

    @property
    def helper(self) -> UUID:
        return UUID(HELPER.format(self.size))

    @property
    def parent(self) -> UUID:
        return UUID(PARENT.format(self.size))


def fill(url: str) -> None:
    """Fill a migrated database; the indexes are made afterwards, which takes a third of the time."""
    asyncio.run(_fill(url))


async def _fill(url: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("SET session_replication_role = replica; SET maintenance_work_mem = '256MB'")
        indexes = await connection.fetch(
            "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = 'todos' AND indexname LIKE 'ix%'"
        )
        for name, _ in indexes:
            await connection.execute(f"DROP INDEX {name}")
        homes = [Household(LARGE), Household(SMALL)]
        few = [Household(number) for number in range(LARGE + 1, LARGE + 1 + OTHERS)]
        lists, owners = [home.list for home in homes + few], [home.owner for home in homes + few]
        helpers = [home.helper for home in homes]
        await connection.execute(_PEOPLE, owners + helpers)
        await connection.execute(_LISTS, lists, owners)
        roles = ["owner"] * len(lists) + ["editor"] * len(helpers)
        await connection.execute(_MEMBERSHIPS, lists + lists[:2], owners + helpers, roles)
        await connection.execute(_FEW, lists[2:], owners[2:])
        for home in homes:
            await connection.execute(_TODOS, home.list, home.size, home.owner, home.helper, home.parent)
        for _, definition in indexes:
            await connection.execute(definition)
        await connection.execute("VACUUM ANALYZE")
    finally:
        await connection.close()
