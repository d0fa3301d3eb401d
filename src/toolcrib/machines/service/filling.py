"""Whether a reservation is ready; and what becomes of it when a machine of it fails."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.kernel.claims.models import Ref
from toolcrib.machines.models import CURRENT, KIND, HoldState, State, holds, machines, reservations
from toolcrib.machines.service import told
from toolcrib.machines.service.ending import end_claims
from toolcrib.machines.service.fleet import read_fleet
from toolcrib.machines.service.people import find_person
from toolcrib.machines.service.reserving import free_beside, hold
from toolcrib.machines.service.wanted import read_queue, usable
from toolcrib.machines.wanted import Wanted
from toolcrib.settings import Settings

# A machine of a reservation is replaced so often at most; after that it fails.
MOST_FAILURES = 20


async def settle(session: AsyncSession, settings: Settings, reservation_id: str, *, now: datetime) -> None:
    """Make a reservation ready once all its accounts are there. One that has lost machines gets other free ones; if
    there are none and it has fewer than it needs, it fails as a whole, and what it held is given back."""
    mine = select(reservations).where(reservations.c.id == reservation_id)
    reservation = (await session.execute(mine)).one()
    if reservation.state != State.PREPARING:
        return
    rows = list(await session.execute(select(holds).where(holds.c.reservation_id == reservation_id)))
    current = [row for row in rows if row.state in CURRENT]
    wanted = Wanted.of(reservation)
    failed = {row.machine_id: row for row in rows if row.is_failed}
    given_back = len(rows) - len(current) - len(failed)
    missing = wanted.count - given_back - len(current)
    count = len(current)
    if failed and missing > 0 and len(failed) <= MOST_FAILURES:
        count += await _fill(session, settings, reservation, wanted, missing, failed, now)
    if failed and count < wanted.at_least - given_back:
        await _fail(session, reservation, current, failed.values(), now)
        return
    if count == len(current) and all(row.state == HoldState.READY for row in current):
        ready = update(reservations).where(reservations.c.id == reservation_id)
        await session.execute(ready.values(state=State.READY))
        await told.of_reservation(
            session, "reservation_ready", reservation_id, reservation.holder_uuid, actor=None, now=now
        )


async def _fill(
    session: AsyncSession,
    settings: Settings,
    reservation: Row[Any],
    wanted: Wanted,
    missing: int,
    failed: Collection[int],
    now: datetime,
) -> int:
    """Hold other machines in place of failed ones, until the same end. Returns how many."""
    open_projects = settings.unknown_projects == "open"
    me = await find_person(session, reservation.holder_uuid, open_projects=open_projects)
    if me is None or reservation.ends_at is None or reservation.ends_at <= now:
        return 0
    fleet = await read_fleet(session)
    free = free_beside(fleet, await read_queue(session, fleet, open_projects=open_projects), now)
    others = [
        machine
        for machine in usable(wanted, reservation.login, fleet, me)
        if machine.id in free and machine.id not in failed and machine.is_open(now, reservation.ends_at)
    ][:missing]
    if others:
        seconds, end = reservation.seconds, reservation.ends_at
        purpose, login = reservation.purpose, reservation.login
        await hold(
            session, reservation.id, login, me.holder, others, purpose, seconds, None, now=now, ends_at=end
        )
    return len(others)


async def _fail(
    session: AsyncSession,
    reservation: Row[Any],
    current: Sequence[Row[Any]],
    failed: Iterable[Row[Any]],
    now: datetime,
) -> None:
    """Give back whatever it holds; what was made on the hosts is removed."""
    why = "; ".join(f"{row.machine}: {row.problem}" for row in failed)[:1000]
    mine = update(reservations).where(reservations.c.id == reservation.id)
    await session.execute(mine.values(state=State.FAILED, ends_at=now, reason=why))
    query = select(machines.c.id, machines.c.scope).where(
        machines.c.id.in_([row.machine_id for row in current])
    )
    scopes = {row.id: row.scope for row in await session.execute(query)}
    held = [(Ref(KIND, scopes[row.machine_id], row.machine), row.fence) for row in current]
    await end_claims(session, held, "Another machine of the reservation failed.", now=now)
    await told.of_reservation(
        session,
        "reservation_failed",
        reservation.id,
        reservation.holder_uuid,
        actor=None,
        now=now,
        reason=why,
    )
