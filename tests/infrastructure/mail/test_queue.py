import asyncio
import logging
from collections.abc import Awaitable, Callable
from uuid import uuid4

import pytest
from prometheus_client import REGISTRY

from app.domain.mail import MailKind, MailOrder
from app.infrastructure.mail.queue import WORKERS, LocalMailQueue

pytestmark = pytest.mark.anyio


def orders(count: int) -> list[MailOrder]:
    return [MailOrder(MailKind.PASSWORD_CHANGED, uuid4(), email="canary@example.com") for _ in range(count)]


def lost(reason: str) -> float:
    return REGISTRY.get_sample_value("evenstar_mails_lost_total", {"kind": "password_changed", "reason": reason}) or 0


def keeping(done: list[MailOrder]) -> Callable[[MailOrder], Awaitable[None]]:
    async def deliver(order: MailOrder) -> None:
        await asyncio.sleep(0)
        done.append(order)

    return deliver


async def test_what_is_put_is_carried_out_and_nobody_waits_for_it() -> None:
    queue, done, given = LocalMailQueue(), list[MailOrder](), orders(50)
    async with queue.served_by(keeping(done)):
        for order in given:
            queue.put(order)
        assert not done
        await queue.drained()
        assert sorted(done, key=given.index) == given


async def test_what_was_put_before_it_is_served_is_not_lost() -> None:
    queue, done, given = LocalMailQueue(), list[MailOrder](), orders(3)
    for order in given:
        queue.put(order)
    async with queue.served_by(keeping(done)):
        await queue.drained()
    assert len(done) == 3


async def test_the_end_waits_for_what_is_left() -> None:
    queue, done = LocalMailQueue(), list[MailOrder]()
    async with queue.served_by(keeping(done)):
        for order in orders(20):
            queue.put(order)
    assert len(done) == 20


async def test_a_full_queue_loses_the_newest_and_raises_nothing(caplog: pytest.LogCaptureFixture) -> None:
    queue, done, before = LocalMailQueue(capacity=5), list[MailOrder](), lost("queue full")
    given = orders(8)
    for order in given:
        queue.put(order)
    assert lost("queue full") == before + 3
    async with queue.served_by(keeping(done)):
        await queue.drained()
    assert sorted(done, key=given.index) == given[:5]
    assert "canary" not in caplog.text


async def test_a_mail_that_fails_holds_up_no_other_and_its_log_tells_no_address(
    caplog: pytest.LogCaptureFixture,
) -> None:
    queue, done, before = LocalMailQueue(), list[MailOrder](), lost("ConnectionRefusedError")

    async def deliver(order: MailOrder) -> None:
        if order in failing:
            raise ConnectionRefusedError(f"550 canary {order.email}")
        done.append(order)

    given = orders(4 * WORKERS)
    failing = given[: 2 * WORKERS]
    with caplog.at_level(logging.DEBUG):
        async with queue.served_by(deliver):
            for order in given:
                queue.put(order)
    assert len(done) == 2 * WORKERS
    assert lost("ConnectionRefusedError") == before + len(failing)
    records = [record for record in caplog.records if record.name == "app.mail"]
    assert len(records) == len(failing)
    assert "canary" not in str([vars(record) for record in records])


async def test_a_server_that_hangs_does_not_hold_up_the_end() -> None:
    queue, before = LocalMailQueue(drain_seconds=0.05), lost("shut down")
    begun: list[MailOrder] = []

    async def hang(order: MailOrder) -> None:
        begun.append(order)
        await asyncio.Event().wait()

    async with asyncio.timeout(5):
        async with queue.served_by(hang):
            for order in orders(WORKERS + 3):
                queue.put(order)
    assert len(begun) == WORKERS
    assert lost("shut down") == before + WORKERS + 3
