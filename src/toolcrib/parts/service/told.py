"""Tell of parts in the event log."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.kernel.events import log as event_log
from toolcrib.parts.models import KIND
from toolcrib.parts.service.lookup import label_of


async def tell(
    session: AsyncSession, row: Any, verb: str, *, actor: str | None, now: datetime, **data: Any
) -> int:
    """Write one event about a part in the caller's transaction."""
    return await event_log.record(
        session,
        verb,
        kind=KIND,
        key=str(row.id),
        actor=actor,
        now=now,
        scope=row.scope,
        label=label_of(row),
        **{name: value for name, value in data.items() if value is not None},
    )
