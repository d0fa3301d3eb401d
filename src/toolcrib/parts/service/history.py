"""What happened to a part, from the event log."""

from __future__ import annotations

from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.kernel.events import log as event_log
from toolcrib.kernel.events.writer import events
from toolcrib.parts.service.lookup import ref_of


async def history_of(
    session: AsyncSession, row: Any, *, before: int | None, limit: int
) -> list[dict[str, Any]]:
    """Return the events about a part, the latest first."""
    conditions = [events.c.digest == ref_of(row).digest]
    if before is not None:
        conditions.append(events.c.seq < before)
    found = await event_log.search(session, conditions, newest_first=True, limit=limit)
    return [
        {"seq": each.seq, "at": each.at, "actor": each.actor, "verb": each.verb, "data": each.data}
        for each in found
    ]
