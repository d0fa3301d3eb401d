"""The live subscribers of the event log, and which of them get an event.

Subscribers who may see the same form one audience: events are filtered and encoded once for all of them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Hashable, Sequence
from functools import cached_property

from toolcrib.kernel.events.writer import Event
from toolcrib.kernel.identity.principal import Principal
from toolcrib.kernel.waits import set_within

# A subscriber with this many queued events is dropped; it resumes from the last event it saw. One batch may exceed this
# if the subscriber's queue is empty.
QUEUE_EVENTS = 2_000
TOO_MANY = "too_many_streams"
_PERSONAL = "user:"


class Batch:
    """Events that are passed on together."""

    def __init__(self, events: Sequence[Event]) -> None:
        self.events = events

    @cached_property
    def sse(self) -> bytes:
        return b"".join(event.sse for event in self.events)


class Subscription:
    """The queue of one subscriber. `ended_because` is the reason if the server ended it on purpose."""

    def __init__(self, reader: Principal, kinds: frozenset[str] | None, start: int) -> None:
        self.reader = reader
        self.kinds = kinds
        self.start = start
        self.closed = False
        self.ended_because: str | None = None
        self._batches: list[Batch] = []
        self._waiting = 0
        self._ready = asyncio.Event()

    def put(self, batch: Batch) -> None:
        if self.closed:
            return
        if self._waiting and self._waiting + len(batch.events) > QUEUE_EVENTS:
            self.close()
            return
        self._batches.append(batch)
        self._waiting += len(batch.events)
        self._ready.set()

    async def get(self, timeout_seconds: float) -> list[Batch]:
        """Wait for events and return all that are queued; an empty list if none came within `timeout_seconds`, or if
        closed."""
        await set_within(self._ready, timeout_seconds)
        found, self._batches = self._batches, []
        self._waiting = 0
        if not self.closed:
            self._ready.clear()
        return found

    def close(self, because: str | None = None) -> None:
        self.closed = True
        self.ended_because = because
        self._ready.set()

    def wants(self, event: Event) -> bool:
        return (self.kinds is None or event.kind in self.kinds) and self.reader.may(event.scope)


class Audience:
    """Subscribers of the same `Principal.sight` who asked for the same kinds. An event that belongs to one person is
    passed on to that person's subscriptions alone."""

    def __init__(self) -> None:
        self._of_person: dict[str, dict[Subscription, None]] = {}

    def __bool__(self) -> bool:
        return bool(self._of_person)

    def add(self, one: Subscription) -> None:
        self._of_person.setdefault(one.reader.uuid, {})[one] = None

    def discard(self, one: Subscription) -> None:
        mine = self._of_person.get(one.reader.uuid, {})
        mine.pop(one, None)
        if not mine:
            self._of_person.pop(one.reader.uuid, None)

    def pass_on(self, events: Sequence[Event], personal: frozenset[str]) -> None:
        """Pass on events. `personal` are the scopes among those of `events` that belong to one person."""
        anyone = next(iter(next(iter(self._of_person.values()))))
        shared: Batch | None = None
        if not personal or anyone.reader.is_admin:
            shared = _batch(anyone, events)
        else:
            shared = _batch(anyone, [event for event in events if event.scope not in personal])
        for uuid, subscriptions in self._of_person.items():
            batch = shared
            if f"{_PERSONAL}{uuid}" in personal:
                batch = _batch(next(iter(subscriptions)), events)
            if batch is not None:
                for each in subscriptions:
                    each.put(batch)


def _batch(one: Subscription, events: Sequence[Event]) -> Batch | None:
    wanted = [event for event in events if one.wants(event)]
    return Batch(wanted) if wanted else None


class Audiences:
    """All subscribers of this process, at most `most_of_person` of one person."""

    def __init__(self, most_of_person: int) -> None:
        self._most = most_of_person
        self._audiences: dict[Hashable, Audience] = {}
        # By person, the oldest first.
        self._subscriptions: dict[str, dict[Subscription, None]] = {}

    def __len__(self) -> int:
        return sum(map(len, self._subscriptions.values()))

    def add(self, one: Subscription) -> None:
        """Add a subscription. If the person has too many, their oldest is closed: the newest is the one in use."""
        mine = self._subscriptions.setdefault(one.reader.uuid, {})
        while len(mine) >= self._most:
            oldest = next(iter(mine))
            oldest.close(TOO_MANY)
            del mine[oldest]
            self._leave(oldest)
        mine[one] = None
        self._join(one)

    def discard(self, one: Subscription) -> None:
        mine = self._subscriptions.get(one.reader.uuid, {})
        if one in mine:
            del mine[one]
            self._leave(one)
        if not mine:
            self._subscriptions.pop(one.reader.uuid, None)

    def set_reader(self, one: Subscription, reader: Principal) -> bool:
        """Store the reader's present rights. Returns whether they may see other things than before."""
        if one.reader is reader:
            return False
        is_changed = reader.sight != one.reader.sight
        is_here = one in self._subscriptions.get(one.reader.uuid, {})
        if is_changed and is_here:
            self._leave(one)
        one.reader = reader
        if is_changed and is_here:
            self._join(one)
        return is_changed

    def pass_on(self, events: Sequence[Event]) -> None:
        personal = frozenset(event.scope for event in events if event.scope.startswith(_PERSONAL))
        for audience in self._audiences.values():
            audience.pass_on(events, personal)

    def close(self) -> None:
        for subscriptions in self._subscriptions.values():
            for each in subscriptions:
                each.close()

    def _join(self, one: Subscription) -> None:
        self._audiences.setdefault(_key(one), Audience()).add(one)

    def _leave(self, one: Subscription) -> None:
        key = _key(one)
        audience = self._audiences.get(key)
        if audience is not None:
            audience.discard(one)
            if not audience:
                del self._audiences[key]


def _key(one: Subscription) -> Hashable:
    return one.reader.sight, one.kinds
