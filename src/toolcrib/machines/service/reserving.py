"""Reserving machines: who gets which, in one short transaction. The accounts are made later, by `work.py`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import Row, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.kernel.claims import service as claims
from toolcrib.kernel.claims.commands import Acquire
from toolcrib.kernel.claims.models import PRIVATE, Holder
from toolcrib.kernel.database import take_write_lock
from toolcrib.kernel.identity.principal import Principal
from toolcrib.kernel.requester import Requester
from toolcrib.machines.errors import BookedThen, LimitReached, NotEnoughMachines
from toolcrib.machines.models import CURRENT, State, bookings, holds, reservations
from toolcrib.machines.service import told
from toolcrib.machines.service.fairness import Plan, Turn, Want, forecast, open_at, plan
from toolcrib.machines.service.fleet import Machine, booked_times, read_fleet
from toolcrib.machines.service.wanted import Waiting, Wanted, check_wanted, read_queue, usable
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


async def reserve(
    session: AsyncSession,
    settings: Settings,
    me: Principal,
    by: Requester,
    wanted: Wanted,
    terms: Terms,
    *,
    patience: Patience | None = None,
    too_few: type[NotEnoughMachines] = NotEnoughMachines,
    confirm_by: datetime | None = None,
    now: datetime,
) -> str:
    """Hold machines for `me`, or with `patience` stand in the queue for them. Returns the reservation's id.

    It ends unless it is confirmed by `confirm_by`. What is promised to people in the queue is not free for anybody
    else; nor is what is booked for a part of the time.

    Raises:
        MachineNotFound: (404).
        UnknownTag, BadTags: (400).
        LimitReached: (409).
        NotEnoughMachines: fewer are free, and the caller does not wait (409; `too_few` where a contract differs).
        BookedThen: so are enough, but some are booked before the end (409).
    """
    await take_write_lock(session)
    fleet = await read_fleet(session)
    check_wanted(wanted, fleet, me)
    wanted = await within_limits(session, settings, me, wanted, waits=patience is not None)
    queue = await read_queue(session, fleet, open_projects=settings.unknown_projects == "open")
    would_do = usable(wanted, terms.login, fleet, me)
    end = now + timedelta(seconds=terms.seconds)
    free = free_beside(fleet, queue, now)
    at_first = [machine for machine in would_do if machine.id in free]
    available = [machine for machine in at_first if machine.is_open(now, end)]
    is_waiting = len(available) < wanted.at_least
    if is_waiting and patience is None:
        details = {"available": len(available), "wanted": wanted.count, "at_least": wanted.at_least}
        if too_few is NotEnoughMachines and len(at_first) >= wanted.at_least:
            raise BookedThen(
                f"Only {len(available)} machines are free for so long: others are booked.", details
            )
        raise too_few(f"Only {len(available)} machines available", details)
    reservation_id = str(uuid4())
    row = new_row(reservation_id, me, wanted, terms, now)
    if is_waiting and patience is not None:
        row["place"] = await told.of_reservation(
            session,
            "reservation_waiting",
            reservation_id,
            me.uuid,
            actor=me.username,
            now=now,
            count=wanted.count,
        )
        row |= {
            "state": State.WAITING,
            "wait_until": patience.until,
            "lease_ends_at": patience.lease_ends_at,
        }
        await session.execute(insert(reservations).values(**row))
        return reservation_id
    await session.execute(insert(reservations).values(**row))
    await hold(
        session,
        reservation_id,
        me.holder,
        available[: wanted.count],
        terms.purpose,
        terms.seconds,
        by,
        now=now,
        starts_at=now,
        confirm_by=confirm_by,
        reminded_at=now,
    )
    return reservation_id


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
    }


def free_beside(fleet: Sequence[Machine], queue: Sequence[Waiting], now: datetime) -> set[int]:
    """Return the machines that are free now for whoever does not wait."""
    instant = timedelta(microseconds=1)
    free = {machine.id for machine in fleet if machine.is_free and machine.is_open(now, now + instant)}
    planned = plan_of(fleet, queue, now)
    return free.difference(planned.promised, *planned.granted.values())


def plan_of(fleet: Sequence[Machine], queue: Sequence[Waiting], now: datetime) -> Plan:
    free = [machine.id for machine in fleet if machine.is_free]
    return plan([each.want for each in queue], free, open_at(booked_times(fleet), now))


def turns_of(fleet: Sequence[Machine], queue: Sequence[Want], now: datetime) -> dict[str, Turn]:
    """Return when each request of a queue will probably be served, and with which machines."""
    free = [machine.id for machine in fleet if machine.is_free]
    ends = {machine.id: machine.ends_at for machine in fleet if machine.is_taken and machine.ends_at}
    return forecast(queue, free, ends, now, booked_times(fleet))


async def hold(
    session: AsyncSession,
    reservation_id: str,
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
    """Acquire the claims on `chosen` for a reservation; the kind's hook begins the holds. `values` are of its row."""
    end = ends_at or now + timedelta(seconds=seconds)
    data = {PRIVATE: {"reservation": reservation_id}}
    commands = [
        Acquire(machine.ref, holder, comment=purpose, expires_at=end, data=data, granted=granted)
        for machine in chosen
    ]
    await claims.run(session, *commands, now=now, by=by)
    mine = update(reservations).where(reservations.c.id == reservation_id)
    await session.execute(
        mine.values(state=State.PREPARING, ends_at=end, wait_until=None, lease_ends_at=None, **values)
    )


async def within_limits(
    session: AsyncSession, settings: Settings, me: Principal, wanted: Wanted, *, waits: bool
) -> Wanted:
    """Return what of `wanted` the person may have. What they wait for or have booked counts as if they had it, for they
    will.

    Raises:
        LimitReached: (409).
    """
    places = select(reservations.c.wanted).where(
        reservations.c.holder_uuid == me.uuid, reservations.c.state == State.WAITING
    )
    waiting = [Wanted.from_json(found) for found in await session.scalars(places)]
    if waits and len(waiting) >= MOST_PLACES:
        raise LimitReached(f"One person may have {MOST_PLACES} places in the queue.", {"most": MOST_PLACES})
    most = settings.machines_per_person
    if not most or me.is_admin:
        return wanted
    held_now = (
        select(func.count())
        .select_from(holds.join(reservations, reservations.c.id == holds.c.reservation_id))
        .where(reservations.c.holder_uuid == me.uuid, holds.c.state.in_(CURRENT))
    )
    booked = (
        select(func.count())
        .select_from(bookings.join(reservations, reservations.c.id == bookings.c.reservation_id))
        .where(reservations.c.holder_uuid == me.uuid)
    )
    held: int = sum(each.count for each in waiting)
    for query in (held_now, booked):
        held += (await session.execute(query)).scalar_one()
    if held + wanted.at_least > most:
        raise LimitReached(
            f"One person may have {most} machines at a time, and you have, booked or wait for {held}.",
            {"most": most, "held": held},
        )
    return replace(wanted, count=min(wanted.count, most - held))


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
            continue
        chosen = [by_id[id_] for id_ in granted[each.row.id]]
        row = each.row
        is_program = row.lease_ends_at is not None
        confirm_by = now + timedelta(seconds=settings.wait_confirm_seconds) if is_program else None
        await hold(
            session,
            row.id,
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
        )


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
