"""The figures of growth as a table and as a drawing."""

from dataclasses import dataclass, field

from tests.load.plot import Panel, Point, svg


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


@dataclass(frozen=True, slots=True)
class Throughput:
    """The mix on so many connections: requests a second, and for each of them what `Cost` has."""

    rows: int
    workers: int
    connections: int
    per_second: float
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
    works = list(dict.fromkeys(cost.work for cost in growth.costs))
    costs = {(cost.rows, cost.work): cost for cost in growth.costs}
    connections = list(dict.fromkeys(each.connections for each in growth.throughputs))
    rates = {(each.rows, each.workers, each.connections): each for each in growth.throughputs}
    return "\n".join(
        [
            f"{growth.machine}.",
            "",
            *_rows("Rows", "Filled in", "On disk"),
            *(
                _row(f"{each.rows:,}", f"{each.seconds:.0f} s", f"{each.bytes / 1e6:,.0f} MB")
                for each in growth.fillings
            ),
            "",
            "CPU of the server + of PostgreSQL for a request, in microseconds; median / 99th percentile of its ms:",
            "",
            *_rows("Rows", *works),
            *(_row(f"{each.rows:,}", *(_cost(costs[each.rows, work]) for work in works)) for each in growth.fillings),
            "",
            "Requests of the mix a second; their 99th percentile in milliseconds; CPU as above:",
            "",
            *_rows("Rows", "Workers", *(f"{number} connections" for number in connections)),
            *(
                _row(f"{rows:,}", str(workers), *(_rate(rates[rows, workers, number]) for number in connections))
                for rows, workers in dict.fromkeys((each.rows, each.workers) for each in growth.throughputs)
            ),
            "",
        ]
    )


def _cost(cost: Cost) -> str:
    return f"{cost.server_us:.0f} + {cost.postgresql_us:.0f}; {cost.median_ms:.2f} / {cost.p99_ms:.2f}"


def _rate(each: Throughput) -> str:
    return f"{each.per_second:,.0f}; {each.p99_ms:.1f}; {each.server_us:.0f} + {each.postgresql_us:.0f}"


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _rows(*titles: str) -> list[str]:
    return [_row(*titles), "|" + " --- |" * len(titles)]


def drawing(growth: Growth) -> str:
    """What each thing costs as the rows grow, and what the mix comes to where there are most of them."""
    costs: dict[str, list[Point]] = {}
    for cost in growth.costs:
        costs.setdefault(cost.work, []).append((cost.rows, cost.server_us + cost.postgresql_us))
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
