"""Work on thousands of things that leaves the loop free in between.

A request that names 10,000 things costs some microseconds for each, several times over. In one go that is felt by
everybody; so it is done a piece at a time, and between two pieces the loop serves others.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import orjson
from sqlalchemy.util.concurrency import await_only, in_greenlet

PIECE = 250
# The same where the write lock is not held, so that leaving the loop keeps nobody from writing.
FEW = 50
# Of what costs little for each: rows on their way to the database, or from it.
ROWS = 1_000

# After so much work the loop rests from it for as long as it took: others need several rounds of the loop, and a thread
# that writes gets the interpreter only when the loop has nothing to do, or after 5 ms.
WORK_SECONDS = 0.002

Item = TypeVar("Item")
Result = TypeVar("Result")


class Turns:
    """Turns at work on the loop, a piece at a time: all that is long takes at most half of the time of the loop,
    however many requests ask for it."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self._worked = 0.0

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Hold a turn for a piece of a millisecond or two, in which nothing is awaited."""
        async with self._lock:
            # Of this thread alone: a process that was suspended meanwhile would rest as long again.
            began = time.thread_time()
            try:
                yield
            finally:  # what is refused has cost as much
                self._worked += time.thread_time() - began
                await self._rest()

    async def _rest(self) -> None:
        if self._worked < WORK_SECONDS:
            await asyncio.sleep(0)
        else:
            rest, self._worked = self._worked, 0.0
            await asyncio.sleep(rest)


_turns: dict[asyncio.AbstractEventLoop, Turns] = {}


def turns() -> Turns:
    """Those of the running loop."""
    loop = asyncio.get_running_loop()
    if loop not in _turns:
        for each in list(_turns):
            if each.is_closed():  # its lock refers to it, so that it would stay
                _turns.pop(each, None)
        _turns[loop] = Turns()
    return _turns[loop]


async def each(do: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
    """Return what `do` makes of each of `items`."""
    done = [do(item) for item in items[:FEW]]
    for piece in pieces(items[FEW:], FEW):
        async with turns().turn():
            done += [do(item) for item in piece]
    return done


def each_synchronously(do: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
    """As `each`, in plain code that SQLAlchemy runs on the loop (`run_sync`). In a thread, others run anyway."""
    done: list[Result] = []
    for piece in pieces(items, PIECE):
        if done and in_greenlet():
            await_only(asyncio.sleep(0))
        done += [do(item) for item in piece]
    return done


async def encoded(do: Callable[[Item], Any], items: Sequence[Item]) -> AsyncIterator[bytes]:
    """Yield the JSON list of what `do` makes of each of `items`, a piece at a time."""
    before = b"["
    for piece in pieces(items, FEW):
        async with turns().turn():
            text = orjson.dumps([do(item) for item in piece])
        yield before + text[1:-1]
        before = b","
    yield b"]" if items else b"[]"


def pieces(items: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    """Yield `items`, at most `size` at a time."""
    if len(items) <= size:
        if items:
            yield items
        return
    for start in range(0, len(items), size):
        yield items[start : start + size]
