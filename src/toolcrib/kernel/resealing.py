"""Seal everything in the database with the present secret, so that the one before it is needed no longer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Row, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.kernel.database import Database, take_write_lock
from toolcrib.kernel.secrets import Sealed, Secrets

STEP = 200
"""Rows in one transaction: others write in between."""


@dataclass
class Resealed:
    """How many sealed texts there are, how many of them were sealed anew, and where one could not be opened."""

    found: int = 0
    changed: int = 0
    lost: list[str] = field(default_factory=list)


async def reseal(database: Database, secrets: Secrets) -> Resealed:
    """Seal anew what is not sealed with the present secret. Safe to repeat, beside running servers that have it, and
    after a crash at any point: what is done stays done, and the rest is still opened with the secret before."""
    done = Resealed()
    for place in secrets.places:
        last: tuple[Any, ...] | None = None
        while True:
            async with database.write() as session:
                await take_write_lock(session)
                rows = await _read(session, place, last)
                for row in rows:
                    await _reseal_row(session, secrets, place, row, done)
            if len(rows) < STEP:
                break
            last = tuple(rows[-1])[:-1]
    return done


async def _read(session: AsyncSession, place: Sealed, last: tuple[Any, ...] | None) -> list[Row[Any]]:
    """Return the next rows: the primary key, and the column."""
    keys = list(place.column.table.primary_key.columns)
    query = select(*keys, place.column).where(place.column.is_not(None)).order_by(*keys).limit(STEP)
    if last is not None:
        query = query.where(tuple_(*keys) > tuple_(*last))
    return list(await session.execute(query))


async def _reseal_row(
    session: AsyncSession, secrets: Secrets, place: Sealed, row: Row[Any], done: Resealed
) -> None:
    key: tuple[Any, ...] = tuple(row)[:-1]
    value: Any = row[-1]
    sealed = value.get(place.key) if isinstance(value, Mapping) else value
    if not sealed:
        return
    done.found += 1
    columns = place.column.table.primary_key.columns
    try:
        anew = secrets.sealed_anew(sealed)
    except ValueError:
        named = ", ".join(f"{column.name} {part}" for column, part in zip(columns, key, strict=True))
        done.lost.append(f"{place} of {named}")
        return
    if anew == sealed:
        return
    done.changed += 1
    kept = {**value, place.key: anew} if isinstance(value, Mapping) else anew
    mine = [column == part for column, part in zip(columns, key, strict=True)]
    await session.execute(update(place.column.table).where(*mine).values({place.column: kept}))
