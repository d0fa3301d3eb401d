"""A body that is in the way of others is given up once."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from toolcrib.kernel.body_memory import Room


async def test_a_body_that_is_being_given_up_is_left_alone() -> None:
    loop = asyncio.get_running_loop()
    failures: list[dict[str, Any]] = []
    loop.set_exception_handler(lambda _, context: failures.append(context))
    room = Room("ann")
    room.size = 1_000

    async def arrival() -> None:
        async with asyncio.timeout(None) as limit:
            with room.arriving(limit):
                limit.reschedule(loop.time())
                loop.call_soon(room.leave_if_slow, loop.time() + 60, 1)  # between that and its end
                await asyncio.Event().wait()

    with pytest.raises(TimeoutError):
        await arrival()
    assert not failures
    assert not room.is_in_the_way
