"""Reads the event log once per process, and passes events on to this process's callbacks and subscribers.

Events that this process commits are passed on at once. Those that other processes commit are looked for every
`tail_seconds`. Either way events are passed on in the order of their numbers, each once.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import suppress

import structlog

from toolcrib.kernel.database import Database
from toolcrib.kernel.events import log as event_log
from toolcrib.kernel.events.writer import Event

log = structlog.get_logger()

PAGE = 1_000
# A subscriber this far behind is dropped; it resumes from the last event it saw.
QUEUE_EVENTS = 2_000
FRESH_SECONDS = 1.0


class Subscription:
    """The bounded queue of one subscriber. `get` waits for at least one event and returns all that are queued."""

    def __init__(self, wanted: Callable[[Event], bool], start: int) -> None:
        self.start = start
        self._wanted = wanted
        self._events: list[Event] = []
        self._ready = asyncio.Event()
        self.closed = False

    def put(self, event: Event) -> None:
        if self.closed or not self._wanted(event):
            return
        if len(self._events) >= QUEUE_EVENTS:
            self.close()
            return
        self._events.append(event)
        self._ready.set()

    async def get(self, timeout_seconds: float) -> list[Event]:
        """Return all queued events; an empty list if none came within `timeout_seconds`, or if closed."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._ready.wait(), timeout_seconds)
        found, self._events = self._events, []
        if not self.closed:
            self._ready.clear()
        return found

    def close(self) -> None:
        self.closed = True
        self._ready.set()


class EventTail:
    def __init__(self, database: Database, every_seconds: float) -> None:
        self._database = database
        self._every = every_seconds
        self.seq = 0
        self._looked_at = 0.0
        self._callbacks: list[Callable[[Event], None]] = []
        self._subscriptions: set[Subscription] = set()
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
        return len(self._subscriptions)

    async def start(self) -> None:
        async with self._database.read() as session:
            self.seq = await event_log.last_seq(session)
        self._looked_at = time.monotonic()
        self._database.on_commit(self._committed_here)
        self._task = asyncio.create_task(self._follow(), name="event-tail")

    def close_streams(self) -> None:
        """End all streams, so that open ones do not keep a server from stopping."""
        self._closing = True
        for subscription in self._subscriptions:
            subscription.close()

    async def close(self) -> None:
        self.close_streams()
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    def subscribe(self, wanted: Callable[[Event], bool]) -> Subscription:
        """Queue every event after `subscription.start` for which `wanted` returns true."""
        subscription = Subscription(wanted, self.seq)
        if self._closing:
            subscription.close()
        self._subscriptions.add(subscription)
        return subscription

    def unsubscribe(self, subscription: Subscription) -> None:
        self._subscriptions.discard(subscription)

    async def replay(
        self, after: int, until: int, wanted: Callable[[Event], bool]
    ) -> AsyncIterator[list[Event]]:
        """Yield the events with `after < seq <= until`, in pages."""
        while after < until:
            async with self._database.read() as session:
                page = await event_log.read_after(session, after, PAGE)
            if not page:
                return
            after = page[-1].seq
            yield [event for event in page if event.seq <= until and wanted(event)]

    # Following

    def _committed_here(self, lines: list[Event]) -> None:
        if lines[0].seq != self.seq + 1:
            self._wake.set()  # another process wrote in between: read the log instead
            return
        self._pass_on(lines)

    async def _follow(self) -> None:
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), self._every)
            self._wake.clear()
            try:
                await self._look()
            except Exception as error:  # noqa: BLE001 - try again when the database is back
                log.warning("event_tail_failed", error=type(error).__name__)
                await asyncio.sleep(self._every)

    async def _look(self) -> None:
        while True:
            async with self._database.read() as session:
                if await event_log.last_seq(session) <= self.seq:
                    break
                page = await event_log.read_after(session, self.seq, PAGE)
            # Commits of this process may have been passed on meanwhile.
            self._pass_on([event for event in page if event.seq > self.seq])
        self._looked_at = time.monotonic()

    def _pass_on(self, found: list[Event]) -> None:
        for event in found:
            self.seq = event.seq
            for call in self._callbacks:
                call(event)
            for subscription in self._subscriptions:
                subscription.put(event)
