"""Waiting for an event, but not for longer than so many seconds; and for the end of tasks."""

from __future__ import annotations

import asyncio
from typing import Any

ASK_AGAIN_SECONDS = 1.0


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


async def end_tasks(*tasks: asyncio.Task[Any]) -> None:
    """Cancel tasks and wait until they have ended, however they end.

    Asks again every second: a database driver that reads with `asyncio.wait_for` loses a cancellation which comes with
    the answer, and a task that goes round for ever then goes on.
    """
    running = {task for task in tasks if not task.done()}
    while running:
        for task in running:
            task.cancel()
        done, running = await asyncio.wait(running, timeout=ASK_AGAIN_SECONDS)
        for task in done:
            if not task.cancelled():
                task.exception()  # asked for, so that asyncio does not report it as overlooked
