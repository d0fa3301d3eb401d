"""Waiting for an event for a limited time, and for the end of tasks."""

from __future__ import annotations

import asyncio
import sys
from contextlib import suppress

import pytest

from toolcrib.kernel.waits import end_tasks, set_within


@pytest.mark.parametrize("rounds", range(5))
async def test_a_cancellation_is_not_lost_while_the_event_comes(rounds: int) -> None:
    event = asyncio.Event()

    async def follow() -> None:
        while True:
            await set_within(event, 60)
            event.clear()

    following = asyncio.create_task(follow())
    await asyncio.sleep(0)
    event.set()
    for _ in range(rounds):
        await asyncio.sleep(0)
    following.cancel()
    done, _ = await asyncio.wait([following], timeout=5)
    following.cancel()
    assert done, "it follows on"


async def test_it_tells_whether_the_event_came() -> None:
    event = asyncio.Event()
    assert not await set_within(event, 0.001)
    event.set()
    assert await set_within(event, 0.001)


async def test_a_task_ends_although_its_driver_loses_a_cancellation() -> None:
    """As a driver reads: `asyncio.wait_for` takes an answer that comes with a cancellation, and drops that."""
    answer = asyncio.Event()
    reads = 0

    async def read_for_ever() -> None:
        nonlocal reads
        while True:
            reads += 1
            with suppress(TimeoutError):
                await asyncio.wait_for(answer.wait(), 60)
            answer.clear()

    reading = asyncio.create_task(read_for_ever())
    await asyncio.sleep(0)
    answer.set()
    await asyncio.sleep(0)
    async with asyncio.timeout(30):
        await end_tasks(reading)
    assert reading.cancelled()
    assert sys.version_info >= (3, 12) or reads == 2, (
        "the first cancellation was not lost: this proves nothing"
    )


async def test_tasks_that_fail_or_have_ended_are_waited_for_too() -> None:
    async def fail_at_the_end() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            raise RuntimeError("cannot close")

    failing, ended = asyncio.create_task(fail_at_the_end()), asyncio.create_task(asyncio.sleep(0))
    await ended
    await end_tasks(failing, ended)
    assert failing.done()
