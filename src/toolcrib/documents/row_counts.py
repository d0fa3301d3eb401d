"""Count the rows that a guarded statement changed."""

from __future__ import annotations

from typing import cast

from sqlalchemy import CursorResult, Delete, Update
from sqlalchemy.ext.asyncio import AsyncSession


async def affected(session: AsyncSession, statement: Update | Delete) -> int:
    """Run `statement` and return how many rows it changed. 0 means that its condition did not hold."""
    found = await session.execute(statement.execution_options(synchronize_session=False))
    return cast("CursorResult[tuple[()]]", found).rowcount
