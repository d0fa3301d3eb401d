"""Changing a booking before it begins: other times, other machines.

Its new times and machines are decided as those of a new booking are, under the write lock, with its own old times out
of the way. The forecast still counts with them, so that a booking may always get shorter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.kernel.claims.schemas import in_utc
from toolcrib.kernel.clock import iso_format
from toolcrib.kernel.context import Kernel
from toolcrib.kernel.database import after_commit
from toolcrib.kernel.identity.principal import Principal
from toolcrib.kernel.problems import InvalidRequest
from toolcrib.machines.errors import ReservationDamaged
from toolcrib.machines.hook import WORK_JOB
from toolcrib.machines.models import State, bookings, reservations
from toolcrib.machines.reservation_views import BookingChange
from toolcrib.machines.service import told
from toolcrib.machines.service.booking import check_start, choose, expected_between, forget
from toolcrib.machines.service.fleet import Machine, read_fleet
from toolcrib.machines.service.managing import find_own
from toolcrib.machines.service.requesting import check_length, wanted_of
from toolcrib.machines.service.reserving import read_share
from toolcrib.machines.service.wanted import check_enough_exist, check_wanted, read_queue, which_would_do
from toolcrib.machines.wanted import Wanted
from toolcrib.settings import Settings


async def rebook(
    session: AsyncSession,
    kernel: Kernel,
    me: Principal,
    reservation_id: str,
    change: BookingChange,
    *,
    now: datetime,
) -> None:
    """Give a booking other times or machines. It keeps the machines that it has where they are free then. If it cannot
    be, it stays as it was.

    Raises:
        ReservationNotFound: (404).
        AccessDenied: it is somebody else's (403).
        ReservationOver: it has begun or ended (409).
        ReservationDamaged: what it asked for cannot be read (409).
        What `book` raises, and InvalidRequest, TooMany, BadTags: (400).
    """
    settings = kernel.settings
    row = await find_own(session, me, reservation_id, State.BOOKED)
    wanted = Wanted.of(row)
    if wanted.is_damaged:
        raise ReservationDamaged("What was booked is damaged and cannot be read: cancel it, and book anew.")
    start, seconds = _times(settings, row, change, now)
    end = start + timedelta(seconds=seconds)
    before = set(
        await session.scalars(select(bookings.c.machine_id).where(bookings.c.reservation_id == row.id))
    )
    fleet = await read_fleet(session)
    wanted = _wanted(settings, wanted, change)
    if wanted.as_json() != row.wanted:
        check_wanted(wanted, fleet, me)
    queue = await read_queue(session, fleet, open_projects=settings.unknown_projects == "open")
    share = await read_share(session, settings, me, queue)
    wanted = replace(share, held=share.held - len(before)).allows(settings, me, wanted, waits=False)
    found = which_would_do(wanted, row.login, fleet, me)
    check_enough_exist(wanted, found, me)
    would_do = sorted(found.usable, key=lambda machine: machine.id not in before)
    taken = expected_between(fleet, queue, start, end, now)
    chosen = choose(wanted, would_do, start, end, taken, beside=row.id)
    is_same = (start, end) == (row.starts_at, row.ends_at) and {each.id for each in chosen} == before
    if is_same and wanted.as_json() == row.wanted:
        return
    await forget(session, row.id)
    times = {"reservation_id": row.id, "starts_at": start, "ends_at": end}
    await session.execute(insert(bookings), [{**times, "machine_id": machine.id} for machine in chosen])
    mine = update(reservations).where(reservations.c.id == row.id)
    await session.execute(
        mine.values(
            starts_at=start,
            ends_at=end,
            seconds=seconds,
            wanted=wanted.as_json(),
            revision=reservations.c.revision + 1,
        )
    )
    if start > now:  # else it stays as late as it is
        await session.execute(mine.values(warned_at=None, reminded_at=None))
    left = [machine for machine in fleet if machine.id in before - {each.id for each in chosen}]
    await _tell(session, row, me, chosen=chosen, left=left, start=start, end=end, now=now)
    after_commit(session, lambda: kernel.jobs.nudge(WORK_JOB))


def _times(settings: Settings, row: Row[Any], change: BookingChange, now: datetime) -> tuple[datetime, int]:
    """Return from when, and for how many seconds."""
    start: datetime = row.starts_at
    if change.starts_at is not None:
        start = in_utc(change.starts_at)
        check_start(settings, start, now)
    seconds: int = row.seconds
    if change.minutes is not None:
        check_length(settings, change.minutes)
        seconds = change.minutes * 60
    if start + timedelta(seconds=seconds) <= now:
        raise InvalidRequest("The booking would be over by now.")
    return start, seconds


def _wanted(settings: Settings, before: Wanted, change: BookingChange) -> Wanted:
    """Return which machines are wanted."""
    machines = {"count", "names", "tags", "at_least"}
    said = change.model_dump(include=machines, exclude_none=True)
    if not said:
        return before
    kept = before.as_json()
    if said.get("names"):
        kept |= {"count": None, "tags": None, "at_least": None}
    elif set(said) != {"at_least"}:
        kept["names"] = []
    if before.at_least == before.count:
        kept["at_least"] = None  # all, however many they are now
    return wanted_of(settings, **(kept | said))


async def _tell(
    session: AsyncSession,
    row: Row[Any],
    me: Principal,
    *,
    chosen: Sequence[Machine],
    left: Sequence[Machine],
    start: datetime,
    end: datetime,
    now: datetime,
) -> None:
    shown = {"starts_at": iso_format(start), "ends_at": iso_format(end)}
    names = [machine.name for machine in chosen]
    await told.of_reservation(
        session,
        "reservation_rebooked",
        row.id,
        row.holder_uuid,
        actor=me.username,
        now=now,
        machines=names,
        **shown,
    )
    its = {"holder": me.username, "booking": row.id}
    for verb, machines, more in (("machine_booked", chosen, shown), ("machine_booking_ended", left, {})):
        for machine in machines:
            await told.of_machine(
                session, verb, machine.name, machine.scope, actor=me.username, now=now, **its, **more
            )
