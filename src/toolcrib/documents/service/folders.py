"""Folders. They exist until removed, even if empty."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.documents.access import Right
from toolcrib.documents.caller import Caller
from toolcrib.documents.errors import FileExists, FolderNotFound
from toolcrib.documents.models import File, FileStatus, Folder, new_id
from toolcrib.documents.paths import Place
from toolcrib.documents.service.locks import (
    folder_ref,
    refuse_locked_folder,
    refuse_others,
    refuse_reserved,
)
from toolcrib.documents.service.lookup import KIND, Documents, at
from toolcrib.documents.service.new_names import check_name
from toolcrib.documents.service.properties import forget_properties
from toolcrib.kernel.claims import queries
from toolcrib.kernel.claims import service as claims_service
from toolcrib.kernel.claims.commands import Release
from toolcrib.kernel.database import take_write_lock
from toolcrib.kernel.events import log as event_log


async def ensure_folders(
    session: AsyncSession, caller: Caller, place: Place, right: Right, *, now: datetime
) -> None:
    """Create the folder at `place` and missing folders above it. The caller must hold the write lock.

    Raises:
        FileExists: a file has the path of one of them (409).
        NameNotForWindows, NameClash: the project refuses one of their names (400, 409).
    """
    missing: list[Place] = []
    while place.path:
        if await folder_at(session, place) is not None:
            break
        missing.append(place)
        place = place.parent
    for each in reversed(missing):
        found = await at(session, each)
        if found is not None and not found.is_archived:
            raise FileExists(f"{each.address} is a file, not a folder.")
        await check_name(session, caller, each, right)
        session.add(
            Folder(
                id=new_id(),
                bucket_type=each.bucket.type,
                bucket_id=each.bucket.id,
                path=each.path,
                location=each.location,
                parent=each.parent.location,
                folded=each.folded,
                name=each.name,
                created_at=now,
            )
        )
    if missing:
        await session.flush()


async def folder_at(session: AsyncSession, place: Place) -> Folder | None:
    return (
        await session.execute(select(Folder).where(Folder.location == place.location))
    ).scalar_one_or_none()


async def look_in(docs: Documents, caller: Caller, place: Place) -> Right:
    """Check that the folder at `place` is there to be read. The root of a bucket always exists.

    Raises:
        FolderNotFound: no such folder (404).
    """
    right = await docs.access.require(caller, place.bucket, "read", path=place.path)
    if place.path:
        async with docs.kernel.database.read() as session:
            if await folder_at(session, place) is None:
                raise FolderNotFound("There is no such folder.")
    return right


async def folders_in(
    session: AsyncSession, place: Place, *, after: str | None, limit: int
) -> Sequence[Folder]:
    """Return the folders directly in `place` by name, from the one after the name `after` on."""
    query = select(Folder).where(Folder.parent == place.location).order_by(Folder.name).limit(limit)
    if after is not None:
        query = query.where(Folder.name > after)
    return (await session.execute(query)).scalars().all()


async def files_in(
    session: AsyncSession, place: Place, *, after: str | None, limit: int, litter: bool = False
) -> Sequence[File]:
    """As `folders_in`, for files that are not archived; programs' litter only if `litter`."""
    query = select(File).where(File.folder == place.location, File.status != FileStatus.ARCHIVED)
    if not litter:
        query = query.where(File.is_litter.is_(False))
    if after is not None:
        query = query.where(File.name > after)
    return (await session.execute(query.order_by(File.name).limit(limit))).scalars().all()


async def make_folder(docs: Documents, caller: Caller, place: Place, *, now: datetime) -> bool:
    """Create the folder at `place`, and missing folders above it. Returns whether it is new.

    Raises:
        FileExists: a file is there (409).
    """
    right = await docs.access.require(caller, place.bucket, "write", path=place.path)
    async with docs.kernel.database.write() as session:
        await take_write_lock(session)
        return await make_folder_in(session, caller, place, right, now=now)


async def make_folder_in(
    session: AsyncSession, caller: Caller, place: Place, right: Right, *, now: datetime
) -> bool:
    """Do what `make_folder` does, in the caller's transaction."""
    if not place.path or await folder_at(session, place) is not None:
        return False
    await refuse_locked_folder(session, caller, place, right, members=True, now=now)
    await refuse_reserved(session, caller, place, now=now)
    await ensure_folders(session, caller, place, right, now=now)
    await event_log.record(
        session,
        "folder_made",
        kind=KIND,
        key=place.location,
        actor=caller.me.username,
        scope=right.scope,
        now=now,
        label=place.address,
    )
    return True


async def forget_folder(
    session: AsyncSession, caller: Caller, folder: Folder, right: Right, *, now: datetime
) -> None:
    """Delete an empty folder and release the caller's claim on it, in the caller's transaction.

    Raises:
        FileLocked: somebody else holds it (409).
    """
    place = Place(right.bucket, folder.path)
    held = await queries.get(session, folder_ref(place, right.scope), now=now)
    if held is not None:
        refuse_others(caller, [held])
        await claims_service.run_one(
            session, Release(held.ref, caller.me.holder, held.fence), now=now, by=caller.requester
        )
    await forget_properties(session, folder.id)
    await session.delete(folder)
