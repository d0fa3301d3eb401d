"""A kind of an installed package brings its tables: they are made and changed beside ours, and outlast the package."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from tests.kernel import toy_kind
from tests.servers import command
from tests.servers.databases import Database as Given
from tests.servers.databases import now
from tests.servers.environment import child_environment
from toolcrib.kernel import migrate
from toolcrib.kernel.database import Database
from toolcrib.settings import Settings


class Installation:
    """Toolcrib with or without the toy package beside it, on one database."""

    def __init__(self, folder: Path, url: str) -> None:
        self.site = folder / "site"
        self.url = url
        self.data_dir = folder / "data"

    def upgrade(self, *, installed: bool = True) -> command.Done:
        path = {"PYTHONPATH": str(self.site)} if installed else {}
        env = child_environment(DATABASE_URL=self.url, **path)
        return command.run("db", "upgrade", "--data-dir", self.data_dir, cwd=self.data_dir.parent, env=env)

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
    assert first.code == 0, first.err
    assert f"at revision {migrate.head()}, the kind toy_key at 0001." in first.out
    crib.run("INSERT INTO toy_keys (room) VALUES ('blue')")

    toy_kind.install(crib.site, steps=2)
    second = crib.upgrade()
    assert second.code == 0, second.err
    assert crib.run("SELECT room, floor FROM toy_keys") == [("blue", 3)]
    again = crib.upgrade()
    assert (again.code, "database_upgrade" in again.err) == (0, False)


def test_its_tables_outlast_the_package_and_are_there_when_it_comes_back(crib: Installation) -> None:
    assert crib.upgrade(installed=False).code == 0
    with pytest.raises(DBAPIError):
        crib.run("SELECT room FROM toy_keys")
    toy_kind.install(crib.site, steps=2)
    assert crib.upgrade().code == 0
    crib.run("INSERT INTO toy_keys (room) VALUES ('blue')")

    without = crib.upgrade(installed=False)
    assert without.code == 0, without.err
    told = [line for line in without.err.splitlines() if "kinds_not_installed" in line]
    assert len(told) == 1
    assert "toy_key" in told[0]
    back = crib.upgrade()
    assert (back.code, "kinds_not_installed" in back.err) == (0, False)
    assert crib.run("SELECT room FROM toy_keys") == [("blue",)]


def test_an_earlier_release_of_the_kind_does_not_run_on_later_tables(crib: Installation) -> None:
    toy_kind.install(crib.site, steps=2)
    assert crib.upgrade().code == 0
    toy_kind.install(crib.site, steps=1)
    refused = crib.upgrade()
    assert refused.code != 0
    assert "the kind toy_key are at revision 0002" in refused.err
