"""Waiting for an event for a limited time."""

from __future__ import annotations

import asyncio

import pytest

from toolcrib.kernel.waits import set_within


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
