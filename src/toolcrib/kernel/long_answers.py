"""Answers that may be of any length, made page by page.

A page is read in a transaction of its own, so none stays open for a slow reader, and memory holds one page for each
reader. Between two pages the loop serves others, and pages are made in turns: whoever asks for much, or many times
at once, waits for themselves. What the caller may see is looked at again for each page.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, nullcontext
from typing import TYPE_CHECKING, Any, TypeVar
from weakref import WeakValueDictionary

import orjson
from fastapi import Response
from fastapi.responses import StreamingResponse

from toolcrib.kernel.identity.principal import Principal

if TYPE_CHECKING:
    from toolcrib.kernel.context import Kernel

JSON = "application/json"
# In items. Making a page stops the loop, and what others wait for takes several rounds of it.
PAGE = 250
# Between two pages the loop is left alone for so long: time for the whole of a short request.
PAUSE_SECONDS = 0.002
# A shorter answer is sent as a whole, with its length.
WHOLE_BYTES = 262_144

Cursor = TypeVar("Cursor")
# The items, and after what the next page begins (None: there is no more).
Page = tuple[Sequence[Any], Cursor | None]
# Reads the page after some item (None: the first) for a caller with their present rights.
Read = Callable[[Principal, Cursor | None], Awaitable[Page[Cursor]]]
# Asks another service whether a caller may have the next page, and raises if not.
Ask = Callable[[Principal], Awaitable[None]]


class Turns:
    """Turns at making pages: `at_once` at the same time, of which each person has one.

    Inside a turn nothing is waited for but the database, which has deadlines, and a thread that works on what is
    in memory. Ask another service, read from the file store and send to the client outside it: whoever holds a turn
    meanwhile stops the long answers of everybody.
    """

    def __init__(self, at_once: int = 2) -> None:
        self._free = asyncio.Semaphore(at_once)
        self._of_person: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def turn(self, person: str) -> AsyncIterator[None]:
        """Hold a turn while a page is made, never while somebody takes it."""
        mine = self._of_person.setdefault(person, asyncio.Lock())
        async with mine, self._free:
            yield
            await asyncio.sleep(PAUSE_SECONDS)


async def refreshed(kernel: Kernel, me: Principal) -> Principal:
    """Return the reader with their present rights.

    Raises:
        Unauthorized: signed out, disabled or removed (401).
    """
    return me if kernel.auth.is_current(me) else await kernel.auth.refresh(me)


async def items(
    kernel: Kernel,
    me: Principal,
    read: Read[Cursor],
    ask: Ask | None = None,
    *,
    after: Cursor | None = None,
) -> AsyncIterator[bytes]:
    """Yield the items of a list after `after` as JSON text, a page at a time, without the brackets around them.

    `read` runs inside a turn. Before each page, and outside the turn, `ask` asks another service about the caller."""
    comma = b""
    is_first = True
    while is_first or after is not None:
        if ask is not None:
            me = me if is_first else await refreshed(kernel, me)
            await ask(me)
        # Most lists are one page: those wait for nobody.
        async with nullcontext() if is_first else kernel.turns.turn(me.uuid):
            if not is_first:
                me = await refreshed(kernel, me)
            page, after = await read(me, after)
            text = orjson.dumps(page)[1:-1]
        is_first = False
        if text:
            yield comma + text
            comma = b","


async def in_text(*parts: bytes | AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Yield all parts, one after the other."""
    for part in parts:
        if isinstance(part, bytes):
            yield part
        else:
            async for piece in part:
                yield piece


async def answer(
    pieces: AsyncIterator[bytes],
    media_type: str = JSON,
    *,
    status_code: int = 200,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Send the pieces as they are made; as a whole if they are few. What is raised before the answer begins is still
    a refusal; later, the connection is closed, so that nobody takes the answer for complete."""
    begun: list[bytes] = []
    size = 0
    async for piece in pieces:
        begun.append(piece)
        size += len(piece)
        if size > WHOLE_BYTES:
            text = in_text(b"".join(begun), pieces)
            return StreamingResponse(text, status_code, headers, media_type)
    return Response(b"".join(begun), status_code, headers, media_type)
