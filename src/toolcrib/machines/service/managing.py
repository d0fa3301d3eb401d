"""What the holder of a reservation does with it: give it back, extend it, share it, pass it on."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.kernel.claims import service as claims
from toolcrib.kernel.claims.commands import ForceRelease, Release, Renew, Transfer
from toolcrib.kernel.claims.models import Ref
from toolcrib.kernel.database import after_commit, take_write_lock
from toolcrib.kernel.events import log as event_log
from toolcrib.kernel.identity.principal import AccessDenied, Principal
from toolcrib.kernel.identity.users import find_active
from toolcrib.kernel.problems import InvalidRequest
from toolcrib.kernel.requester import Requester
from toolcrib.machines.errors import ReservationNotFound, ReservationOver, SomebodyWaits, TooMany
from toolcrib.machines.hook import WORK_JOB
from toolcrib.machines.models import CURRENT, KIND, HoldState, State, holds, machines, reservations
from toolcrib.machines.pool import Pool
from toolcrib.machines.service.ending import end_claims
from toolcrib.machines.service.fleet import read_fleet
from toolcrib.machines.service.people import find_person
from toolcrib.machines.service.reserving import leave_queue, plan_of
from toolcrib.machines.service.wanted import read_queue
from toolcrib.settings import Settings


class UnknownPerson(InvalidRequest):
    code = "unknown_person"


async def find(session: AsyncSession, me: Principal, reservation_id: str) -> Row[Any]:
    """Return a reservation of the caller's own, or one that is shared with them; administrators see all.

    Raises:
        ReservationNotFound: (404).
    """
    row = (await session.execute(select(reservations).where(reservations.c.id == reservation_id))).first()
    if row is None or not (
        me.is_admin or row.holder_uuid == me.uuid or me.username in row.access.get("keys", {})
    ):
        raise ReservationNotFound("There is no such reservation.")
    return row


async def _own(session: AsyncSession, me: Principal, reservation_id: str, *states: State) -> Row[Any]:
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
    """End a reservation, or leave the queue. Administrators end those of others.

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
    if row.state not in (State.PREPARING, State.READY):
        raise ReservationOver(f"The reservation is {row.state}.")
    held = await current_holds(session, reservation_id, now)
    why = reason or "Ended by an administrator."
    commands = [
        Release(ref, me.holder, fence, reason) if is_own else ForceRelease(ref, me.username, why, fence)
        for ref, fence in held
    ]
    await claims.run(session, *commands, now=now, by=by)


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
        TooMany: it would last longer than allowed (400).
    """
    row = await _own(session, me, reservation_id, State.PREPARING, State.READY)
    end = (row.ends_at or now) + timedelta(minutes=minutes)
    if end - row.created_at > timedelta(minutes=settings.machines_max_minutes):
        raise TooMany(f"A reservation lasts at most {settings.machines_max_minutes} minutes.")
    held = await current_holds(session, reservation_id, now)
    fleet = await read_fleet(session)
    names = {ref.key for ref, _ in held}
    mine = {machine.id for machine in fleet if machine.name in names}
    queue = await read_queue(session, fleet, open_projects=settings.unknown_projects == "open")
    granted = plan_of(fleet, queue).granted
    if any(mine & set(each.want.usable) for each in queue if each.row.id not in granted):
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
    row = await _own(session, me, reservation_id, State.PREPARING, State.READY)
    person = await find_active(session, to)
    heir = None
    if person is not None:
        heir = await find_person(session, person.uuid, open_projects=settings.unknown_projects == "open")
    if heir is None or heir.uuid == me.uuid:
        raise UnknownPerson(f"There is nobody called {to} to pass it to.")
    held = await current_holds(session, reservation_id, now)
    if not all(heir.may(ref.scope, "member") for ref, _ in held):
        raise UnknownPerson(f"{to} may not hold these machines.")
    commands = [Transfer(ref, me.username, heir.holder, me.holder, fence) for ref, fence in held]
    await claims.run(session, *commands, now=now, by=by)
    query = select(reservations.c.id).where(
        reservations.c.came_from == row.id,
        reservations.c.holder_uuid == heir.uuid,
        reservations.c.created_at == now,
    )
    return str((await session.execute(query)).scalar_one())


async def share(
    session: AsyncSession,
    pool: Pool,
    me: Principal,
    reservation_id: str,
    to: str,
    keys: list[str],
    *,
    now: datetime,
) -> None:
    """Let a colleague sign in with keys of their own, to the same account.

    Raises:
        UnknownPerson: (400).
    """
    row = await _own(session, me, reservation_id, State.WAITING, State.PREPARING, State.READY)
    person = await find_active(session, to)
    if person is None or person.uuid == me.uuid:
        raise UnknownPerson(f"There is nobody called {to} to share it with.")
    access = {**row.access, "keys": {**row.access.get("keys", {}), person.username: keys}}
    await _set_access(session, pool, row, access)
    await _record(session, "reservation_shared", row, me, now, to=person.username)


async def stop_sharing(
    session: AsyncSession, pool: Pool, me: Principal, reservation_id: str, username: str, *, now: datetime
) -> None:
    """Take a colleague's keys away. Sessions that are open stay until the end of the reservation."""
    row = await _own(session, me, reservation_id, State.WAITING, State.PREPARING, State.READY)
    keys = {name: found for name, found in row.access.get("keys", {}).items() if name != username}
    if username == me.username or len(keys) == len(row.access.get("keys", {})):
        raise UnknownPerson(f"It is not shared with {username}.")
    await _set_access(session, pool, row, {**row.access, "keys": keys})
    await _record(session, "reservation_unshared", row, me, now, to=username)


async def set_access(
    session: AsyncSession, pool: Pool, me: Principal, reservation_id: str, own: dict[str, Any]
) -> None:
    """Change the holder's own keys and password on the machines."""
    row = await _own(session, me, reservation_id, State.WAITING, State.PREPARING, State.READY)
    others = {name: keys for name, keys in row.access.get("keys", {}).items() if name != me.username}
    access = {**row.access, **own, "keys": {**others, **own.get("keys", {})}}
    await _set_access(session, pool, row, access)


async def _set_access(session: AsyncSession, pool: Pool, row: Row[Any], access: dict[str, Any]) -> None:
    """The accounts that are there are brought to the new state by making them again, which is safe to repeat."""
    mine = update(reservations).where(reservations.c.id == row.id)
    state = State.PREPARING if row.state == State.READY else row.state
    await session.execute(mine.values(access=access, state=state))
    again = update(holds).where(holds.c.reservation_id == row.id, holds.c.state == HoldState.READY)
    await session.execute(again.values(state=HoldState.PREPARING, next_at=row.created_at))
    after_commit(session, lambda: pool.kernel.jobs.nudge(WORK_JOB))


async def renew_place(
    session: AsyncSession, settings: Settings, me: Principal, reservation_id: str, *, now: datetime
) -> None:
    """Keep a program's place in the queue. Does nothing for one that has its machines already."""
    row = await _own(session, me, reservation_id, State.WAITING, State.PREPARING, State.READY)
    if row.state == State.WAITING and row.lease_ends_at is not None:
        mine = update(reservations).where(reservations.c.id == row.id)
        end = now + timedelta(seconds=settings.wait_lease_seconds)
        await session.execute(mine.values(lease_ends_at=end))


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


async def _record(
    session: AsyncSession, verb: str, row: Row[Any], me: Principal, now: datetime, **data: Any
) -> None:
    await event_log.record(
        session,
        verb,
        kind=KIND,
        key=row.id,
        scope=f"user:{row.holder_uuid}",
        actor=me.username,
        now=now,
        reservation=row.id,
        **data,
    )
