"""The queue and the pool as people see them, and another order by an administrator."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.kernel.database import take_write_lock
from toolcrib.kernel.identity.principal import Principal
from toolcrib.kernel.identity.users import usernames
from toolcrib.machines.errors import MachineNotFound, ReservationNotFound
from toolcrib.machines.logins import login_for
from toolcrib.machines.models import State, reservations
from toolcrib.machines.reservation_views import Preview, Queue
from toolcrib.machines.service import reading, told
from toolcrib.machines.service.fairness import Want
from toolcrib.machines.service.fleet import read_fleet
from toolcrib.machines.service.reserving import free_beside, turns_of
from toolcrib.machines.service.showing import shown
from toolcrib.machines.service.wanted import ORDER, check_wanted, obstacle, read_queue, which_would_do
from toolcrib.machines.tags import expression, tags_of
from toolcrib.machines.views import MachineRead, NextBooking, state_of
from toolcrib.machines.wanted import Wanted
from toolcrib.settings import Settings

QUEUE_PAGE = 500


@dataclass(frozen=True, slots=True)
class Filter:
    """Which machines are to be shown: those that a tag expression fits, with some text in name, host, holder or tags,
    in one of some states; so many, after one of them by name."""

    tags: str | None = None
    text: str = ""
    states: Collection[str] = ()
    after: str = ""
    limit: int | None = None


async def shown_machines(
    session: AsyncSession, settings: Settings, me: Principal, now: datetime, wanted: Filter | None = None
) -> tuple[list[MachineRead], str | None]:
    """Return the machines that the caller may see, by name, and the last one's name if there are more."""
    wanted = wanted or Filter()
    fits = expression(wanted.tags).matches if wanted.tags and wanted.tags.strip() else None
    free = await reading.free_ids(session, settings, now)
    booked = await reading.next_bookings(session, now)
    names = await usernames(session, {each.holder_uuid for each in booked.values()})
    text, found = wanted.text.strip().casefold(), list[MachineRead]()
    seen = await reading.seen_machines(session, me)
    for machine, hold in sorted(seen, key=lambda pair: pair[0].name):  # databases order names in several ways
        if machine.name <= wanted.after:
            continue
        tags = tags_of(machine.tags, machine.facts)
        if fits is not None and not fits(tags):
            continue
        is_promised = machine.id not in free
        if wanted.states and state_of(machine, hold, is_promised=is_promised) not in wanted.states:
            continue
        holder = hold.held_by or hold.holder if hold is not None else ""
        if text and not any(text in each.casefold() for each in (machine.name, machine.host, holder, *tags)):
            continue
        if len(found) == wanted.limit:
            return found, found[-1].name
        booking = NextBooking.of(booked[machine.id], names) if machine.id in booked else None
        found.append(MachineRead.of(machine, hold, is_promised=is_promised, booking=booking))
    return found, None


async def shown_machine(
    session: AsyncSession, settings: Settings, me: Principal, name: str, now: datetime
) -> MachineRead:
    """Return one of them.

    Raises:
        MachineNotFound: (404).
    """
    seen, _ = await shown_machines(session, settings, me, now)
    found = next((each for each in seen if each.name == name), None)
    if found is None:
        raise MachineNotFound
    return found


async def shown_queue(
    session: AsyncSession,
    settings: Settings,
    me: Principal,
    now: datetime,
    *,
    offset: int = 0,
    limit: int = QUEUE_PAGE,
) -> Queue:
    """Return who waits, front first: `limit` of them, after `offset` others. Of others than the caller, only what
    concerns the queue is shown."""
    is_waiting = reservations.c.state == State.WAITING
    total = (await session.execute(select(func.count()).where(is_waiting))).scalar_one()
    query = select(reservations).where(is_waiting).order_by(*ORDER).offset(offset).limit(limit)
    rows = list(await session.execute(query))
    found = await shown(session, settings, rows, now)
    queue = [
        each
        if me.is_admin or row.holder_uuid == me.uuid
        else each.model_copy(update={"purpose": None, "names": [], "tags": None, "shared_with": []})
        for row, each in zip(rows, found, strict=True)
    ]
    return Queue(queue=queue, total=total)


async def move(
    session: AsyncSession, reservation_id: str, place: int, reason: str, *, actor: str, now: datetime
) -> None:
    """Give somebody in the queue the `place`, counted from 1, and the priority of whoever had it; those behind it move
    back.

    Raises:
        ReservationNotFound: it does not wait (404).
    """
    rows = await _waiting(session)
    moved = _found(rows, reservation_id)
    place = min(place, len(rows))
    others = [row for row in rows if row.id != reservation_id]
    others.insert(place - 1, moved)
    priorities = {moved.id: rows[place - 1].priority}
    for row, number in zip(others, sorted(row.place for row in rows), strict=True):
        priority = priorities.get(row.id, row.priority)
        if (row.place, row.priority) != (number, priority):
            this = update(reservations).where(reservations.c.id == row.id)
            await session.execute(this.values(place=number, priority=priority))
    its = {"place": place, "reason": reason}
    await told.of_reservation(
        session, "queue_moved", moved.id, moved.holder_uuid, actor=actor, now=now, **its
    )


async def set_priority(
    session: AsyncSession, reservation_id: str, priority: int, reason: str, *, actor: str, now: datetime
) -> None:
    """Have somebody in the queue served before all with a lower priority, behind those who came before with the same.

    Raises:
        ReservationNotFound: it does not wait (404).
    """
    moved = _found(await _waiting(session), reservation_id)
    this = update(reservations).where(reservations.c.id == reservation_id)
    await session.execute(this.values(priority=priority))
    its = {"priority": priority, "reason": reason}
    await told.of_reservation(
        session, "queue_moved", moved.id, moved.holder_uuid, actor=actor, now=now, **its
    )


async def _waiting(session: AsyncSession) -> list[Row[Any]]:
    """Take the write lock, and return who waits, front first."""
    await take_write_lock(session)
    columns = (reservations.c.id, reservations.c.place, reservations.c.priority, reservations.c.holder_uuid)
    query = select(*columns).where(reservations.c.state == State.WAITING)
    return list(await session.execute(query.order_by(*ORDER)))


def _found(rows: Sequence[Row[Any]], reservation_id: str) -> Row[Any]:
    found = next((row for row in rows if row.id == reservation_id), None)
    if found is None:
        raise ReservationNotFound("Nobody waits with this reservation.")
    return found


async def preview(
    session: AsyncSession, settings: Settings, me: Principal, wanted: Wanted, minutes: int, now: datetime
) -> Preview:
    """Return what is free for such a request, and when it would be served at the end of the queue."""
    fleet = await read_fleet(session)
    check_wanted(wanted, fleet, me)
    queue = await read_queue(session, fleet, open_projects=settings.unknown_projects == "open")
    would_do = which_would_do(wanted, login_for(me.username), fleet, me)
    free, end = free_beside(fleet, queue, now), now + timedelta(minutes=minutes)
    names = [each.name for each in would_do.usable if each.id in free and each.is_open(now, end)]
    ids = [machine.id for machine in would_do.usable]
    new = Want("new", wanted.count, wanted.at_least, ids, minutes * 60)
    turn = turns_of(fleet, [*(each.want for each in queue), new], now).get("new")
    return Preview(
        available=len(names),
        names=names,
        estimate=turn.at if turn else None,
        obstacle=obstacle(wanted, would_do, me),
    )
