"""List the buckets that a person may read, and search files in all of them by name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, case, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.documents.caller import Caller
from toolcrib.documents.errors import ValidationFailed
from toolcrib.documents.models import File, FileStatus
from toolcrib.documents.paths import Bucket, Place
from toolcrib.documents.service import lookup
from toolcrib.documents.service.lookup import Documents, bucket_of
from toolcrib.kernel.identity import companies, projects
from toolcrib.kernel.search import text_match

MAX_WORDS = 8
# A statement has at most 32,767 parameters on PostgreSQL.
BUCKETS_AT_ONCE = 5_000


@dataclass(frozen=True, slots=True)
class ListedBucket:
    """A bucket in a list. `name` is its display name, None if unknown; `scope` says who sees its claims and events."""

    bucket: Bucket
    name: str | None
    scope: str


@dataclass(frozen=True, slots=True)
class ListedBuckets:
    """`warnings` says why some may be missing."""

    buckets: list[ListedBucket]
    warnings: list[str]


@dataclass(frozen=True, slots=True)
class Matches:
    """Files that were found, and their buckets. `warnings` says why some may be missing."""

    files: Sequence[File]
    buckets: Sequence[ListedBucket]
    warnings: Sequence[str]


async def listed_buckets(docs: Documents, caller: Caller) -> ListedBuckets:
    """Return the caller's own bucket, then those of their companies, then those of the projects they may read."""
    me = caller.me
    async with docs.kernel.database.read() as session:
        found = [ListedBucket(Bucket("users", me.uuid), me.username, f"user:{me.uuid}")]
        for company, _ in await companies.list_companies(session, me):
            found.append(ListedBucket(Bucket("companies", company.id), company.name, f"company:{company.id}"))
        names = {project.id: project.name for project, _ in await projects.list_projects(session, me)}
        most = docs.kernel.settings.storage_listed_projects
        used = await _used_projects(session, me.uuid, most=most)
    company_id = me.company_id
    if company_id and all(one.bucket.id != company_id for one in found):
        # The company comes from another sign-in service's token; it has no name here.
        found.append(ListedBucket(Bucket("companies", company_id), None, f"company:{company_id}"))
    asked = [Bucket("projects", id_) for id_ in dict.fromkeys([*names, *used])]
    readable = await docs.access.allowed_now(caller, asked)
    scopes = await docs.access.scopes_of([bucket for bucket in asked if bucket in readable.buckets])
    found += [ListedBucket(bucket, names.get(bucket.id), scope) for bucket, scope in scopes.items()]
    return ListedBuckets(found, readable.warnings)


async def _one_bucket(docs: Documents, caller: Caller, bucket: Bucket) -> ListedBuckets:
    right = await docs.access.require(caller, bucket, "read")
    names = await docs.access.project_names([bucket.id]) if bucket.type == "projects" else {}
    return ListedBuckets([ListedBucket(bucket, names.get(bucket.id), right.scope)], [])


async def _used_projects(session: AsyncSession, uuid: str, *, most: int) -> list[str]:
    """Return ids of projects that have files: first those with files of the person `uuid`, then by last change.

    There are at most `most`; this order keeps a person's own projects in the list even if somebody else makes up many.
    Reads all files of projects once.
    """
    own = func.max(case((File.owner_id == uuid, 1), else_=0))
    query = (
        select(File.bucket_id)
        .where(File.bucket_type == "projects")
        .group_by(File.bucket_id)
        .order_by(own.desc(), func.max(File.updated_at).desc())
        .limit(most)
    )
    return list((await session.execute(query)).scalars())


async def search(
    docs: Documents, caller: Caller, text: str, *, below: Place | None = None, limit: int
) -> Matches:
    """Find files whose paths contain every word of `text`, in all buckets the caller may read or only `below` a folder.
    Files whose own names contain the words come first; archived files are left out.

    Raises:
        AccessDenied: the caller may not read the bucket of `below` (403).
    """
    words = text.split()
    if not words or len(words) > MAX_WORDS:
        raise ValidationFailed.of("q", f"must hold from 1 to {MAX_WORDS} words")
    if below is not None:
        mine = await _one_bucket(docs, caller, below.bucket)
    else:
        mine = await listed_buckets(docs, caller)
    there = lookup.below(below) if below is not None else []
    in_path = [text_match(File.logical_path, word) for word in words]
    in_name = [text_match(File.name, word) for word in words]
    named: list[File] = []
    others: list[File] = []
    async with docs.kernel.database.read() as session:
        for inside in _inside([one.bucket for one in mine.buckets]):
            conditions = [File.status != FileStatus.ARCHIVED, File.is_litter.is_(False), inside, *there]
            first = select(File).where(*conditions, *in_name).order_by(File.name).limit(limit)
            named += await session.scalars(first)
            second = select(File).where(*conditions, *in_path).order_by(File.logical_path)
            others += await session.scalars(second.limit(2 * limit))
    named.sort(key=lambda file: file.name.encode())
    others.sort(key=lambda file: file.logical_path.encode())
    seen = {file.id for file in named}
    files = [*named, *(file for file in others if file.id not in seen)][:limit]
    wanted = {bucket_of(file) for file in files}
    shown = [one for one in mine.buckets if one.bucket in wanted]
    return Matches(files, shown, mine.warnings)


def _inside(buckets: Sequence[Bucket]) -> Iterator[ColumnElement[bool]]:
    """Conditions, each for so many buckets as a statement can name on every database."""
    by_type: dict[str, list[str]] = {}
    for bucket in buckets:
        by_type.setdefault(bucket.type, []).append(bucket.id)
    for type_, ids in by_type.items():
        for start in range(0, len(ids), BUCKETS_AT_ONCE):
            yield and_(File.bucket_type == type_, File.bucket_id.in_(ids[start : start + BUCKETS_AT_ONCE]))
