"""What the pool has, and what of it is free: read under the write lock, so that it stays true until the commit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Row, Text, select, type_coerce
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.kernel import stored_json
from toolcrib.kernel.claims.models import Ref
from toolcrib.kernel.database import run_core
from toolcrib.machines.models import KIND, OPEN, bookings, holds, machines
from toolcrib.machines.service.fairness import Booked, is_open
from toolcrib.machines.tags import tags_of


@dataclass(frozen=True, slots=True)
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


_TAKEN = select(holds.c.machine_id, holds.c.ends_at).where(holds.c.state.in_(OPEN)).order_by(holds.c.id)
_BOOKED = select(
    bookings.c.machine_id, bookings.c.starts_at, bookings.c.ends_at, bookings.c.reservation_id
).order_by(bookings.c.starts_at)
_NEEDED = [
    *(machines.c[name] for name in ("id", "name", "scope", "user")),
    (machines.c.enabled & ~machines.c.maintenance & machines.c.quarantine.is_(None)).label("in_service"),
    # As text: most are as they were when they were read last.
    *(type_coerce(machines.c[name], Text).label(name) for name in ("tags", "facts")),
]


_FLEET = select(*_NEEDED).order_by(machines.c.id)


async def read_fleet(session: AsyncSession) -> list[Machine]:
    """All machines, in the order of their registration."""
    return await run_core(session, fleet_of)


def fleet_of(connection: Connection) -> list[Machine]:
    """As `read_fleet`."""
    taken: dict[int, datetime | None] = {id_: ends_at for id_, ends_at in connection.execute(_TAKEN)}  # noqa: C416
    times: dict[int, list[tuple[datetime, datetime, str]]] = {}
    for id_, start, end, reservation_id in connection.execute(_BOOKED):
        times.setdefault(id_, []).append((start, end, reservation_id))
    return [
        _machine(row, row[0] in taken, taken.get(row[0]), tuple(times.get(row[0], ())))
        for row in connection.execute(_FLEET)
    ]


# A fleet is read for every decision, and little of it changes in between: its machines are made of their rows once.
@lru_cache(maxsize=8_192)
def _machine(
    row: Row[Any], is_taken: bool, ends_at: datetime | None, booked: Sequence[tuple[datetime, datetime, str]]
) -> Machine:
    id_, name, scope, manager, in_service, tags, facts = tuple(row)
    return Machine(id_, name, scope, manager, _tags(tags, facts), bool(in_service), is_taken, ends_at, booked)


@lru_cache(maxsize=8_192)
def _tags(tags: str, facts: str) -> frozenset[str]:
    return tags_of(stored_json.load(tags), stored_json.load(facts))


def booked_times(fleet: Sequence[Machine]) -> Booked:
    """Return when each machine is booked."""
    return {
        machine.id: [(start, end) for start, end, _ in machine.booked] for machine in fleet if machine.booked
    }
