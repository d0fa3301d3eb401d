"""Programs create a file empty, or empty it, before they send its content: that is one version, not two."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.documents.audit import shortened
from toolcrib.documents.caller import Caller
from toolcrib.documents.models import AuditEntry, File, Version, VersionStatus
from toolcrib.documents.service.version_rows import current
from toolcrib.kernel.blobs import registry
from toolcrib.kernel.claims.models import Claim


async def drop_empty_version(
    session: AsyncSession,
    caller: Caller,
    file: File,
    claim: Claim | None,
    locks: Mapping[str, int],
    *,
    now: datetime,
) -> None:
    """Delete the file's current version if it is empty, and the caller's WebDAV program made it to fill it now: under
    the same lock, whose token was shown (`locks`, as in `uploads.Conditions`), or a moment ago. The next version then
    gets its number."""
    version = await current(session, file)
    if version is None or version.size or version.version_number != file.version_number:
        return
    if version.created_by != caller.me.uuid or version.status != VersionStatus.DRAFT:
        return
    if not await _is_same_program(session, caller, version, claim, locks, now=now):
        return
    newer = select(Version.id).where(
        Version.file_id == file.id, Version.version_number > version.version_number
    )
    copies = select(File.id).where(File.base_version_id == version.id)
    for query in (newer, copies):
        if (await session.execute(query.limit(1))).first() is not None:
            return
    await _drop(session, file, [version], now=now)


async def drop_versions(session: AsyncSession, file: File, *, now: datetime) -> None:
    """Delete all versions of a file that has no history: the next one takes their place."""
    query = select(Version).where(Version.file_id == file.id)
    await _drop(session, file, (await session.execute(query)).scalars().all(), now=now)


async def _drop(session: AsyncSession, file: File, versions: Sequence[Version], *, now: datetime) -> None:
    file.current_version_id = None
    await session.flush()
    for version in versions:
        await session.execute(delete(Version).where(Version.id == version.id))
        await registry.release(session, version.blob_id, now=now)


async def _is_same_program(
    session: AsyncSession,
    caller: Caller,
    version: Version,
    claim: Claim | None,
    locks: Mapping[str, int],
    *,
    now: datetime,
) -> bool:
    window = caller.keeps_names
    if not window:
        return False
    if claim is not None and locks.get(claim.digest) == claim.fence:
        return version.created_at >= claim.acquired_at - window
    query = select(AuditEntry.user_agent).where(
        AuditEntry.file_id == version.file_id, AuditEntry.version_id == version.id
    )
    programs = set((await session.execute(query)).scalars())
    return version.created_at >= now - window and programs == {shortened(caller.user_agent, 512)}
