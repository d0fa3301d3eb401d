"""What the pool has, and what of it is free: read under the write lock, so that it stays true until the commit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.kernel.claims.models import Ref
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
    host: str
    port: int
    manager: str
    tags: frozenset[str]
    in_service: bool
    is_taken: bool
    ends_at: datetime | None
    booked: Sequence[tuple[datetime, datetime, str]] = ()

    def is_open(self, start: datetime, end: datetime, *, beside: str | None = None) -> bool:
        """Whether no reservation but `beside` has booked any of the time from `start` to `end`."""
        times = [(begins, ends) for begins, ends, whose in self.booked if whose != beside]
        return is_open({self.id: times}, self.id, start, end)

    @property
    def is_free(self) -> bool:
        return self.in_service and not self.is_taken

    @property
    def ref(self) -> Ref:
        return Ref(KIND, self.scope, self.name)


# Not what the last run said, which may be long.
_WORDS = "id name scope host port user tags facts enabled maintenance quarantine"
_NEEDED = [machines.c[name] for name in _WORDS.split()]


async def read_fleet(session: AsyncSession) -> list[Machine]:
    """All machines, in the order of their registration."""
    taken = {
        row.machine_id: row.ends_at
        for row in await session.execute(
            select(holds.c.machine_id, holds.c.ends_at).where(holds.c.state.in_(OPEN)).order_by(holds.c.id)
        )
    }
    times: dict[int, list[tuple[datetime, datetime, str]]] = {}
    for row in await session.execute(select(bookings).order_by(bookings.c.starts_at)):
        times.setdefault(row.machine_id, []).append((row.starts_at, row.ends_at, row.reservation_id))
    found = await session.execute(select(*_NEEDED).order_by(machines.c.id))
    return [
        Machine(
            id=row.id,
            name=row.name,
            scope=row.scope,
            host=row.host,
            port=row.port,
            manager=row.user,
            tags=tags_of(row.tags, row.facts),
            in_service=row.enabled and not row.maintenance and row.quarantine is None,
            is_taken=row.id in taken,
            ends_at=taken.get(row.id),
            booked=times.get(row.id, ()),
        )
        for row in found
    ]


def booked_times(fleet: Sequence[Machine]) -> Booked:
    """Return when each machine is booked."""
    return {
        machine.id: [(start, end) for start, end, _ in machine.booked] for machine in fleet if machine.booked
    }
