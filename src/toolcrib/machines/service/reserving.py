"""What giving machines to people has in common, whoever is given any: now (`deciding.py`), from the queue, or at the
start of a booking. The accounts are made later, by `work.py`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.kernel.claims import service as claims
from toolcrib.kernel.claims.commands import Acquire
from toolcrib.kernel.claims.models import Holder
from toolcrib.kernel.database import run_core, take_write_lock
from toolcrib.kernel.driver_statements import DriverStatement
from toolcrib.kernel.identity.principal import Principal
from toolcrib.kernel.requester import Requester
from toolcrib.machines.errors import LimitReached
from toolcrib.machines.hook import Account
from toolcrib.machines.models import CURRENT, State, bookings, holds, reservations
from toolcrib.machines.service import fairness, told
from toolcrib.machines.service.fairness import Plan, Turn, Want, forecast, open_at, plan
from toolcrib.machines.service.fleet import Machine, booked_times, read_fleet
from toolcrib.machines.service.wanted import Waiting, read_queue
from toolcrib.machines.wanted import Wanted
from toolcrib.settings import Settings

# Everybody's place is looked at whenever a machine becomes free.
MOST_PLACES = 20


@dataclass(frozen=True, slots=True)
class Terms:
    """How somebody wants to use machines. `access` holds the password's hash, sealed, and public keys by person."""

    login: str
    access: dict[str, Any] = field(repr=False)
    seconds: int
    purpose: str | None = None


@dataclass(frozen=True, slots=True)
class Patience:
    """How long somebody waits in the queue; a program's place lasts until its lease ends."""

    until: datetime
    lease_ends_at: datetime | None = None


_LATER = (
    "ends_at",
    "wait_until",
    "lease_ends_at",
    "starts_at",
    "confirm_by",
    "reminded_at",
    "reason",
    "blocked_at",
)


def new_row(
    reservation_id: str, me: Principal, wanted: Wanted, terms: Terms, now: datetime
) -> dict[str, Any]:
    """Return the row of a new reservation."""
    return {
        "id": reservation_id,
        "place": 0,
        "holder": me.username,
        "holder_uuid": me.uuid,
        "login": terms.login,
        "state": State.PREPARING,
        "wanted": wanted.as_json(),
        "access": terms.access,
        "purpose": terms.purpose,
        "seconds": terms.seconds,
        "created_at": now,
        **dict.fromkeys(_LATER),
    }


_BY_DEFAULT = {"warned_at", "came_from", "priority", "revision"}
_NEW = [column.name for column in reservations.c if column.name not in _BY_DEFAULT]
_INSERT = DriverStatement(insert(reservations), *_NEW)
_values = itemgetter(*_NEW)


def rows_of(new: Iterable[dict[str, Any]]) -> tuple[DriverStatement, Sequence[Sequence[Any]]]:
    """Return what writes new reservations, for the `rows` of an event writer."""
    return _INSERT, [_values(row) for row in new]


def free_beside(fleet: Sequence[Machine], queue: Sequence[Waiting], now: datetime) -> set[int]:
    """Return the machines that are free now for whoever does not wait."""
    idle = [machine.id for machine in fleet if machine.is_free]
    return fairness.free_beside([each.want for each in queue], idle, booked_times(fleet), now)


def plan_of(fleet: Sequence[Machine], queue: Sequence[Waiting], now: datetime) -> Plan:
    free = [machine.id for machine in fleet if machine.is_free]
    return plan([each.want for each in queue], free, open_at(booked_times(fleet), now))


def turns_of(fleet: Sequence[Machine], queue: Sequence[Want], now: datetime) -> dict[str, Turn]:
    """Return when each request of a queue will probably be served, and with which machines."""
    free = [machine.id for machine in fleet if machine.is_free]
    ends = {machine.id: machine.ends_at for machine in fleet if machine.is_taken and machine.ends_at}
    return forecast(queue, free, ends, now, booked_times(fleet))


def acquiring(
    reservation_id: str,
    login: str,
    holder: Holder,
    chosen: Sequence[Machine],
    purpose: str | None,
    end: datetime,
    *,
    granted: bool = False,
) -> list[Acquire]:
    """Return what acquires the claims on `chosen` for a reservation; the kind's hook begins the holds."""
    return [
        Acquire(
            machine.ref,
            holder,
            comment=purpose,
            expires_at=end,
            data=Account(reservation_id, machine.id, login).data,
            granted=granted,
        )
        for machine in chosen
    ]


async def hold(
    session: AsyncSession,
    reservation_id: str,
    login: str,
    holder: Holder,
    chosen: Sequence[Machine],
    purpose: str | None,
    seconds: int,
    by: Requester | None,
    *,
    now: datetime,
    ends_at: datetime | None = None,
    granted: bool = False,
    **values: Any,
) -> None:
    """Acquire the claims on `chosen` for a reservation that there is already. `values` are of its row."""
    end = ends_at or now + timedelta(seconds=seconds)
    commands = acquiring(reservation_id, login, holder, chosen, purpose, end, granted=granted)
    await claims.run(session, *commands, now=now, by=by)
    mine = update(reservations).where(reservations.c.id == reservation_id)
    await session.execute(
        mine.values(state=State.PREPARING, ends_at=end, wait_until=None, lease_ends_at=None, **values)
    )


@dataclass(slots=True)
class Share:
    """What one person has of the pool: machines that they hold or have booked, and what they wait for."""

    held: int = 0
    waits_for: list[Wanted] = field(default_factory=list)

    def allows(self, settings: Settings, me: Principal, wanted: Wanted, *, waits: bool) -> Wanted:
        """Return what of `wanted` the person may have. What they wait for or have booked counts as if they had it, for
        they will.

        Raises:
            LimitReached: (409).
        """
        if waits and len(self.waits_for) >= MOST_PLACES:
            raise LimitReached(
                f"One person may have {MOST_PLACES} places in the queue.", {"most": MOST_PLACES}
            )
        most = settings.machines_per_person
        if not most or me.is_admin:
            return wanted
        held = self.held + sum(each.count for each in self.waits_for)
        if held + wanted.at_least > most:
            raise LimitReached(
                f"One person may have {most} machines at a time, and you have, booked or wait for {held}.",
                {"most": most, "held": held},
            )
        return replace(wanted, count=min(wanted.count, most - held))


async def read_share(
    session: AsyncSession, settings: Settings, me: Principal, queue: Sequence[Waiting]
) -> Share:
    """Return what one person has."""
    rows = [each.row for each in queue]
    return (await run_core(session, shares_of, settings, {me.uuid}, rows))[me.uuid]


def shares_of(
    connection: Connection, settings: Settings, uuids: set[str], queue: Iterable[Row[Any]]
) -> dict[str, Share]:
    """Return what each of these people has, of whom `queue` has the places; what they hold only where the settings
    limit it."""
    shares = {uuid: Share() for uuid in uuids}
    for row in queue:
        if row.holder_uuid in shares:
            shares[row.holder_uuid].waits_for.append(Wanted.of(row))
    if not settings.machines_per_person:
        return shares
    of = reservations.c.holder_uuid
    held_now = (
        select(of, func.count())
        .select_from(holds.join(reservations, reservations.c.id == holds.c.reservation_id))
        .where(of.in_(uuids), holds.c.state.in_(CURRENT))
    )
    booked = (
        select(of, func.count())
        .select_from(bookings.join(reservations, reservations.c.id == bookings.c.reservation_id))
        .where(of.in_(uuids))
    )
    for query in (held_now, booked):
        for uuid, count in connection.execute(query.group_by(of)):
            shares[uuid].held += count
    return shares


# The queue


async def serve_queue(session: AsyncSession, settings: Settings, *, now: datetime) -> None:
    """Give machines that have become free to those who wait, and take places that are over out of the queue."""
    waits = select(reservations.c.id).where(reservations.c.state == State.WAITING).limit(1)
    if (await session.execute(waits)).first() is None:
        return
    await take_write_lock(session)
    fleet = await read_fleet(session)
    queue = []
    for each in await read_queue(session, fleet, open_projects=settings.unknown_projects == "open"):
        reason = _why_over(each.row, each.me, now)
        if reason is None:
            queue.append(each)
        else:
            await leave_queue(session, each.row, reason, actor=None, now=now)
    by_id = {machine.id: machine for machine in fleet}
    granted = plan_of(fleet, queue, now).granted
    for each in queue:
        if each.row.id not in granted or each.me is None:
            await _tell_obstacle(session, each, now)
            continue
        chosen = [by_id[id_] for id_ in granted[each.row.id]]
        row = each.row
        is_program = row.lease_ends_at is not None
        confirm_by = now + timedelta(seconds=settings.wait_confirm_seconds) if is_program else None
        await hold(
            session,
            row.id,
            row.login,
            each.me.holder,
            chosen,
            row.purpose,
            row.seconds,
            None,
            now=now,
            granted=not is_program,  # a program learns it by itself
            starts_at=now,
            confirm_by=confirm_by,
            reminded_at=now,
            blocked_at=None,
        )


async def _tell_obstacle(session: AsyncSession, waiting: Waiting, now: datetime) -> None:
    """Tell somebody in the queue, once, that the pool as it is could not serve them; and once, that it can again."""
    row, why = waiting.row, waiting.obstacle
    if (why is None) == (row.blocked_at is None):
        return
    mine = update(reservations).where(reservations.c.id == row.id)
    await session.execute(mine.values(blocked_at=None if why is None else now))
    verb, its = "reservation_unblocked", {"holder": row.holder}
    if why is not None:
        verb, its = "reservation_blocked", its | {"reason": why}
    await told.of_reservation(session, verb, row.id, row.holder_uuid, actor=None, now=now, **its)


def _why_over(row: Row[Any], me: Principal | None, now: datetime) -> str | None:
    if me is None:
        return "account_ended"
    if row.wait_until is not None and row.wait_until <= now:
        return "time_over"
    if row.lease_ends_at is not None and row.lease_ends_at <= now:
        return "lapsed"
    return None


async def leave_queue(
    session: AsyncSession, row: Row[Any], reason: str, *, actor: str | None, now: datetime
) -> None:
    mine = update(reservations).where(reservations.c.id == row.id, reservations.c.state == State.WAITING)
    await session.execute(mine.values(state=State.ENDED, ends_at=now, reason=reason))
    await told.of_reservation(
        session, "reservation_left_queue", row.id, row.holder_uuid, actor=actor, now=now, reason=reason
    )
