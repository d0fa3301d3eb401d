"""Who has or had which machine when, and who will."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.kernel.identity.principal import Principal
from toolcrib.kernel.identity.users import usernames
from toolcrib.kernel.problems import InvalidRequest
from toolcrib.machines.models import bookings, holds, machines, reservations

LONGEST_SPAN = timedelta(days=92)
USUAL_SPAN = timedelta(days=7)
MOST_ENTRIES = 2_000


@dataclass(frozen=True, slots=True)
class Entry:
    """One machine for one time: a hold, or a booking that has not begun."""

    reservation: str
    machine: str
    holder: str
    holder_uuid: str
    purpose: str | None
    starts_at: datetime
    ends_at: datetime
    kind: str
    revision: int


def span(start: datetime | None, end: datetime | None, now: datetime) -> tuple[datetime, datetime]:
    """Return the time that a calendar is to show: from now, and for a week, unless something else is said.

    Raises:
        InvalidRequest: the end is not after the start, or too long after it (400).
    """
    try:
        begins = start if start is not None else now if end is None else min(now, end - USUAL_SPAN)
        ends = end if end is not None else begins + USUAL_SPAN
    except OverflowError:
        raise InvalidRequest("A time lies outside the years 1 to 9999.") from None
    if ends <= begins:
        raise InvalidRequest("`to` is after `from`.")
    if ends - begins > LONGEST_SPAN:
        raise InvalidRequest(f"A calendar shows at most {LONGEST_SPAN.days} days.")
    return begins, ends


async def entries(
    session: AsyncSession,
    me: Principal,
    start: datetime,
    end: datetime,
    *,
    machine: str | None = None,
    mine: bool = False,
    most: int = MOST_ENTRIES,
) -> tuple[list[Entry], bool]:
    """Return what of the machines that `me` may see lies between two moments, the earliest first, and whether that is
    all: there are `most` at most."""
    scopes = [scope for scope in await session.scalars(select(machines.c.scope).distinct()) if me.may(scope)]
    its = (
        reservations.c.id,
        machines.c.name,
        reservations.c.holder_uuid,
        reservations.c.holder,
        reservations.c.purpose,
        reservations.c.revision,
    )
    over = func.coalesce(holds.c.ended_at, holds.c.ends_at)
    held = (
        select(*its, holds.c.created_at.label("starts_at"), over.label("ends_at"))
        .join(holds, holds.c.reservation_id == reservations.c.id)
        .join(machines, machines.c.id == holds.c.machine_id)
        .where(holds.c.ends_at > start, holds.c.created_at < end, over > start, holds.c.is_failed.is_(False))
        .order_by(holds.c.created_at, holds.c.id)
    )
    booked = (
        select(*its, bookings.c.starts_at, bookings.c.ends_at)
        .join(bookings, bookings.c.reservation_id == reservations.c.id)
        .join(machines, machines.c.id == bookings.c.machine_id)
        .where(bookings.c.ends_at > start, bookings.c.starts_at < end)
        .order_by(bookings.c.starts_at, machines.c.name)
    )
    found = []
    for kind, query in (("hold", held), ("booking", booked)):
        narrowed = query.where(machines.c.scope.in_(scopes))
        if machine is not None:
            narrowed = narrowed.where(machines.c.name == machine)
        if mine:
            narrowed = narrowed.where(reservations.c.holder_uuid == me.uuid)
        found += [(kind, row) for row in await session.execute(narrowed.limit(most + 1))]
    names = await usernames(session, {row.holder_uuid for _, row in found})
    shown = [
        Entry(
            reservation=row.id,
            machine=row.name,
            holder=names.get(row.holder_uuid, row.holder),
            holder_uuid=row.holder_uuid,
            purpose=row.purpose,
            starts_at=row.starts_at,
            ends_at=row.ends_at,
            kind=kind,
            revision=row.revision,
        )
        for kind, row in found
    ]
    shown.sort(key=lambda entry: (entry.starts_at, entry.machine))
    return shown[:most], len(shown) <= most
