"""The garbage collector of a process that loads a lot once, and then makes and drops a little for each request."""

import gc
from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

THRESHOLDS: Final = (10_000, 20, 50)
"""Allocations until the youngest objects are looked through, and how many such looks until the next older ones are.

Python's own (700, 10, 10) look through everything several times a second under load.
"""


@contextmanager
def loading() -> Generator[None]:
    """Load without looking for garbage; what is loaded then stays for good, and is never looked through again."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.set_threshold(*THRESHOLDS)
        gc.enable()
