"""Bytes from one place to another, as next versions; folders with what is written on them."""

from __future__ import annotations

from datetime import datetime

from toolcrib.documents.caller import Caller
from toolcrib.documents.errors import FileNotFound
from toolcrib.documents.paths import Place
from toolcrib.documents.service.bytes import reference
from toolcrib.documents.service.folders import folder_at, make_folder
from toolcrib.documents.service.parts import Documents, find, place_of
from toolcrib.documents.service.properties import copy_properties, forget_properties
from toolcrib.documents.service.removal import remove
from toolcrib.documents.service.revisions import current
from toolcrib.documents.service.trees import Tree
from toolcrib.documents.service.uploads import Saved, may_put, save


async def copy_file(docs: Documents, caller: Caller, source: Place, target: Place, *, now: datetime) -> Saved:
    """The current bytes at `source` as the next version of the file at `target`, made where it is missing: so
    what is copied over keeps its history. Properties and tags come along.

    Raises:
        FileLocked: somebody else holds the target (409).
        FileExists: the target is a folder (409).
    """
    file, _ = await find(docs, caller, source, "read", archived=False)
    right = await may_put(docs, caller, target, size=file.size, now=now)
    async with docs.kernel.database.read() as session:
        version = await current(session, file)
    if version is None:
        raise FileNotFound("The file has no version to copy.")
    stored = await reference(docs, version, source.bucket, target.bucket)
    saved = await save(
        docs,
        caller,
        target,
        stored,
        right,
        mime_type=version.mime_type,
        changelog=f"Copied from {file.address} version {version.version_number}",
        tags=dict(file.tags),
        now=now,
    )
    async with docs.kernel.database.write() as session:
        await session.connection()
        await copy_properties(session, file.id, saved.file.id)
    return saved


async def copy_folder(
    docs: Documents, caller: Caller, source: Place, target: Place, *, now: datetime
) -> None:
    """An empty folder at `target`, with the properties of the one at `source`."""
    await make_folder(docs, caller, target, now=now)
    async with docs.kernel.database.write() as session:
        await session.connection()
        here, there = await folder_at(session, source), await folder_at(session, target)
        if here is not None and there is not None:
            await copy_properties(session, here.id, there.id)


async def replace_by_move(
    docs: Documents, caller: Caller, source: Place, target: Place, *, now: datetime
) -> Saved:
    """Move a file onto another: its bytes become the other's next version, and it is gone. It is destroyed if
    those bytes were all it had, and archived if it has a history of its own."""
    await docs.access.require(caller, source.bucket, "delete", path=source.path)
    file, _ = await find(docs, caller, source, "read", archived=False)
    saved = await copy_file(docs, caller, source, target, now=now)
    await remove(docs, caller, file.id, physical=file.version_number == 1, now=now)
    return saved


async def begin_anew(docs: Documents, saved: Saved) -> None:
    """A file that came back to life by an upload starts without the properties of its former life."""
    if saved.created:
        async with docs.kernel.database.write() as session:
            await session.connection()
            await forget_properties(session, saved.file.id)


def moved(place: Place, source: Place, target: Place) -> Place:
    return Place(target.bucket, (target.path + place.path[len(source.path) :]).lstrip("/"))


def places_in(tree: Tree) -> tuple[list[Place], list[Place]]:
    """Where the folders and the files of `tree` lie."""
    bucket = tree.place.bucket
    return [Place(bucket, each.path) for each in tree.folders], [place_of(each) for each in tree.files]
