"""Bringing the database up to this release, by one process at a time, and not at all when it is there already.

An empty database gets the schema as the models have it, which is what the migrations lead to (a test compares
them) and needs no Alembic: a first start is quicker for it, and the server carries ten megabytes less.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import Connection, Table, func, insert, inspect, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from toolcrib.kernel.claims.sweep import server_alive
from toolcrib.kernel.database import Database
from toolcrib.kernel.events.writer import event_counter
from toolcrib.kernel.tables import Base

log = structlog.get_logger()

MIGRATIONS = Path(__file__).parents[1] / "migrations"
# Rows that are updated in place and never inserted by the running server.
FIRST_ROWS: dict[Table, list[dict[str, Any]]] = {
    event_counter: [{"id": 1, "seq": 0}],
    server_alive: [{"id": 1, "at": datetime(2000, 1, 1, tzinfo=UTC)}],
}
_LOCK = 706_815_221  # ours among PostgreSQL's advisory locks


class NewerDatabase(RuntimeError):
    """The database was written by a later release: running on it could lose data."""


def head() -> str:
    """The newest revision. Files are named `NNNN_what.py`, so this needs no Alembic."""
    return max(path.stem.split("_", 1)[0] for path in (MIGRATIONS / "versions").glob("[0-9]*.py"))


async def upgrade(database: Database) -> str:
    """Apply what is missing. Returns the revision the database was at before, empty for a new one.

    Raises:
        NewerDatabase: start the later release again, or restore a backup.
    """
    if database.dialect == "sqlite" and database.url.database:
        Path(database.url.database).parent.mkdir(parents=True, exist_ok=True)
    async with database.writes.connect() as connection:
        at = await connection.run_sync(_revision)
    if at == head():
        return at
    async with database.writes.connect() as connection, _alone(database, connection):
        at = await connection.run_sync(_revision)
        if at == head():
            return at
        if at and at not in {
            path.stem.split("_", 1)[0] for path in (MIGRATIONS / "versions").glob("[0-9]*.py")
        }:
            raise NewerDatabase(f"The database is at revision {at}; this release knows up to {head()}.")
        log.info("database_upgrade", since=at or "nothing", to=head())
        await connection.run_sync(run_migrations if at else create)
        await connection.commit()
    return at


async def revision(database: Database) -> str:
    """What the database is at, empty for one without our tables."""
    async with database.reads.connect() as connection:
        return await connection.run_sync(_revision)


def _revision(connection: Connection) -> str:
    if not inspect(connection).has_table("alembic_version"):
        return ""
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar() or ""


def create(connection: Connection) -> None:
    """Every table of the models and the revision they stand for. Finishes what a crash left half done, as may
    happen where a database commits each table by itself (MariaDB)."""
    Base.metadata.create_all(connection)
    for table, rows in FIRST_ROWS.items():
        if connection.execute(select(func.count()).select_from(table)).scalar() == 0:
            connection.execute(insert(table), rows)
    version_table = "alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)"
    connection.execute(text(f"CREATE TABLE IF NOT EXISTS {version_table}"))
    connection.execute(text("INSERT INTO alembic_version (version_num) VALUES (:head)"), {"head": head()})


def run_migrations(connection: Connection) -> None:
    """Every migration the database lacks, one after the other."""
    from alembic import command  # noqa: PLC0415 - a quarter of a second, and hardly ever needed
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


@asynccontextmanager
async def _alone(database: Database, connection: AsyncConnection) -> AsyncIterator[None]:
    """Hold the right to migrate: several processes may start at once."""
    if database.dialect == "postgresql":
        await connection.execute(text(f"SELECT pg_advisory_lock({_LOCK})"))
        try:
            yield
        finally:
            await connection.execute(text(f"SELECT pg_advisory_unlock({_LOCK})"))
    elif database.dialect == "mariadb":
        await connection.execute(text("SELECT GET_LOCK('toolcrib.migrate', 120)"))
        try:
            yield
        finally:
            await connection.execute(text("SELECT RELEASE_LOCK('toolcrib.migrate')"))
    else:
        file = os.open(f"{database.url.database}.migrating", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            await asyncio.to_thread(fcntl.flock, file, fcntl.LOCK_EX)
            yield
        finally:
            os.close(file)
