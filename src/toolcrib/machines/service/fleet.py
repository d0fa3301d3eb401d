"""What the pool has, and what of it is free: read under the write lock, so that it stays true until the commit."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache

import orjson
from sqlalchemy import Connection, Text, select, type_coerce
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.kernel import stored_json
from toolcrib.kernel.claims.models import Ref
from toolcrib.kernel.database import run_core
from toolcrib.kernel.rows_as_text import NO_ROWS, FingerprintOf, RowsAsText
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


@dataclass(frozen=True, slots=True, eq=False)
class WouldDo:
    """The machines in service that would do for what somebody asks, free or not, in the order to choose them in; and
    how many would do, with those that are out of service."""

    usable: Sequence[Machine] = ()
    registered: int = 0


class Registered:
    """The machines of the pool as if they were neither held nor booked, in the order of their registration. It is the
    same object for as long as none of them changes, so what is found out about it can be `kept`."""

    def __init__(self, machines: Sequence[Machine]) -> None:
        self.machines = tuple(machines)
        self.scopes = frozenset(machine.scope for machine in machines)
        self.managers = frozenset(machine.manager for machine in machines)
        self.in_service = frozenset(machine.id for machine in machines if machine.in_service)
        self.kept: dict[Hashable, WouldDo] = {}


@dataclass(frozen=True, slots=True)
class Fleet:
    """What was read of the pool. `ends` are those of the holds that are open, by machine, as the database gave them;
    `booked` are the times for which machines are booked, each with its reservation."""

    registered: Registered
    ends: Mapping[int, str | None]
    booked: Mapping[int, Sequence[tuple[datetime, datetime, str]]]
    somebody_waits: bool

    def machines(self) -> list[Machine]:
        """Return all machines, in the order of their registration."""
        found = [
            _held(machine, self.ends[machine.id]) if machine.id in self.ends else machine
            for machine in self.registered.machines
        ]
        if not self.booked:
            return found
        return [
            replace(machine, booked=self.booked[machine.id]) if machine.id in self.booked else machine
            for machine in found
        ]

    def booked_times(self) -> Booked:
        """Return when each machine is booked."""
        return {id_: [(start, end) for start, end, _ in times] for id_, times in self.booked.items()}


_IN_SERVICE = machines.c.enabled & ~machines.c.maintenance & machines.c.quarantine.is_(None)
_MACHINES = select(
    *(machines.c[name] for name in ("id", "name", "scope", "user")),
    *(type_coerce(machines.c[name], Text).label(name) for name in ("tags", "facts")),
    _IN_SERVICE.label("in_service"),
)
# Together, so that they are of one moment.
_REGISTERED = RowsAsText(FingerprintOf(_MACHINES), _MACHINES)
_FLEET = RowsAsText(
    FingerprintOf(_MACHINES),
    select(holds.c.id, holds.c.machine_id, holds.c.ends_at).where(holds.c.state.in_(OPEN)),
    select(bookings.c.starts_at, bookings.c.ends_at, bookings.c.machine_id, bookings.c.reservation_id),
    select(reservations.c.id).where(reservations.c.state == State.WAITING).limit(1),
)


async def read_fleet(session: AsyncSession) -> list[Machine]:
    """All machines, in the order of their registration."""
    return (await run_core(session, fleet_of)).machines()


def fleet_of(connection: Connection) -> Fleet:
    """What the pool has, and whether anybody waits for machines."""
    fingerprint, held, booked, waiting = _FLEET.read(connection)
    # Of several holds that are open, the latest counts.
    ends: dict[int, str | None] = {id_: end for _, id_, end in sorted(orjson.loads(held))}
    times: dict[int, list[tuple[datetime, datetime, str]]] = {}
    for start, end, id_, reservation_id in sorted(orjson.loads(booked)):
        times.setdefault(id_, []).append((_moment(start), _moment(end), reservation_id))
    return Fleet(_registered(connection, fingerprint), ends, times, waiting != NO_ROWS)


# The last one, by its fingerprint: a fleet is read for every decision, and seldom have its machines changed in between.
_known: dict[str, Registered] = {}


def _registered(connection: Connection, fingerprint: str) -> Registered:
    found = _known.get(fingerprint)
    if found is None:
        fingerprint, rows = _REGISTERED.read(connection)
        found = Registered(
            [
                Machine(id_, name, scope, manager, _tags(tags, facts), bool(in_service), False, None)
                for id_, name, scope, manager, tags, facts, in_service in sorted(orjson.loads(rows))
            ]
        )
        _known.clear()
        _known[fingerprint] = found
    return found


@lru_cache(maxsize=8_192)
def _held(idle: Machine, end: str | None) -> Machine:
    return replace(idle, is_taken=True, ends_at=None if end is None else _moment(end))


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
