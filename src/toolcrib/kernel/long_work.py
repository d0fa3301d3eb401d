"""Work on thousands of things that leaves the loop free in between.

A request that names 10,000 things costs some microseconds for each, several times over. In one go that is felt by
everybody; so it is done a piece at a time, and between two pieces the loop serves others.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from typing import Any, TypeVar

import orjson
from sqlalchemy.util.concurrency import await_only, in_greenlet

PIECE = 250
# The same where the write lock is not held, so that leaving the loop keeps nobody from writing.
FEW = 50
# Of what costs little for each: rows on their way to the database, or from it.
ROWS = 1_000

Item = TypeVar("Item")
Result = TypeVar("Result")


async def each(do: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
    """Return what `do` makes of each of `items`."""
    done: list[Result] = []
    for piece in pieces(items, FEW):
        if done:
            await asyncio.sleep(0)
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
        yield before + orjson.dumps([do(item) for item in piece])[1:-1]
        before = b","
        await asyncio.sleep(0)
    yield b"]" if items else b"[]"


def pieces(items: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    """Yield `items`, at most `size` at a time."""
    if len(items) <= size:
        if items:
            yield items
        return
    for start in range(0, len(items), size):
        yield items[start : start + size]
