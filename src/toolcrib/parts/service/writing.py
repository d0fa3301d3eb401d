"""Write a part's row."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, cast

from sqlalchemy import CursorResult, Row, Table, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.parts.models import parts


async def write(session: AsyncSession, row: Row[Any], values: Mapping[str, Any], now: datetime) -> Row[Any]:
    """Change the part. Whatever its holder does counts as a sign of work."""
    changed = {**values, "version": parts.c.version + 1, "updated_at": now}
    await session.execute(update(parts).where(parts.c.id == row.id).values(**changed))
    return (await session.execute(select(parts).where(parts.c.id == row.id))).one()


async def add(session: AsyncSession, table: Table, values: Mapping[str, Any]) -> int:
    """Insert a row. Returns its id."""
    result = cast("CursorResult[Any]", await session.execute(insert(table).values(**values)))
    key: Any = result.inserted_primary_key
    return int(key[0])
