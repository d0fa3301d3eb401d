"""SQLite's files: how they are begun, and how large they get."""

from __future__ import annotations

import errno
import os
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

# The write-ahead log is cut to this once it has been written to the database.
WAL_BYTES = 32 * 2**20
# So many free pages stay in the file, for what comes next. Those beyond go back to the disk, a few at a time.
FREE_PAGES, PAGES_AT_ONCE = 2_500, 250
# Long enough for the short write of another process of the server.
LOCK_SECONDS = 0.1
INCREMENTAL = 2
# With less room than this, what is small may find room within the log, and an ordinary write not.
ROOM_BYTES = 2**20
AGAIN_SECONDS = 0.01


def with_a_log(busy_seconds: float) -> Callable[..., sqlite3.Connection]:
    """What opens a database for writing, with a write-ahead log. It waits so long for others that do the same."""

    def open_file(*args: Any, **named: Any) -> sqlite3.Connection:
        connection = sqlite3.Connection(*args, **named)
        try:
            _begin_log(connection, time.monotonic() + busy_seconds)
        except BaseException:
            connection.close()
            raise
        return connection

    return open_file


def _begin_log(connection: sqlite3.Connection, deadline: float) -> None:
    connection.execute("PRAGMA auto_vacuum = INCREMENTAL")  # counts where the file is still empty
    while True:
        try:  # SQLite itself does not wait here, whatever its busy_timeout is
            connection.execute("PRAGMA journal_mode = WAL").close()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(AGAIN_SECONDS)
        else:
            return


def check_room(file: str) -> None:
    """Check that the disk of a database has room for ordinary writes.

    Raises:
        OSError: it has not.
    """
    found = os.statvfs(Path(file).parent)
    if found.f_bavail * found.f_frsize < ROOM_BYTES:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), file)


def give_back_pages(file: str) -> bool:
    """Give a few free pages of a database back to the disk. Returns whether to go on: False if there are no more, or
    another program keeps the write lock. That is hardly waited for, since writers wait behind the caller's turn."""
    try:
        return _give_back(file)
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
            raise
        return False


def _give_back(file: str) -> bool:
    with closing(sqlite3.connect(file, timeout=LOCK_SECONDS, isolation_level=None)) as connection:
        (vacuum,) = connection.execute("PRAGMA auto_vacuum").fetchone()
        (free,) = connection.execute("PRAGMA freelist_count").fetchone()
        if vacuum != INCREMENTAL or free <= FREE_PAGES:
            return False
        count = min(PAGES_AT_ONCE, free - FREE_PAGES)
        connection.executescript(f"PRAGMA incremental_vacuum({count})")  # execute() would stop after one page
        return bool(free - count > FREE_PAGES)
