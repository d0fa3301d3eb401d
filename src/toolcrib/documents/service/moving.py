"""Move a file or folder within a bucket. Ids and history stay, and so do locks on files."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.documents.access import Right
from toolcrib.documents.audit import record_file_audit
from toolcrib.documents.caller import Caller
from toolcrib.documents.errors import FileExists, FolderNotFound, ValidationFailed
from toolcrib.documents.models import NAME_BYTES, PATH_BYTES, File, Folder, new_id
from toolcrib.documents.paths import Place
from toolcrib.documents.service.folders import ensure_folders, folder_at
from toolcrib.documents.service.locks import (
    FOLDER,
    claims_below,
    folder_ref,
    refuse_locked_folder,
    refuse_others,
    refuse_others_lock,
)
from toolcrib.documents.service.lookup import KIND, Documents, at, below, find, place_of, record_event, still
from toolcrib.documents.service.trees import clear
from toolcrib.kernel.claims import queries
from toolcrib.kernel.claims import service as claims_service
from toolcrib.kernel.claims.commands import Release
from toolcrib.kernel.database import take_write_lock
from toolcrib.kernel.events import log as event_log

# The mark in the new name of an archived file whose path another file takes; it keeps its history.
_ASIDE = ".archived-"


async def move_file(
    docs: Documents, caller: Caller, source: Place, target: Place, *, replace: bool = False, now: datetime
) -> File:
    """Move a file to `target`, a path in the same bucket. With `replace`, what is there is removed first.

    Raises:
        FileLocked: somebody else holds it (409).
        FileExists: something is at `target` (409).
    """
    _same_bucket(source, target)
    file, right = await find(docs, caller, source, "write", archived=False)
    if replace:
        await docs.access.require(caller, target.bucket, "delete", path=target.path)
    async with docs.kernel.database.write() as session:
        file = await still(session, file.id, archived=False)
        await refuse_others_lock(session, caller, file, right, now=now)
        for place in (source, target):
            await refuse_locked_folder(session, caller, place, right, members=True, now=now)
        await _free(session, caller, target, right, replace=replace, now=now)
        await ensure_folders(session, target.parent, now=now)
        await _put(session, caller, file, target, right, now=now)
        file.filename = target.name
    return file


async def move_folder(
    docs: Documents, caller: Caller, source: Place, target: Place, *, replace: bool = False, now: datetime
) -> int:
    """Move a folder and all below it. With `replace`, what is at `target` is removed first. Returns how many files
    moved.

    Raises:
        FolderNotFound: no such folder (404).
        FileLocked: somebody else holds a file in it (409).
        FileExists: something is at `target` (409).
        ValidationFailed: a path would become too long (400).
    """
    _same_bucket(source, target)
    if not source.path or target.path == source.path or target.path.startswith(f"{source.path}/"):
        raise ValidationFailed.of("target_path", "a folder cannot move into itself")
    right = await docs.access.require(caller, source.bucket, "write", path=source.path)
    if replace:
        await docs.access.require(caller, target.bucket, "delete", path=target.path)
    async with docs.kernel.database.write() as session:
        await take_write_lock(session)
        if await folder_at(session, source) is None:
            raise FolderNotFound("There is no such folder.")
        await _give_up_folders(session, caller, source, right, now=now)
        for place in (source, target):
            await refuse_locked_folder(session, caller, place, right, members=True, now=now)
        await _free(session, caller, target, right, replace=replace, now=now)
        await ensure_folders(session, target.parent, now=now)
        files = (await session.execute(select(File).where(*below(source)))).scalars().all()
        for file in files:
            if not file.is_archived:
                await refuse_others_lock(session, caller, file, right, now=now)
            place = moved(place_of(file), source, target)
            await _make_room(session, place, now=now)
            await _put(session, caller, file, place, right, now=now)
        await _move_folders(session, source, target)
        await event_log.record(
            session,
            "folder_moved",
            kind=KIND,
            key=target.location,
            actor=caller.me.username,
            scope=right.scope,
            now=now,
            label=target.address,
            source=source.address,
            files=len(files),
        )
    return len(files)


async def _give_up_folders(
    session: AsyncSession, caller: Caller, source: Place, right: Right, *, now: datetime
) -> None:
    """Release the caller's claims on the folders that move, because a folder's claim is on its path. Refuses if others
    hold anything there."""
    held = await claims_below(session, source, right.scope, now=now)
    own = await queries.get(session, folder_ref(source, right.scope), now=now)
    refuse_others(caller, held + ([own] if own is not None else []))
    for claim in held + ([own] if own is not None else []):
        if claim.key.startswith(FOLDER):
            await claims_service.run_one(
                session, Release(claim.ref, caller.me.holder, claim.fence), now=now, by=caller.requester
            )


async def _move_folders(session: AsyncSession, source: Place, target: Place) -> None:
    query = select(Folder).where(
        Folder.bucket_type == source.bucket.type, Folder.bucket_id == source.bucket.id
    )
    for folder in (await session.execute(query)).scalars():
        if folder.path == source.path or folder.path.startswith(f"{source.path}/"):
            place = moved(Place(source.bucket, folder.path), source, target)
            folder.path, folder.name = place.path, place.name
            folder.location, folder.parent = place.location, place.parent.location


def moved(place: Place, source: Place, target: Place) -> Place:
    """Return the new place of `place` after `source`, which is it or a folder above it, has moved to `target`.

    Raises:
        ValidationFailed: the path would become too long (400).
    """
    rest = place.path[len(source.path) :].lstrip("/")
    path = "/".join(filter(None, (target.path, rest)))
    if len(path.encode()) > PATH_BYTES:
        raise ValidationFailed.of("target_path", f"would make paths longer than {PATH_BYTES} bytes")
    return Place(target.bucket, path)


async def _free(
    session: AsyncSession, caller: Caller, target: Place, right: Right, *, replace: bool, now: datetime
) -> None:
    """Make sure that `target` is free, removing what is there if `replace`.

    Raises:
        FileExists: something is at `target`, and it is not to be replaced (409).
    """
    if replace:
        await clear(session, caller, target, right, now=now)
    await _make_room(session, target, now=now)
    if await folder_at(session, target) is not None:
        raise FileExists(f"{target.address} already exists.")


async def _make_room(session: AsyncSession, target: Place, *, now: datetime) -> None:
    """Rename an archived file that has the path `target`, so that another file can take it.

    Raises:
        FileExists: a file that is not archived is at `target` (409).
    """
    there = await at(session, target)
    if there is not None and not there.is_archived:
        raise FileExists(f"{target.address} already exists.")
    if there is not None:
        mark = f"{_ASIDE}{new_id()[:8]}"
        name = target.name.encode()[: NAME_BYTES - len(mark)].decode(errors="ignore") + mark
        aside = Place(target.bucket, "/".join(filter(None, (target.parent.path, name))))
        _locate(there, aside)
        there.updated_at = now
        await session.flush()


async def _put(
    session: AsyncSession, caller: Caller, file: File, target: Place, right: Right, *, now: datetime
) -> None:
    before = file.address
    _locate(file, target)
    file.updated_at = now
    await session.flush()
    record_file_audit(session, caller, "move", file, now=now, source_path=before)
    await record_event(session, caller, "moved", file, right.scope, now=now, source=before)


def _locate(file: File, place: Place) -> None:
    file.logical_path, file.name = place.path, place.name
    file.location, file.folder = place.location, place.parent.location


def _same_bucket(source: Place, target: Place) -> None:
    if source.bucket != target.bucket:
        raise ValidationFailed.of("target_path", "must be in the same bucket: copy instead")
