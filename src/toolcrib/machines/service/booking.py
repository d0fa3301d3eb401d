"""Bookings: machines for a time to come, of which nobody else gets any part.

Who has booked what is decided under the write lock, as who holds what is: a booking is made of machines that are booked
by nobody else, held by nobody, and expected by nobody in the queue for any of its time; and nothing is held, extended
or promised past the start of a booking (decision 11). `beginning.py` says how it becomes a hold.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import Row, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.kernel.claims.models import Ref
from toolcrib.kernel.clock import iso_format
from toolcrib.kernel.database import take_write_lock
from toolcrib.kernel.identity.principal import Principal
from toolcrib.kernel.problems import InvalidRequest
from toolcrib.machines.errors import BookedThen, LimitReached, NotEnoughMachines, SomebodyWaits
from toolcrib.machines.models import KIND, State, bookings, machines, reservations
from toolcrib.machines.service import told
from toolcrib.machines.service.fleet import Machine, read_fleet
from toolcrib.machines.service.reserving import Terms, new_row, read_share, turns_of
from toolcrib.machines.service.wanted import (
    Waiting,
    check_enough_exist,
    check_wanted,
    read_queue,
    which_would_do,
)
from toolcrib.machines.wanted import Wanted
from toolcrib.settings import Settings

# Each is looked at whenever machines are given out.
MOST_BOOKINGS = 100


def check_start(settings: Settings, starts_at: datetime, now: datetime) -> None:
    """Refuse a start that has passed, or lies too far ahead.

    Raises:
        InvalidRequest: (400).
    """
    if starts_at <= now:
        raise InvalidRequest("starts_at lies in the past: leave it out to have machines at once.")
    if not settings.machines_booking_hours:
        raise InvalidRequest("Machines cannot be booked here.")
    if starts_at > now + timedelta(hours=settings.machines_booking_hours):
        raise InvalidRequest(f"A booking begins at most {settings.machines_booking_hours} hours ahead.")


async def book(
    session: AsyncSession,
    settings: Settings,
    me: Principal,
    wanted: Wanted,
    terms: Terms,
    starts_at: datetime,
    *,
    now: datetime,
) -> str:
    """Book machines from `starts_at` on: as many as are wanted, or as few as `at_least`. Returns the reservation's id.

    Raises:
        MachineNotFound: (404).
        InvalidRequest: the start is not allowed, or a tag is unknown (400).
        LimitReached: (409).
        BookedThen: others have booked them for a part of the time (409).
        SomebodyWaits: people in the queue will probably have them then (409).
        TooFewMachines: fewer exist (409).
        NotEnoughMachines: fewer are in service, or they are held until later (409).
    """
    check_start(settings, starts_at, now)
    await take_write_lock(session)
    fleet = await read_fleet(session)
    check_wanted(wanted, fleet, me)
    queue = await read_queue(session, fleet, open_projects=settings.unknown_projects == "open")
    share = await read_share(session, settings, me, queue)
    wanted = share.allows(settings, me, wanted, waits=False)
    await _within_bookings(session, me)
    end = starts_at + timedelta(seconds=terms.seconds)
    expected = expected_between(fleet, queue, starts_at, end, now)
    would_do = which_would_do(wanted, terms.login, fleet, me)
    check_enough_exist(wanted, would_do, me)
    chosen = choose(wanted, would_do.usable, starts_at, end, expected)
    id_ = str(uuid4())
    row = new_row(id_, me, wanted, terms, now) | {
        "state": State.BOOKED,
        "starts_at": starts_at,
        "ends_at": end,
    }
    await session.execute(insert(reservations).values(**row))
    times = {"reservation_id": id_, "starts_at": starts_at, "ends_at": end}
    await session.execute(insert(bookings), [{**times, "machine_id": machine.id} for machine in chosen])
    shown = {"starts_at": iso_format(starts_at), "ends_at": iso_format(end)}
    names = [machine.name for machine in chosen]
    await told.of_reservation(
        session, "reservation_booked", id_, me.uuid, actor=me.username, now=now, machines=names, **shown
    )
    for machine in chosen:
        its = {"holder": me.username, "booking": id_, **shown}
        await told.of_machine(
            session, "machine_booked", machine.name, machine.scope, actor=me.username, now=now, **its
        )
    return id_


def expected_between(
    fleet: Sequence[Machine], queue: Sequence[Waiting], start: datetime, end: datetime, now: datetime
) -> set[int]:
    """Return the machines that people in the queue will probably have for a part of that time."""
    turns = turns_of(fleet, [each.want for each in queue], now)
    return {
        machine
        for turn in turns.values()
        if turn.at < end and turn.ends_at > start
        for machine in turn.machines
    }


def choose(
    wanted: Wanted,
    would_do: Sequence[Machine],
    start: datetime,
    end: datetime,
    expected: Collection[int],
    *,
    beside: str | None = None,
) -> Sequence[Machine]:
    """Return the machines to book, or refuse with what stands in the way. The times of the booking `beside` count as
    free.

    Raises:
        NotEnoughMachines, BookedThen, SomebodyWaits: (409).
    """
    unheld = [each for each in would_do if not each.is_taken or (each.ends_at and each.ends_at <= start)]
    unbooked = [each for each in unheld if each.is_open(start, end, beside=beside)]
    available = [each for each in unbooked if each.id not in expected]
    if len(available) >= wanted.at_least:
        return available[: wanted.count]
    details = {"available": len(available), "wanted": wanted.count, "at_least": wanted.at_least}
    text = f"Only {len(available)} machines are free for all of that time"
    if len(unheld) < wanted.at_least:
        raise NotEnoughMachines(f"{text}.", details)
    if len(unbooked) < wanted.at_least:
        raise BookedThen(f"{text}: others are booked.", details)
    raise SomebodyWaits(f"{text}: people who wait will probably have others.", details)


async def _within_bookings(session: AsyncSession, me: Principal) -> None:
    query = (
        select(func.count())
        .select_from(reservations)
        .where(reservations.c.holder_uuid == me.uuid, reservations.c.state == State.BOOKED)
    )
    if (await session.execute(query)).scalar_one() >= MOST_BOOKINGS:
        raise LimitReached(f"One person may have {MOST_BOOKINGS} bookings.", {"most": MOST_BOOKINGS})


async def cancel(
    session: AsyncSession,
    row: Row[Any],
    reason: str | None,
    *,
    actor: str | None,
    now: datetime,
    state: State = State.ENDED,
) -> None:
    """End a booking that has not begun, under the write lock."""
    named = (
        select(machines.c.name, machines.c.scope)
        .join(bookings, bookings.c.machine_id == machines.c.id)
        .where(bookings.c.reservation_id == row.id)
    )
    released = list(await session.execute(named))
    await forget(session, row.id)
    mine = update(reservations).where(reservations.c.id == row.id)
    await session.execute(mine.values(state=state, ends_at=now, reason=reason))
    verb = "reservation_failed" if state == State.FAILED else "reservation_cancelled"
    why = {"reason": reason} if reason else {}
    await told.of_reservation(
        session,
        verb,
        row.id,
        row.holder_uuid,
        actor=actor,
        now=now,
        starts_at=iso_format(row.starts_at),
        **why,
    )
    for machine in released:
        its = {"holder": row.holder, "booking": row.id}
        await told.of_machine(
            session, "machine_booking_ended", machine.name, machine.scope, actor=actor, now=now, **its
        )


async def forget(session: AsyncSession, reservation_id: str) -> None:
    """Take the machines of a booking out of it."""
    await session.execute(delete(bookings).where(bookings.c.reservation_id == reservation_id))


async def booked_refs(session: AsyncSession, reservation_id: str) -> list[Ref]:
    """Return the claims that a booking will have as it begins, if its machines stay in service."""
    query = (
        select(machines.c.scope, machines.c.name)
        .join(bookings, bookings.c.machine_id == machines.c.id)
        .where(bookings.c.reservation_id == reservation_id)
    )
    return [Ref(KIND, row.scope, row.name) for row in await session.execute(query)]
