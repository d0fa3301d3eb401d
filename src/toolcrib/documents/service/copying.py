"""Copy a file, also as a work copy."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.documents.access import Right
from toolcrib.documents.audit import record_file_audit
from toolcrib.documents.caller import Caller
from toolcrib.documents.errors import FileExists, NoVersion
from toolcrib.documents.models import File, FileStatus, Version, VersionStatus
from toolcrib.documents.paths import Place
from toolcrib.documents.service.content import reference
from toolcrib.documents.service.locks import (
    acquire,
    refuse_locked_folder,
    refuse_others_lock,
    refuse_reserved,
)
from toolcrib.documents.service.lookup import Documents, allow, at, find, record_event, still
from toolcrib.documents.service.new_names import check_path
from toolcrib.documents.service.quotas import refuse_over_quota
from toolcrib.documents.service.version_rows import add_version, current, file_at, make_current
from toolcrib.kernel.blobs.naming import naming
from toolcrib.kernel.blobs.store import Stored
from toolcrib.kernel.claims.models import Claim


@dataclass(frozen=True, slots=True)
class Copied:
    """The result of a copy. `claim` is the caller's lock on the source, if there is one."""

    source: File
    file: File
    claim: Claim | None


async def copy(
    docs: Documents,
    caller: Caller,
    source: Place,
    target: Place,
    *,
    filename: str | None = None,
    all_versions: bool = False,
    now: datetime,
) -> Copied:
    """Copy a file to `target`. The copy records its source.

    A copy from a project into the caller's own bucket is a work copy: the source is locked for the caller.

    Raises:
        FileNotFound: no live source (404).
        FileLocked: somebody else holds the source (409).
        FileExists: the target is taken (409).
    """
    origin, right = await find(docs, caller, source, "read", archived=False)
    target_right, taken = await allow(docs, caller, target, "write")
    is_work_copy = source.bucket.type == "projects" and target.bucket.type == "users"
    if is_work_copy:
        right = await docs.access.require(caller, source.bucket, "lock", file_id=origin.id, path=source.path)
    async with docs.kernel.database.read() as session:
        await refuse_others_lock(session, caller, origin, right, now=now)
        _refuse_taken(taken)
        await check_path(session, caller, target, target_right)
        versions = await _to_copy(session, origin, all_versions)
    if source.bucket != target.bucket:
        await refuse_over_quota(docs, caller, target.bucket, sum(each.size for each in versions))
    async with naming(docs.kernel.database, docs.blobs) as new:
        copies: list[tuple[Version, Stored]] = []
        for each in versions:
            stored = await reference(docs, each, source.bucket, target.bucket)
            new.append(stored)
            copies.append((each, stored))
        async with docs.kernel.database.write() as session:
            origin = await still(session, origin.id, archived=False)
            claim = await refuse_others_lock(session, caller, origin, right, now=now)
            _refuse_taken(await at(session, target))
            await refuse_locked_folder(session, caller, target, target_right, members=True, now=now)
            await refuse_reserved(session, caller, target, now=now)
            file, _ = await file_at(
                session, target, right=target_right, caller=caller, status=FileStatus.DRAFT, now=now
            )
            await _fill(session, caller, file, origin, copies, target_right, now=now)
            file.filename = filename or origin.filename
            if is_work_copy and claim is None:
                claim = await acquire(session, caller, origin, right, reason="work copy", now=now)
            record_file_audit(
                session, caller, "copy", origin, now=now, copy_id=file.id, copy_path=file.address
            )
            record_file_audit(
                session, caller, "copy", file, now=now, source_id=origin.id, source_path=origin.address
            )
            await record_event(session, caller, "copied", file, target_right.scope, now=now)
    return Copied(origin, file, claim)


def _refuse_taken(file: File | None) -> None:
    if file is not None and not file.is_archived:
        raise FileExists(f"{file.address} already exists.")


async def _to_copy(session: AsyncSession, origin: File, all_versions: bool) -> list[Version]:
    """Return the versions to copy, oldest first, the current one last."""
    newest = await current(session, origin)
    if newest is None:
        raise NoVersion("The file has no version to copy.")
    if not all_versions:
        return [newest]
    query = (
        select(Version)
        .where(
            Version.file_id == origin.id,
            Version.id != newest.id,
            Version.status != VersionStatus.CORRUPTED,
        )
        .order_by(Version.version_number)
    )
    return [*(await session.execute(query)).scalars(), newest]


async def _fill(
    session: AsyncSession,
    caller: Caller,
    file: File,
    origin: File,
    copies: list[tuple[Version, Stored]],
    right: Right,
    *,
    now: datetime,
) -> None:
    for source, stored in copies:
        came = f"Copied from {origin.address} version {source.version_number}"
        version = await add_version(
            session,
            file,
            stored,
            mime_type=source.mime_type,
            right=right,
            caller=caller,
            changelog=f"{came}: {source.changelog}" if source.changelog else came,
            now=now,
        )
        await make_current(session, file, version, now=now)
        if source.id == origin.current_version_id:
            file.base_version_id = source.id
    file.tags = dict(origin.tags)
    file.source_file_id = origin.id
