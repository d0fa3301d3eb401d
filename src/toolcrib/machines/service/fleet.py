"""What the pool has, and what of it is free: read under the write lock, so that it stays true until the commit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import orjson
from sqlalchemy import Connection, Text, select, type_coerce
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.kernel import stored_json
from toolcrib.kernel.claims.models import Ref
from toolcrib.kernel.database import run_core
from toolcrib.kernel.rows_as_text import NO_ROWS, RowsAsText
from toolcrib.machines.models import KIND, OPEN, State, bookings, holds, machines, reservations
from toolcrib.machines.service.fairness import Booked, is_open
from toolcrib.machines.tags import tags_of


@dataclass(slots=True, eq=False)
class Machine:
    """One machine as the rules of reserving see it. `ends_at` is when its present hold ends; one that is being cleaned
    has an end in the past. `booked` are the times for which it is booked, the next one first, each with its
    reservation.
    """

    id: int
    name: str
    scope: str
    manager: str
    tags: frozenset[str]
    in_service: bool
    is_taken: bool
    ends_at: datetime | None
    booked: Sequence[tuple[datetime, datetime, str]] = ()

    def is_open(self, start: datetime, end: datetime, *, beside: str | None = None) -> bool:
        """Whether no reservation but `beside` has booked any of the time from `start` to `end`."""
        if not self.booked:
            return True
        times = [(begins, ends) for begins, ends, whose in self.booked if whose != beside]
        return is_open({self.id: times}, self.id, start, end)

    @property
    def is_free(self) -> bool:
        return self.in_service and not self.is_taken

    @property
    def ref(self) -> Ref:
        return Ref(KIND, self.scope, self.name)


_NEEDED = [
    *(machines.c[name] for name in ("id", "name", "scope", "user")),
    *(type_coerce(machines.c[name], Text).label(name) for name in ("tags", "facts")),
    (machines.c.enabled & ~machines.c.maintenance & machines.c.quarantine.is_(None)).label("in_service"),
]
_FLEET = RowsAsText(
    select(*_NEEDED),
    select(holds.c.id, holds.c.machine_id, holds.c.ends_at).where(holds.c.state.in_(OPEN)),
    select(bookings.c.starts_at, bookings.c.ends_at, bookings.c.machine_id, bookings.c.reservation_id),
    select(reservations.c.id).where(reservations.c.state == State.WAITING).limit(1),
)


async def read_fleet(session: AsyncSession) -> list[Machine]:
    """All machines, in the order of their registration."""
    return await run_core(session, fleet_of)


def fleet_of(connection: Connection) -> list[Machine]:
    """As `read_fleet`."""
    return fleet_and_queue_of(connection)[0]


def fleet_and_queue_of(connection: Connection) -> tuple[list[Machine], bool]:
    """As `read_fleet`, and whether anybody waits for machines."""
    registered, held, booked, waiting = _FLEET.read(connection)
    return _fleet(registered, held, booked), waiting != NO_ROWS


def _fleet(registered: str, held: str, booked: str) -> list[Machine]:
    # Of several holds that are open, the latest counts.
    ends: dict[int, str | None] = {id_: end for _, id_, end in sorted(orjson.loads(held))}
    times: dict[int, list[tuple[datetime, datetime, str]]] = {}
    for start, end, id_, reservation_id in sorted(orjson.loads(booked)):
        times.setdefault(id_, []).append((_moment(start), _moment(end), reservation_id))
    fleet = [
        _held(machine, ends[machine.id]) if machine.id in ends else machine
        for machine in _all_idle(registered)
    ]
    if times:
        return [
            replace(machine, booked=times[machine.id]) if machine.id in times else machine
            for machine in fleet
        ]
    return fleet


# A fleet is read for every decision, and seldom has much of it changed in between.
@lru_cache(maxsize=8_192)
def _held(idle: Machine, end: str | None) -> Machine:
    return replace(idle, is_taken=True, ends_at=None if end is None else _moment(end))


@lru_cache(maxsize=2)
def _all_idle(registered: str) -> tuple[Machine, ...]:
    """Return the machines of such rows, as if they were neither held nor booked."""
    rows: list[Any] = sorted(orjson.loads(registered))
    return tuple(
        Machine(id_, name, scope, manager, _tags(tags, facts), bool(in_service), False, None)
        for id_, name, scope, manager, tags, facts, in_service in rows
    )


@lru_cache(maxsize=8_192)
def _tags(tags: str, facts: str) -> frozenset[str]:
    return tags_of(stored_json.load(tags), stored_json.load(facts))


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def booked_times(fleet: Sequence[Machine]) -> Booked:
    """Return when each machine is booked."""
    return {
        machine.id: [(start, end) for start, end, _ in machine.booked] for machine in fleet if machine.booked
    }
