"""What the holder of a reservation does with it: give it back, extend it, pass it on."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.kernel.claims import service as claims
from toolcrib.kernel.claims.commands import ForceRelease, Release, Renew, Transfer
from toolcrib.kernel.claims.models import Ref
from toolcrib.kernel.database import take_write_lock
from toolcrib.kernel.identity.principal import AccessDenied, Principal
from toolcrib.kernel.requester import Requester
from toolcrib.machines.errors import (
    BookedThen,
    ReservationNotFound,
    ReservationOver,
    SomebodyWaits,
    TooMany,
)
from toolcrib.machines.models import CURRENT, KIND, State, holds, machines, reservations
from toolcrib.machines.service.booking import cancel
from toolcrib.machines.service.confirming import used
from toolcrib.machines.service.ending import end_claims
from toolcrib.machines.service.fleet import read_fleet
from toolcrib.machines.service.people import find_colleague
from toolcrib.machines.service.reserving import leave_queue, plan_of
from toolcrib.machines.service.wanted import read_queue
from toolcrib.machines.wanted import keys_of
from toolcrib.settings import Settings


async def find(session: AsyncSession, me: Principal, reservation_id: str) -> Row[Any]:
    """Return a reservation of the caller's own, or one that is shared with them; administrators see all.

    Raises:
        ReservationNotFound: (404).
    """
    row = (await session.execute(select(reservations).where(reservations.c.id == reservation_id))).first()
    if row is None or not (me.is_admin or row.holder_uuid == me.uuid or me.uuid in keys_of(row.access)):
        raise ReservationNotFound("There is no such reservation.")
    return row


async def find_for_output(session: AsyncSession, me: Principal, reservation_id: str) -> Row[Any]:
    """Return a reservation of the caller's own; administrators see all.

    Raises:
        ReservationNotFound: (404).
        AccessDenied: it is only shared with the caller (403).
    """
    row = await find(session, me, reservation_id)
    if row.holder_uuid != me.uuid and not me.is_admin:
        raise AccessDenied(f"Only {row.holder} and administrators may do this.")
    return row


async def find_own(session: AsyncSession, me: Principal, reservation_id: str, *states: State) -> Row[Any]:
    """Take the write lock, and return a reservation of the caller's own that is in one of these states.

    Raises:
        ReservationNotFound: (404).
        AccessDenied: it is somebody else's (403).
        ReservationOver: it is in another state (409).
    """
    await take_write_lock(session)
    row = await find(session, me, reservation_id)
    if row.holder_uuid != me.uuid:
        raise AccessDenied(f"Only {row.holder} may do this.")
    if row.state not in states:
        raise ReservationOver(f"The reservation is {row.state}.")
    return row


async def current_holds(session: AsyncSession, reservation_id: str, now: datetime) -> list[tuple[Ref, int]]:
    """Return what a reservation holds: the names of the claims, and their fences.

    Raises:
        ReservationOver: its time has run out (409).
    """
    query = (
        select(holds.c.machine, holds.c.fence, machines.c.scope)
        .join(machines, machines.c.id == holds.c.machine_id)
        .where(holds.c.reservation_id == reservation_id, holds.c.state.in_(CURRENT), holds.c.ends_at > now)
        .order_by(holds.c.id)
    )
    found = [(Ref(KIND, row.scope, row.machine), row.fence) for row in await session.execute(query)]
    if not found:
        raise ReservationOver("The reservation has ended.")
    return found


async def give_back(
    session: AsyncSession,
    me: Principal,
    by: Requester,
    reservation_id: str,
    reason: str | None,
    *,
    now: datetime,
) -> None:
    """End a reservation, leave the queue, or cancel a booking. Administrators end those of others.

    Raises:
        ReservationNotFound: (404).
        AccessDenied: it is somebody else's (403).
        ReservationOver: it has ended (409).
    """
    await take_write_lock(session)
    row = await find(session, me, reservation_id)
    is_own = row.holder_uuid == me.uuid
    if not is_own:
        me.require_admin()
    if row.state == State.WAITING:
        await leave_queue(session, row, reason or "given up", actor=me.username, now=now)
        return
    if row.state == State.BOOKED:
        await cancel(session, row, reason, actor=me.username, now=now)
        return
    if row.state not in (State.PREPARING, State.READY):
        raise ReservationOver(f"The reservation is {row.state}.")
    held = await current_holds(session, reservation_id, now)
    why = reason or "Ended by an administrator."
    commands = [
        Release(ref, me.holder, fence, reason) if is_own else ForceRelease(ref, me.username, why, fence)
        for ref, fence in held
    ]
    await claims.run(session, *commands, now=now, by=by)


async def confirm(session: AsyncSession, me: Principal, reservation_id: str, *, now: datetime) -> None:
    """Say that one uses what one has. Does nothing where that need not be said.

    Raises:
        ReservationOver: it has ended, or the time to say so is over (409).
    """
    row = await find_own(session, me, reservation_id, State.PREPARING, State.READY)
    await used(session, row, me, now=now)


async def extend(
    session: AsyncSession,
    settings: Settings,
    me: Principal,
    by: Requester,
    reservation_id: str,
    minutes: int,
    *,
    now: datetime,
) -> None:
    """Let a reservation end later.

    Raises:
        SomebodyWaits: people in the queue want these machines (409).
        BookedThen: others have booked one of them (409).
        TooMany: it would last longer than allowed (400).
    """
    row = await find_own(session, me, reservation_id, State.PREPARING, State.READY)
    await used(session, row, me, now=now)
    end = (row.ends_at or now) + timedelta(minutes=minutes)
    if end - (row.starts_at or row.created_at) > timedelta(minutes=settings.machines_max_minutes):
        raise TooMany(f"A reservation lasts at most {settings.machines_max_minutes} minutes.")
    held = await current_holds(session, reservation_id, now)
    fleet = await read_fleet(session)
    names = {ref.key for ref, _ in held}
    mine = {machine.id for machine in fleet if machine.name in names}
    for machine in fleet:
        if machine.id in mine and not machine.is_open(now, end):
            begins = min(start for start, ends, _ in machine.booked if ends > now)
            raise BookedThen(f"{machine.name} is booked from {begins:%Y-%m-%d %H:%M} UTC on.")
    queue = await read_queue(session, fleet, open_projects=settings.unknown_projects == "open")
    granted = plan_of(fleet, queue, now).granted
    waiting = [each.want for each in queue if each.row.id not in granted and each.want.is_possible]
    if any(mine & set(want.usable) for want in waiting):
        raise SomebodyWaits("Somebody waits for machines like these.")
    await claims.run(session, *(Renew(ref, me.holder, end, fence) for ref, fence in held), now=now, by=by)


async def transfer(
    session: AsyncSession,
    settings: Settings,
    me: Principal,
    by: Requester,
    reservation_id: str,
    to: str,
    *,
    now: datetime,
) -> str:
    """Pass a reservation to somebody else. Its accounts are removed, and the new holder's are made. Returns the id of
    the new holder's reservation.

    Raises:
        UnknownPerson: there is nobody of that name who may hold the machines (400).
    """
    row = await find_own(session, me, reservation_id, State.PREPARING, State.READY)
    await used(session, row, me, now=now)
    held = await current_holds(session, reservation_id, now)
    heir = await find_colleague(session, settings, me, to, [ref for ref, _ in held])
    commands = [Transfer(ref, me.username, heir.holder, me.holder, fence) for ref, fence in held]
    await claims.run(session, *commands, now=now, by=by)
    query = select(reservations.c.id).where(
        reservations.c.came_from == row.id,
        reservations.c.holder_uuid == heir.uuid,
        reservations.c.created_at == now,
    )
    return str((await session.execute(query)).scalar_one())


async def renew_place(
    session: AsyncSession, settings: Settings, me: Principal, reservation_id: str, *, now: datetime
) -> None:
    """Keep a program's place in the queue; for one that has its machines by now, confirm that."""
    row = await find_own(session, me, reservation_id, State.WAITING, State.PREPARING, State.READY)
    if row.state == State.WAITING and row.lease_ends_at is not None:
        mine = update(reservations).where(reservations.c.id == row.id)
        end = now + timedelta(seconds=settings.wait_lease_seconds)
        await session.execute(mine.values(lease_ends_at=end))
    else:
        await used(session, row, me, now=now)


async def release_all(session: AsyncSession, me: Principal, by: Requester, *, now: datetime) -> int:
    """End every reservation that holds machines. Returns how many machines that were."""
    await take_write_lock(session)
    query = (
        select(holds.c.machine, holds.c.fence, machines.c.scope)
        .join(machines, machines.c.id == holds.c.machine_id)
        .where(holds.c.state.in_(CURRENT))
        .order_by(holds.c.id)
    )
    rows = list(await session.execute(query))
    held = [(Ref(KIND, row.scope, row.machine), row.fence) for row in rows]
    await end_claims(session, held, "All machines released.", actor=me.username, by=by, now=now)
    return len(rows)
