"""Find files, and the objects that all document functions use."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from weakref import WeakValueDictionary

from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.documents.access import Access, Action, Right
from toolcrib.documents.caller import Caller
from toolcrib.documents.endpoint_rights import EndpointRights
from toolcrib.documents.errors import FileNotFound
from toolcrib.documents.models import File, Folder
from toolcrib.documents.paths import Bucket, Place
from toolcrib.documents.service.archive_room import ArchiveRoom
from toolcrib.documents.service.listing_room import ListingRoom
from toolcrib.kernel.blobs.store import Blobs
from toolcrib.kernel.context import Kernel
from toolcrib.kernel.database import take_write_lock
from toolcrib.kernel.events import log as event_log

KIND = "document"
# The path after every path that begins with `x/` is the first that begins with `x0`: 0 follows / in ASCII.
_AFTER_SLASH = chr(ord("/") + 1)


@dataclass(slots=True)
class Documents:
    """The kind's services, created once at start. `endpoint_rights` is set where a role service decides about routes.
    `look_for` is set where content arrives in the store without our hearing of it: it lets what has arrived for a
    place, or below it, appear. `finishing` has a lock for each resumable upload, by id, whose parts this process is
    joining."""

    kernel: Kernel
    access: Access
    endpoint_rights: EndpointRights | None = None
    listings: ListingRoom = field(init=False)
    look_for: Callable[[Place], Awaitable[bool]] | None = None
    archives: ArchiveRoom = field(default_factory=ArchiveRoom)
    finishing: WeakValueDictionary[str, asyncio.Lock] = field(default_factory=WeakValueDictionary)

    def __post_init__(self) -> None:
        self.listings = ListingRoom(self.kernel.settings.webdav_listings_mib * 2**20)

    @property
    def blobs(self) -> Blobs:
        return self.kernel.blobs

    @property
    def max_bytes(self) -> int:
        return self.kernel.settings.storage_max_bytes


# A file by its place, or by its id.
Where = Place | str


def documents_of(kernel: Kernel) -> Documents:
    found: Documents = kernel.kinds[KIND]
    return found


def bucket_of(file: File) -> Bucket:
    return Bucket(file.bucket_type, file.bucket_id)


def place_of(file: File) -> Place:
    return Place(bucket_of(file), file.logical_path)


async def allow(docs: Documents, caller: Caller, where: Where, action: Action) -> tuple[Right, File | None]:
    """Return the caller's right at `where`, and the file there, if any.

    For a place, the right is checked before anything is read. For an id, the file is read first to find its bucket.

    Raises:
        FileNotFound: there is no file of that id (404).
        AccessDenied: the caller may not (403).
    """
    if isinstance(where, Place):
        right = await docs.access.require(caller, where.bucket, action, path=where.path)
        async with docs.kernel.database.read() as session:
            file = await at(session, where)
        if file is None and docs.look_for is not None and await docs.look_for(where):
            async with docs.kernel.database.read() as session:
                file = await at(session, where)
        return right, file
    async with docs.kernel.database.read() as session:
        file = await session.get(File, where)
    if file is None:
        raise FileNotFound("There is no such file.")
    bucket = bucket_of(file)
    right = await docs.access.require(caller, bucket, action, file_id=file.id, path=file.logical_path)
    return right, file


async def find(
    docs: Documents, caller: Caller, where: Where, action: Action, *, archived: bool = True
) -> tuple[File, Right]:
    """Do what `allow` does, for a file that must exist.

    Raises:
        FileNotFound: there is no file, or it is archived and `archived` is False (404).
    """
    right, file = await allow(docs, caller, where, action)
    if file is None or (file.is_archived and not archived):
        raise FileNotFound("There is no such file.")
    return file, right


async def at(session: AsyncSession, place: Place) -> File | None:
    """Return the file at `place`, archived or not."""
    return (await session.execute(select(File).where(File.location == place.location))).scalar_one_or_none()


def below(folder: Place) -> list[ColumnElement[bool]]:
    """Return conditions for all files anywhere below `folder`: one range of an index."""
    found: list[ColumnElement[bool]] = [
        File.bucket_type == folder.bucket.type,
        File.bucket_id == folder.bucket.id,
    ]
    if folder.path:
        found += [
            File.logical_path >= f"{folder.path}/",
            File.logical_path < f"{folder.path}{_AFTER_SLASH}",
        ]
    return found


def folders_below(folder: Place) -> list[ColumnElement[bool]]:
    """Return conditions for all folders anywhere below `folder`."""
    found: list[ColumnElement[bool]] = [
        Folder.bucket_type == folder.bucket.type,
        Folder.bucket_id == folder.bucket.id,
    ]
    if folder.path:
        found += [Folder.path >= f"{folder.path}/", Folder.path < f"{folder.path}{_AFTER_SLASH}"]
    return found


async def still(session: AsyncSession, file_id: str, *, archived: bool = True) -> File:
    """Take the write lock and read the file again.

    Raises:
        FileNotFound: it was removed meanwhile (404).
    """
    await take_write_lock(session)
    file = await session.get(File, file_id)
    if file is None or (file.is_archived and not archived):
        raise FileNotFound("There is no such file.")
    return file


async def record_event(
    session: AsyncSession,
    caller: Caller | None,
    verb: str,
    file: File,
    scope: str,
    *,
    now: datetime,
    **data: Any,
) -> None:
    """Write an event about the file, for everybody who may see it; none about programs' litter."""
    if file.is_litter:
        return
    await event_log.record(
        session,
        verb,
        kind=KIND,
        key=file.id,
        actor=caller.me.username if caller else None,
        scope=scope,
        now=now,
        label=file.address,
        **data,
    )
