"""What the log says of machines and reservations."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.kernel.database import event_writer_of, take_write_lock
from toolcrib.kernel.events import log as event_log
from toolcrib.kernel.events.writer import EventWriter
from toolcrib.machines.models import KIND


async def of_machine(
    session: AsyncSession, verb: str, name: str, scope: str, *, actor: str | None, now: datetime, **data: Any
) -> None:
    """Record an event of a machine. Whoever sees the machine sees it."""
    await event_log.record(session, verb, kind=KIND, key=name, scope=scope, actor=actor, now=now, **data)


async def of_hold(
    session: AsyncSession, verb: str, hold: Row[Any], scope: str, now: datetime, **data: Any
) -> None:
    """Record an event of the account on one machine; requests that wait for the reservation are woken by it."""
    its = {"reservation": hold.reservation_id, "holder": hold.holder}
    await of_machine(session, verb, hold.machine, scope, actor=None, now=now, **its, **data)


async def of_reservation(
    session: AsyncSession,
    verb: str,
    id_: str,
    holder_uuid: str,
    *,
    actor: str | None,
    now: datetime,
    **data: Any,
) -> int:
    """Record an event of a reservation, which its holder sees; requests that wait for it are woken. Returns the number
    of the event."""
    await take_write_lock(session)
    writer = event_writer_of(session)
    return note_of_reservation(writer, verb, id_, holder_uuid, actor=actor, now=now, **data)


def note_of_reservation(
    writer: EventWriter,
    verb: str,
    id_: str,
    holder_uuid: str,
    *,
    actor: str | None,
    now: datetime,
    **data: Any,
) -> int:
    """As `of_reservation`."""
    scope = f"user:{holder_uuid}"
    return event_log.note(
        writer, verb, kind=KIND, key=id_, scope=scope, actor=actor, now=now, reservation=id_, **data
    )
