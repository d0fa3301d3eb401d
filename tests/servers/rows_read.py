"""How many rows a server in the test's process makes its database look at, of which an answer shows few."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import event, text

from toolcrib.kernel.database import Database

# SQLite counts steps of its machine; it takes about so many for a row.
STEPS_PER_ROW = 10
_SQLITE_EVERY = 100
_COUNTS = {
    "postgresql": "SELECT tup_returned FROM pg_stat_database WHERE datname = current_database()",
    "mariadb": "SELECT SUM(VARIABLE_VALUE) FROM information_schema.GLOBAL_STATUS "
    "WHERE VARIABLE_NAME LIKE 'Handler_read_%'",
}


# What the server's jobs may read between two looks at a count that has come to rest.
AT_REST = 100


class RowsRead:
    """Counts from its start on. `so_far` is a floor for SQLite, and has what the server's jobs read."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._steps = 0

    async def so_far(self) -> int:
        if self._database.dialect == "sqlite":
            return self._steps // STEPS_PER_ROW
        async with self._database.connection() as connection:
            found = await connection.execute(text(_COUNTS[self._database.dialect]))
            return int(found.scalar_one())

    async def settled(self) -> None:
        """Wait until the server has read what it reads by itself of what was written, as its log."""
        async with asyncio.timeout(60):
            before, still = await self.so_far(), 0
            while still < 3:
                await asyncio.sleep(0.1)
                now = await self.so_far()
                before, still = now, still + 1 if now - before < AT_REST else 0

    def _count(self) -> None:
        self._steps += _SQLITE_EVERY

    def checked_out(self, driver_connection: Any, *_: Any) -> None:
        if self._database.dialect == "sqlite":
            driver_connection.run_async(lambda raw: raw.set_progress_handler(self._count, _SQLITE_EVERY))

    def begun(self, connection: Any) -> None:
        if self._database.dialect == "postgresql":  # which else tells its counts seconds later
            connection.exec_driver_sql("SELECT pg_stat_force_next_flush()")


@asynccontextmanager
async def rows_read(database: Database, *, writing: bool = False) -> AsyncIterator[RowsRead]:
    """Count the rows that `database` reads meanwhile; of SQLite's, those read by what only reads, or by what is
    `writing`. Begin before its tables are filled, and let it settle then."""
    found = RowsRead(database)
    engine = (database.writes if writing else database.reads).sync_engine
    hooks = (("checkout", found.checked_out), ("begin", found.begun))
    for name, hook in hooks:
        event.listen(engine, name, hook)
    try:
        yield found
    finally:
        for name, hook in hooks:
            event.remove(engine, name, hook)
