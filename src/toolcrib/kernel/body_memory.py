"""The memory that bodies of requests may fill together.

A body is read when its whole length has room, so whatever has begun can be finished; bodies that took their room bit
by bit could fill it with beginnings, none of which gets on. Until there is room a body waits, unread, for its turn.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from toolcrib.kernel.deadlines import STALL_SECONDS
from toolcrib.kernel.problems import Problem
from toolcrib.kernel.progress import client_sends

STRANGERS = "strangers"  # the sender of bodies that anybody may send; others are named by their UUID
# While others wait for the room of a body, that may stop arriving for this share of the time that it has as a whole.
PAUSE = 1 / 20
# How many times in that pause it is looked whether it gets on.
LOOKS = 4


class MemoryBusy(Problem):
    """The bodies of other requests fill the memory that is set apart for them; try again."""

    code, status = "memory_busy", 503


class Room:
    """What one body has of the memory, and how that body arrives."""

    __slots__ = ("_limit", "_since", "arrived", "is_in_the_way", "size", "waited", "who")

    def __init__(self, who: str) -> None:
        self.who = who
        self.size = self.arrived = 0
        self.waited = 0.0  # for the client, in seconds
        self.is_in_the_way = False  # given up, since it arrives too slowly for those who wait
        self._since = 0.0
        self._limit: asyncio.Timeout | None = None

    @contextmanager
    def arriving(self, limit: asyncio.Timeout) -> Iterator[None]:
        """The client is waited for, within `limit`, for the length of the block."""
        clock = asyncio.get_running_loop().time
        self._since, self._limit = clock(), limit
        try:
            yield
        finally:
            self.waited += clock() - self._since
            self._limit = None

    def leave_if_slow(self, now: float, seconds: float) -> None:
        """Stop waiting for the client, unless the body gets on as if it were to arrive within `seconds`."""
        if self._limit is None:  # what has come is being worked on
            return
        if self._limit.expired():  # given up already, which cannot be done twice
            return
        waited = self.waited + now - self._since
        if self.arrived < self.size * (waited / seconds - PAUSE):
            self.is_in_the_way = True
            self._limit.reschedule(now)


class BodyMemory:
    """Who has how many bytes of it. One sender has at most half of them, those who have not signed in have at most a
    quarter together, and bodies beyond the ordinary size leave a quarter to the others.

    Whoever finds no room waits for at most `patience` seconds. Of those who wait, who has least is next, and of these
    who came first. What stands in the way of others has to arrive within `arrival` seconds.
    """

    def __init__(self, total: int, *, patience: float, arrival: float) -> None:
        self.most = {False: total, True: total - total // 4}
        self.share = total // 2
        self.strangers_share = total // 4
        self.held = 0
        self._held_by: Counter[str] = Counter()
        self._rooms: set[Room] = set()
        self._waiting: dict[bool, list[_Turn]] = {False: [], True: []}
        self._patience = patience
        self._arrival = arrival
        self._watching: asyncio.TimerHandle | None = None
        self._due = 0.0  # the next look

    def most_of(self, who: str) -> int:
        return self.strangers_share if who == STRANGERS else self.share

    async def take(self, room: Room, size: int, *, is_large: bool) -> None:
        """Give `room` that many bytes more, perhaps after a wait.

        Raises:
            MemoryBusy: there was no room in time (503).
        """
        turn = _Turn(room, size)
        queue = self._waiting[is_large]
        queue.append(turn)
        self._serve()
        if turn in queue:
            await self._wait(turn, queue)

    def give(self, room: Room, size: int) -> None:
        """Take back `size` bytes."""
        self._count(room, -size)
        self._serve()

    async def _wait(self, turn: _Turn, queue: list[_Turn]) -> None:
        turn.come = asyncio.get_running_loop().create_future()
        self._watch()
        try:
            with client_sends():  # or would, if it were read
                await asyncio.wait([turn.come], timeout=self._patience)
        finally:
            if turn in queue:
                queue.remove(turn)
                self._serve()  # those whom it kept waiting
        if not turn.come.done():
            text = "Too many large requests are under way. Try again in a moment."
            raise MemoryBusy(text, headers={"Retry-After": "5", "Connection": "close"})

    def _serve(self) -> None:
        for is_large, queue in self._waiting.items():
            while turn := self._next(queue):
                if self.held + turn.size > self.most[is_large]:
                    break  # nobody passes whoever is next: large ones would wait for ever
                queue.remove(turn)
                self._count(turn.room, turn.size)
                if turn.come is not None:
                    turn.come.set_result(None)

    def _next(self, queue: Iterable[_Turn]) -> _Turn | None:
        able = (turn for turn in queue if self._is_within_share(turn))
        return min(able, key=lambda turn: self._held_by[turn.room.who], default=None)

    def _is_within_share(self, turn: _Turn) -> bool:
        who = turn.room.who
        return self._held_by[who] + turn.size <= self.most_of(who)

    def _count(self, room: Room, size: int) -> None:
        room.size += size
        self.held += size
        self._held_by[room.who] += size
        if self._held_by[room.who] <= 0:
            del self._held_by[room.who]
        (self._rooms.add if room.size else self._rooms.discard)(room)

    def _watch(self) -> None:
        """Look from time to time, while somebody waits, whether what they wait for arrives."""
        if self._watching is None:
            loop = asyncio.get_running_loop()
            self._due = loop.time() + self._arrival * PAUSE / LOOKS
            self._watching = loop.call_at(self._due, self._look)

    def _look(self) -> None:
        self._watching = None
        waiting = [turn for queue in self._waiting.values() for turn in queue]
        if not waiting:
            return
        now = asyncio.get_running_loop().time()
        late = now - self._due
        short = {turn.room.who for turn in waiting if not self._is_within_share(turn)}
        is_full = any(turn.room.who not in short for turn in waiting)
        for room in self._rooms:
            if late > STALL_SECONDS:  # this process did not run, so nobody's body could arrive
                room.waited -= late
            if is_full or room.who in short:
                room.leave_if_slow(now, self._arrival)
        self._watch()


class _Turn:
    """A place in the queue; `come` is done when its turn has come, and is None until it has to wait."""

    __slots__ = ("come", "room", "size")

    def __init__(self, room: Room, size: int) -> None:
        self.room, self.size = room, size
        self.come: asyncio.Future[None] | None = None
