"""How a booking becomes a hold: at its start, in one transaction, through the claim engine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import ColumnElement, Row, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.kernel.claims import service as claims
from toolcrib.kernel.claims.commands import Expire
from toolcrib.kernel.claims.models import Ref
from toolcrib.kernel.clock import iso_format
from toolcrib.kernel.context import Kernel
from toolcrib.kernel.database import after_commit, take_write_lock
from toolcrib.kernel.failure_words import failure_in_words
from toolcrib.kernel.identity.models import User
from toolcrib.kernel.identity.principal import Principal
from toolcrib.machines.hook import WORK_JOB
from toolcrib.machines.models import CURRENT, KIND, State, bookings, holds, machines, reservations
from toolcrib.machines.service import told
from toolcrib.machines.service.booking import cancel, forget
from toolcrib.machines.service.fleet import Machine, read_fleet
from toolcrib.machines.service.people import find_person
from toolcrib.machines.service.reserving import hold
from toolcrib.machines.service.sharing import drop_the_gone
from toolcrib.machines.service.wanted import usable
from toolcrib.machines.wanted import Wanted
from toolcrib.settings import Settings

log = structlog.get_logger()

AT_ONCE = 500
# Machines that are being cleaned are usually free again within seconds; nobody is told of that.
SHORT_DELAY = timedelta(minutes=2)
# A booking that cannot begin is tried again for so long.
LONGEST_DELAY = timedelta(minutes=15)


async def begin_due(kernel: Kernel, now: datetime) -> None:
    """Begin the bookings whose start has come, and end those of people without an account. One that cannot begin now
    stays, and is tried again."""
    active = select(User.uuid).where(User.is_active)
    is_due: ColumnElement[bool] = or_(
        reservations.c.starts_at <= now, reservations.c.holder_uuid.not_in(active)
    )
    query = (
        select(reservations.c.id)
        .where(reservations.c.state == State.BOOKED, is_due)
        .order_by(reservations.c.starts_at, reservations.c.created_at)
        .limit(AT_ONCE)
    )
    async with kernel.database.read() as session:
        due = list(await session.scalars(query))
    for id_ in due:
        try:
            async with kernel.database.write() as session:
                await take_write_lock(session)
                await _begin(session, kernel, id_, now)
        except Exception as error:  # noqa: BLE001 - it must not keep the others from beginning
            log.error("booking_not_begun", reservation=id_, error=failure_in_words(error))


@dataclass(frozen=True, slots=True)
class Found:
    """The machines that a booking can have now, and whether better may be had in a moment."""

    machines: Sequence[Machine]
    is_cleaning: bool


async def _begin(session: AsyncSession, kernel: Kernel, id_: str, now: datetime) -> None:
    settings = kernel.settings
    query = select(reservations).where(reservations.c.id == id_, reservations.c.state == State.BOOKED)
    row = (await session.execute(query)).first()
    if row is None:
        return
    me = await find_person(session, row.holder_uuid, open_projects=settings.unknown_projects == "open")
    if me is None:
        await cancel(session, row, "account_ended", actor=None, now=now)
        return
    if row.starts_at > now:
        return
    if row.ends_at <= now:
        why = "Its time passed before its machines could be had."
        await cancel(session, row, why, actor=None, now=now, state=State.FAILED)
        return
    booked = list(
        await session.scalars(select(bookings.c.machine_id).where(bookings.c.reservation_id == row.id))
    )
    await _end_what_is_over(session, booked, now)
    found = await _find(session, row, me, booked, now)
    wanted = Wanted.of(row)
    is_late_enough = row.warned_at is not None and now - row.warned_at >= LONGEST_DELAY
    is_enough = len(found.machines) >= wanted.at_least and (is_late_enough or not found.is_cleaning)
    if found.machines and (len(found.machines) >= len(booked) or is_enough):
        await drop_the_gone(session, kernel, row, {each.scope for each in found.machines}, now)
        await _hold(session, settings, row, me, found.machines, now)
        after_commit(session, lambda: kernel.jobs.nudge(WORK_JOB))
    elif is_late_enough:
        why = "Too few of its machines could be used, and no others were free."
        await cancel(session, row, why, actor=None, now=now, state=State.FAILED)
    else:
        await _put_off(session, row, found, now)


async def _end_what_is_over(session: AsyncSession, booked: Sequence[int], now: datetime) -> None:
    """Let holds on these machines whose end has come end now, so that they are cleaned."""
    query = (
        select(holds.c.machine, holds.c.fence, machines.c.scope)
        .join(machines, machines.c.id == holds.c.machine_id)
        .where(holds.c.machine_id.in_(booked), holds.c.state.in_(CURRENT), holds.c.ends_at <= now)
    )
    over = [Expire(Ref(KIND, each.scope, each.machine), each.fence) for each in await session.execute(query)]
    if over:
        await claims.run(session, *over, now=now)


async def _find(
    session: AsyncSession, row: Row[Any], me: Principal, booked: Sequence[int], now: datetime
) -> Found:
    """Return what it can have now: its machines, and others in place of those that are out of service. Who has booked
    goes before who waits."""
    fleet = await read_fleet(session)
    would_do = usable(Wanted.of(row), row.login, fleet, me)
    own = [each for each in would_do if each.id in booked]
    ready = [each for each in own if each.is_free]
    others = [
        each
        for each in would_do
        if each.id not in booked and each.is_free and each.is_open(now, row.ends_at, beside=row.id)
    ]
    missing = len(booked) - len(own)
    return Found([*ready, *others[:missing]], is_cleaning=len(ready) < len(own))


async def _hold(
    session: AsyncSession,
    settings: Settings,
    row: Row[Any],
    me: Principal,
    chosen: Sequence[Machine],
    now: datetime,
) -> None:
    minutes = settings.machines_confirm_minutes
    confirm_by = min(now + timedelta(minutes=minutes), row.ends_at) if minutes else None
    await hold(
        session,
        row.id,
        row.login,
        me.holder,
        chosen,
        row.purpose,
        row.seconds,
        None,
        now=now,
        ends_at=row.ends_at,
        warned_at=None,
        reminded_at=None,
        confirm_by=confirm_by,
        revision=reservations.c.revision + 1,
    )
    await forget(session, row.id)
    await told.of_reservation(
        session,
        "reservation_begun",
        row.id,
        row.holder_uuid,
        actor=None,
        now=now,
        machines=[each.name for each in chosen],
        ends_at=iso_format(row.ends_at),
        confirm_by=iso_format(confirm_by) if confirm_by else None,
    )


async def _put_off(session: AsyncSession, row: Row[Any], found: Found, now: datetime) -> None:
    """Try again later; tell the person, once, unless it is only the usual cleaning."""
    since = row.warned_at or now
    tells = row.reminded_at is None and (not found.is_cleaning or now - since >= SHORT_DELAY)
    mine = update(reservations).where(reservations.c.id == row.id)
    await session.execute(mine.values(warned_at=since, reminded_at=now if tells else row.reminded_at))
    if tells:
        until = iso_format(min(since + LONGEST_DELAY, row.ends_at))
        await told.of_reservation(
            session, "reservation_late", row.id, row.holder_uuid, actor=None, now=now, until=until
        )
