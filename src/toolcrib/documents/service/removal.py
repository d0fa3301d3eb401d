"""Archive, restore and destroy files."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.documents.access import Right
from toolcrib.documents.audit import record_file_audit, record_later
from toolcrib.documents.caller import Caller
from toolcrib.documents.models import File, FileStatus, VacatedName, Version
from toolcrib.documents.paths import Bucket
from toolcrib.documents.service.locks import (
    force_release,
    holder_of,
    refuse_locked_folder,
    refuse_others_lock,
    release_own,
)
from toolcrib.documents.service.lookup import Documents, Where, bucket_of, find, place_of, record_event, still
from toolcrib.documents.service.properties import forget_properties
from toolcrib.documents.service.vacated import end_others_saves, leave_name, newest_number
from toolcrib.kernel.blobs import registry
from toolcrib.kernel.database import take_write_lock
from toolcrib.kernel.identity.models import User


async def remove(
    docs: Documents,
    caller: Caller,
    where: Where,
    *,
    physical: bool = False,
    force: bool = False,
    reason: str | None = None,
    now: datetime,
) -> File:
    """Archive a file, or with `physical` destroy it and its history.

    An upload to its path restores an archived file. The caller's lock is released; `force` ends another person's.

    Raises:
        FileLocked: somebody else holds it (409).
        AccessDenied: no right to delete, or to force (403).
    """
    file, right = await find(docs, caller, where, "delete")
    async with docs.kernel.database.write() as session:
        file = await still(session, file.id)
        if force:
            await _force(session, caller, file, right, reason, now=now)
        await refuse_locked_folder(session, caller, place_of(file), right, members=True, now=now)
        await take_away(session, caller, file, right, physical=physical or file.is_litter, now=now)
    return file


async def take_away(
    session: AsyncSession,
    caller: Caller,
    file: File,
    right: Right,
    *,
    physical: bool,
    is_spare: bool = False,
    now: datetime,
    **details: str,
) -> None:
    """Do what `remove` does, in the caller's transaction. A WebDAV program may be about to save there: see
    `vacated.leave_name`, also for `is_spare`. `details` are written to the audit."""
    claim = await refuse_others_lock(session, caller, file, right, now=now)
    await end_others_saves(session, caller, file)
    if physical or file.is_archived or caller.keeps_names is None:
        await release_own(session, caller, claim, now=now)
    else:
        await leave_name(session, caller, file, right, is_spare=is_spare, now=now)
    if physical:
        await _destroy(session, file, now=now)
    elif not file.is_archived:
        file.status = FileStatus.ARCHIVED
        file.updated_at = now
    record_file_audit(session, caller, "delete", file, now=now, physical=physical, **details)
    await record_event(session, caller, "destroyed" if physical else "archived", file, right.scope, now=now)


async def forget_vacated_names(docs: Documents, *, now: datetime) -> int:
    """Forget the names to which no document can come back any more, and destroy what was kept only for that. Returns
    how many names."""
    over = VacatedName.expires_at <= now
    async with docs.kernel.database.read() as session:
        names = list((await session.execute(select(VacatedName.location).where(over))).scalars())
        spare = (
            select(File).join(VacatedName, VacatedName.file_id == File.id).where(over, VacatedName.is_spare)
        )
        buckets = {bucket_of(file) for file in await session.scalars(spare)}
    scopes = await docs.access.scopes_of(list(buckets))
    for name in names:
        async with docs.kernel.database.write() as session:
            await take_write_lock(session)
            query = select(VacatedName).where(VacatedName.location == name, over)
            row = (await session.execute(query)).scalar_one_or_none()
            if row is None:
                continue
            file = await session.get(File, row.file_id)
            is_there = file is not None and file.is_archived and file.location == name
            # A newer version is nowhere else.
            if (
                file is not None
                and row.is_spare
                and is_there
                and bucket_of(file) in scopes
                and await newest_number(session, file) == row.newest
            ):
                await _destroy_spare(session, file, row.left_by, scopes, now=now)
            await session.execute(delete(VacatedName).where(VacatedName.location == name))
    return len(names)


async def _destroy_spare(
    session: AsyncSession, file: File, left_by: str, scopes: Mapping[Bucket, str], *, now: datetime
) -> None:
    """Destroy a document that its program moved over its own backup, as that program's person."""
    name = await session.scalar(select(User.username).where(User.uuid == left_by))
    record_later(session, left_by, name or left_by, "delete", file, now=now, physical=True)
    await record_event(session, None, "destroyed", file, scopes[bucket_of(file)], now=now)
    await _destroy(session, file, now=now)


async def _force(
    session: AsyncSession, caller: Caller, file: File, right: Right, reason: str | None, *, now: datetime
) -> None:
    claim = await holder_of(session, file, right, now=now)
    if claim is not None and claim.holder_uuid != caller.me.uuid:
        said = (reason or "").strip() or "the file was deleted"
        await force_release(session, caller, right, claim, said, now=now)


async def _destroy(session: AsyncSession, file: File, *, now: datetime) -> None:
    blobs = (await session.execute(select(Version.blob_id).where(Version.file_id == file.id))).scalars()
    for blob_id in list(blobs):
        await registry.release(session, blob_id, now=now)
    await session.execute(delete(Version).where(Version.file_id == file.id))
    await session.execute(delete(VacatedName).where(VacatedName.file_id == file.id))
    await forget_properties(session, file.id)
    # Copies of the file stay, without a source.
    await session.execute(
        update(File)
        .where(File.source_file_id == file.id)
        .values(source_file_id=None, base_version_id=None)
        .execution_options(synchronize_session=False)
    )
    await session.execute(delete(File).where(File.id == file.id).execution_options(synchronize_session=False))
