"""The queue and the pool as people see them, and another order by an administrator."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.kernel.database import take_write_lock
from toolcrib.kernel.identity.principal import Principal
from toolcrib.kernel.identity.users import usernames
from toolcrib.machines.errors import MachineNotFound, ReservationNotFound
from toolcrib.machines.logins import login_for
from toolcrib.machines.models import State, reservations
from toolcrib.machines.service import reading, told
from toolcrib.machines.service.fairness import Want
from toolcrib.machines.service.fleet import read_fleet
from toolcrib.machines.service.requesting import shown
from toolcrib.machines.service.reserving import free_beside, turns_of
from toolcrib.machines.service.wanted import Wanted, check_wanted, read_queue, usable
from toolcrib.machines.tags import Expression, tags_of
from toolcrib.machines.views import MachineRead, NextBooking, Preview, ReservationRead
from toolcrib.settings import Settings


async def shown_machines(
    session: AsyncSession, settings: Settings, me: Principal, now: datetime, tags: str | None = None
) -> list[MachineRead]:
    """Return the machines that the caller may see, by name."""
    fits = Expression(tags).matches if tags and tags.strip() else None
    free = await reading.free_ids(session, settings, now)
    booked = await reading.next_bookings(session, now)
    names = await usernames(session, {each.holder_uuid for each in booked.values()})
    return [
        MachineRead.of(
            machine,
            hold,
            is_promised=machine.id not in free,
            booking=NextBooking.of(booked[machine.id], names) if machine.id in booked else None,
        )
        for machine, hold in await reading.seen_machines(session, me)
        if fits is None or fits(tags_of(machine.tags, machine.facts))
    ]


async def shown_machine(
    session: AsyncSession, settings: Settings, me: Principal, name: str, now: datetime
) -> MachineRead:
    """Return one of them.

    Raises:
        MachineNotFound: (404).
    """
    seen = await shown_machines(session, settings, me, now)
    found = next((each for each in seen if each.name == name), None)
    if found is None:
        raise MachineNotFound
    return found


async def shown_queue(
    session: AsyncSession, settings: Settings, me: Principal, now: datetime
) -> list[ReservationRead]:
    """Return who waits, front first. Of others, only what concerns the queue is shown."""
    query = select(reservations).where(reservations.c.state == State.WAITING).order_by(reservations.c.place)
    rows = list(await session.execute(query))
    found = await shown(session, settings, rows, now)
    return [
        each
        if me.is_admin or row.holder_uuid == me.uuid
        else each.model_copy(update={"purpose": None, "names": [], "tags": None, "shared_with": []})
        for row, each in zip(rows, found, strict=True)
    ]


async def move(
    session: AsyncSession, reservation_id: str, place: int, reason: str, *, actor: str, now: datetime
) -> None:
    """Give somebody in the queue the `place`, counted from 1; those behind it move back.

    Raises:
        ReservationNotFound: it does not wait (404).
    """
    await take_write_lock(session)
    query = select(reservations.c.id, reservations.c.place, reservations.c.holder_uuid)
    rows = list(
        await session.execute(
            query.where(reservations.c.state == State.WAITING).order_by(reservations.c.place)
        )
    )
    moved = next((row for row in rows if row.id == reservation_id), None)
    if moved is None:
        raise ReservationNotFound("Nobody waits with this reservation.")
    others = [row for row in rows if row.id != reservation_id]
    others.insert(min(place, len(rows)) - 1, moved)
    for row, number in zip(others, sorted(row.place for row in rows), strict=True):
        if row.place != number:
            this = update(reservations).where(reservations.c.id == row.id)
            await session.execute(this.values(place=number))
    await told.of_reservation(
        session,
        "queue_moved",
        reservation_id,
        moved.holder_uuid,
        actor=actor,
        now=now,
        place=min(place, len(rows)),
        reason=reason,
    )


async def preview(
    session: AsyncSession, settings: Settings, me: Principal, wanted: Wanted, minutes: int, now: datetime
) -> Preview:
    """Return what is free for such a request, and when it would be served at the end of the queue."""
    fleet = await read_fleet(session)
    check_wanted(wanted, fleet, me)
    queue = await read_queue(session, fleet, open_projects=settings.unknown_projects == "open")
    would_do = usable(wanted, login_for(me.username), fleet, me)
    free, end = free_beside(fleet, queue, now), now + timedelta(minutes=minutes)
    names = [machine.name for machine in would_do if machine.id in free and machine.is_open(now, end)]
    new = Want("new", wanted.count, wanted.at_least, [machine.id for machine in would_do], minutes * 60)
    turn = turns_of(fleet, [*(each.want for each in queue), new], now).get("new")
    return Preview(available=len(names), names=names, estimate=turn.at if turn else None)
