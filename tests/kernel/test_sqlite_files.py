"""A database file that several processes open for the first time at once."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from toolcrib.kernel.database import Database

ROUNDS, AT_ONCE = 40, 8


async def journal_mode(database: Database) -> str:
    async with database.writes.connect() as connection:
        return str((await connection.exec_driver_sql("PRAGMA journal_mode")).scalar_one())


async def test_whoever_opens_a_new_database_waits_for_others_that_do(tmp_path: Path) -> None:
    # In several of these rounds one that did not wait was told "database is locked".
    for number in range(ROUNDS):
        databases = [Database(f"sqlite:///{tmp_path}/{number}.db") for _ in range(AT_ONCE)]
        try:
            assert set(await asyncio.gather(*map(journal_mode, databases))) == {"wal"}
        finally:
            await asyncio.gather(*(database.close() for database in databases))


async def test_it_waits_no_longer_than_for_other_writes(tmp_path: Path) -> None:
    file = tmp_path / "toolcrib.db"
    database = Database(f"sqlite:///{file}", timeout_seconds=0.3)
    try:
        with closing(sqlite3.connect(file, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(OperationalError, match="locked"):
                await asyncio.wait_for(journal_mode(database), 3)
    finally:
        await database.close()
