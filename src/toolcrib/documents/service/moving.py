"""Move a file or folder within a bucket. Ids, history and locks stay."""

from __future__ import annotations

import dataclasses
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.documents.access import Right
from toolcrib.documents.caller import Caller
from toolcrib.documents.errors import FileExists, FolderNotFound, ValidationFailed
from toolcrib.documents.models import PATH_BYTES, File, Folder
from toolcrib.documents.paths import Place
from toolcrib.documents.service.folders import ensure_folders, folder_at
from toolcrib.documents.service.locks import (
    FOLDER,
    claims_below,
    folder_ref,
    refuse_locked_folder,
    refuse_others,
    refuse_others_lock,
    refuse_reserved,
)
from toolcrib.documents.service.lookup import KIND, Documents, below, find, place_of, still
from toolcrib.documents.service.names import make_room, rename
from toolcrib.documents.service.new_names import check_name, is_taken
from toolcrib.documents.service.overwriting import is_own_document, save_content_of, take_away_moved
from toolcrib.documents.service.trees import clear
from toolcrib.documents.service.vacated import awaited_at, end_others_saves, leave_name, returned
from toolcrib.kernel.claims import queries
from toolcrib.kernel.claims import service as claims_service
from toolcrib.kernel.claims.commands import Expire
from toolcrib.kernel.claims.models import Claim, claims
from toolcrib.kernel.database import take_write_lock
from toolcrib.kernel.events import log as event_log

# Of a larger folder that is moved, nothing comes back to its name: it is no document that a program saves.
_PACKAGE_FILES = 100


async def move_file(
    docs: Documents, caller: Caller, source: Place, target: Place, *, replace: bool = False, now: datetime
) -> File:
    """Move a file to `target`, a path in the same bucket. With `replace`, what is there is removed first.

    Raises:
        FileLocked: somebody else holds it (409).
        FileExists: something is at `target` (409).
        NameNotForWindows, NameClash: the project refuses the name (400, 409).
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
        is_new = not replace or not await is_taken(session, target)
        if replace:
            await clear(session, caller, target, right, now=now)
        awaited = await awaited_at(session, caller, target, now=now)
        if (
            awaited is not None
            and awaited is not file
            and not await is_own_document(session, caller, file, now)
        ):
            return await _save(session, caller, file, target, right, now=now)
        if is_new:
            await check_name(session, caller, target, right, was=source)
        await _free(session, target, now=now)
        await ensure_folders(session, caller, target.parent, right, now=now)
        await _put(session, caller, file, target, right, now=now)
        file.filename = target.name
    return file


async def _save(
    session: AsyncSession, caller: Caller, file: File, target: Place, right: Right, *, now: datetime
) -> File:
    """Make the content of `file` the next version of the document that comes back to `target`, and remove `file`."""
    saved = await save_content_of(session, caller, file, target, right, now=now)
    await take_away_moved(session, caller, file, target, right, now=now)
    return saved


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
        held = await _folder_claims(session, caller, source, right, now=now)
        for place in (source, target):
            await refuse_locked_folder(session, caller, place, right, members=True, now=now)
        if not replace or not await is_taken(session, target):
            await check_name(session, caller, target, right, was=source)
        if replace:
            await clear(session, caller, target, right, now=now)
        await refuse_reserved(session, caller, target, now=now)
        await _free(session, target, now=now)
        await ensure_folders(session, caller, target.parent, right, now=now)
        # Folders first: what comes back to its name there needs them.
        await _move_folders(session, source, target)
        for claim in held:
            await _move_claim(session, claim, source, target, now=now)
        files = (await session.execute(select(File).where(*below(source)))).scalars().all()
        for file in files:
            if not file.is_archived:
                await refuse_others_lock(session, caller, file, right, now=now)
            place = moved(place_of(file), source, target)
            awaited = await awaited_at(session, caller, place, now=now)
            if (
                awaited is not None
                and awaited is not file
                and not file.is_archived
                and not await is_own_document(session, caller, file, now)
            ):
                await _save(session, caller, file, place, right, now=now)
                continue
            await make_room(session, place, now=now)
            await _put(session, caller, file, place, right, keeps=len(files) <= _PACKAGE_FILES, now=now)
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


async def _folder_claims(
    session: AsyncSession, caller: Caller, source: Place, right: Right, *, now: datetime
) -> list[Claim]:
    """Return the claims on the folders that move. Refuses if others hold anything there."""
    held = await claims_below(session, source, right.scope, now=now)
    own = await queries.get(session, folder_ref(source, right.scope), now=now)
    held += [own] if own is not None else []
    refuse_others(caller, held)
    return [claim for claim in held if claim.key.startswith(FOLDER)]


async def _move_claim(
    session: AsyncSession, claim: Claim, source: Place, target: Place, *, now: datetime
) -> None:
    """Move a claim on a folder, which is on its path, with the folder."""
    path = claim.label.removeprefix(f"/{source.bucket}/").rstrip("/")
    place = moved(Place(source.bucket, path), source, target)
    ref = folder_ref(place, claim.scope)
    for ended in await queries.find(session, [claims.c.digest == ref.digest], now=None):
        await claims_service.run(session, Expire(ref, ended.fence), now=now)
    await claims_service.rename(session, claim.ref, f"{place.address}/", to=ref)


async def _move_folders(session: AsyncSession, source: Place, target: Place) -> None:
    query = select(Folder).where(
        Folder.bucket_type == source.bucket.type, Folder.bucket_id == source.bucket.id
    )
    for folder in (await session.execute(query)).scalars():
        if folder.path == source.path or folder.path.startswith(f"{source.path}/"):
            place = moved(Place(source.bucket, folder.path), source, target)
            folder.path, folder.name = place.path, place.name
            folder.location, folder.parent, folder.folded = (
                place.location,
                place.parent.location,
                place.folded,
            )
    await session.flush()


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


async def _free(session: AsyncSession, target: Place, *, now: datetime) -> None:
    """Make sure that `target` is free.

    Raises:
        FileExists: something is at `target` (409).
    """
    await make_room(session, target, now=now)
    if await folder_at(session, target) is not None:
        raise FileExists(f"{target.address} already exists.")


async def _put(
    session: AsyncSession,
    caller: Caller,
    file: File,
    target: Place,
    right: Right,
    *,
    keeps: bool = True,
    now: datetime,
) -> None:
    """Give `file` the name `target`. A WebDAV program's lock stays behind, for the name: see `vacated`."""
    was = place_of(file)
    await rename(session, caller, file, target, right, now=now)
    await end_others_saves(session, caller, file)
    if caller.keeps_names is not None and not file.is_archived:
        leaving = caller if keeps else dataclasses.replace(caller, keeps_names=timedelta())
        await leave_name(session, leaving, file, right, place=was, now=now)
        await returned(session, caller, file, right, now=now)


def _same_bucket(source: Place, target: Place) -> None:
    if source.bucket != target.bucket:
        raise ValidationFailed.of("target_path", "must be in the same bucket: copy instead")
