"""List what is locked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.documents.caller import Caller
from toolcrib.documents.models import File
from toolcrib.documents.paths import Bucket, Place
from toolcrib.documents.service.locks import Lock
from toolcrib.documents.service.lookup import KIND, Documents, bucket_of
from toolcrib.kernel.claims import queries
from toolcrib.kernel.claims.models import Claim, claim_keys, claims

PAGE = 1_000


@dataclass(frozen=True, slots=True)
class Listing:
    """A page of a list of locks, of `total`. `warnings` says why some may be missing."""

    locks: list[Lock]
    total: int
    warnings: list[str]


async def listing(
    docs: Documents,
    caller: Caller,
    *,
    below: Place | None = None,
    bucket_type: str | None = None,
    file_id: str | None = None,
    mine: bool = False,
    offset: int = 0,
    limit: int,
    now: datetime,
) -> Listing:
    """List current locks in the buckets that the caller may read, in the order they were taken. Only `limit` of them,
    after `offset` others, are kept in memory; the rest is counted.

    Raises:
        AccessDenied: the list is of one project, by `below` or `file_id`, and the project service refuses it or does
            not answer (403), which is also the answer about a `file_id` that nothing has. What memberships kept here do
            not allow is only left out.
    """
    await _refuse_project(docs, caller, below, file_id)
    conditions: list[ColumnElement[bool]] = [claims.c.kind == KIND]
    narrow: list[ColumnElement[bool]] = []
    if file_id is not None:
        narrow.append(claim_keys.equals(file_id, docs.kernel.database.dialect))
    if mine:
        narrow.append(claims.c.holder_uuid == caller.me.uuid)
    conditions += narrow
    found: list[Lock] = []
    total = 0
    warnings: set[str] = set()
    page: list[Claim] | None = None
    while page is None or len(page) == PAGE:  # so that others are served in between
        after = page[-1].fence if page else None
        async with docs.kernel.database.read() as session:
            page = await queries.find(session, conditions, now=now, limit=PAGE, after=after, narrow=narrow)
            files = await _files(session, [claim.key for claim in page])
        locks = [Lock(claim, files[claim.key]) for claim in page if claim.key in files]
        locks = [each for each in locks if _is_below(each.file, below, bucket_type)]
        readable = await docs.access.allowed_now(caller, list({bucket_of(each.file) for each in locks}))
        locks = [each for each in locks if bucket_of(each.file) in readable.buckets]
        found += locks[max(0, offset - total) : max(0, offset + limit - total)]
        total += len(locks)
        warnings.update(readable.warnings)
    return Listing(found, total, sorted(warnings))


async def _refuse_project(docs: Documents, caller: Caller, below: Place | None, file_id: str | None) -> None:
    if not docs.access.asks_service:
        return
    if below is not None:
        if below.bucket.type == "projects":
            await docs.access.require(caller, below.bucket, "read", path=below.path)
    elif file_id is not None:
        bucket = await _asked_about(docs, caller, file_id)
        if bucket.type == "projects":
            await docs.access.require(caller, bucket, "read", file_id=file_id, named=False)


async def _asked_about(docs: Documents, caller: Caller, file_id: str) -> Bucket:
    """Return the bucket of a file. If there is no such file, or it is somebody else's own, the service is asked about a
    project of that id, which it does not know either: so nobody can tell such ids from those of hidden projects."""
    async with docs.kernel.database.read() as session:
        file = await session.get(File, file_id)
    if file is not None:
        bucket = bucket_of(file)
        if bucket.type == "projects" or await docs.access.allowed(caller, [bucket]):
            return bucket
    return Bucket("projects", file_id)


async def _files(session: AsyncSession, ids: Sequence[str]) -> dict[str, File]:
    rows = await session.execute(select(File).where(File.id.in_(ids), File.is_litter.is_(False)))
    return {file.id: file for file in rows.scalars()}


def _is_below(file: File, below: Place | None, bucket_type: str | None) -> bool:
    if bucket_type is not None and file.bucket_type != bucket_type:
        return False
    if below is None:
        return True
    if bucket_of(file) != below.bucket:
        return False
    path = file.logical_path
    return not below.path or path == below.path or path.startswith(f"{below.path}/")
