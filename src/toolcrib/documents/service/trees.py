"""Folders with all that lies below them: gone at once."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.documents.audit import note_file
from toolcrib.documents.caller import Caller
from toolcrib.documents.errors import FolderNotFound, ValidationFailed
from toolcrib.documents.models import File, FileStatus, Folder
from toolcrib.documents.paths import Place
from toolcrib.documents.service.files import below
from toolcrib.documents.service.folders import KIND, folder_at
from toolcrib.documents.service.locks import refuse_others_lock, release_own
from toolcrib.documents.service.parts import Documents, tell
from toolcrib.kernel.events import log as event_log


async def archive_folder(docs: Documents, caller: Caller, place: Place, *, now: datetime) -> list[str]:
    """Archive every file below the folder and take the folder away, or do nothing. Returns the ids of the files,
    for whoever wants them back.

    Raises:
        FolderNotFound: no such folder (404).
        FileLocked: somebody else holds a file in it (409).
    """
    if not place.path:
        raise ValidationFailed.of("path", "must name a folder")
    right = await docs.access.require(caller, place.bucket, "delete", path=place.path)
    async with docs.kernel.database.write() as session:
        await session.connection()
        if await folder_at(session, place) is None:
            raise FolderNotFound("There is no such folder.")
        live = select(File).where(*below(place), File.status != FileStatus.ARCHIVED)
        files = (await session.execute(live.order_by(File.logical_path))).scalars().all()
        for file in files:
            claim = await refuse_others_lock(session, caller, file, right, now=now)
            await release_own(session, caller, file, claim, now=now)
            file.status = FileStatus.ARCHIVED
            file.updated_at = now
            note_file(session, caller, "delete", file, now=now, physical=False, folder=place.address)
            await tell(session, caller, "archived", file, right.scope, now=now)
        await _drop_folders(session, place)
        await event_log.record(
            session,
            "folder_removed",
            kind=KIND,
            key=place.location,
            actor=caller.me.username,
            scope=right.scope,
            now=now,
            label=place.address,
            files=len(files),
        )
    return [file.id for file in files]


async def _drop_folders(session: AsyncSession, place: Place) -> None:
    query = select(Folder).where(Folder.bucket_type == place.bucket.type, Folder.bucket_id == place.bucket.id)
    for folder in (await session.execute(query)).scalars():
        if folder.path == place.path or folder.path.startswith(f"{place.path}/"):
            await session.delete(folder)
