"""Work on thousands of things leaves the loop to others in between, and gives what it would give in one go."""

from __future__ import annotations

import asyncio
import gc
import json
import time
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager, suppress
from typing import TypeVar
from weakref import ref

import pytest
from sqlalchemy.util.concurrency import greenlet_spawn

from toolcrib.kernel import long_work

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
async def test_however_many_work_there_is_one_piece_in_a_turn_of_the_loop(count: int) -> None:
    seen_before = []

    async def work(seen: Others) -> None:
        for _ in range(20):
            async with long_work.turns().turn():
                seen_before.append(seen.turns)

    async with others() as seen:
        await asyncio.sleep(0)
        await asyncio.gather(*(work(seen) for _ in range(count)))
    assert len(set(seen_before)) == 20 * count


@pytest.mark.parametrize("is_refused", [False, True])
async def test_however_many_work_the_loop_has_half_of_the_time_to_itself(is_refused: bool) -> None:
    worked = 0.0

    async def work() -> None:
        nonlocal worked
        for _ in range(20):
            with suppress(ValueError):
                async with long_work.turns().turn():
                    began = time.thread_time()
                    while time.thread_time() < began + 0.001:
                        pass
                    worked += time.thread_time() - began
                    if is_refused:
                        raise ValueError

    began = time.perf_counter()
    await asyncio.gather(*(work() for _ in range(5)))
    assert time.perf_counter() - began > 1.9 * worked


async def test_nobody_rests_from_what_the_process_did_not_work() -> None:
    async with others() as seen:
        await asyncio.sleep(0)
        async with long_work.turns().turn():
            time.sleep(0.2)  # the process stands still, as when it is suspended
            before = seen.turns
        assert seen.turns - before == 1


def test_what_a_loop_needed_goes_after_it() -> None:
    async def work() -> None:
        async with long_work.turns().turn():
            pass

    async def compete() -> ref[asyncio.AbstractEventLoop]:
        await asyncio.gather(work(), work())
        return ref(asyncio.get_running_loop())

    loops = [asyncio.run(compete()) for _ in range(3)]
    gc.collect()
    assert [loop() for loop in loops[:-1]] == [None, None]
