"""A person's calendar at a secret address.

A calendar program can send no password or token of ours: it fetches an address. So the address itself is the
credential, of which only a digest is kept. It shows a calendar and can do nothing else; it ends when its person says
so, and with all their tokens: when the account is disabled, its password changed, or it is signed out everywhere.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from sqlalchemy import Row, delete, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.kernel.database import take_write_lock
from toolcrib.kernel.identity.models import User
from toolcrib.kernel.identity.principal import Principal
from toolcrib.kernel.problems import NotFound
from toolcrib.machines.calendar_file import Appointment, write_calendar
from toolcrib.machines.models import calendar_feeds
from toolcrib.machines.service.calendar import Entry, entries
from toolcrib.machines.service.people import find_person
from toolcrib.settings import Settings

# `kernel.logs` masks what begins so.
PREFIX = "tcf_"
BEFORE, AFTER = timedelta(days=31), timedelta(days=366)
MOST_ENTRIES = 1_000
# Of machines in a title.
SHOWN = 4


class CalendarNotFound(NotFound):
    code = "calendar_not_found"


async def open_feed(session: AsyncSession, me: Principal, *, everything: bool, now: datetime) -> str:
    """Make a secret address, and return its secret; an earlier one ends. It shows what the person has and had, or with
    `everything` all that they may see."""
    secret = PREFIX + secrets.token_urlsafe(32)
    await take_write_lock(session)
    version = (await session.execute(select(User.token_version).where(User.uuid == me.uuid))).scalar_one()
    await close_feed(session, me)
    row = {
        "holder_uuid": me.uuid,
        "digest": _digest(secret),
        "token_version": version,
        "everything": everything,
        "created_at": now,
    }
    await session.execute(insert(calendar_feeds).values(**row))
    return secret


async def close_feed(session: AsyncSession, me: Principal) -> None:
    """End the secret address, if there is one."""
    await take_write_lock(session)
    await session.execute(delete(calendar_feeds).where(calendar_feeds.c.holder_uuid == me.uuid))


async def find_feed(session: AsyncSession, me: Principal) -> Row[Any] | None:
    """Return the address that a person has now, if any, without its secret."""
    current = calendar_feeds.c.token_version == User.token_version
    query = select(calendar_feeds).join(User, User.uuid == calendar_feeds.c.holder_uuid)
    return (await session.execute(query.where(User.uuid == me.uuid, current))).first()


async def read_feed(session: AsyncSession, settings: Settings, secret: str, now: datetime) -> bytes:
    """Return the calendar at a secret address, as its person may see it now.

    Raises:
        CalendarNotFound: there is none, or it has ended (404).
    """
    query = (
        select(calendar_feeds, User.token_version.label("version"))
        .join(User, User.uuid == calendar_feeds.c.holder_uuid)
        .where(calendar_feeds.c.digest == _digest(secret), User.is_active)
    )
    row = (await session.execute(query)).first()
    if row is None or row.version != row.token_version:
        raise CalendarNotFound("There is no such calendar, or its address has ended.")
    me = await find_person(session, row.holder_uuid, open_projects=settings.unknown_projects == "open")
    if me is None:
        raise CalendarNotFound("There is no such calendar, or its address has ended.")
    found, _ = await entries(
        session, me, now - BEFORE, now + AFTER, mine=not row.everything, most=MOST_ENTRIES
    )
    name = "Machines" if row.everything else f"Machines of {me.username}"
    return await asyncio.to_thread(write_calendar, name, _appointments(found, row.everything), now)


def _digest(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()


def _appointments(found: Sequence[Entry], with_names: bool) -> list[Appointment]:
    """One for each reservation, whichever machines it has."""
    together: dict[str, list[Entry]] = {}
    for entry in found:
        together.setdefault(entry.reservation, []).append(entry)
    return [_appointment(id_, its, with_names) for id_, its in together.items()]


def _appointment(id_: str, its: Sequence[Entry], with_name: bool) -> Appointment:
    names = sorted({entry.machine for entry in its})
    first = its[0]
    title = ", ".join(names[:SHOWN]) + (f" and {len(names) - SHOWN} more" if len(names) > SHOWN else "")
    lines = [
        f"Booked: {', '.join(names)}" if first.kind == "booking" else ", ".join(names),
        *([first.purpose] if first.purpose else []),
        f"Reservation {id_}",
    ]
    return Appointment(
        uid=f"{id_}@toolcrib",
        starts_at=min(entry.starts_at for entry in its),
        ends_at=max(entry.ends_at for entry in its),
        revision=first.revision,
        title=f"{title} ({first.holder})" if with_name else title,
        description="\n".join(lines),
    )
