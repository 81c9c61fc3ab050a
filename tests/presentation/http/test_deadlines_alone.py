"""What takes too long is ended and told so; whatever else ends a task is told as it was."""

import asyncio
from collections.abc import Awaitable

import pytest

from app.presentation.http.deadlines import TICK_SECONDS, Deadlines

pytestmark = pytest.mark.anyio

LONG = 20.0


def after(seconds: float) -> float:
    return asyncio.get_running_loop().time() + seconds


async def never() -> None:
    await asyncio.Event().wait()


async def answer(seconds: float = 0) -> str:
    await asyncio.sleep(seconds)
    return "there"


async def started(awaited: Awaitable[object]) -> "asyncio.Task[object]":
    """A task that waits for it by now."""

    async def wait() -> object:
        return await awaited

    task = asyncio.create_task(wait())
    await asyncio.sleep(0)
    return task


async def test_what_takes_too_long_ends_and_what_is_in_time_does_not() -> None:
    deadlines = Deadlines()
    late = await started(deadlines.meet(after(0.01), never()))
    in_time = await started(deadlines.meet(after(LONG), answer(3 * TICK_SECONDS)))
    begun = after(0)
    with pytest.raises(TimeoutError):
        await late
    assert after(0) - begun >= 0.009
    assert not in_time.done()
    assert await in_time == "there"


async def test_what_is_there_at_once_is_given_though_its_time_was_over() -> None:
    assert await Deadlines().meet(after(-1), answer()) == "there"


async def test_a_task_that_was_told_of_it_goes_on_and_is_not_told_again() -> None:
    deadlines = Deadlines()
    task = asyncio.current_task()
    assert task is not None
    async with asyncio.timeout(LONG):
        for _ in range(2):
            with pytest.raises(TimeoutError):
                await deadlines.meet(after(0), never())
            assert task.cancelling() == 0
            # until nothing is watched over any more
            await asyncio.sleep(3 * TICK_SECONDS)
        # nor is it told of a time that was met
        assert await deadlines.meet(after(TICK_SECONDS), answer()) == "there"
        await asyncio.sleep(3 * TICK_SECONDS)


async def test_what_ends_slowly_is_told_once() -> None:
    ended = False

    async def end_slowly() -> None:
        nonlocal ended
        try:
            await never()
        finally:
            await asyncio.sleep(3 * TICK_SECONDS)
            ended = True

    with pytest.raises(TimeoutError):
        await Deadlines().meet(after(0), end_slowly())
    assert ended


async def test_what_fails_by_itself_is_told_as_it_was() -> None:
    async def fail() -> None:
        await asyncio.sleep(0)
        raise LookupError

    with pytest.raises(LookupError):
        await Deadlines().meet(after(LONG), fail())


async def test_a_cancellation_that_is_somebody_elses_stays_one() -> None:
    task = await started(Deadlines().meet(after(LONG), never()))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert task.cancelled()


async def test_so_does_one_that_comes_with_the_end_of_the_time() -> None:
    both = asyncio.Event()

    async def stubborn() -> None:
        try:
            await never()
        except asyncio.CancelledError:
            both.set()
            await asyncio.sleep(0)
            raise

    task = await started(Deadlines().meet(after(0), stubborn()))
    await both.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert task.cancelled()


def test_they_are_met_in_a_second_loop_as_in_the_first() -> None:
    deadlines = Deadlines()

    async def miss() -> None:
        # what is still waited for when the loop ends leaves its timer behind
        _waiting = await started(deadlines.meet(after(LONG), never()))
        async with asyncio.timeout(LONG):
            with pytest.raises(TimeoutError):
                await deadlines.meet(after(0), never())

    for _ in range(2):
        asyncio.run(miss())
