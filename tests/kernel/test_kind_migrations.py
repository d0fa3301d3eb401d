"""A kind of an installed package brings its tables: they are made and changed beside ours, and outlast the package."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from tests.kernel import toy_kind
from tests.servers.databases import Database as Given
from tests.servers.databases import now
from tests.servers.environment import toolcrib
from toolcrib.kernel import migrate
from toolcrib.kernel.database import Database
from toolcrib.settings import Settings


class Installation:
    """Toolcrib with or without the toy package beside it, on one database."""

    def __init__(self, folder: Path, url: str) -> None:
        self.site = folder / "site"
        self.url = url
        self.data_dir = folder / "data"

    def upgrade(self, *, installed: bool = True) -> subprocess.CompletedProcess[str]:
        env = {**os.environ, "DATABASE_URL": self.url, "PYTHONPATH": str(self.site) if installed else ""}
        command = [toolcrib(), "db", "upgrade", "--data-dir", str(self.data_dir)]
        return subprocess.run(command, env=env, capture_output=True, text=True, timeout=120, check=False)

    def run(self, statement: str) -> list[tuple[Any, ...]]:
        async def ask() -> list[tuple[Any, ...]]:
            database = Database(Settings(database_url=self.url).database)
            try:
                async with database.writes.begin() as connection:
                    result = await connection.execute(text(statement))
                    return [tuple(row) for row in result] if result.returns_rows else []
            finally:
                await database.close()

        return now(ask)


@pytest.fixture
def crib(tmp_path: Path, bare_database: Given) -> Installation:
    return Installation(tmp_path, bare_database.url)


def test_its_tables_come_with_a_new_database_and_follow_its_releases(crib: Installation) -> None:
    toy_kind.install(crib.site, steps=1)
    first = crib.upgrade()
    assert first.returncode == 0, first.stderr
    assert f"at revision {migrate.head()}, the kind toy_key at 0001." in first.stdout
    crib.run("INSERT INTO toy_keys (room) VALUES ('blue')")

    toy_kind.install(crib.site, steps=2)
    second = crib.upgrade()
    assert second.returncode == 0, second.stderr
    assert crib.run("SELECT room, floor FROM toy_keys") == [("blue", 3)]
    again = crib.upgrade()
    assert (again.returncode, "database_upgrade" in again.stderr) == (0, False)


def test_its_tables_outlast_the_package_and_are_there_when_it_comes_back(crib: Installation) -> None:
    assert crib.upgrade(installed=False).returncode == 0
    with pytest.raises(DBAPIError):
        crib.run("SELECT room FROM toy_keys")
    toy_kind.install(crib.site, steps=2)
    assert crib.upgrade().returncode == 0
    crib.run("INSERT INTO toy_keys (room) VALUES ('blue')")

    without = crib.upgrade(installed=False)
    assert without.returncode == 0, without.stderr
    told = [line for line in without.stderr.splitlines() if "kinds_not_installed" in line]
    assert len(told) == 1
    assert "toy_key" in told[0]
    back = crib.upgrade()
    assert (back.returncode, "kinds_not_installed" in back.stderr) == (0, False)
    assert crib.run("SELECT room FROM toy_keys") == [("blue",)]


def test_an_earlier_release_of_the_kind_does_not_run_on_later_tables(crib: Installation) -> None:
    toy_kind.install(crib.site, steps=2)
    assert crib.upgrade().returncode == 0
    toy_kind.install(crib.site, steps=1)
    refused = crib.upgrade()
    assert refused.returncode != 0
    assert "the kind toy_key are at revision 0002" in refused.stderr
