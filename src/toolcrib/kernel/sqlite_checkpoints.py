"""Writing SQLite's write-ahead log to the database while nobody waits for it.

By itself SQLite does that within a commit, once the log has a certain length, and whoever commits waits for some
megabytes to reach the disk. Here it is done soon after each write, over a connection of its own, beside the next
writes. What is left for the commit that finds the log long enough is what was written since.
"""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing

import structlog

from toolcrib.kernel.waits import end_tasks

log = structlog.get_logger()

# From a write to the checkpoint that has it. Pages that are written again and again go to the file once meanwhile.
PAUSE_SECONDS = 0.2


class SqliteCheckpoints:
    def __init__(self, file: str) -> None:
        self._file = file
        self._task: asyncio.Task[None] | None = None
        self._is_behind = False

    def wrote(self) -> None:
        """Have a checkpoint made soon. It must not be waited for."""
        self._is_behind = True
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._catch_up(), name="sqlite-checkpoint")

    async def _catch_up(self) -> None:
        try:
            while self._is_behind:
                await asyncio.sleep(PAUSE_SECONDS)
                self._is_behind = False
                await asyncio.to_thread(self._checkpoint)
        except sqlite3.Error as error:  # as on a full disk: SQLite's own within a commit remains
            log.debug("no_checkpoint", error=error.sqlite_errorname)
        finally:
            self._task = None

    def _checkpoint(self) -> None:
        with closing(sqlite3.connect(self._file, timeout=0, isolation_level=None)) as connection:
            connection.execute(
                "PRAGMA wal_checkpoint(PASSIVE)"
            ).fetchone()  # which waits for no reader or writer

    async def close(self) -> None:
        if self._task is not None:
            await end_tasks(self._task)
