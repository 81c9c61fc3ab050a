"""What requests cost as the rows grow, with how many workers and on how many connections: measured, told and drawn.

    uv run python -m tests.load.growth --out DIR [--sizes 10000,100000] [--workers 1,2] [--connections 1,8,64,512]

Each number of todos has a database of its own, on an embedded PostgreSQL in a temporary directory, or on that of
`DATABASE_URL` (with `REDIS_URL`), which must be on this machine and whose role must be allowed to make databases. A
thousand rows take a megabyte of `TMPDIR` for as long as they are measured. Writes `growth.json`, `growth.md` and
`growth.svg`.
"""

import argparse
import asyncio
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Final, NoReturn

import msgspec
import psutil
import uvloop

from app.settings import Settings
from tests.live.data import temporary_place
from tests.live.server import Server
from tests.load.driving import Told, drive
from tests.load.filling import fill, people_of
from tests.load.growth_report import Cost, Filling, Growth, Throughput, drawing, table
from tests.load.serving import Servers, as_role, ask, cpu_seconds, database, environment, servers, serving
from tests.load.works import WORKS, Person, mixed

SEED: Final = 20300131
WARM_SECONDS: Final = 0.5
UNAVAILABLE: Final = 503


@dataclass(frozen=True, slots=True)
class Plan:
    """What is measured, and for how long each figure takes."""

    sizes: Sequence[int]
    workers: Sequence[int]
    connections: Sequence[int]
    works: Sequence[str]
    people: int
    seconds: float


class Refused(Exception):
    """Some of the answers were not what was asked for, so the figures say nothing."""


def grow(plan: Plan, out: Path) -> Growth:
    """Measure everything; what is written so far stands in `out` after each size."""
    growth = Growth(machine=_machine())
    with temporary_place() as place, servers(place) as running:
        for size in plan.sizes:
            _measure_size(plan, size, growth, running, place)
            _write(growth, out)
    return growth


def _measure_size(plan: Plan, size: int, growth: Growth, running: Servers, place: Path) -> None:
    with database(running, f"evenstar_growth_{size}") as owner_url, as_role(owner_url) as url:
        variables = environment(place, url, running.redis_url)
        settings = Settings.load(variables)
        began = time.monotonic()
        rows = asyncio.run(fill(msgspec.structs.replace(settings, database_url=owner_url), size))
        filling = Filling(rows, time.monotonic() - began, ask(owner_url, "SELECT pg_database_size(current_database())"))
        growth.fillings.append(filling)
        _say(f"{rows:,} rows in {filling.seconds:.0f} s, {filling.bytes / 1e6:,.0f} MB")
        for workers in plan.workers:
            with serving(place, variables, workers=workers) as server:
                people = asyncio.run(people_of(settings, plan.people))
                bench = Bench(server, running.postmaster, people, plan.seconds)
                if workers == plan.workers[0]:
                    growth.costs += [bench.cost(rows, work) for work in plan.works]
                growth.throughputs += [bench.throughput(rows, workers, number) for number in plan.connections]


@dataclass(frozen=True, slots=True)
class Bench:
    """A server and those who ask."""

    server: Server
    postmaster: psutil.Process
    people: Sequence[Person]
    seconds: float

    def cost(self, rows: int, work: str) -> Cost:
        """One request after the other, on one connection."""
        told, server, postgresql = self._measured(work, WORKS[work](Random(SEED), self.people), connections=1)  # noqa: S311 -- the same for all
        cost = Cost(rows, work, told.requests, server, postgresql, told.median, told.milliseconds(0.99))
        _say(f"  {work}: {server:.0f} + {postgresql:.0f} us, {cost.median_ms:.2f} / {cost.p99_ms:.2f} ms")
        return cost

    def throughput(self, rows: int, workers: int, connections: int) -> Throughput:
        """The mix, as fast as it is answered."""
        told, server, postgresql = self._measured("mix", mixed(Random(SEED), self.people), connections=connections)  # noqa: S311 -- as above
        unavailable = told.refused.get(UNAVAILABLE, 0)
        rate, p99 = (told.requests - unavailable) / told.seconds, told.milliseconds(0.99)
        _say(
            f"  {workers} workers, {connections} connections: {rate:.0f}/s, p99 {p99:.1f} ms, {unavailable} unavailable"
        )
        return Throughput(rows, workers, connections, rate, unavailable, p99, server, postgresql)

    def _measured(self, work: str, requests: Iterator[bytes], *, connections: int) -> tuple[Told, float, float]:
        """What came of it, and the CPU of the server and of PostgreSQL, in microseconds for each request."""
        launcher = psutil.Process(self.server.process.pid)
        uvloop.run(drive(self.server.port, requests, connections=connections, seconds=min(WARM_SECONDS, self.seconds)))
        before = cpu_seconds(launcher), cpu_seconds(self.postmaster)
        told = uvloop.run(drive(self.server.port, requests, connections=connections, seconds=self.seconds))
        after = cpu_seconds(launcher), cpu_seconds(self.postmaster)
        # one at a time there is always room
        allowed = {UNAVAILABLE} if connections > 1 else set[int]()
        if not told.requests or told.refused.keys() - allowed:
            raise Refused(f"{work}: {told.refused} of {told.requests} answers")
        server, postgresql = ((end - start) * 1e6 / told.requests for start, end in zip(before, after, strict=True))
        return told, server, postgresql


def _machine() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    model = next((line.partition(": ")[2] for line in lines if line.startswith("model name")), "processors")
    memory = psutil.virtual_memory().total / 2**30
    return f"{psutil.cpu_count()} x {model}, {memory:.0f} GiB, Python {sys.version.split()[0]}"


def _write(growth: Growth, out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    (out / "growth.json").write_bytes(msgspec.json.format(msgspec.json.encode(growth)) + b"\n")
    (out / "growth.md").write_text(table(growth))
    (out / "growth.svg").write_text(drawing(growth))


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)  # noqa: T201 -- how far it is


def _end(*_: object) -> NoReturn:
    sys.exit(1)


def _numbers(text: str) -> list[int]:
    return [int(part) for part in text.split(",")]


def main() -> None:
    """Read the arguments and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="the directory that the figures are written to")
    parser.add_argument("--sizes", type=_numbers, default=[10**4, 10**5, 10**6, 10**7], help="todos in the database")
    parser.add_argument("--workers", type=_numbers, default=[1, 2])
    parser.add_argument("--connections", type=_numbers, default=[1, 8, 64, 512])
    parser.add_argument("--works", default=",".join(WORKS), help="what is asked one after the other")
    parser.add_argument("--people", type=int, default=200, help="who ask; fewer where there are fewer")
    parser.add_argument("--seconds", type=float, default=3, help="for each figure")
    given = parser.parse_args()
    # what was begun is ended on the way out
    signal.signal(signal.SIGTERM, _end)
    plan = Plan(given.sizes, given.workers, given.connections, given.works.split(","), given.people, given.seconds)
    print(table(grow(plan, given.out)))  # noqa: T201 -- what it is for


if __name__ == "__main__":
    main()
