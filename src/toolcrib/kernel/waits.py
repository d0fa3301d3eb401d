"""Waiting for an event, but not for longer than so many seconds."""

from __future__ import annotations

import asyncio


async def set_within(event: asyncio.Event, seconds: float) -> bool:
    """Wait until `event` is set, at most `seconds`. Returns whether it is set.

    Not `asyncio.wait_for`: until Python 3.12 that loses a cancellation which comes at the moment the event is set, and
    whoever cancelled a task that waits in a loop then waits for its end for good.
    """
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return False
    return True
