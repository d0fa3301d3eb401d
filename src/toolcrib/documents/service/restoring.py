"""Restore archived files, under their own names or, where another file has that, beside it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.documents.access import Right
from toolcrib.documents.audit import record_file_audit
from toolcrib.documents.caller import Caller
from toolcrib.documents.errors import FileExists, FileNotFound
from toolcrib.documents.models import NAME_BYTES, PATH_BYTES, File, VacatedName
from toolcrib.documents.paths import Place, split_extension
from toolcrib.documents.service.folders import ensure_folders, folder_at
from toolcrib.documents.service.locks import refuse_locked_folder
from toolcrib.documents.service.lookup import Documents, Where, at, find, place_of, record_event, still
from toolcrib.documents.service.names import ASIDE, locate
from toolcrib.documents.service.new_names import check_name, clash_at
from toolcrib.documents.service.vacated import end_others_saves

TRIES = 1_000
_MARK = re.compile(rf"(.+){re.escape(ASIDE)}[0-9a-f]{{8}}", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Restored:
    """A restored file; `renamed` says that its own name was taken."""

    file: File
    renamed: bool


async def restore(docs: Documents, caller: Caller, where: Where, *, now: datetime) -> Restored:
    """Restore an archived file. If another file has taken its name, it gets one like `plan (restored).txt`.

    Raises:
        FileNotFound: it does not exist, or is not archived (404).
        FileExists: there is now a folder at its path, or a file at the path of one of its folders (409).
        NameNotForWindows: the project refuses its name by now (400).
    """
    file, right = await find(docs, caller, where, "write")
    async with docs.kernel.database.write() as session:
        file = await still(session, file.id)
        if not file.is_archived:
            raise FileNotFound("There is no such archived file.")
        own = _own_place(place_of(file))
        if await folder_at(session, own) is not None:
            raise FileExists(f"{own.address} is a folder now.")
        await refuse_locked_folder(session, caller, own, right, members=True, now=now)
        # Its folder may have been removed meanwhile.
        await ensure_folders(session, caller, own.parent, right, now=now)
        place = await _free_place(session, own, file, right)
        await check_name(session, caller, place, right)
        locate(file, place)
        file.status = file.settled_status
        file.updated_at = now
        await end_others_saves(session, caller, file)
        # Who restored it wants to keep it, also if it is archived again at once.
        kept = update(VacatedName).where(VacatedName.file_id == file.id).values(is_spare=False)
        await session.execute(kept)
        await session.flush()
        renamed = place != own
        details = {"wanted_path": own.address} if renamed else {}
        record_file_audit(session, caller, "restore", file, now=now, **details)
        await record_event(session, caller, "restored", file, right.scope, now=now, **details)
    return Restored(file, renamed)


def _own_place(place: Place) -> Place:
    """Return the place of an archived file before another one took it."""
    found = _MARK.fullmatch(place.name)
    return place if found is None else _beside(place, found[1])


async def _free_place(session: AsyncSession, own: Place, file: File, right: Right) -> Place:
    for number in range(TRIES):
        place = _beside(own, restored_name(own.name, number) if number else own.name)
        there = await at(session, place)
        if len(place.path.encode()) > PATH_BYTES:
            break
        if there is not None and there.id != file.id:
            continue
        if right.windows_names == "refuse" and await clash_at(session, place) is not None:
            continue
        if await folder_at(session, place) is None:
            return place
    raise FileExists(f"{own.address} exists, and so do all names that the restored file could get.")


def _beside(place: Place, name: str) -> Place:
    return Place(place.bucket, f"{place.parent.path}/{name}".lstrip("/"))


def restored_name(name: str, number: int = 1) -> str:
    """Return the name of a restored file: `r (restored).txt`, then `r (restored 2).txt`, with its extension kept."""
    stem, extension = split_extension(name)
    mark = f" (restored{f' {number}' if number > 1 else ''})"
    room = NAME_BYTES - len((mark + extension).encode())
    return stem.encode()[:room].decode(errors="ignore") + mark + extension
