"""Read or archive a folder together with everything below it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.documents.access import Right
from toolcrib.documents.caller import Caller
from toolcrib.documents.errors import FileExists, FileNotFound, FolderNotFound, ValidationFailed
from toolcrib.documents.models import File, FileStatus, Folder, Version, VersionStatus
from toolcrib.documents.paths import Place
from toolcrib.documents.service.folders import folder_at, forget_folder
from toolcrib.documents.service.locks import claims_below, folder_ref, refuse_locked_folder, refuse_others
from toolcrib.documents.service.lookup import KIND, Documents, at, below
from toolcrib.documents.service.removal import take_away
from toolcrib.kernel.claims import queries
from toolcrib.kernel.database import take_write_lock
from toolcrib.kernel.events import log as event_log

# Files that programs put beside documents for a short time: lock files, Finder's resource forks, drafts of a save.
_PASSING = re.compile(r"\.~lock\..*#|~\$.*|\._.*|\.DS_Store|Thumbs\.db|\.goutputstream-.*", re.DOTALL)


async def _is_passing(session: AsyncSession, file: File) -> bool:
    """Whether the file is destroyed and not archived when it is deleted: a backup that a program made of a document
    which still has that content, or a program's temporary file, as its name says, if it is not a document that has got
    such a name."""
    if file.is_litter:
        return True
    if file.backup_of is not None:
        own = select(Version.checksum).where(Version.file_id == file.id).limit(2)
        held = (await session.execute(own)).scalars().all()
        sound = Version.file_id == file.backup_of, Version.status != VersionStatus.CORRUPTED
        same = select(Version.id).where(*sound, Version.checksum.in_(held)).limit(1)
        return len(held) == 1 and (await session.execute(same)).first() is not None
    return _PASSING.fullmatch(file.name) is not None and file.version_number <= 1


@dataclass(frozen=True, slots=True)
class Tree:
    """A folder's content without archived files, by path. `top` is None for the root of a bucket."""

    place: Place
    top: Folder | None
    folders: Sequence[Folder]
    files: Sequence[File]


async def tree_at(session: AsyncSession, place: Place) -> Tree:
    """Read the folder at `place` with everything below it that is not archived.

    Raises:
        FolderNotFound: no such folder (404).
    """
    top = await folder_at(session, place) if place.path else None
    if place.path and top is None:
        raise FolderNotFound("There is no such folder.")
    inside = Folder.bucket_type == place.bucket.type, Folder.bucket_id == place.bucket.id
    query = select(Folder).where(*inside).order_by(Folder.path)
    if place.path:
        query = query.where(Folder.path.startswith(f"{place.path}/", autoescape=True))
    files = select(File).where(*below(place), File.status != FileStatus.ARCHIVED).order_by(File.logical_path)
    return Tree(
        place,
        top,
        (await session.execute(query)).scalars().all(),
        (await session.execute(files)).scalars().all(),
    )


async def archive_folder(docs: Documents, caller: Caller, place: Place, *, now: datetime) -> list[str]:
    """Archive every file below the folder and remove the folder, or do nothing. Programs' temporary files are
    destroyed. Returns the ids of the archived files, so that they can be restored.

    Raises:
        FolderNotFound: no such folder (404).
        FileLocked: somebody else holds it, or a file or folder in it (409).
    """
    if not place.path:
        raise ValidationFailed.of("path", "must name a folder")
    right = await docs.access.require(caller, place.bucket, "delete", path=place.path)
    async with docs.kernel.database.write() as session:
        return await archive_in(session, caller, place, right, now=now)


async def archive_in(
    session: AsyncSession, caller: Caller, place: Place, right: Right, *, now: datetime
) -> list[str]:
    """Do what `archive_folder` does, in the caller's transaction."""
    await take_write_lock(session)
    tree = await tree_at(session, place)
    held = await claims_below(session, place, right.scope, now=now)
    own = await queries.get(session, folder_ref(place, right.scope), now=now)
    refuse_others(caller, held + ([own] if own is not None else []))
    await refuse_locked_folder(session, caller, place, right, members=True, now=now)
    kept: list[str] = []
    for file in tree.files:
        passing = await _is_passing(session, file)
        await take_away(session, caller, file, right, physical=passing, folder=place.address, now=now)
        kept += [] if passing else [file.id]
    for folder in [*reversed(tree.folders), *([tree.top] if tree.top else [])]:
        await forget_folder(session, caller, folder, right, now=now)
    await session.flush()  # so that the caller can create something at their paths
    await event_log.record(
        session,
        "folder_removed",
        kind=KIND,
        key=place.location,
        actor=caller.me.username,
        scope=right.scope,
        now=now,
        label=place.address,
        files=len(tree.files),
    )
    return kept


async def remove_folder(docs: Documents, caller: Caller, place: Place, *, now: datetime) -> None:
    """Remove an empty folder. Archived files in it do not count, and programs' litter is destroyed.

    Raises:
        FolderNotFound: no such folder (404).
        FileExists: something is in it (409).
    """
    right = await docs.access.require(caller, place.bucket, "delete", path=place.path)
    async with docs.kernel.database.write() as session:
        await take_write_lock(session)
        folder = await folder_at(session, place)
        if folder is None:
            raise FolderNotFound("There is no such folder.")
        inside = File.folder == place.location, File.status != FileStatus.ARCHIVED
        live = select(func.count()).select_from(File).where(*inside, File.is_litter.is_(False))
        below = select(func.count()).select_from(Folder).where(Folder.parent == place.location)
        if (await session.execute(live)).scalar_one() or (await session.execute(below)).scalar_one():
            raise FileExists(f"{place.address} is not empty.")
        await refuse_locked_folder(session, caller, place, right, members=True, now=now)
        for file in (await session.execute(select(File).where(*inside))).scalars().all():
            await take_away(session, caller, file, right, physical=True, now=now)
        await forget_folder(session, caller, folder, right, now=now)
        await event_log.record(
            session,
            "folder_removed",
            kind=KIND,
            key=place.location,
            actor=caller.me.username,
            scope=right.scope,
            now=now,
            label=place.address,
        )


async def remove_at(docs: Documents, caller: Caller, place: Place, *, now: datetime) -> None:
    """Remove the file or folder at `place`: archive a file or a folder with everything below it; destroy a program's
    temporary file.

    Raises:
        FileNotFound: there is nothing (404).
        FileLocked: somebody else holds it or something in it (409); nothing is removed.
    """
    right = await docs.access.require(caller, place.bucket, "delete", path=place.path)
    async with docs.kernel.database.write() as session:
        if not await clear(session, caller, place, right, now=now):
            raise FileNotFound("There is no such file or folder.")


async def clear(session: AsyncSession, caller: Caller, place: Place, right: Right, *, now: datetime) -> bool:
    """Do what `remove_at` does, in the caller's transaction. Returns whether anything was there."""
    await take_write_lock(session)
    file = await at(session, place)
    if file is not None and not file.is_archived:
        await refuse_locked_folder(session, caller, place, right, members=True, now=now)
        await take_away(session, caller, file, right, physical=await _is_passing(session, file), now=now)
        return True
    if await folder_at(session, place) is None:
        return False
    await archive_in(session, caller, place, right, now=now)
    return True
