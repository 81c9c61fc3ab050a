"""Hashes are made where they hold up nobody."""

import os
import sys
import threading

import pytest

from app.infrastructure.security.passwords import NICENESS, BcryptHasher


@pytest.mark.anyio
@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no priorities of single threads")
async def test_pw2_threads_that_hash_let_all_others_go_first() -> None:
    hasher = BcryptHasher(4, workers=2)
    before = {thread.ident for thread in threading.enumerate()}
    assert await hasher.verify("a pass phrase", await hasher.hash("a pass phrase"))
    made = [thread for thread in threading.enumerate() if thread.ident not in before]
    priorities = {os.getpriority(os.PRIO_PROCESS, thread.native_id or 0) for thread in made}
    hasher.close()
    assert priorities == {os.getpriority(os.PRIO_PROCESS, 0) + NICENESS}
