"""Move a file onto a document, which keeps its history: how many programs save."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.documents.access import Right
from toolcrib.documents.caller import Caller
from toolcrib.documents.errors import NoVersion
from toolcrib.documents.models import File, VacatedName, Version, VersionStatus
from toolcrib.documents.paths import Place
from toolcrib.documents.service.properties import copy_properties
from toolcrib.documents.service.removal import take_away
from toolcrib.documents.service.uploads import save_in
from toolcrib.documents.service.version_rows import current
from toolcrib.kernel.blobs.models import Blob
from toolcrib.kernel.blobs.store import Stored

# Names that programs give to what they write before they move it over the document: of Word and Excel (`~WRD0001.tmp`,
# `4B2C1A00`), LibreOffice (`lu12ab.tmp`), GNOME (`.goutputstream-…`), KDE (`.part`), macOS (`.sb-…`), vim (`4913`),
# emacs and rsync (`.#…`, `.name.Xy12Za`), rclone (`.partial`), browsers.
_TEMPORARY = re.compile(
    r"~.*|\.~.*|\._.*|\.#.*|#.*#|\.goutputstream-.*|\.sb-.*|.*\.sb-[0-9a-f-]+.*|\..*\.[A-Za-z0-9]{6}|[0-9A-F]{8}|4913"
    r"|.*\.(tmp|temp|part|partial|crdownload|download|new|swp|swx|kate-swp)",
    re.DOTALL | re.IGNORECASE,
)


def is_temporary(name: str) -> bool:
    """Whether programs give such a name to a file that they move over another."""
    return _TEMPORARY.fullmatch(name) is not None


async def save_content_of(
    session: AsyncSession, caller: Caller, file: File, target: Place, right: Right, *, now: datetime
) -> File:
    """Make the content, tags and properties of `file` those of the next version of the document at `target`."""
    version = await current(session, file)
    if version is None:
        raise NoVersion("The file has no version to save.")
    blob = await session.get_one(Blob, version.blob_id)
    saved = await save_in(
        session,
        caller,
        target,
        Stored(blob.key, blob.size, blob.sha256, is_named=True),
        right,
        mime_type=version.mime_type,
        changelog=origin(file, version),
        tags=dict(file.tags),
        now=now,
    )
    await copy_properties(session, file.id, saved.file.id, over=True)
    return saved.file


def origin(file: File, version: Version) -> str | None:
    """Return the changelog of a version that is a copy; None for what a program saves by way of a temporary file."""
    if is_temporary(file.name):
        return None
    return f"Copied from {file.address} version {version.version_number}"


async def take_away_moved(
    session: AsyncSession, caller: Caller, file: File, target: Place, right: Right, *, now: datetime
) -> None:
    """Remove a file whose content was moved onto another, at `target`. It is destroyed if nothing is lost by that,
    otherwise archived.

    A document that looks like moved onto its own backup comes back when its name is filled; only if it does not, it is
    destroyed later.
    """
    may_be_destroyed = await _holds_nothing_else(session, caller, file, now)
    is_backing_up = bool(caller.keeps_names) and _names_backup(target.name, file.name)
    physical = may_be_destroyed and (is_temporary(file.name) or not is_backing_up)
    await take_away(
        session, caller, file, right, physical=physical, is_spare=may_be_destroyed and not physical, now=now
    )


async def is_own_document(session: AsyncSession, caller: Caller, file: File, now: datetime) -> bool:
    """Whether a file that is given a name which was just left is a document with a life of its own, and not what a
    program has written to save it there: it is older than a save takes, or somebody has decided about it."""
    if is_temporary(file.name):
        return False
    if file.created_at < now - (caller.keeps_names or timedelta()):
        return True
    decided = select(Version.id).where(Version.file_id == file.id, Version.validated_by.is_not(None)).limit(1)
    return (await session.execute(decided)).first() is not None


async def _holds_nothing_else(session: AsyncSession, caller: Caller, file: File, now: datetime) -> bool:
    """Whether the file has nothing but the content that was moved: one version or, in a temporary file that is younger
    than a save takes, drafts of the caller's. No copies refer to it, and it is no document that is being saved."""
    copies = select(func.count()).select_from(File).where(File.source_file_id == file.id)
    saving = select(func.count()).select_from(VacatedName).where(VacatedName.file_id == file.id)
    if (await session.execute(copies)).scalar_one() or (await session.execute(saving)).scalar_one():
        return False
    versions = select(func.count()).select_from(Version).where(Version.file_id == file.id)
    if (await session.execute(versions)).scalar_one() == 1:
        return True
    others = or_(Version.created_by != caller.me.uuid, Version.status != VersionStatus.DRAFT)
    theirs = (await session.execute(versions.where(others))).scalar_one()
    is_young = file.created_at >= now - (caller.keeps_names or timedelta())
    return not theirs and is_young and is_temporary(file.name)


def _names_backup(name: str, of: str) -> bool:
    """Whether `name` looks like that of a backup of the file called `of`: `plan.odt~`, `plan.bak`, `#plan.odt#`."""
    stem = of.rpartition(".")[0] or of
    return stem.lower() in name.lower()
