"""Give files other names, in the caller's transaction and with the write lock held."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.documents.access import Right
from toolcrib.documents.audit import record_file_audit
from toolcrib.documents.caller import Caller
from toolcrib.documents.errors import FileExists
from toolcrib.documents.models import NAME_BYTES, File, new_id
from toolcrib.documents.paths import Place, split_extension
from toolcrib.documents.service.locks import ref_of
from toolcrib.documents.service.lookup import at, record_event
from toolcrib.kernel.claims import service as claims_service

# The mark in the new name of an archived file whose path another file takes; it keeps its history.
ASIDE = ".archived-"


async def rename(
    session: AsyncSession, caller: Caller, file: File, target: Place, right: Right, *, now: datetime
) -> None:
    """Give `file` and its claim the name `target`, which must be free, and tell of it."""
    before, held = file.address, ref_of(file, right.scope)
    locate(file, target)
    file.is_litter = file.is_litter and right.litter.names(target.name)
    file.updated_at = now
    await session.flush()
    await claims_service.rename(session, held, file.address, to=ref_of(file, right.scope))
    record_file_audit(session, caller, "move", file, now=now, source_path=before)
    await record_event(session, caller, "moved", file, right.scope, now=now, source=before)


async def make_room(session: AsyncSession, target: Place, *, now: datetime) -> None:
    """Rename an archived file that has the path `target`, so that another file can take it.

    Raises:
        FileExists: a file that is not archived is at `target` (409).
    """
    there = await at(session, target)
    if there is not None and not there.is_archived:
        raise FileExists(f"{target.address} already exists.")
    if there is not None:
        mark = f"{ASIDE}{new_id()[:8]}"
        stem, extension = split_extension(target.name)
        room = NAME_BYTES - len((extension + mark).encode())
        name = stem.encode()[:room].decode(errors="ignore") + extension + mark
        locate(there, Place(target.bucket, "/".join(filter(None, (target.parent.path, name)))))
        there.updated_at = now
        await session.flush()


def locate(file: File, place: Place) -> None:
    file.logical_path, file.name = place.path, place.name
    file.location, file.folder, file.folded = place.location, place.parent.location, place.folded
