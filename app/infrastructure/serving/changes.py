"""Code that is being written: tells of each change of it, and of no file that is no code or that a server writes."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread

from watchfiles import Change, DefaultFilter, watch

_is_own = DefaultFilter()


@dataclass(frozen=True, slots=True)
class Code:
    """Python's files below some directories, those of other names that `includes` matches, and none of `excludes`.

    What is excluded are directories, or patterns as `Path.match` knows them.
    """

    directories: tuple[Path, ...]
    includes: tuple[str, ...]
    excludes: tuple[str, ...]

    @contextmanager
    def watched(self, tell: Callable[[], None]) -> Generator[None]:
        """Call `tell`, in a thread, for changes that were made at about the same time."""
        end = Event()

        def follow() -> None:
            for _ in watch(*self.directories, watch_filter=self._holds, stop_event=end, ignore_permission_denied=True):
                tell()

        thread = Thread(target=follow, name="code-watch", daemon=True)
        thread.start()
        try:
            yield
        finally:
            end.set()
            thread.join()

    def _holds(self, change: Change, name: str) -> bool:
        path = Path(name)
        return (
            any(path.match(pattern) for pattern in ("*.py", *self.includes))
            and not any(path.match(pattern) or path.is_relative_to(pattern) for pattern in self.excludes)
            and _is_own(change, name)
        )
