"""Processes that compete for a limit, as a program of its own: it imports once, and forks before a thread runs."""

import asyncio
import multiprocessing
import sys
from multiprocessing import Queue
from multiprocessing.synchronize import Barrier

from app.domain.ports import Limit
from app.infrastructure.cache.throttle import RedisThrottle
from tests.infrastructure.cache.valkey import open_store


async def attempt(url: str, attempts: int, start: Barrier) -> int:
    """Hits a limit of 10 an hour, half of the times one after the other, and half at once; tells what passed."""
    login, hour = Limit("login", 10, 3600), Limit("login_hour", 1_000, 3600)
    async with open_store(url) as store:
        # Eight processes on few cores: how long an answer takes is not the point here.
        throttle = RedisThrottle(store, timeout=60)
        await throttle.hit(hour, "warm")
        start.wait(60)
        verdicts = [await throttle.hit_all([(login, "a"), (hour, "a")]) for _ in range(attempts // 2)]
        verdicts += await asyncio.gather(*(throttle.hit_all([(login, "a"), (hour, "a")]) for _ in range(attempts // 2)))
        return sum(minute.allowed for minute, _ in verdicts)


def main(url: str, processes: int, attempts: int) -> int:
    context = multiprocessing.get_context("fork")
    start, passed = context.Barrier(processes), context.Queue()

    def run(passed: "Queue[int]") -> None:
        passed.put(asyncio.run(attempt(url, attempts, start)))

    contenders = [context.Process(target=run, args=(passed,), daemon=True) for _ in range(processes)]
    for contender in contenders:
        contender.start()
    total = sum(passed.get(timeout=60) for _ in contenders)
    for contender in contenders:
        contender.join(10)
    return total


if __name__ == "__main__":
    sys.stdout.write(str(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))))
