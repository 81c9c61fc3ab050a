"""What PostgreSQL does for a statement of ours, with its parameters in their places as asyncpg sends them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

from sqlalchemy import Select
from sqlalchemy.dialects.postgresql.asyncpg import dialect
from sqlalchemy.ext.asyncio import AsyncConnection

Node: TypeAlias = dict[str, Any]


@dataclass(frozen=True)
class Plan:
    """A plan as it was run."""

    root: Node

    @property
    def buffers(self) -> int:
        """How many pages it looked at, wherever they were."""
        return int(self.root["Shared Hit Blocks"] + self.root["Shared Read Blocks"])

    @property
    def rows(self) -> int:
        return int(self.root["Actual Rows"])

    def nodes(self) -> Iterator[Node]:
        waiting = [self.root]
        while waiting:
            node = waiting.pop()
            yield node
            waiting += node.get("Plans", [])

    def faults(self) -> list[str]:
        """Scans of the whole table, and sorts that did not fit into memory."""
        return [
            f"{node['Node Type']} {node.get('Relation Name', node.get('Sort Method', ''))}"
            for node in self.nodes()
            if (node["Node Type"] == "Seq Scan" and node["Relation Name"] == "todos")
            or node.get("Sort Space Type") == "Disk"
        ]

    def indexes(self) -> set[str]:
        """The indexes that were used."""
        return {node["Index Name"] for node in self.nodes() if "Index Name" in node and node["Actual Loops"]}


async def explain(connection: AsyncConnection, statement: Select[Any], *, generic: bool) -> Plan:
    """Run a statement by the plan for its values, or by the one that is kept for all values."""
    compiled = statement.compile(dialect=dialect(), compile_kwargs={"render_postcompile": True})
    values = ", ".join(_literal(compiled.params[name]) for name in compiled.positiontup or ())
    driver: Any = (await connection.get_raw_connection()).driver_connection
    mode = "force_generic_plan" if generic else "force_custom_plan"
    await driver.execute(f"SET plan_cache_mode = {mode}; PREPARE explained AS {compiled}")
    try:
        called = f"EXECUTE explained ({values})" if values else "EXECUTE explained"
        answer = await driver.fetchval(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {called}")
    finally:
        await driver.execute("DEALLOCATE explained")
    return Plan(answer[0]["Plan"])


def _literal(value: object) -> str:
    if isinstance(value, list):
        return f"ARRAY[{', '.join(map(_literal, value))}]"  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType] -- of texts
    if isinstance(value, int):
        return str(value)
    return f"'{value.isoformat() if isinstance(value, datetime) else value}'"
