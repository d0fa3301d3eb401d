"""Match text in SQL, with wildcards in the caller's text taken literally."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVarTuple

from sqlalchemy import ColumnElement, Row, Select, text
from sqlalchemy.ext.asyncio import AsyncSession

# So many of those that a condition without an index leaves out are scanned for one answer. Where rows are many, each
# takes two or three times as long as where they are few: it lies anywhere.
SCAN_LIMIT = 2_000

Columns = TypeVarTuple("Columns")


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


def by_unique(rows: Select[*Columns], column: Any) -> Select[*Columns]:
    """The same rows, for `scan` in the order of a unique column: MariaDB otherwise reads and sorts them all rather than
    walk through a piece of them."""
    index = f"FORCE INDEX (uq_{column.table.name}_{column.name})"
    for dialect in ("mysql", "mariadb"):
        rows = rows.with_hint(column.table, index, dialect)
    return rows


async def scan(
    session: AsyncSession,
    rows: Select[*tuple[Any, ...]],
    order: Any,
    shown: ColumnElement[bool] | None = None,
    *,
    after: Any,
    limit: int,
) -> tuple[Sequence[Row[*tuple[Any, ...]]], Any]:
    """Return up to `limit` of `rows` after `after`, in the `order` of an indexed column without equal values, and the
    value after which to go on; None if there are no more.

    If `shown` leaves out many, it ends after `SCAN_LIMIT` of them, with fewer than `limit`. The columns of `rows` begin
    with an entity that has `order`.
    """
    if after is not None:
        rows = rows.where(order > after)
    rows = rows.order_by(order)
    end = None
    if shown is not None:
        end = await value_at(
            session, rows.with_only_columns(order, maintain_column_froms=True), limit + SCAN_LIMIT
        )
        if end is not None:
            rows = rows.where(order <= end)
        rows = rows.where(shown)
    found = (await session.execute(rows.limit(limit + 1))).all()
    if len(found) > limit:
        return found[:limit], getattr(found[limit - 1][0], order.key)
    return found, end


async def value_at(session: AsyncSession, values: Select[Any], count: int) -> Any:
    """Return the `count`th of `values`; None if there are no more than that."""
    found = list(await session.scalars(values.offset(count - 1).limit(2)))
    return found[0] if len(found) > 1 else None
