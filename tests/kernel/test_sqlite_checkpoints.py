"""SQLite's write-ahead log reaches the database soon after a write, though it is short and nobody commits again."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.servers.inprocess import AppServer


def held_without_the_log(database: Path, copy: Path) -> list[str]:
    """What is held according to the file of the database alone."""
    shutil.copy(database, copy)
    try:
        with closing(sqlite3.connect(f"file:{copy}?immutable=1", uri=True)) as connection:
            return [key for (key,) in connection.execute("SELECT key FROM claims")]
    except sqlite3.DatabaseError:  # copied in the middle of a checkpoint
        return []


@pytest.mark.databases("sqlite")
async def test_a_write_reaches_the_database_soon(
    app_server: Callable[..., Awaitable[AppServer]], tmp_path: Path
) -> None:
    server = await app_server()
    ann = await server.user("ann")
    assert (await ann.post("/api/locks", json={"asset_path": "a/b", "branch": "main"})).status_code == 201
    database = Path(str(server.kernel.database.url.database))
    async with asyncio.timeout(30):
        while held_without_the_log(database, tmp_path / "copy.db") != ["a/b"]:
            await asyncio.sleep(0.05)
