"""The schema: migrations and models lead to the same one, and a start brings the database there once."""

from __future__ import annotations

import asyncio
import re
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, Engine, event, inspect, select, text
from structlog.testing import capture_logs

import toolcrib.server  # noqa: F401 - knows every kind, so every table
from tests.servers.databases import Database as Given
from toolcrib.kernel import migrate
from toolcrib.kernel.claims.models import claims
from toolcrib.kernel.claims.sweep import server_alive
from toolcrib.kernel.database import Database
from toolcrib.kernel.events.writer import event_counter, events
from toolcrib.kernel.tables import Base, is_on
from toolcrib.settings import Settings

pytestmark = pytest.mark.every_database


def open_database(url: str) -> Database:
    return Database(Settings(database_url=url).database)


@pytest.fixture
async def empty(bare_database: Given) -> AsyncIterator[Database]:
    database = open_database(bare_database.url)
    yield database
    await database.close()


def differences(connection: Connection) -> list[Any]:
    def include_object(item: Any, name: str | None, _kind: str, reflected: bool, _other: Any) -> bool:
        if name in OF_AN_EXPRESSION:  # a database words expressions in its own way: see below
            return False
        return reflected or is_on(item, connection.dialect.name)

    options = {"compare_type": True, "include_object": include_object}
    context = MigrationContext.configure(connection, opts=options)
    return list(compare_metadata(context, Base.metadata))


OF_AN_EXPRESSION = {"ix_events_key_start": events, "ix_claims_key_start": claims}


async def first_rows(database: Database) -> list[Any]:
    async with database.connection() as connection:
        return [list(await connection.execute(select(table))) for table in (event_counter, server_alive)]


async def test_the_migrations_lead_to_the_models(empty: Database) -> None:
    async with empty.writes.connect() as connection:
        await connection.run_sync(migrate.run_migrations)
        await connection.commit()
    async with empty.writes.connect() as connection:
        assert await connection.run_sync(differences) == []
    assert [len(rows) for rows in await first_rows(empty)] == [1, 1]


@pytest.mark.databases("postgresql")
async def test_text_that_the_models_sort_byte_for_byte_does_so_after_the_migrations(empty: Database) -> None:
    """Alembic's comparison does not look at collations."""
    wanted = {
        (table.name, column.name): collation
        for table in Base.metadata.tables.values()
        for column in table.c
        if (collation := getattr(column.type.dialect_impl(empty.writes.dialect), "collation", None))
    }
    assert ("document_files", "logical_path") in wanted
    query = text(
        "SELECT table_name, column_name, collation_name FROM information_schema.columns"
        " WHERE table_schema = current_schema() AND collation_name IS NOT NULL"
    )
    async with empty.writes.connect() as connection:
        await connection.run_sync(migrate.run_migrations)
        rows = (await connection.execute(query)).all()
    assert {(table, column): collation for table, column, collation in rows} == wanted


@pytest.mark.databases("postgresql", "sqlite")
@pytest.mark.every_database
@pytest.mark.parametrize("name", OF_AN_EXPRESSION)
async def test_the_index_of_an_expression_is_that_of_the_models(empty: Database, name: str) -> None:
    dialect = empty.dialect
    found = {
        "postgresql": "SELECT indexdef FROM pg_indexes WHERE schemaname = current_schema() AND indexname = :name",
        "sqlite": "SELECT sql FROM sqlite_master WHERE type = 'index' AND name = :name",
    }
    query = text(found[dialect]).bindparams(name=name)
    (index,) = (each for each in OF_AN_EXPRESSION[name].indexes if each.name == name and is_on(each, dialect))
    async with empty.writes.connect() as connection:
        await connection.run_sync(migrate.run_migrations)
        migrated = (await connection.execute(query)).scalar_one()
        await connection.run_sync(index.drop)
        await connection.run_sync(index.create)
        made = (await connection.execute(query)).scalar_one()
        assert made == migrated.replace(" IF NOT EXISTS", "")


async def test_a_new_database_is_like_a_migrated_one(empty: Database) -> None:
    assert await migrate.upgrade(empty) == ""
    async with empty.writes.connect() as connection:
        assert await connection.run_sync(differences) == []
    assert [len(rows) for rows in await first_rows(empty)] == [1, 1]
    assert await migrate.upgrade(empty) == migrate.head()
    async with empty.writes.connect() as connection:
        await connection.run_sync(migrate.run_migrations)  # has nothing to do


@pytest.mark.databases("mariadb")  # which commits each step by itself; the others all or nothing
async def test_each_migration_can_be_run_again_on_what_it_led_to(empty: Database, tmp_path: Path) -> None:
    """As after a crash just before the revision is written."""
    before = None
    for file in sorted(migrate.OURS.folder.glob("[0-9]*.py")):
        shutil.copy(file, tmp_path)
        release = migrate.Branch("", tmp_path)
        async with empty.writes.connect() as connection:
            await connection.run_sync(migrate.run_migrations, release)
            await connection.execute(text("DELETE FROM alembic_version"))
            if before:
                await connection.execute(text(f"INSERT INTO alembic_version VALUES ('{before}')"))
            await connection.commit()
            await connection.run_sync(migrate.run_migrations, release)
            await connection.commit()
        before = release.head()
        assert await migrate.revision(empty) == before
    async with empty.writes.connect() as connection:
        assert await connection.run_sync(differences) == []
    assert [len(rows) for rows in await first_rows(empty)] == [1, 1]


class Killed(Exception):
    pass


@contextmanager
def killed_after_each_new_change_of_the_schema() -> Iterator[list[str]]:
    """End a connection's work after each statement that changes the schema and was not sent before. Gives those."""
    sent: list[str] = []

    def end(_connection: Any, _cursor: Any, sql: str, *_: Any) -> None:
        if re.match(r"\s*(CREATE|ALTER|DROP)\b", sql, re.IGNORECASE) and sql not in sent:
            sent.append(sql)
            raise Killed

    event.listen(Engine, "after_cursor_execute", end)
    try:
        yield sent
    finally:
        event.remove(Engine, "after_cursor_execute", end)


@pytest.mark.databases("mariadb")
async def test_an_upgrade_that_is_killed_after_any_step_goes_on_at_the_next_start(
    empty: Database, tmp_path: Path
) -> None:
    for file in migrate.OURS.folder.glob("000[1-7]_*.py"):
        shutil.copy(file, tmp_path)
    former = migrate.Branch("", tmp_path)
    async with empty.writes.connect() as connection:
        await connection.run_sync(migrate.run_migrations, former)
        await connection.commit()
    starts = 1
    with killed_after_each_new_change_of_the_schema() as sent:
        while await migrate.revision(empty) != migrate.head():
            try:
                await migrate.upgrade(empty)
            except Killed:
                starts += 1
    assert starts == len(sent) + 1 > len(migrate.OURS.revisions() - former.revisions())
    async with empty.writes.connect() as connection:
        assert await connection.run_sync(differences) == []


async def test_of_many_processes_that_start_at_once_one_makes_the_schema(
    bare_database: Given,
) -> None:
    databases = [open_database(bare_database.url) for _ in range(4)]
    try:
        await asyncio.gather(*(migrate.upgrade(database) for database in databases))
        assert [len(rows) for rows in await first_rows(databases[0])] == [1, 1]
    finally:
        for database in databases:
            await database.close()


@pytest.mark.databases("mariadb")
async def test_who_waits_for_a_long_migration_elsewhere_goes_on_waiting(
    bare_database: Given, empty: Database
) -> None:
    """MariaDB's own wait for a lock ends without it, and without an error."""
    other = open_database(bare_database.url)
    try:
        with capture_logs() as told:
            async with other.connection_without_deadlines() as working:
                assert await working.scalar(text("SELECT GET_LOCK('toolcrib.migrate', 0)")) == 1
                upgrading = asyncio.create_task(migrate.upgrade(empty))
                async with asyncio.timeout(20):
                    while not [line for line in told if line["event"] == "database_upgrade_elsewhere"]:
                        await asyncio.sleep(0.05)  # nothing else tells of it
                assert not upgrading.done()
                assert await migrate.revision(other) == ""
            await upgrading
        assert await migrate.revision(other) == migrate.head()
    finally:
        await other.close()


@pytest.mark.parametrize(
    ("tables", "revision"),
    [(("asset_lock", "team"), "3f9ac1d2b4e7"), (("asset_lock",), "0001"), (("asset_lock", "users"), "")],
)
async def test_a_database_of_another_program_is_left_alone(
    empty: Database, tables: tuple[str, ...], revision: str
) -> None:
    async with empty.writes.begin() as connection:
        for name in tables:
            await connection.execute(text(f"CREATE TABLE {name} (id INTEGER PRIMARY KEY)"))
        if revision:
            await connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32))"))
            await connection.execute(text(f"INSERT INTO alembic_version VALUES ('{revision}')"))
    for look in (migrate.check, migrate.upgrade):
        with pytest.raises(migrate.ForeignDatabase, match="asset_lock"):
            await look(empty)
    async with empty.connection() as connection:
        found = await connection.run_sync(lambda sync: inspect(sync).get_table_names())
    assert set(found) - {"alembic_version"} == set(tables)


async def test_a_database_of_a_later_release_is_left_alone(empty: Database) -> None:
    await migrate.upgrade(empty)
    async with empty.writes.begin() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(migrate.NewerDatabase):
        await migrate.upgrade(empty)
