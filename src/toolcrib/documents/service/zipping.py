"""A folder as a ZIP archive, made while it is sent."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.documents.caller import Caller
from toolcrib.documents.errors import ProjectServiceUnavailable, TooManyFiles
from toolcrib.documents.models import File, FileStatus, Folder, Version
from toolcrib.documents.paths import Place
from toolcrib.documents.service.content import mark_lost, store_errors
from toolcrib.documents.service.downloads import record_download
from toolcrib.documents.service.folders import look_in
from toolcrib.documents.service.lookup import Documents, below, folders_below
from toolcrib.documents.zip_writer import ZipWriter
from toolcrib.kernel.blobs.models import Blob
from toolcrib.kernel.blobs.problems import BlobMissing
from toolcrib.kernel.identity.principal import AccessDenied
from toolcrib.kernel.long_answers import PAGE, refreshed

# Of files and folders: the archive's directory, which is its end, is kept in memory until then.
MOST = 50_000
# What is worked on before the loop serves others, and what is gathered before it is sent.
PIECE_BYTES = 256 * 1024
MISSING = "MISSING.txt"

Row = TypeVar("Row")
# Reads the page of rows whose paths come after one.
Read = Callable[[AsyncSession, str], Awaitable[Sequence[Row]]]


@dataclass(frozen=True, slots=True)
class _Found:
    file: File
    version: Version | None
    blob: Blob | None


async def zip_folder(docs: Documents, caller: Caller, place: Place) -> AsyncIterator[bytes]:
    """Yield an archive of the current versions of all files below a folder, with its folders, named from the folder on.

    Archived files and programs' litter are left out. What the store has lost, or the caller may not read, is named in
    the last entry, `MISSING.txt`. If anything else fails the archive has no end, so that nobody takes it for whole.

    Raises:
        FolderNotFound: no such folder (404).
        TooManyFiles: there are more than `MOST` entries (413).
        TooManyTransfers, ArchivesBusy: too many archives are being sent (429, 503).
    """
    await look_in(docs, caller, place)
    with docs.archives.running(caller.me.uuid):
        await _refuse_too_many(docs, place)
        async for piece in _Archive(docs, caller, place).pieces():
            yield piece


def _files(place: Place) -> list[ColumnElement[bool]]:
    return [*below(place), File.status != FileStatus.ARCHIVED, File.is_litter.is_(False)]


async def _refuse_too_many(docs: Documents, place: Place) -> None:
    async with docs.kernel.database.read() as session:
        count = 0
        for table, conditions in ((File, _files(place)), (Folder, folders_below(place))):
            query = select(func.count()).select_from(
                select(table.id).where(*conditions).limit(MOST + 1).subquery()
            )
            count += (await session.execute(query)).scalar_one()
    if count > MOST:
        raise TooManyFiles(f"An archive has at most {MOST:,} files and folders. Download folders below it.")


@dataclass(slots=True)
class _Archive:
    docs: Documents
    caller: Caller
    place: Place
    zip: ZipWriter = field(default_factory=ZipWriter)
    missing: list[str] = field(default_factory=list)

    async def pieces(self) -> AsyncIterator[bytes]:
        async for folders in self._pages(self._read_folders, lambda row: row.path):
            for folder in folders:
                self.zip.add_folder(self._name(folder.path), folder.created_at)
            if self.zip.waiting >= PIECE_BYTES:
                yield self.zip.take()
        async for rows in self._pages(self._read_files, lambda row: row.file.logical_path):
            for row in rows:
                async for piece in self._add(row):
                    yield piece
        yield self._end()

    async def _add(self, row: _Found) -> AsyncIterator[bytes]:
        name = self._name(row.file.logical_path)
        content = await self._open(row, name)
        if content is None or row.version is None:
            return
        done = 0
        with self.zip.open_file(name, row.file.updated_at, row.version.size) as entry:
            async for block in content:
                for start in range(0, len(block), PIECE_BYTES):
                    done += entry.write(block[start : start + PIECE_BYTES])
                    if self.zip.waiting >= PIECE_BYTES:
                        yield self.zip.take()
                    await asyncio.sleep(0)
        if done != row.version.size:
            self.missing.append(f"{name}: the store has {done} of its {row.version.size} bytes")

    async def _open(self, row: _Found, name: str) -> AsyncIterator[bytes] | None:
        """Return the content of a file, checked and recorded as each download is. None if it is missing."""
        if row.version is None or row.blob is None:
            self.missing.append(f"{name}: it has no version yet")
            return None
        if not await self._may_read(row.file):
            self.missing.append(f"{name}: you may not read it")
            return None
        now = self.docs.kernel.clock()
        with store_errors():
            try:
                content = await self.docs.blobs.read(row.blob.key)
            except BlobMissing:
                await mark_lost(self.docs, row.blob.id, row.blob.key, now=now)
                self.missing.append(f"{name}: the store has lost its content")
                return None
        await record_download(
            self.docs, self.caller, row.file, row.version, now=now, folder=self.place.address
        )
        return content

    async def _may_read(self, file: File) -> bool:
        """Whether the caller may read this file of a bucket that they may read.

        Raises:
            AccessDenied, Unauthorized: they no longer may read the bucket, or nobody knows.
        """
        await self._refresh()
        bucket, path = self.place.bucket, file.logical_path
        try:
            await self.docs.access.require(self.caller, bucket, "read", file_id=file.id, path=path)
        except ProjectServiceUnavailable:
            raise
        except AccessDenied:
            await self.docs.access.require(self.caller, bucket, "read", path=self.place.path)
            return False
        return True

    async def _refresh(self) -> None:
        me = await refreshed(self.docs.kernel, self.caller.me)
        self.caller = replace(self.caller, me=me)

    def _end(self) -> bytes:
        comment = ""
        if self.missing:
            name = self.zip.free_name(MISSING)
            with self.zip.open_file(name, self.docs.kernel.clock(), 0) as entry:
                entry.write("".join(f"{line}\n" for line in self.missing).encode())
            comment = f"{len(self.missing)} missing: see {name}"
        self.zip.close(comment)
        return self.zip.take()

    def _name(self, path: str) -> str:
        """Return a path from the folder on. Paths have no `..`, backslashes or slashes at an end: see `normalise`."""
        return path[len(self.place.path) + 1 :] if self.place.path else path

    # Pages

    async def _pages(self, read: Read[Row], path_of: Callable[[Row], str]) -> AsyncIterator[Sequence[Row]]:
        """Yield all rows by path, a page at a time. No transaction is open, and no turn taken, while a page is used."""
        kernel, after = self.docs.kernel, ""
        while True:
            await self._refresh()
            await self.docs.access.require(self.caller, self.place.bucket, "read", path=self.place.path)
            async with kernel.turns.turn(self.caller.me.uuid), kernel.database.read() as session:
                rows = await read(session, after)
            yield rows
            if len(rows) < PAGE:
                return
            after = path_of(rows[-1])

    async def _read_folders(self, session: AsyncSession, after: str) -> Sequence[Folder]:
        conditions = [*folders_below(self.place), Folder.path > after]
        query = select(Folder).where(*conditions).order_by(Folder.path).limit(PAGE)
        return (await session.execute(query)).scalars().all()

    async def _read_files(self, session: AsyncSession, after: str) -> Sequence[_Found]:
        query = (
            select(File, Version, Blob)
            .outerjoin(Version, Version.id == File.current_version_id)
            .outerjoin(Blob, Blob.id == Version.blob_id)
            .where(*_files(self.place), File.logical_path > after)
            .order_by(File.logical_path)
            .limit(PAGE)
        )
        return [_Found(*row) for row in await session.execute(query)]
