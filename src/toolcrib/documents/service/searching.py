"""Search files by words of their paths, in all buckets that a person may read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, case, select
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.documents.caller import Caller
from toolcrib.documents.errors import ValidationFailed
from toolcrib.documents.models import File, FileStatus
from toolcrib.documents.paths import Bucket, Place
from toolcrib.documents.service import lookup
from toolcrib.documents.service.buckets import ListedBucket, listed_buckets, one_bucket
from toolcrib.documents.service.lookup import Documents, bucket_of
from toolcrib.kernel.search import text_match, unindexed

MAX_WORDS = 8
# So many files are looked at for one answer.
LOOK = 4_000
# A statement has at most 32,767 parameters on PostgreSQL.
BUCKETS_AT_ONCE = 5_000


@dataclass(frozen=True, slots=True)
class Matches:
    """Files that were found, and their buckets. `warnings` says why some may be missing. `after` is where to go on;
    None if all were looked at."""

    files: Sequence[File]
    buckets: Sequence[ListedBucket]
    warnings: Sequence[str]
    after: str | None


async def search(
    docs: Documents,
    caller: Caller,
    text: str,
    *,
    below: Place | None = None,
    limit: int,
    after: str | None = None,
) -> Matches:
    """Find files whose paths contain every word of `text`, in all buckets the caller may read or only `below` a folder.
    Files whose own names contain the words come first; archived files are left out.

    Where there are more than a few thousand files, one answer is about so many of them, and `after` leads to the next:
    no database has an index for the middle of a word that is the same on all three.

    Raises:
        AccessDenied: the caller may not read the bucket of `below` (403).
    """
    words = text.split()
    if not words or len(words) > MAX_WORDS:
        raise ValidationFailed.of("q", f"must hold from 1 to {MAX_WORDS} words")
    if below is not None:
        mine = await one_bucket(docs, caller, below.bucket)
        inside = [and_(*lookup.below(below))]
    else:
        mine = await listed_buckets(docs, caller)
        inside = list(_inside([one.bucket for one in mine.buckets], File.bucket_type, File.bucket_id))
    in_path = [text_match(File.logical_path, word) for word in words]
    is_named = and_(*(text_match(File.name, word) for word in words))
    named: list[File] = []
    others: list[File] = []
    end = None
    async with docs.kernel.database.read() as session:
        if await _are_many(session, inside):
            piece, end = await _piece(session, after)
            columns = unindexed(File.bucket_type), unindexed(File.bucket_id)
            if below is not None:
                range_of_path = lookup.below(below)[2:]
                inside = [and_(*_inside([below.bucket], *columns), *range_of_path)]
            else:
                inside = list(_inside([one.bucket for one in mine.buckets], *columns))
            inside = [and_(piece, each) for each in inside]
        for each in inside:
            shown = [File.status != FileStatus.ARCHIVED, File.is_litter.is_(False), each]
            first = case((is_named, 0), else_=1)
            then = case((is_named, File.name), else_=File.logical_path)
            query = select(File, first).where(*shown, *in_path).order_by(first, then).limit(limit)
            for file, rank in await session.execute(query):
                (others if rank else named).append(file)
    named.sort(key=lambda file: file.name.encode())
    others.sort(key=lambda file: file.logical_path.encode())
    files = [*named, *others][:limit]
    wanted = {bucket_of(file) for file in files}
    return Matches(files, [one for one in mine.buckets if one.bucket in wanted], mine.warnings, end)


async def _are_many(session: AsyncSession, inside: Sequence[ColumnElement[bool]]) -> bool:
    """Return whether more than `LOOK` files are there."""
    left = LOOK
    for each in inside:
        left -= len(list(await session.scalars(select(File.id).where(each).limit(left + 1))))
        if left < 0:
            return True
    return False


async def _piece(session: AsyncSession, after: str | None) -> tuple[ColumnElement[bool], str | None]:
    """Return the condition for the next `LOOK` files by id, wherever they are, and the last one's id; None if there are
    no more."""
    start = File.id > (after or "")
    ends = list(
        await session.scalars(select(File.id).where(start).order_by(File.id).offset(LOOK - 1).limit(2))
    )
    if len(ends) < 2:
        return start, None
    return and_(start, File.id <= ends[0]), ends[0]


def _inside(buckets: Sequence[Bucket], type_column: Any, id_column: Any) -> Iterator[ColumnElement[bool]]:
    """Conditions, each for so many buckets as a statement can name on every database."""
    by_type: dict[str, list[str]] = {}
    for bucket in buckets:
        by_type.setdefault(bucket.type, []).append(bucket.id)
    for type_, ids in by_type.items():
        for start in range(0, len(ids), BUCKETS_AT_ONCE):
            yield and_(type_column == type_, id_column.in_(ids[start : start + BUCKETS_AT_ONCE]))
