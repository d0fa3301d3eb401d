"""Work on thousands of things leaves the loop to others in between, and gives what it would give in one go."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from typing import TypeVar

import pytest
from sqlalchemy.util.concurrency import greenlet_spawn

from toolcrib.kernel import long_work
from toolcrib.kernel.bodies import PieceTurns

MANY = list(range(10_000))
Result = TypeVar("Result")


class Others:
    turns = 0


@asynccontextmanager
async def others() -> AsyncIterator[Others]:
    """Somebody else on the loop, who counts how often it is their turn."""
    seen = Others()

    async def count() -> None:
        while True:
            seen.turns += 1
            await asyncio.sleep(0)

    counting = asyncio.create_task(count())
    yield seen
    counting.cancel()


async def turns_during(work: Awaitable[Result]) -> tuple[Result, int]:
    async with others() as seen:
        result = await work
    return result, seen.turns


async def test_others_are_served_while_many_things_are_worked_on() -> None:
    done, turns = await turns_during(long_work.each(str, MANY))
    assert done == [str(number) for number in MANY]
    assert turns >= len(MANY) // long_work.FEW - 1


async def test_others_are_served_while_a_long_list_is_encoded() -> None:
    text, turns = await turns_during(joined(long_work.encoded(lambda number: {"n": number}, MANY)))
    assert json.loads(text) == [{"n": number} for number in MANY]
    assert turns >= len(MANY) // long_work.FEW - 1
    assert await joined(long_work.encoded(str, [])) == b"[]"


async def joined(pieces: AsyncIterator[bytes]) -> bytes:
    return b"".join([piece async for piece in pieces])


async def test_others_are_served_in_code_that_runs_on_a_connection() -> None:
    done, turns = await turns_during(greenlet_spawn(long_work.each_synchronously, str, MANY))
    assert done == [str(number) for number in MANY]
    assert turns >= len(MANY) // long_work.PIECE - 1
    assert long_work.each_synchronously(str, MANY) == done  # and where no loop can be given way to


@pytest.mark.parametrize("count", [1, 5])
async def test_however_many_bodies_there_are_one_piece_is_looked_at_in_a_turn_of_the_loop(count: int) -> None:
    pieces, seen_before = PieceTurns(), []

    async def read(seen: Others) -> None:
        for _ in range(20):
            async with pieces.turn():
                seen_before.append(seen.turns)

    async with others() as seen:
        await asyncio.sleep(0)
        await asyncio.gather(*(read(seen) for _ in range(count)))
    assert len(set(seen_before)) == 20 * count
