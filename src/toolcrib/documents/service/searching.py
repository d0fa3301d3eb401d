"""Search files by words of their paths, in all buckets that a person may read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, and_, case, not_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.documents.caller import Caller
from toolcrib.documents.errors import ValidationFailed
from toolcrib.documents.models import File, FileStatus
from toolcrib.documents.paths import Bucket, Place
from toolcrib.documents.service import lookup
from toolcrib.documents.service.buckets import ListedBucket, described, listed_buckets
from toolcrib.documents.service.lookup import Documents, bucket_of
from toolcrib.documents.service.search_cursor import Cursors, Position, Shown
from toolcrib.kernel.search import SCAN_LIMIT, text_match, unindexed, value_at

MAX_WORDS = 8
# A statement has at most 32,767 parameters on PostgreSQL.
BUCKETS_AT_ONCE = 5_000
# Warns that there is more at `next_cursor`.
PARTIAL = "partial_answer"


@dataclass(frozen=True, slots=True)
class Matches:
    """Files that were found, and their buckets. `warnings` says why some may be missing. `next_cursor` is where to go
    on; None if there are no more."""

    files: Sequence[File]
    buckets: Sequence[ListedBucket]
    warnings: Sequence[str]
    next_cursor: str | None


async def search(
    docs: Documents,
    caller: Caller,
    text: str,
    *,
    below: Place | None = None,
    limit: int,
    cursor: str | None = None,
) -> Matches:
    """Find files whose paths contain every word of `text`, in all buckets the caller may read or only `below` a folder.
    Archived files are left out. `cursor` is the `next_cursor` of an answer: whoever follows them to the end gets every
    match once.

    Where there are more than a few thousand files, they are scanned in pieces, by id, and one answer is about one of
    them: no database has an index for the middle of a word that is the same on all three. The matches of a piece come
    by id, first those whose own names contain the words; an answer shows up to `limit` of them, sorted by name.

    Raises:
        ValidationFailed: too few or too many words, or not a cursor of this search (400).
        AccessDenied: the caller may not read the bucket of `below` (403).
    """
    words = text.split()
    if not words or len(words) > MAX_WORDS:
        raise ValidationFailed.of("q", f"must hold from 1 to {MAX_WORDS} words")
    cursors = Cursors(docs.kernel.secrets, caller, words, below)
    position = cursors.read(cursor) if cursor else None
    warnings: list[str] = []
    if below is not None:
        await docs.access.require(caller, below.bucket, "read")
        places = _places([below.bucket])
        inside = [and_(*lookup.below(below))]
    else:
        places, warnings = await _readable(docs, caller)
        inside = list(_inside(places, File.bucket_type, File.bucket_id))
    async with docs.kernel.database.read() as session:
        if position is None:
            position = Position()
            is_in_pieces = await _are_many(session, inside)
        else:
            is_in_pieces = position.after != "" or position.until is not None
        if is_in_pieces:
            if position.shown is None:
                position = replace(position, until=await _end_of_piece(session, position.after))
            piece = _piece(position)
            range_of_path = lookup.below(below)[2:] if below is not None else []
            there = _inside(places, unindexed(File.bucket_type), unindexed(File.bucket_id))
            inside = [and_(piece, each, *range_of_path) for each in there]
        found = await _scan(session, inside, words, position.shown, limit + 1)
    following = None
    if len(found) > limit:
        found = found[:limit]
        is_named, last = found[-1]
        following = replace(position, shown=Shown(is_named, last.id))
    elif position.until is not None:
        following = Position(after=position.until)
    found.sort(key=_by_name)
    wanted = dict.fromkeys(bucket_of(file) for _, file in found)
    return Matches(
        [file for _, file in found],
        await described(docs, caller, wanted),
        [*warnings, PARTIAL] if following else warnings,
        cursors.write(following) if following else None,
    )


async def _scan(
    session: AsyncSession,
    inside: Sequence[ColumnElement[bool]],
    words: Sequence[str],
    shown: Shown | None,
    count: int,
) -> list[tuple[bool, File]]:
    """Return the next `count` files after `shown`, each with whether its name has all words: those first, then by
    id."""
    is_named = and_(*(text_match(File.name, word) for word in words))
    conditions = [text_match(File.logical_path, word) for word in words]
    conditions += [File.status != FileStatus.ARCHIVED, File.is_litter.is_(False)]
    if shown is not None:
        is_later = unindexed(File.id) > shown.id
        conditions.append(or_(is_later, not_(is_named)) if shown.is_named else and_(is_later, not_(is_named)))
    rank = case((is_named, 0), else_=1)
    found: list[tuple[bool, File]] = []
    for each in inside:
        query = select(File, rank).where(each, *conditions).order_by(rank, File.id).limit(count)
        found += [(not other, file) for file, other in await session.execute(query)]
    found.sort(key=lambda one: (not one[0], one[1].id))
    return found[:count]


def _by_name(found: tuple[bool, File]) -> tuple[bool, bytes]:
    is_named, file = found
    return not is_named, (file.name if is_named else file.logical_path).encode()


async def _are_many(session: AsyncSession, inside: Sequence[ColumnElement[bool]]) -> bool:
    """Return whether more than `SCAN_LIMIT` files are there."""
    left = SCAN_LIMIT
    for each in inside:
        left -= len(list(await session.scalars(select(File.id).where(each).limit(left + 1))))
        if left < 0:
            return True
    return False


async def _end_of_piece(session: AsyncSession, after: str) -> str | None:
    """Return the last id of the next `SCAN_LIMIT` files, wherever they are; None if there are no more than that."""
    query = select(File.id).where(File.id > after).order_by(File.id)
    end: str | None = await value_at(session, query, SCAN_LIMIT)
    return end


def _piece(position: Position) -> ColumnElement[bool]:
    is_after = File.id > position.after
    return is_after if position.until is None else and_(is_after, File.id <= position.until)


# Ids of buckets by type; None stands for all of the type.
_Places = Mapping[str, Sequence[str] | None]


async def _readable(docs: Documents, caller: Caller) -> tuple[_Places, list[str]]:
    """Return where the caller may read, and warnings. An administrator may everywhere but in other people's own
    buckets: these need not be listed, unless another service decides about projects."""
    if caller.me.is_admin and not docs.access.asks_service:
        return {"users": [caller.me.uuid], "companies": None, "projects": None}, []
    listed = await listed_buckets(docs, caller)
    return _places([one.bucket for one in listed.buckets]), listed.warnings


def _places(buckets: Sequence[Bucket]) -> _Places:
    by_type: dict[str, list[str]] = {}
    for bucket in buckets:
        by_type.setdefault(bucket.type, []).append(bucket.id)
    return by_type


def _inside(places: _Places, type_column: Any, id_column: Any) -> Iterator[ColumnElement[bool]]:
    """Conditions, each for so many buckets as a statement can name on every database."""
    for type_, ids in places.items():
        if ids is None:
            yield type_column == type_
            continue
        for start in range(0, len(ids), BUCKETS_AT_ONCE):
            yield and_(type_column == type_, id_column.in_(ids[start : start + BUCKETS_AT_ONCE]))
