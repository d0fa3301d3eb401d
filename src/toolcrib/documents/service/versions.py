"""A file's history, and the approval or rejection of submitted versions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.documents.access import Right
from toolcrib.documents.audit import record_file_audit
from toolcrib.documents.caller import Caller
from toolcrib.documents.errors import VersionConflict, VersionNotFound
from toolcrib.documents.models import File, FileStatus, Version, VersionStatus
from toolcrib.documents.paths import Bucket
from toolcrib.documents.service.content import reference
from toolcrib.documents.service.lookup import Documents, Where, bucket_of, find, place_of, record_event, still
from toolcrib.documents.service.uploads import Received, Saved, VersionOptions, save
from toolcrib.documents.service.version_rows import make_current
from toolcrib.kernel.identity.principal import AccessDenied

QUEUE_LIMIT = 500
PAGE = 500


@dataclass(frozen=True, slots=True)
class History:
    file: File
    versions: Sequence[Version]
    total: int


@dataclass(frozen=True, slots=True)
class Decided:
    file: File
    version: Version


@dataclass(frozen=True, slots=True)
class Waiting:
    """Versions that wait for a decision. `warnings` says why some may be missing."""

    versions: Sequence[Decided]
    warnings: Sequence[str]


async def history(
    docs: Documents,
    caller: Caller,
    where: Where,
    *,
    status: str | None = None,
    limit: int = 50,
    offset: int = 0,
) -> History:
    """List the file's versions, newest first."""
    file, _ = await find(docs, caller, where, "read")
    conditions = [Version.file_id == file.id]
    if status is not None:
        conditions.append(Version.status == status)
    async with docs.kernel.database.read() as session:
        total = (
            await session.execute(select(func.count()).select_from(Version).where(*conditions))
        ).scalar_one()
        query = select(Version).where(*conditions).order_by(Version.version_number.desc())
        versions = (await session.execute(query.limit(limit).offset(offset))).scalars().all()
    return History(file, versions, total)


async def waiting(docs: Documents, caller: Caller) -> Waiting:
    """List versions that the caller may approve or reject, the longest waiting first; not their own."""
    query = (
        select(Version, File)
        .join(File, File.id == Version.file_id)
        .where(
            Version.status == VersionStatus.PENDING,
            Version.created_by != caller.me.uuid,
            File.status != FileStatus.ARCHIVED,
        )
        .order_by(Version.created_at, Version.id)
        .limit(PAGE)
    )
    found: list[Decided] = []
    asked: set[Bucket] = set()
    mine: set[Bucket] = set()
    warnings: set[str] = set()
    page: list[Decided] | None = None
    while (page is None or len(page) == PAGE) and len(found) < QUEUE_LIMIT:  # others are served in between
        here = query
        if page:
            last = page[-1].version
            same = and_(Version.created_at == last.created_at, Version.id > last.id)
            here = query.where(or_(Version.created_at > last.created_at, same))
        async with docs.kernel.database.read() as session:
            page = [Decided(file, version) for version, file in (await session.execute(here)).all()]
        new = {bucket_of(each.file) for each in page} - asked
        allowed = await docs.access.allowed_now(caller, list(new), "validate")
        asked |= new
        mine |= allowed.buckets
        warnings.update(allowed.warnings)
        found += [each for each in page if bucket_of(each.file) in mine]
    return Waiting(found[:QUEUE_LIMIT], sorted(warnings))


async def approve(
    docs: Documents, caller: Caller, version_id: str, *, comment: str | None = None, now: datetime
) -> Decided:
    """Make a waiting version the current one.

    Raises:
        VersionNotFound: (404).
        AccessDenied: the caller made it, or may not decide here (403).
        VersionConflict: it was decided already (409).
    """
    file, version, right = await _to_decide(docs, caller, version_id)
    async with docs.kernel.database.write() as session:
        file, version = await _decide(
            session, caller, version, outcome=VersionStatus.VALIDATED, comment=comment, now=now
        )
        before = file.current_version_id
        await make_current(session, file, version, now=now)
        file.status = file.settled_status = FileStatus.VALIDATED
        # The work copies of this version's author have the content that is now current.
        await session.execute(
            update(File)
            .where(
                File.source_file_id == file.id,
                File.owner_id == version.created_by,
                File.base_version_id == before,
            )
            .values(base_version_id=version.id)
            .execution_options(synchronize_session=False)
        )
        record_file_audit(session, caller, "approve", file, now=now, version_id=version.id, comment=comment)
        await record_event(
            session,
            caller,
            "approved",
            file,
            right.scope,
            now=now,
            version_number=version.version_number,
            submitted_by=version.created_by,
            comment=comment,
        )
    return Decided(file, version)


async def reject(
    docs: Documents, caller: Caller, version_id: str, *, comment: str | None = None, now: datetime
) -> Decided:
    """Reject a waiting version; the file's current version stays. Raises the same errors as `approve`."""
    file, version, right = await _to_decide(docs, caller, version_id)
    async with docs.kernel.database.write() as session:
        file, version = await _decide(
            session, caller, version, outcome=VersionStatus.REJECTED, comment=comment, now=now
        )
        others = select(func.count()).where(
            Version.file_id == file.id, Version.status == VersionStatus.PENDING, Version.id != version.id
        )
        if file.status == FileStatus.PENDING and not (await session.execute(others)).scalar_one():
            file.status = file.settled_status
        file.updated_at = now
        record_file_audit(session, caller, "reject", file, now=now, version_id=version.id, comment=comment)
        await record_event(
            session,
            caller,
            "rejected",
            file,
            right.scope,
            now=now,
            version_number=version.version_number,
            submitted_by=version.created_by,
            comment=comment,
        )
    return Decided(file, version)


async def bring_back(docs: Documents, caller: Caller, version_id: str, *, now: datetime) -> Saved:
    """Make the content of an earlier version the newest and current version, like an upload of the same content.

    Raises:
        VersionNotFound: (404).
        FileLocked: somebody else holds the file (409).
        VersionConflict: it is the current version, or was never current (409).
    """
    async with docs.kernel.database.read() as session:
        version = await session.get(Version, version_id)
    if version is None:
        raise VersionNotFound("There is no such version.")
    file, right = await find(docs, caller, version.file_id, "write", archived=False)
    if version.id == file.current_version_id:
        raise VersionConflict(f"Version {version.version_number} is the current one.")
    if version.status not in {VersionStatus.DRAFT, VersionStatus.VALIDATED}:
        raise VersionConflict(
            f"Version {version.version_number} is {version.status}.", {"status": version.status}
        )
    bucket = bucket_of(file)
    options: VersionOptions = {
        "mime_type": version.mime_type,
        "changelog": f"Version {version.version_number} again",
        "base_version": file.version_number,
    }
    received = Received(await reference(docs, version, bucket, bucket), place_of(file), options)
    return await save(docs, caller, received, right, now=now)


async def _to_decide(docs: Documents, caller: Caller, version_id: str) -> tuple[File, Version, Right]:
    async with docs.kernel.database.read() as session:
        version = await session.get(Version, version_id)
    if version is None:
        raise VersionNotFound("There is no such version.")
    file, right = await find(docs, caller, version.file_id, "validate")
    if version.created_by == caller.me.uuid:
        raise AccessDenied("Another person must decide about your own version.")
    return file, version, right


async def _decide(
    session: AsyncSession,
    caller: Caller,
    seen: Version,
    *,
    outcome: VersionStatus,
    comment: str | None,
    now: datetime,
) -> tuple[File, Version]:
    file = await still(session, seen.file_id)
    version = await session.get(Version, seen.id)
    if version is None:
        raise VersionNotFound("There is no such version.")
    if version.status != VersionStatus.PENDING:
        raise VersionConflict(
            f"Version {version.version_number} does not wait for a decision: it is {version.status}.",
            {"status": version.status},
        )
    if file.is_archived:
        raise VersionConflict("The file is archived.", {"status": file.status})
    version.status = outcome
    version.validated_by = caller.me.uuid
    version.validated_at = version.updated_at = now
    version.validation_comment = comment
    return file, version
