"""A folder as file store.

obstore's own local store is not used: it syncs neither a file nor its folder, so a power cut could lose content that
a committed row names.
"""

from __future__ import annotations

import asyncio
import errno
import fcntl
import os
from collections.abc import AsyncIterable, AsyncIterator, Iterator
from concurrent.futures import Future, wait
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import uuid4

import structlog

from toolcrib.kernel.blobs.problems import BlobMissing, StorageFull, StorageUnavailable
from toolcrib.kernel.blobs.store import KEY, ObjectInfo
from toolcrib.kernel.blobs.threads import in_thread, submit
from toolcrib.kernel.failure_words import READ_ONLY, failure_in_words
from toolcrib.kernel.write_watch import is_probing

log = structlog.get_logger()

READ_BYTES = 1024 * 1024
PAGE = 1_000
DRAFTS = "drafts"
# With less than this left nothing can be stored.
FULL_BYTES = 1024 * 1024
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
# How file systems without hard links refuse them: FAT, FUSE and SMB, and those that allow a file one name only.
_NO_HARD_LINKS = {errno.EPERM, errno.EACCES, errno.ENOSYS, errno.EOPNOTSUPP, errno.EMLINK}


class LocalObjects:
    """Stores each key as a file below `root`; files being received are in `drafts`. If `drafts` is missing, the disk is
    taken to be not mounted. Nothing is stored that would leave less than `keep_free` bytes on the disk."""

    def __init__(self, root: Path, keep_free: int = 0) -> None:
        self.root = root
        self._keep_free = keep_free
        self._known_folders: set[Path] = set()

    async def make(self) -> None:
        with _translated_errors():
            await in_thread((self.root / DRAFTS).mkdir, parents=True, exist_ok=True, mode=0o700)

    async def write(
        self, key: str, blocks: AsyncIterable[bytes], *, size: int | None, only_new: bool = False
    ) -> None:
        target = self._path(key)
        draft = self.root / DRAFTS / uuid4().hex
        opening = submit(self._open, draft, size or 0)
        writing: Future[Any] | None = None
        try:
            with _translated_errors():
                descriptor = await asyncio.wrap_future(opening)
            async for block in blocks:
                if writing is not None:
                    with _translated_errors():
                        await asyncio.wrap_future(writing)
                writing = submit(self._write_all, descriptor, block)
            with _translated_errors():
                if writing is not None:
                    await asyncio.wrap_future(writing)
                writing = submit(self._publish, descriptor, draft, target, only_new=only_new)
                await asyncio.wrap_future(writing)
        except BaseException as error:
            gone = submit(_discard, opening, draft, after=writing)
            if isinstance(error, Exception):  # a cancelled task does not wait
                await asyncio.wrap_future(gone)
            raise
        os.close(descriptor)

    def _open(self, draft: Path, size: int) -> int:
        self._refuse_without_room(self.root / DRAFTS, size)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with suppress(OSError):  # a file system without locks: there only its age protects a draft
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        return descriptor

    def _write_all(self, descriptor: int, block: bytes) -> None:
        self._refuse_without_room(descriptor, len(block))
        rest = memoryview(block)
        while rest:
            rest = rest[os.write(descriptor, rest) :]

    def _refuse_without_room(self, where: Path | int, size: int) -> None:
        """Raise ENOSPC if `size` more bytes would leave less on that disk than is to be kept free."""
        if self._keep_free and _free_bytes(where) - size < self._keep_free:
            raise OSError(errno.ENOSPC, "the rest of the disk is kept free")

    def _publish(self, descriptor: int, draft: Path, target: Path, *, only_new: bool) -> None:
        os.fsync(descriptor)
        self._make_folder(target.parent)
        try:
            if only_new:
                _take_name(draft, target)
            else:
                os.rename(draft, target)
        except FileNotFoundError:
            self._known_folders.clear()  # the folder was removed: the next attempt creates it again
            raise
        _sync_folder(target.parent)

    def _make_folder(self, folder: Path) -> None:
        """Make sure that `folder` exists and that its directory entry is synced, whichever process created it."""
        if folder in self._known_folders:
            return
        if folder != self.root:
            self._make_folder(folder.parent)
            with suppress(FileExistsError):
                folder.mkdir(mode=0o700)
            _sync_folder(folder.parent)
        self._known_folders.add(folder)

    async def read(self, key: str, start: int, end: int | None) -> AsyncIterator[bytes]:
        path = self._path(key)
        with _translated_errors(), self._missing():
            file = await in_thread(open, path, "rb", buffering=0)
        return _blocks(file, start, end)

    async def head(self, key: str) -> ObjectInfo:
        with _translated_errors(), self._missing():
            found = await in_thread(os.stat, self._path(key))
        return ObjectInfo(key, found.st_size, datetime.fromtimestamp(found.st_mtime, UTC))

    async def delete(self, key: str) -> None:
        with _translated_errors():
            await in_thread(self._path(key).unlink, missing_ok=True)

    async def pages(self, prefix: str) -> AsyncIterator[list[ObjectInfo]]:
        found = self._walk(prefix)
        while page := await in_thread(_take, found, PAGE):
            yield page

    def _walk(self, prefix: str) -> Iterator[ObjectInfo]:
        for folder, _folders, names in os.walk(self.root / prefix):
            for name in names:
                path = Path(folder, name)
                key = path.relative_to(self.root).as_posix()
                if not KEY.fullmatch(key):
                    continue
                with suppress(FileNotFoundError):
                    stat = path.stat()
                    yield ObjectInfo(key, stat.st_size, datetime.fromtimestamp(stat.st_mtime, UTC))

    async def tidy(self, before: datetime) -> None:
        await in_thread(self._tidy, before.timestamp())

    def _tidy(self, before: float) -> None:
        with os.scandir(self.root / DRAFTS) as drafts:
            for draft in drafts:
                with suppress(FileNotFoundError):
                    if draft.stat().st_mtime < before and not _in_use(draft.path):
                        Path(draft.path).unlink()

    async def presign(self, method: str, key: str, expires_in: timedelta) -> str | None:
        return None

    async def check(self) -> str:
        return await in_thread(self._check)

    def _check(self) -> str:
        """Check the folder without writing: unauthenticated clients may trigger this as often as they like."""
        drafts = self.root / DRAFTS
        if not drafts.is_dir():
            raise StorageUnavailable("its folder is missing: is its disk mounted?")
        if os.statvfs(drafts).f_flag & os.ST_RDONLY:
            raise StorageUnavailable(READ_ONLY)
        if not os.access(drafts, os.R_OK | os.W_OK | os.X_OK):
            raise StorageUnavailable("its folder may not be read or written")
        free = _free_bytes(drafts)
        if free < max(FULL_BYTES, self._keep_free):
            raise StorageFull
        return f"{free // 2**20} MiB free"

    @contextmanager
    def _missing(self) -> Iterator[None]:
        """Report a missing file as missing only if the store itself is there: if the disk is not mounted, no content
        is lost."""
        try:
            yield
        except FileNotFoundError:
            if not (self.root / DRAFTS).is_dir():
                raise
            raise BlobMissing("The bytes of this file are missing.") from None

    def _path(self, key: str) -> Path:
        return self.root / key


async def _blocks(file: Any, start: int, end: int | None) -> AsyncIterator[bytes]:
    """Yield the file in blocks; the next block is read while one is being sent."""
    position = start
    size = READ_BYTES if end is None else min(READ_BYTES, end - position)
    reading: Future[bytes] | None = submit(os.pread, file.fileno(), size, position)
    try:
        while reading is not None:
            with _translated_errors():
                block = await asyncio.wrap_future(reading)
            position += len(block)
            size = READ_BYTES if end is None else min(READ_BYTES, end - position)
            reading = submit(os.pread, file.fileno(), size, position) if block and size > 0 else None
            if block:
                yield block
    finally:
        if reading is None:
            file.close()
        else:
            reading.add_done_callback(lambda _: file.close())


def _take_name(draft: Path, target: Path) -> None:
    """Rename `draft`. Of several that take the same name, one does, and the others get FileExistsError."""
    try:
        os.link(draft, target)
    except OSError as error:
        if error.errno not in _NO_HARD_LINKS:
            raise
        if target.exists():  # of two at the same moment, both may find that it does not
            raise FileExistsError(errno.EEXIST, "the name is taken") from None
        os.rename(draft, target)
    else:
        draft.unlink()


def _free_bytes(where: Path | int) -> int:
    found = os.statvfs(where)
    return found.f_bavail * found.f_frsize


def _discard(opening: Future[int], draft: Path, *, after: Future[Any] | None) -> None:
    """Close and remove the draft once the threads that open it and write to it have finished."""
    wait([opening] if after is None else [opening, after])
    if opening.cancelled() or opening.exception() is not None:
        return
    os.close(opening.result())
    draft.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _take(found: Iterator[ObjectInfo], count: int) -> list[ObjectInfo]:
    return list(islice(found, count))


def _in_use(draft: str) -> bool:
    """Whether a process is writing it. Ages alone do not tell: a clock set forward makes every draft look old."""
    descriptor = os.open(draft, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return False


@contextmanager
def _translated_errors() -> Iterator[None]:
    """Translate the operating system's errors into StorageFull and StorageUnavailable."""
    try:
        yield
    except FileExistsError:
        raise
    except OSError as error:
        if not is_probing():
            log.error("file_store_failed", error=errno.errorcode.get(error.errno or 0))
        full = error.errno in _FULL
        raise (StorageFull() if full else StorageUnavailable(failure_in_words(error))) from error
