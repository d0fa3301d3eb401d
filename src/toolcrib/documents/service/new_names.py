"""Names that Windows cannot keep: each project says whether new ones are refused, warned of or allowed.

A name is new where a document or folder arises or gets another name. What has such a name already keeps working. The
caller's transaction checks the names it writes; uploads are also checked before their content is received.
"""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.documents.access import Right
from toolcrib.documents.caller import Caller
from toolcrib.documents.errors import NameClash, NameNotForWindows
from toolcrib.documents.models import File, FileStatus, Folder
from toolcrib.documents.paths import Place
from toolcrib.documents.windows_names import why_not


async def check_name(
    session: AsyncSession,
    caller: Caller,
    place: Place,
    right: Right,
    *,
    was: Place | None = None,
) -> None:
    """Check the name that something gets at `place`, or warn of it, as its project says. `was` is where it is before a
    move: then only what is new about the name counts. Programs' litter may have any name.

    Raises:
        NameNotForWindows: (400).
        NameClash: another name in the folder differs only in case (409).
    """
    if right.windows_names == "allow" or not place.path or right.litter.names(place.name):
        return
    reason = why_not(place.name)
    if reason is not None and (was is None or was.name != place.name):
        text = f"Windows cannot keep {place.name}: {reason}."
        if right.windows_names == "refuse":
            raise NameNotForWindows(text, {"path": place.address})
        caller.warn(text)
    other = await clash_at(session, place, was=was)
    if other is not None:
        text = f"{place.path} differs only in upper and lower case from {other.path}, which is there."
        if right.windows_names == "refuse":
            raise NameClash(text, {"path": place.address, "existing": other.address})
        caller.warn(text)


async def check_path(session: AsyncSession, caller: Caller, place: Place, right: Right) -> None:
    """Do what `check_name` does, for `place` and those folders above it that are missing."""
    if right.windows_names == "allow":
        return
    await check_name(session, caller, place, right)
    above = place.parent
    while above.path:
        found = await session.execute(select(Folder.id).where(Folder.location == above.location))
        if found.first() is not None:
            return
        await check_name(session, caller, above, right)
        above = above.parent


async def clash_at(session: AsyncSession, place: Place, *, was: Place | None = None) -> Place | None:
    """Return the place of a file or folder whose path differs from `place` only in case, or None. What is at `was`,
    or below it, does not count: it moves to `place`."""
    files = select(File.logical_path, File.location).where(
        File.folded == place.folded, File.status != FileStatus.ARCHIVED
    )
    folders = select(Folder.path, Folder.location).where(Folder.folded == place.folded)
    for path, location in [*(await session.execute(files)), *(await session.execute(folders))]:
        if location not in {place.location, was.location if was is not None else None}:
            return Place(place.bucket, path)
    return None


async def is_taken(session: AsyncSession, place: Place) -> bool:
    """Whether a file that is not archived, or a folder, is at `place`."""
    files = select(File.id).where(File.location == place.location, File.status != FileStatus.ARCHIVED)
    folders = select(Folder.id).where(Folder.location == place.location)
    return (await session.execute(files)).first() is not None or (
        await session.execute(folders)
    ).first() is not None
