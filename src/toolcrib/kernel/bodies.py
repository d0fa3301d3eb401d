"""How the bodies of requests come in.

Nothing is read of a body before it is known who sends it, except where anybody may. It must keep arriving at some
pace, however long it takes as a whole. What is kept in memory is bounded, for each body and for all
(`kernel.body_memory`), and JSON in it is scanned before a parser sees it (`kernel.json_scan`).

This happens when a route first asks for the body, whichever way it does that: `RequestBody.receive` stands between the
routes and the server.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Generator
from contextlib import suppress
from types import coroutine
from typing import TYPE_CHECKING, Any, cast

from fastapi import Request
from starlette.types import Message, Receive, Scope

from toolcrib.kernel import long_work
from toolcrib.kernel.body_memory import STRANGERS, BodyMemory, Room
from toolcrib.kernel.deadlines import STALL_SECONDS
from toolcrib.kernel.json_scan import PIECE, JsonScan, check_text, is_harmless
from toolcrib.kernel.openapi import is_public
from toolcrib.kernel.problems import Problem
from toolcrib.kernel.progress import client_sends

if TYPE_CHECKING:
    from toolcrib.kernel.identity.authenticate import Authenticator
    from toolcrib.settings import Settings

KEY = "toolcrib.body"  # of the RequestBody in the scope
# Smaller bodies are not counted: the server's own buffer holds them already.
UNCOUNTED_BYTES = 4_096


class BodyTooSlow(Problem):
    """The body stopped arriving, or arrived too slowly."""

    code, status = "body_too_slow", 408


class BodyTooLarge(Problem):
    """The body is larger than this address takes."""

    code, status = "payload_too_large", 413


class Intake:
    """What the bodies of all requests share."""

    def __init__(self, settings: Settings, auth: Authenticator) -> None:
        self.auth = auth
        self.memory = BodyMemory(
            settings.body_memory_bytes,
            patience=settings.body_wait_seconds,
            arrival=settings.body_stall_seconds,
        )
        self.ordinary = settings.max_body_bytes
        self.stall_seconds = settings.body_stall_seconds
        self.pace = settings.body_bytes_per_second


class RequestBody:
    """The body of one request. `length` is what was declared, -1 if nothing was. `limit` is its largest size in bytes;
    None where the route counts what it streams, and keeps none of it in memory.

    A body with a limit reaches its route in one piece, scanned, unless the route asks for it `in_pieces`.
    """

    __slots__ = (
        *("_allowed", "_length", "_limit", "_receive", "_room", "_scope", "_seen"),
        *("failure", "in_pieces", "intake", "is_admitted", "is_over"),
    )

    def __init__(
        self, scope: Scope, receive: Receive, intake: Intake, length: int, limit: int | None
    ) -> None:
        self._scope = scope
        self._receive = receive
        self.intake = intake
        self._length = length
        self._limit = limit
        self._allowed = intake.stall_seconds
        self._seen = 0
        self._room = Room(STRANGERS)
        self.in_pieces = limit is None
        self.is_admitted = self.is_over = False
        self.failure: Exception | None = None

    async def receive(self) -> Message:
        """ASGI's `receive`.

        Raises:
            Unauthorized: nobody may send this who does not sign in (401).
            BodyTooLarge, BodyTooSlow, BadJson, MemoryBusy: it is not taken.
        """
        if self.is_over:
            return await self._receive()
        try:
            if not self.is_admitted:
                await self._admit()
            if not self._seen:
                await self._reserve(self._length)
            return await (self._next() if self.in_pieces else self._whole())
        except Exception as error:
            self.failure = error  # FastAPI raises an error of its own for it (`errors.Answers`)
            raise

    def admit(self, who: str) -> None:
        """Let the body be read, and count it for `who`; what has come of it stays counted for whom it is."""
        if not self._room.size:
            self._room.who = who
        self.is_admitted = True

    def close(self) -> None:
        """The request is answered: nothing of it is in memory any longer."""
        if self._room.size:
            self.intake.memory.give(self._room, self._room.size)

    async def drain(self) -> None:
        """Read on and keep nothing, for a client that is being refused while it still sends."""
        self._limit = None
        with suppress(BodyTooSlow):
            while not self.is_over:
                await self._next()

    async def _admit(self) -> None:
        if is_public(self._scope.get("route")):
            self.admit(STRANGERS)
        else:
            self.admit((await self.intake.auth.principal_for(self._scope)).uuid)

    async def _next(self) -> Message:
        receiving = cast("Coroutine[Any, None, Message]", self._receive())
        try:
            waits_for = receiving.send(None)
        except StopIteration as come:  # nearly always: then there is nothing to time
            message: Message = come.value
        else:
            message = await self._arrival(receiving, waits_for)
        if message["type"] != "http.request":
            self.is_over = True
            return message
        size = len(message.get("body", b""))
        self._seen += size
        self.is_over = not message.get("more_body", False)
        if not self.is_over:
            self._allowed = min(self.intake.stall_seconds, self._allowed + size / self.intake.pace)
        if self._limit is not None:
            if self._seen > self._limit:
                text = f"The body is larger than {self._limit} bytes."
                raise BodyTooLarge(text, headers={"Connection": "close"})
            await self._account()
        return message

    async def _account(self) -> None:
        """Count what has come. If its length was not declared, reserve the next more that it may become."""
        room = self._room
        room.arrived = self._seen
        if self._length < 0 and self._seen > max(room.size, UNCOUNTED_BYTES):
            await self._reserve(self._seen if self.is_over else self._most_of(self._seen))
        elif self.is_over and room.size > self._seen:
            self.intake.memory.give(room, room.size - self._seen)

    def _most_of(self, seen: int) -> int:
        """Return how large a body can be of which so much has come."""
        assert self._limit is not None
        return self._limit if seen > self.intake.ordinary else min(self.intake.ordinary, self._limit)

    async def _reserve(self, size: int) -> None:
        if self._limit is None or size <= UNCOUNTED_BYTES:
            return
        memory, room = self.intake.memory, self._room
        if size > (most := memory.most_of(room.who)):
            raise BodyTooLarge(f"The body is larger than {most} bytes.", headers={"Connection": "close"})
        await memory.take(room, size - room.size, is_large=size > self.intake.ordinary)

    async def _arrival(self, receiving: Coroutine[Any, None, Message], waits_for: Any) -> Message:
        clock = asyncio.get_running_loop().time
        before = clock()
        try:
            async with asyncio.timeout(None) as limit:
                patience = _Patience(limit, self._allowed)
                try:
                    with client_sends(), self._room.arriving(limit):
                        message = await _go_on(receiving, waits_for)
                finally:
                    patience.over()
        except TimeoutError:
            self.is_over = True
            text = "The body stopped arriving, or arrived too slowly."
            if self._room.is_in_the_way:
                text = "The body arrived too slowly while others waited to send theirs. Try again."
            raise BodyTooSlow(text, headers={"Connection": "close"}) from None
        self._allowed -= clock() - before
        return message

    async def _whole(self) -> Message:
        message = await self._next()
        if not self.is_over:
            pieces = [message["body"]]
            while not self.is_over:
                message = await self._next()
                pieces.append(message.get("body", b""))
            if message["type"] == "http.request":
                message = {"type": "http.request", "body": b"".join(pieces), "more_body": False}
        if message["type"] == "http.request":  # else the client went away
            body = message.get("body", b"")
            if not is_harmless(body):
                await self._scan(body)
            check_text(body)
        return message

    async def _scan(self, body: bytes) -> None:
        scan = JsonScan()
        for start in range(0, len(body), PIECE):
            async with long_work.turns().turn():
                scan.feed(body[start : start + PIECE])


class _Patience:
    """Ends a wait after `seconds`. If that is noticed late, this process did not run meanwhile: it begins anew."""

    def __init__(self, limit: asyncio.Timeout, seconds: float) -> None:
        self._limit, self._seconds = limit, seconds
        self._loop = asyncio.get_running_loop()
        self._begin()

    def _begin(self) -> None:
        self._due = self._loop.time() + self._seconds
        self._timer = self._loop.call_at(self._due, self._end)

    def _end(self) -> None:
        if self._loop.time() - self._due > STALL_SECONDS:
            self._begin()
        elif not self._limit.expired():  # not given up already for those who wait
            self._limit.reschedule(self._loop.time())

    def over(self) -> None:
        self._timer.cancel()


@coroutine
def _go_on(begun: Coroutine[Any, None, Message], waits_for: Any) -> Generator[Any, None, Message]:
    """Await a coroutine that was begun and waits for `waits_for`."""
    try:
        yield waits_for
    except BaseException:
        begun.close()
        raise
    return (yield from begun.__await__())


def admit(request: Request, who: str) -> None:
    """Let the body of `request` be read: its route has checked another credential than an account's. It is counted for
    `who`: a person's UUID, or STRANGERS."""
    body: RequestBody | None = request.scope.get(KEY)
    if body is not None:
        body.admit(who)


def take_in_pieces(request: Request) -> None:
    """Have the body of `request` come as it arrives, not scanned."""
    body: RequestBody | None = request.scope.get(KEY)
    if body is not None:
        body.in_pieces = True


def failure_of(scope: Scope) -> Exception | None:
    """Why the body of a request could not be taken; None if it could."""
    body: RequestBody | None = scope.get(KEY)
    return None if body is None else body.failure
