"""The figures of growth as a table and as a drawing."""

from dataclasses import dataclass, field
from typing import Final

from tests.load.plot import Panel, Point, svg

COSTS: Final = """\
One request at a time, on one connection: the CPU that the server + PostgreSQL take for it, in microseconds; the median
/ the 99th percentile of its time, in milliseconds."""

THROUGHPUTS: Final = """\
The mix: requests a second; the 99th percentile of their time, in milliseconds; CPU as above. Then what more workers
come to: on this machine, where the load and PostgreSQL take their share of its cores; and, by the server's CPU for
each request, where every worker has a core of its own."""


@dataclass(frozen=True, slots=True)
class Filling:
    """How long it took until so many rows were there, and how much room they and their indexes take."""

    rows: int
    seconds: float
    bytes: int


@dataclass(frozen=True, slots=True)
class Cost:
    """One request at a time: the CPU of the server and of PostgreSQL in microseconds, and how long it took."""

    rows: int
    work: str
    requests: int
    server_us: float
    postgresql_us: float
    median_ms: float
    p99_ms: float

    @property
    def cpu_us(self) -> float:
        """Of both."""
        return self.server_us + self.postgresql_us


@dataclass(frozen=True, slots=True)
class Throughput:
    """The mix on so many connections: requests done in a second, and for each of all requests what `Cost` has."""

    rows: int
    workers: int
    connections: int
    per_second: float
    unavailable: int
    """How many were told to come back later."""

    p99_ms: float
    server_us: float
    postgresql_us: float


@dataclass(slots=True)
class Growth:
    """All figures of one run."""

    machine: str
    fillings: list[Filling] = field(default_factory=list[Filling])
    costs: list[Cost] = field(default_factory=list[Cost])
    throughputs: list[Throughput] = field(default_factory=list[Throughput])


def table(growth: Growth) -> str:
    """All of it in Markdown."""
    return "\n".join(
        [
            f"{growth.machine}.",
            "",
            *_head("Rows", "Filled in", "On disk"),
            *(
                _row(f"{each.rows:,}", f"{each.seconds:.0f} s", f"{each.bytes / 1e6:,.0f} MB")
                for each in growth.fillings
            ),
            "",
            COSTS,
            "",
            *_cost_rows(growth),
            "",
            THROUGHPUTS,
            "",
            *_throughput_rows(growth),
            "",
        ]
    )


def _cost_rows(growth: Growth) -> list[str]:
    works = list(dict.fromkeys(cost.work for cost in growth.costs))
    sizes = [each.rows for each in growth.fillings]
    costs = {(cost.rows, cost.work): cost for cost in growth.costs}
    ratios = [costs[sizes[-1], work].cpu_us / costs[sizes[0], work].cpu_us for work in works]
    return [
        *_head("Rows", *works),
        *(_row(f"{rows:,}", *(_cost(costs[rows, work]) for work in works)) for rows in sizes),
        _row("CPU, last to first", *(f"{ratio:.2f}" for ratio in ratios)),
    ]


def _throughput_rows(growth: Growth) -> list[str]:
    connections = list(dict.fromkeys(each.connections for each in growth.throughputs))
    workers = list(dict.fromkeys(each.workers for each in growth.throughputs))
    found = {(each.rows, each.workers, each.connections): each for each in growth.throughputs}
    lines = _head("Rows", "Workers", *(f"{number} connection{'s' * (number > 1)}" for number in connections))
    for rows in (each.rows for each in growth.fillings):
        lines += [
            _row(f"{rows:,}", str(each), *(_rate(found[rows, each, number]) for number in connections))
            for each in workers
        ]
        lines += [
            _row(
                f"{rows:,}",
                f"{each} to {workers[0]}",
                *(_gain(found[rows, workers[0], number], found[rows, each, number]) for number in connections),
            )
            for each in workers[1:]
        ]
    return lines


def _cost(cost: Cost) -> str:
    return f"{cost.server_us:.0f} + {cost.postgresql_us:.0f}; {cost.median_ms:.2f} / {cost.p99_ms:.2f}"


def _rate(each: Throughput) -> str:
    unavailable = f"; {each.unavailable} x 503" if each.unavailable else ""
    return f"{each.per_second:,.0f}; {each.p99_ms:.1f}; {each.server_us:.0f} + {each.postgresql_us:.0f}{unavailable}"


def _gain(few: Throughput, many: Throughput) -> str:
    with_cores = many.workers / few.workers * few.server_us / many.server_us
    return f"{many.per_second / few.per_second:.2f}; {with_cores:.2f}"


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _head(*titles: str) -> list[str]:
    return [_row(*titles), "|" + " --- |" * len(titles)]


def drawing(growth: Growth) -> str:
    """What each thing costs as the rows grow, and what the mix comes to where there are most of them."""
    costs: dict[str, list[Point]] = {}
    for cost in growth.costs:
        costs.setdefault(cost.work, []).append((cost.rows, cost.cpu_us))
    most = max(each.rows for each in growth.fillings)
    rates: dict[str, list[Point]] = {}
    slowest: dict[str, list[Point]] = {}
    for each in growth.throughputs:
        if each.rows == most:
            name = f"{each.workers} worker{'s' * (each.workers > 1)}"
            rates.setdefault(name, []).append((each.connections, each.per_second))
            slowest.setdefault(name, []).append((each.connections, each.p99_ms))
    return svg(
        [
            Panel("CPU of server and PostgreSQL, us a request", "todos", costs),
            Panel(f"The mix at {most:,} todos, requests a second", "connections", rates),
            Panel(f"The mix at {most:,} todos, p99 in ms", "connections", slowest),
        ]
    )
