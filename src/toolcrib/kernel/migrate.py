"""Bringing the database up to this release, by one process at a time, and not at all when it is there already."""

from __future__ import annotations

import asyncio
import fcntl
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import structlog
from sqlalchemy import Connection, inspect, text
from sqlalchemy.ext.asyncio import AsyncConnection

from toolcrib.kernel.database import Database

log = structlog.get_logger()

MIGRATIONS = Path(__file__).parents[1] / "migrations"
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
        await connection.run_sync(_run)
        await connection.commit()
    return at


def _revision(connection: Connection) -> str:
    if not inspect(connection).has_table("alembic_version"):
        return ""
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar() or ""


def _run(connection: Connection) -> None:
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
