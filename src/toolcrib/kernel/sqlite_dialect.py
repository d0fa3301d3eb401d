"""SQLite by way of aiosqlite, with one trip to the connection's thread for each statement.

SQLAlchemy's own dialect makes four: to open a cursor, execute, fetch the rows and close. With SQLite, whose answers
take microseconds, the trips were half of what a request cost.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any

from sqlalchemy.dialects.sqlite.aiosqlite import (
    AsyncAdapt_aiosqlite_connection,
    AsyncAdapt_aiosqlite_cursor,
    AsyncAdapt_aiosqlite_dbapi,
    SQLiteDialect_aiosqlite,
)


class _Statements:
    """A cursor of which only the execution takes a trip: the rows come back with it."""

    arraysize = 1
    description: Any = None
    rowcount = -1
    lastrowid: int | None = None

    def __init__(self, driver: Any) -> None:
        self._driver = driver
        self._rows: list[Any] = []

    async def __aenter__(self) -> _Statements:
        return self

    async def execute(self, operation: str, parameters: Sequence[Any] = ()) -> None:
        await self._run("execute", operation, parameters)

    async def executemany(self, operation: str, parameters: Sequence[Any]) -> None:
        await self._run("executemany", operation, parameters)

    async def _run(self, method: str, operation: str, parameters: Sequence[Any]) -> None:
        def in_thread(connection: sqlite3.Connection) -> tuple[Any, Any, int, int | None]:
            cursor = connection.cursor()
            try:
                getattr(cursor, method)(operation, parameters)
                rows = cursor.fetchall() if cursor.description else []
                return rows, cursor.description, cursor.rowcount, cursor.lastrowid
            finally:
                cursor.close()

        # As SQLAlchemy itself does: aiosqlite has no public way to have a function run in the thread.
        done = await self._driver._execute(in_thread, self._driver._conn)
        self._rows, self.description, self.rowcount, self.lastrowid = done

    async def fetchall(self) -> list[Any]:
        return self._rows

    async def close(self) -> None:
        self._rows = []


class _Cursor(AsyncAdapt_aiosqlite_cursor):
    __slots__ = ()

    def _make_new_cursor(self, connection: Any) -> Any:
        return _Statements(connection)


class _Connection(AsyncAdapt_aiosqlite_connection):
    __slots__ = ()
    _cursor_cls = _Cursor


class _Driver(AsyncAdapt_aiosqlite_dbapi):
    def connect(self, *args: Any, **named: Any) -> AsyncAdapt_aiosqlite_connection:
        return _Connection(self, super().connect(*args, **named)._connection)


class SQLiteDialect(SQLiteDialect_aiosqlite):
    driver = "toolcrib"
    supports_statement_cache = True

    @classmethod
    def import_dbapi(cls) -> AsyncAdapt_aiosqlite_dbapi:
        standard = super().import_dbapi()
        return _Driver(standard.aiosqlite, standard.sqlite)
