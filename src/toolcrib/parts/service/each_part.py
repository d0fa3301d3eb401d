"""Look at all parts of a project, however many, while others are served."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import Select
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.kernel import long_work
from toolcrib.parts.models import parts


async def for_each(session: AsyncSession, query: Select[Any], do: Callable[[Any], None]) -> None:
    """Call `do` with each row of a query about parts, in the order of their ids."""
    query = query.add_columns(parts.c.id.label("part_id")).order_by(parts.c.id).limit(long_work.PIECE)
    after = 0
    while True:
        rows = (await session.execute(query.where(parts.c.id > after))).all()
        await long_work.each(do, rows)
        if len(rows) < long_work.PIECE:
            return
        after = rows[-1].part_id
