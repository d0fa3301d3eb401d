"""Match text in SQL, with wildcards in the caller's text taken literally."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, text
from sqlalchemy.ext.asyncio import AsyncSession


def prefix_match(column: Any, prefix: str) -> ColumnElement[bool]:
    """`column` starts with `prefix`, taken literally."""
    found: ColumnElement[bool] = column.startswith(prefix, autoescape=True, escape="~")
    return found


def text_match(column: Any, wanted: str) -> ColumnElement[bool]:
    """`column` contains `wanted`, taken literally, whatever the case."""
    found: ColumnElement[bool] = column.icontains(wanted, autoescape=True, escape="~")
    return found


def unindexed(column: Any) -> ColumnElement[str]:
    """The same text, for a condition that is to be checked row by row: SQLite, which knows no frequencies, otherwise
    reads and sorts all that an index of the column has, instead of walking in the wanted order."""
    found: ColumnElement[str] = column.concat("")
    return found


async def plan_for_values(session: AsyncSession) -> None:
    """Have PostgreSQL plan the statements of this transaction for their values: the plan that it keeps for any value
    walks through a whole table for a rare one."""
    if session.get_bind().dialect.name == "postgresql":
        await session.execute(text("SET LOCAL plan_cache_mode = force_custom_plan"))
