"""What the log says of desktops."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.desktops.claims_of import VOLUMES
from toolcrib.desktops.models import KIND
from toolcrib.kernel.events import log as event_log


async def of_desktop(
    session: AsyncSession, verb: str, row: Row[Any], *, actor: str | None, now: datetime, **data: Any
) -> int:
    """Record an event of a desktop, which its holder and administrators see; requests that wait for it are woken.
    Returns the number of the event."""
    return await of_name(
        session, verb, row.name, row.holder_uuid, actor=actor, now=now, holder=row.holder, **data
    )


async def of_name(
    session: AsyncSession,
    verb: str,
    name: str,
    holder_uuid: str,
    *,
    actor: str | None,
    now: datetime,
    **data: Any,
) -> int:
    scope = f"user:{holder_uuid}"
    return await event_log.record(
        session, verb, kind=KIND, key=name, scope=scope, actor=actor, now=now, **data
    )


async def of_setup(
    session: AsyncSession, verb: str, key: str, *, actor: str | None, now: datetime, **data: Any
) -> None:
    """Record an event of a configuration or volume, which administrators see."""
    await event_log.record(session, verb, kind=KIND, key=key, scope=VOLUMES, actor=actor, now=now, **data)
