"""Which buckets hold anything, found in a time that does not grow with the number of files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.documents.models import File

# So many of the files that changed last are looked at.
NEWEST = 5_000
_IN_PROJECTS: Mapping[Any, str] = {File.bucket_type: "projects"}


async def used_projects(session: AsyncSession, uuid: str, *, most: int) -> list[str]:
    """Return ids of at most `most` projects that have files: first those with files of the person `uuid`, so that a
    person's own projects stay in the list even if somebody else makes up many, then by last change. Where the last
    changes were all in few projects, the others come in any order."""
    own = await _distinct(session, File.bucket_id, {File.owner_id: uuid, **_IN_PROJECTS}, most)
    newest = (
        select(File.bucket_id).where(*_equal(_IN_PROJECTS)).order_by(File.updated_at.desc()).limit(NEWEST)
    )
    rows = list(await session.scalars(newest))
    found = list(dict.fromkeys([*own, *rows]))
    if len(found) < most and len(rows) == NEWEST:
        found = list(dict.fromkeys([*found, *await _distinct(session, File.bucket_id, _IN_PROJECTS, most)]))
    return found[:most]


async def used_buckets(session: AsyncSession, model: Any, kind: str, *, most: int) -> list[str]:
    """Return ids of at most `most` buckets of a kind that have rows of `model`: files or folders."""
    return await _distinct(session, model.bucket_id, {model.bucket_type: kind}, most)


async def _distinct(session: AsyncSession, column: Any, where: Mapping[Any, str], most: int) -> list[str]:
    """Return the first `most` values of `column` where other columns have these values: there is an index of those,
    followed by the column."""
    if session.get_bind().dialect.name in {"mysql", "mariadb"}:
        # It skips from one value to the next by itself, if the others are grouped by too and seem to be ranges.
        ranges = [bound for other, value in where.items() for bound in (other >= value, other <= value)]
        query = select(column).where(*ranges).group_by(*where, column).order_by(*where, column).limit(most)
    else:
        there = select(column).where(*_equal(where)).order_by(column).limit(1)
        values = select(there.scalar_subquery().label("value")).cte("used", recursive=True)
        following = there.where(column > values.c.value).correlate(values).scalar_subquery()
        values = values.union_all(select(following).where(values.c.value.is_not(None)))
        query = select(values.c.value).where(values.c.value.is_not(None)).limit(most)
    return [str(value) for value in await session.scalars(query)]


def _equal(where: Mapping[Any, str]) -> list[ColumnElement[bool]]:
    return [column == value for column, value in where.items()]
