"""What the whole suite shares; the machinery behind it stands in `servers`."""

import random
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final

import hypothesis
import pytest
from coverage import CoverageData, CoverageException

from db.factories import reseed
from tests.servers import Run, Servers

pytest_plugins = ["tests.conformance"]

RUN = pytest.StashKey[Run]()
DIRECTORY = "evenstar_directory"
FIRST: Final = (
    "tests/live/test_accounts.py",
    "tests/node/",
    "tests/live/",
    "tests/infrastructure/embedded/",
    "tests/db/",
)
"""Where the long tests are; what waits begins first, so that no worker is left alone with it in the end."""

hypothesis.settings.register_profile("evenstar", derandomize=True, deadline=None)
hypothesis.settings.load_profile("evenstar")


@pytest.fixture(scope="session")
def anyio_backend() -> tuple[str, dict[str, Any]]:
    return "asyncio", {"use_uvloop": True}


@pytest.fixture(autouse=True)
def fixed_chance(request: pytest.FixtureRequest) -> None:
    """Each test has its own chance, the same in every run and in any order, so that no two make the same account."""
    seed = int.from_bytes(blake2b(request.node.nodeid.encode(), digest_size=8).digest())
    random.seed(seed)
    reseed(seed)


@pytest.fixture(scope="session")
def servers(request: pytest.FixtureRequest) -> Servers:
    """The suite's PostgreSQL and Valkey; a fixture of a wider scope than a test's clones databases here."""
    worker: dict[str, Any] | None = getattr(request.config, "workerinput", None)
    if worker is None:
        return Servers(request.config.stash[RUN].directory, worker=0)
    return Servers(Path(worker[DIRECTORY]), worker=int(worker["workerid"].removeprefix("gw")))


@pytest.fixture(scope="session")
def database_url(servers: Servers) -> Iterator[str]:
    """This worker's database, migrated; what tests commit there stays until the end of the run."""
    with servers.clone() as url:
        yield url


@pytest.fixture(scope="session")
def redis_url(servers: Servers) -> str:
    """This worker's numbered database in Valkey."""
    return servers.redis_url


@pytest.fixture
def clone_database(servers: Servers) -> Iterator[Callable[[], str]]:
    """Make further migrated databases, for tests that must be alone in one; they last as long as the test."""
    with ExitStack() as clones:
        yield lambda: clones.enter_context(servers.clone())


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        config.stash[RUN] = Run.begin()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a new xdist worker where the run's servers are."""
    node.workerinput[DIRECTORY] = str(node.config.stash[RUN].directory)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: next((n for n, place in enumerate(FIRST) if item.nodeid.startswith(place)), len(FIRST)))
    for item in items:
        if item.get_closest_marker("hypothesis"):
            # what random examples reach, chosen ones reach too; to follow these would take most of their time
            item.add_marker("no_cover")


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtestloop(session: pytest.Session) -> Generator[None, object, object]:
    """Before what the processes have covered is put together, remove what those left half written that were killed."""
    result = yield
    if not hasattr(session.config, "workerinput"):
        for path in session.config.rootpath.glob(".coverage.*"):
            _remove_unfinished(path)
    return result


def _remove_unfinished(path: Path) -> None:
    try:
        CoverageData(path, read_only=True).read()
    except CoverageException:
        path.unlink(missing_ok=True)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> Generator[None, object, object]:
    """Fail the run when a process that it started lives on; xdist's workers have ended by now."""
    result = yield
    if left := _end(session.config):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
        reporter: Any = session.config.pluginmanager.get_plugin("terminalreporter")
        for line in ("processes were left behind, and have been killed:", *left):
            reporter.write_line(line, red=True)
    return result


def pytest_unconfigure(config: pytest.Config) -> None:
    """End what a run began that came to no session."""
    _end(config)


def _end(config: pytest.Config) -> list[str]:
    run = config.stash.get(RUN, None)
    if run is None:
        return []
    del config.stash[RUN]
    temporary: Any = getattr(config, "_tmp_path_factory", None)
    return run.end(temporary.getbasetemp()) if temporary is not None else run.end()
