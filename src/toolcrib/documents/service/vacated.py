"""Saves by renaming: a program moves a document away or deletes it, and then fills its name.

The name that was left is a row until the program has filled it, or had the time to (`Caller.keeps_names`). To a program
that fills it the document comes back, with its id, history, properties, lock and status, and gets its next version.
Where it was meanwhile its content stays, as a file that is nothing but a backup (`File.backup_of`).
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.documents.access import Right
from toolcrib.documents.caller import Caller
from toolcrib.documents.errors import FileExists
from toolcrib.documents.models import File, FileStatus, VacatedName, Version, VersionStatus
from toolcrib.documents.paths import Place
from toolcrib.documents.service.folders import ensure_folders, folder_at
from toolcrib.documents.service.lock_tokens import (
    SPARE,
    data_with,
    entries_of,
    held_as_json,
    read_held,
    stays,
    tokens_of,
)
from toolcrib.documents.service.locks import (
    ref_of,
    refuse_locked_folder,
    refuse_others_lock,
    refuse_reserved,
)
from toolcrib.documents.service.lookup import place_of, record_event
from toolcrib.documents.service.names import make_room, rename
from toolcrib.documents.service.version_rows import add_version, current, file_at, make_current
from toolcrib.kernel.blobs.models import Blob
from toolcrib.kernel.blobs.store import Stored
from toolcrib.kernel.claims import queries
from toolcrib.kernel.claims import service as claims_service
from toolcrib.kernel.claims.commands import Acquire, Release, Renew
from toolcrib.kernel.claims.models import Claim

# In `VacatedName.kept`: the claim was not released when the name was left. If it is gone when the document comes back,
# somebody else ended it.
HELD_ON = "held_on"
# The smallest time for which a claim can be renewed.
_MOMENT = timedelta(seconds=1)


async def leave_name(
    session: AsyncSession,
    caller: Caller,
    file: File,
    right: Right,
    *,
    place: Place | None = None,
    is_spare: bool = False,
    now: datetime,
) -> None:
    """Note that the caller's program takes `file` away from its name, or from `place` where it was. Tokens end; a lock
    that was taken in another way stays with a file that is moved, and with one that is archived until it is clear that
    it does not come back. The caller has checked that nobody else holds the file."""
    window = timedelta() if file.is_litter else caller.keeps_names or timedelta()
    claim = await queries.get(session, ref_of(file, right.scope), now=now)
    place = place or place_of(file)
    if window:
        status = file.settled_status if file.is_archived else file.status
        kept = {"status": status, "filename": file.filename, "held": held_as_json(claim) if claim else None}
        await session.execute(delete(VacatedName).where(VacatedName.location == place.location))
        row = VacatedName(
            location=place.location,
            file_id=file.id,
            left_by=caller.me.uuid,
            newest=await newest_number(session, file),
            kept=kept,
            is_spare=is_spare,
            expires_at=now + window,
        )
        session.add(row)
        await session.flush()
    if claim is not None:
        is_moved = place.location != file.location
        is_held = await _let_go(session, caller, claim, window, is_moved=is_moved, now=now)
        if window and is_held:
            row.kept = {**kept, HELD_ON: True}
            await session.flush()


async def _let_go(
    session: AsyncSession, caller: Caller, claim: Claim, window: timedelta, *, is_moved: bool, now: datetime
) -> bool:
    """End a claim, or let it run out. Returns whether it is still held."""
    own = stays(claim)
    # Whoever waits would be given it at once, while the program still saves.
    waits = bool(window) and bool(await queries.queue(session, claim.ref, now=now))
    if own and is_moved:
        if entries_of(claim):
            await _renew(session, caller, claim, claim.expires_at, now=now)
    elif window and (own or waits):
        soon = now + max(window, _MOMENT)
        end = soon if claim.expires_at is None else min(claim.expires_at, soon)
        await _renew(session, caller, claim, end, now=now)
    else:
        released = Release(claim.ref, caller.me.holder, claim.fence)
        await claims_service.run_one(session, released, now=now, by=caller.requester)
        return False
    return True


async def _renew(
    session: AsyncSession, caller: Caller, claim: Claim, end: datetime | None, *, now: datetime
) -> None:
    renewed = Renew(claim.ref, caller.me.holder, end, claim.fence, claim.public_data)
    await claims_service.run_one(session, renewed, now=now, by=caller.requester)


async def end_others_saves(session: AsyncSession, caller: Caller, file: File) -> None:
    """Note that the caller moves, archives or restores `file`: nobody else's program takes it back from there."""
    others = (VacatedName.file_id == file.id, VacatedName.left_by != caller.me.uuid)
    await session.execute(delete(VacatedName).where(*others))


async def newest_number(session: AsyncSession, file: File) -> int:
    """Return the number of the file's newest version, which may not be current yet; 0 if it has none."""
    newest = select(func.max(Version.version_number)).where(Version.file_id == file.id)
    return (await session.execute(newest)).scalar_one() or 0


async def waiting_tokens(session: AsyncSession, caller: Caller, place: Place, now: datetime) -> list[str]:
    """Return the tokens that the caller's programs had for the document that has just left the name `place`."""
    row = await _row_at(session, place, now)
    held = read_held(row.kept) if row is not None and row.left_by == caller.me.uuid else None
    return [lock.token for lock in tokens_of(held, now)] if held is not None else []


async def _row_at(session: AsyncSession, place: Place, now: datetime) -> VacatedName | None:
    query = select(VacatedName).where(VacatedName.location == place.location, VacatedName.expires_at > now)
    return (await session.execute(query)).scalar_one_or_none()


async def awaited_at(session: AsyncSession, caller: Caller, place: Place, *, now: datetime) -> File | None:
    """Return the document that comes back to `place` if the caller fills this name now, or None.

    Raises:
        FileLocked: somebody else's program saves there under a lock (409).
    """
    await refuse_reserved(session, caller, place, now=now)
    row = await _row_at(session, place, now) if caller.keeps_names else None
    if row is None or row.left_by != caller.me.uuid:
        return None
    file = await session.get(File, row.file_id)
    # A newer version was saved where the document is now, so it has its own life there.
    if file is None or await newest_number(session, file) != row.newest:
        return None
    return file if file.is_archived or file.location != place.location else None


async def come_back(
    session: AsyncSession, caller: Caller, file: File, place: Place, right: Right, *, now: datetime
) -> None:
    """Bring the document that `awaited_at` returned back to `place`. If it is not archived, a backup of its current
    version takes its place.

    Raises:
        FileLocked: somebody else has locked it meanwhile, or a folder it is in (409).
        FileExists: a folder has the name now, or a file has that of its folder (409).
    """
    row = await session.get_one(VacatedName, place.location)
    await refuse_others_lock(session, caller, file, right, now=now)
    was, was_archived = place_of(file), file.is_archived
    version = await current(session, file)
    kept, status = row.kept, row.kept.get("status")
    if status == FileStatus.PENDING and not await _is_pending(session, file):
        status = file.settled_status
    if await folder_at(session, place) is not None:
        raise FileExists(f"{place.address} is a folder, not a file.")
    # The name is not new.
    await ensure_folders(session, caller, place.parent, right.for_any_name, now=now)
    if was != place:
        await make_room(session, place, now=now)
        await refuse_locked_folder(session, caller, was, right, members=True, now=now)
        await rename(session, caller, file, place, right, now=now)
        if not was_archived and version is not None:
            await _back_up(session, caller, file, version, was, right, now=now)
    file.status = status or file.settled_status
    file.filename = kept.get("filename") or place.name
    file.updated_at = now
    await returned(session, caller, file, right, now=now)


async def _is_pending(session: AsyncSession, file: File) -> bool:
    query = select(Version.id).where(Version.file_id == file.id, Version.status == VersionStatus.PENDING)
    return (await session.execute(query.limit(1))).first() is not None


async def _back_up(
    session: AsyncSession,
    caller: Caller,
    file: File,
    version: Version,
    place: Place,
    right: Right,
    *,
    now: datetime,
) -> None:
    """Create a file at `place` with the content of that version."""
    if await folder_at(session, place) is not None:
        return
    blob = await session.get_one(Blob, version.blob_id)
    backup, _ = await file_at(
        session, place, right=right.for_any_name, caller=caller, owner_id=file.owner_id, now=now
    )
    backup.backup_of = file.id
    stored = Stored(blob.key, blob.size, blob.sha256, is_named=True)
    came = f"Backup of {file.address} version {version.version_number}"
    kept = await add_version(
        session,
        backup,
        stored,
        mime_type=version.mime_type,
        right=right,
        caller=caller,
        changelog=came,
        now=now,
    )
    await make_current(session, backup, kept, now=now)
    await record_event(session, caller, "copied", backup, right.scope, now=now)


async def returned(session: AsyncSession, caller: Caller, file: File, right: Right, *, now: datetime) -> None:
    """If a document is back at a name that it has just left, give it the lock it had there, and forget which names it
    left."""
    row = await _row_at(session, place_of(file), now)
    if row is None or row.file_id != file.id or row.left_by != caller.me.uuid:
        return
    held = read_held(row.kept)
    await session.execute(delete(VacatedName).where(VacatedName.file_id == file.id))
    if held is None or held.holder_uuid != caller.me.uuid or held.is_over(now):
        return
    entries = [{**entry, SPARE: True} for entry in entries_of(held)]
    own = stays(held)
    held.data = {**held.data, "label": file.address}
    data = data_with(held, entries, adopted=own)
    claim = await queries.get(session, held.ref, now=now)
    if claim is not None and claim.holder_uuid == caller.me.uuid:
        command: Acquire | Renew = Renew(held.ref, caller.me.holder, held.expires_at, claim.fence, data)
    elif claim is None and not own and HELD_ON not in row.kept:
        command = Acquire(
            held.ref,
            caller.me.holder,
            branch=held.branch,
            comment=held.comment,
            expires_at=held.expires_at,
            heartbeat=held.heartbeat,
            data=data,
        )
    else:
        return  # somebody ended it meanwhile
    await claims_service.run_one(session, command, now=now, by=caller.requester)
