"""Audit lines about actions that change nothing, such as a download: written at once if possible, otherwise later.

Reading continues while the database accepts no changes. Lines that cannot be written wait in memory, up to a limit; a
server that stops meanwhile loses them, and logs that.

Each line has an id of its own, `line_id`, which is unique in its table. If the database commits lines and its answer is
lost, the next try finds which are there already.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextvars import Context
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import structlog
from sqlalchemy import Table, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from toolcrib.kernel.database import Database
from toolcrib.kernel.failure_words import database_failure
from toolcrib.kernel.waits import end_tasks, set_within

log = structlog.get_logger()

ROOM = 10_000
BATCH = 500
# How long a request waits for its line to be written, unless earlier ones have waited without success.
PATIENCE_SECONDS = 2.0
RETRY_SECONDS = 1.0
CLOSE_SECONDS = 5.0


@dataclass(eq=False, slots=True)
class _Line:
    table: Table
    values: dict[str, Any]
    tried: bool = False
    written: asyncio.Event = field(default_factory=asyncio.Event)


class AuditLines:
    """Writes audit lines. `lost` counts the lines there was no room for, and those that the database refused."""

    def __init__(self, database: Database, room: int = ROOM) -> None:
        self._database = database
        self._room = room
        self._waiting: list[_Line] = []
        self._in_time = True
        self._stopping = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.lost = 0

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    async def write(self, table: Table, values: dict[str, Any]) -> None:
        """Write one line of a table with a column `line_id`. Returns when it is committed or after a short time, in
        which case it is written later."""
        if len(self._waiting) >= self._room:
            if not self.lost:
                log.error("audit_lines_dropped", note=f"{self._room} lines are waiting already.")
            self.lost += 1
            return
        line = _Line(table, {**values, "line_id": uuid4().hex})
        self._waiting.append(line)
        if self._task is None:
            # In its own context, because it outlives the request.
            self._task = asyncio.create_task(self._write_all(), name="audit-lines", context=Context())
        if self._in_time and not await set_within(line.written, PATIENCE_SECONDS):
            self._in_time = False

    async def close(self) -> None:
        """Try once more to write the waiting lines."""
        self._stopping.set()
        if self._task is not None:
            _done, late = await asyncio.wait([self._task], timeout=CLOSE_SECONDS)
            await end_tasks(*late)
        if self._waiting:
            log.error("audit_lines_lost", count=len(self._waiting))

    async def _write_all(self) -> None:
        try:
            while self._waiting:
                batch = self._waiting[:BATCH]
                stopping = self._stopping.is_set()
                why = await self._try(batch)
                if why is None:
                    self._in_time = True
                    del self._waiting[: len(batch)]
                    for line in batch:
                        line.written.set()
                    continue
                if stopping:
                    return
                if self._in_time:
                    log.warning("audit_lines_wait", reason=why)
                self._in_time = False
                for line in batch:
                    line.written.set()  # whoever waits for it need not
                await set_within(self._stopping, RETRY_SECONDS)
        finally:
            self._task = None

    async def _try(self, batch: Sequence[_Line]) -> str | None:
        """Write these lines, each alone if the database refuses one. Returns the database's failure, if any."""
        try:
            async with self._database.short_write() as connection:
                for table in dict.fromkeys(line.table for line in batch):
                    await _insert(connection, table, [line for line in batch if line.table is table])
        except Exception as error:
            known_before = all(line.tried for line in batch)
            for line in batch:
                line.tried = True
            why = database_failure(error)
            if why is not None:
                return why
            if len(batch) == 1 and not known_before:
                # Perhaps an earlier try, whose answer was lost, was committed only now: then it is there.
                return await self._try(batch)
            if len(batch) == 1:
                log.error("audit_line_refused", table=batch[0].table.name, exc_info=error)
                self.lost += 1
                return None
        else:
            return None
        for line in batch:
            if (why := await self._try([line])) is not None:
                return why
        return None


async def _insert(connection: AsyncConnection, table: Table, lines: Sequence[_Line]) -> None:
    """Insert the lines that no earlier try has written."""
    there: set[str] = set()
    if tried := [line.values["line_id"] for line in lines if line.tried]:
        found = select(table.c.line_id).where(table.c.line_id.in_(tried))
        there = set((await connection.execute(found)).scalars())
    if rows := [line.values for line in lines if line.values["line_id"] not in there]:
        await connection.execute(insert(table), rows)
