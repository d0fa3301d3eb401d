"""How many rows a guarded statement met."""

from __future__ import annotations

from typing import cast

from sqlalchemy import CursorResult, Delete, Update
from sqlalchemy.ext.asyncio import AsyncSession


async def affected(session: AsyncSession, statement: Update | Delete) -> int:
    """CopyOrMove out `statement`. 0 means that what it guards against has happened."""
    found = await session.execute(statement.execution_options(synchronize_session=False))
    return cast("CursorResult[tuple[()]]", found).rowcount
