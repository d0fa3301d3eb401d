"""Reads the event log once per process, and passes events on to this process's callbacks and subscribers.

Events that this process commits are passed on at once. Those that other processes commit are looked for every
`tail_seconds`. Either way events are passed on in the order of their numbers, each once.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import structlog
from sqlalchemy import select

from toolcrib.kernel.database import Database
from toolcrib.kernel.events import log as event_log
from toolcrib.kernel.events.audiences import Audiences, Subscription
from toolcrib.kernel.events.writer import Event, event_counter
from toolcrib.kernel.failure_words import failure_in_words
from toolcrib.kernel.identity.principal import Principal
from toolcrib.kernel.waits import end_tasks, set_within

log = structlog.get_logger()

PAGE = 1_000
FRESH_SECONDS = 1.0


class EventTail:
    def __init__(self, database: Database, every_seconds: float, streams_per_person: int) -> None:
        self._database = database
        self._every = every_seconds
        self.seq = 0
        self._seq_now = database.read_without_waiting(select(event_counter.c.seq))
        self._looked_at = 0.0
        self._callbacks: list[Callable[[Event], None]] = []
        self._audiences = Audiences(streams_per_person)
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._closing = False

    def on_event(self, call: Callable[[Event], None]) -> None:
        """Call `call(event)` for every event from now on, of this and of other processes. It must not block."""
        self._callbacks.append(call)

    def is_fresh(self, within_seconds: float = FRESH_SECONDS) -> bool:
        """Whether this process has read the log within that time."""
        return time.monotonic() - self._looked_at < within_seconds

    @property
    def subscribers(self) -> int:
        return len(self._audiences)

    async def start(self) -> None:
        async with self._database.read() as session:
            self.seq = await event_log.last_seq(session)
        self._looked_at = time.monotonic()
        self._database.on_commit(self._committed_here)
        self._task = asyncio.create_task(self._follow(), name="event-tail")

    def close_streams(self) -> None:
        """End all streams, so that open ones do not keep a server from stopping."""
        self._closing = True
        self._audiences.close()

    async def close(self) -> None:
        self.close_streams()
        if self._task is not None:
            await end_tasks(self._task)

    def subscribe(self, reader: Principal, kinds: frozenset[str] | None = None) -> Subscription:
        """Queue every event after `subscription.start` that the reader may see, of `kinds` or of all."""
        subscription = Subscription(reader, kinds, self.seq)
        if self._closing:
            subscription.close()
        self._audiences.add(subscription)
        return subscription

    def set_reader(self, subscription: Subscription, reader: Principal) -> bool:
        """Store the reader's present rights. Returns whether they may see other things than before."""
        return self._audiences.set_reader(subscription, reader)

    def unsubscribe(self, subscription: Subscription) -> None:
        self._audiences.discard(subscription)

    # Following

    def _committed_here(self, lines: list[Event]) -> None:
        if lines[0].seq != self.seq + 1:
            self._wake.set()  # another process wrote in between: read the log instead
            return
        self._pass_on(lines)

    async def _follow(self) -> None:
        while True:
            await set_within(self._wake, self._every)
            self._wake.clear()
            try:
                await self._look()
            except Exception as error:  # noqa: BLE001 - try again when the database is back
                log.warning("event_tail_failed", error=failure_in_words(error))
                await asyncio.sleep(self._every)

    async def _look(self) -> None:
        """Pass on what others have committed until now. What is committed meanwhile can wait for the next look: under
        constant writing there would be no end to it."""
        began = time.monotonic()
        if self._seq_now() != self.seq:
            async with self._database.read() as session:
                newest = await event_log.last_seq(session)
            while self.seq < newest:
                async with self._database.read() as session:
                    page = await event_log.read_after(session, self.seq, PAGE)
                if not page:  # they have been moved to the archive
                    break
                # Commits of this process may have been passed on meanwhile.
                self._pass_on([event for event in page if event.seq > self.seq])
        self._looked_at = began

    def _pass_on(self, found: list[Event]) -> None:
        for event in found:
            self.seq = event.seq
            for call in self._callbacks:
                call(event)
        if found:
            self._audiences.pass_on(found)
