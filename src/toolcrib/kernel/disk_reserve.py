"""Room on the disk that is kept for SQLite, so that people can release, delete and sign in while the disk is full: a
file beside the database, which is removed when the disk is nearly full and made again when there is room.
"""

from __future__ import annotations

import errno
import fcntl
import os
import sqlite3
from pathlib import Path

import structlog

log = structlog.get_logger()

ENDING = "-reserve"
# With less than this left on the disk the reserve is given up.
LOW_BYTES = 4 * 2**20
# How many pages the write-ahead log may have before it is written to the database: as usual, and while the reserve is
# given up. It keeps the size it once had, so a shorter log leaves more room for what is new.
USUAL_PAGES, FEW_PAGES = 4_000, 250
_WRITE_FAILED = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR}


class DiskReserve:
    """The reserve of one database file, `size` bytes. Several processes may look after the same one."""

    def __init__(self, database: Path, size: int) -> None:
        self.path = database.with_name(database.name + ENDING)
        self._draft = database.with_name(database.name + ENDING + "-draft")
        self._folder = database.parent
        self._size = size
        self._is_there: bool | None = None  # not known yet

    @property
    def is_given_up(self) -> bool:
        return self._is_there is False

    @property
    def wal_pages(self) -> int:
        return FEW_PAGES if self.is_given_up else USUAL_PAGES

    def look(self) -> None:
        """Give the reserve up, or make it again, as the room on the disk is now. Call before each transaction: it costs
        one call to the operating system."""
        try:
            found = os.statvfs(self._folder)
        except OSError:
            return  # the transaction finds out what is wrong
        free = found.f_bavail * found.f_frsize
        if free < LOW_BYTES:
            if self._is_there is not False:
                self.give_up()
        elif self._is_there is None or (not self._is_there and free >= self._size + 2 * LOW_BYTES):
            self._make(free)

    def give_up(self) -> bool:
        """Remove the reserve. Returns whether that made room."""
        self._is_there = False
        # A start that was killed may have left a draft, which takes as much.
        if not any([_removed(self.path), _removed(self._draft)]):
            return False
        log.warning("disk_reserve_given_up", note="The disk of the database is full. Make room on it.")
        return True

    def failed(self, error: BaseException | None) -> bool:
        """Give the reserve up if SQLite failed for lack of room. Returns whether trying again may help."""
        code = getattr(error, "sqlite_errorcode", None)
        return code is not None and code & 0xFF in _WRITE_FAILED and self.give_up()

    def _make(self, free: int) -> None:
        """Take the room from the disk. A file that is there already is as large as another start made it."""
        was_given_up = self.is_given_up
        self._is_there = self.path.exists()
        if self._is_there:
            return
        try:
            descriptor = os.open(self._draft, os.O_WRONLY | os.O_CREAT, 0o600)
            try:
                self._is_there = self._fill(descriptor, free)
            finally:
                os.close(descriptor)
        except OSError as error:
            _removed(self._draft)
            log.warning("no_disk_reserve", error=errno.errorcode.get(error.errno or 0))
            return
        if was_given_up and self._is_there:
            log.info("disk_reserve_made_again")

    def _fill(self, descriptor: int, free: int) -> bool | None:
        """Make the draft the reserve. Returns whether it is there; None if another process is making it now."""
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            found = os.fstat(descriptor)
            if not os.path.samestat(found, self._draft.stat()):
                return None
        except (BlockingIOError, FileNotFoundError):
            return None
        # What a start that was killed has taken for it is not free.
        if free + found.st_blocks * 512 < self._size + LOW_BYTES:
            self._draft.unlink()
            return False
        _allocate(descriptor, self._size)
        self._draft.rename(self.path)
        return True


def _removed(path: Path) -> bool:
    try:
        path.unlink()
    except OSError:
        return False
    return True


def _allocate(descriptor: int, size: int) -> None:
    try:
        os.posix_fallocate(descriptor, 0, size)
    except OSError as error:
        if error.errno not in {errno.EOPNOTSUPP, errno.EINVAL}:
            raise
        # A file system that keeps zeros in no room, as those do that compress.
        for start in range(0, size, 2**20):
            os.pwrite(descriptor, os.urandom(min(2**20, size - start)), start)
