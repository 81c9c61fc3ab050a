"""The programs of this directory run as they are described, on few rows and for a moment."""

import ast
import asyncio
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import asyncpg
import msgspec
import pytest

from app.asgi import create_app
from app.presentation.http.openapi import document
from app.settings import Settings
from tests.live.data import temporary_place
from tests.live.http import Client
from tests.live.server import PROJECT
from tests.load import filling
from tests.load.growth_report import Growth, drawing, table
from tests.load.serving import serving
from tests.load.works import WORKS
from tests.servers import Servers

HERE = Path(__file__).parent

INDEXES = "SELECT indexdef FROM pg_indexes WHERE tablename = 'todos' ORDER BY indexdef"
CONSTRAINTS = """
SELECT conname || pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 'todos'::regclass ORDER BY conname
"""
TODOS_OF_EACH = """
SELECT users.email, count(*), count(DISTINCT todos.id), count(DISTINCT todos.position)
FROM users
JOIN memberships ON memberships.user_id = users.id AND memberships.role = 'owner'
JOIN lists ON lists.id = memberships.list_id AND lists.is_inbox AND lists.owner_id = users.id
JOIN todos ON todos.list_id = lists.id AND todos.created_by = users.id
WHERE todos.completed = (todos.completed_by IS NOT NULL) AND (todos.completed_by = users.id OR NOT todos.completed)
GROUP BY users.email
"""


def run(module: str, *arguments: object, environment: Mapping[str, str]) -> str:
    """What a program of this directory prints."""
    done = subprocess.run(  # noqa: S603 -- this interpreter
        [sys.executable, "-m", f"tests.load.{module}", *map(str, arguments)],
        cwd=PROJECT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


async def rows(url: str, *statements: str) -> list[list[asyncpg.Record]]:
    connection = await asyncpg.connect(url)
    try:
        return [await connection.fetch(statement) for statement in statements]
    finally:
        await connection.close()


def test_those_who_were_prepared_are_let_in_to_their_todos(servers: Servers, clone_database: Callable[[], str]) -> None:
    with temporary_place(servers.directory.parent) as place:
        settings = {"DATABASE_URL": clone_database(), "REDIS_URL": servers.redis_url}
        environment = {**settings, "DATA_DIR": str(place / "served")}
        printed = run("prepare", "--users", 3, "--todos", 5, "--tokens", 2, environment=environment)
        people = [json.loads(line) for line in printed.splitlines()]
        assert len(people) == 2

        async def todos_of(token: str, port: int) -> set[str]:
            client = Client(port, {"Authorization": f"Bearer {token}"})
            try:
                answer = await client.call("GET", "/api/todos")
            finally:
                await client.close()
            assert answer.status == 200
            return {todo["id"] for todo in answer.json()["items"]}

        with serving(place, settings, workers=1) as server:
            for person in people:
                assert len(person["todoIds"]) == 5
                assert asyncio.run(todos_of(person["token"], server.port)) == set(person["todoIds"])


def test_copied_people_have_their_own_todos_and_the_indexes_stand_again(
    monkeypatch: pytest.MonkeyPatch, servers: Servers, clone_database: Callable[[], str]
) -> None:
    monkeypatch.setattr(filling, "PEOPLE", 2)
    url = clone_database()
    settings = Settings.load({"APP_ENV": "test", "DATABASE_URL": url, "REDIS_URL": servers.redis_url})
    before = asyncio.run(rows(url, INDEXES, CONSTRAINTS))
    assert asyncio.run(filling.fill(settings, 500)) == 600
    indexes, constraints, owners = asyncio.run(rows(url, INDEXES, CONSTRAINTS, TODOS_OF_EACH))
    assert [indexes, constraints] == before
    assert len({owner["email"] for owner in owners}) == 6
    assert {tuple(owner)[1:] for owner in owners} == {(100, 100, 100)}


def test_growth_is_measured_told_and_drawn(servers: Servers, tmp_path: Path) -> None:
    environment = {"DATABASE_URL": servers.running.database_url, "REDIS_URL": servers.redis_url}
    sizes = ("--sizes", "200,300", "--workers", 1, "--connections", "1,2", "--seconds", 0.2)
    printed = run("growth", "--out", tmp_path, *sizes, environment=environment)
    growth = msgspec.json.decode((tmp_path / "growth.json").read_bytes(), type=Growth)
    assert [each.rows for each in growth.fillings] == [200, 300]
    assert [(cost.rows, cost.work) for cost in growth.costs] == [(size, work) for size in (200, 300) for work in WORKS]
    assert all(cost.requests > 0 and cost.server_us >= 0 and 0 < cost.median_ms <= cost.p99_ms for cost in growth.costs)
    measured = [(each.rows, each.workers, each.connections) for each in growth.throughputs]
    assert measured == [(200, 1, 1), (200, 1, 2), (300, 1, 1), (300, 1, 2)]
    assert printed.strip() == (tmp_path / "growth.md").read_text().strip() == table(growth).strip()
    drawn = ET.fromstring((tmp_path / "growth.svg").read_text())  # noqa: S314 -- our own
    lines = drawn.findall(".//{http://www.w3.org/2000/svg}polyline")
    assert len(lines) == len(WORKS) + 2
    (databases,) = asyncio.run(rows(servers.running.database_url, "SELECT datname FROM pg_database"))
    assert not [name for (name,) in databases if "growth" in name]


def test_the_table_and_the_drawing_show_the_figures_that_were_measured() -> None:
    growth = msgspec.json.decode((HERE / "growth.json").read_bytes(), type=Growth)
    readme = (HERE / "README.md").read_text()
    assert readme.partition("<!-- growth -->\n")[2].partition("<!-- /growth -->")[0].strip() == table(growth).strip()
    assert (HERE / "growth.svg").read_text() == drawing(growth)


def test_a_day_asks_for_routes_that_there_are() -> None:
    content: dict[str, Any] = json.loads(document(create_app(Settings.load({"APP_ENV": "test"}))))
    asked = day_routes()
    assert {"/api/auth/login", "/api/auth/refresh", "/api/search", "/api/todos/{todoId}/move"} <= {p for _, p in asked}
    unknown = {(method, path) for method, path in asked if method.lower() not in content["paths"].get(path, {})}
    assert unknown == set()


def day() -> ast.Module:
    """The script, which only locust can run."""
    return ast.parse((HERE / "day.py").read_text())


def day_routes() -> set[tuple[str, str]]:
    calls = [node for node in ast.walk(day()) if isinstance(node, ast.Call)]
    return {
        (ast.literal_eval(call.args[0]), ast.literal_eval(call.args[1]))
        for call in calls
        if isinstance(call.func, ast.Attribute) and call.func.attr == "_call"
    }


def test_a_day_has_a_share_of_everything_that_people_do() -> None:
    shares: dict[str, int] = {}
    for node in ast.walk(day()):
        for decorator in node.decorator_list if isinstance(node, ast.FunctionDef) else []:
            if found := re.fullmatch(r"task\((\d+)\)", ast.unparse(decorator)):
                shares[ast.unparse(node).partition("def ")[2].partition("(")[0]] = int(found[1])
    assert min(shares.values()) > 0
    assert shares.keys() >= {"page_through", "open_one", "search", "create", "complete", "move", "change", "refresh"}
    assert shares["page_through"] == max(shares.values())
