"""Starts a migration: writes what the models have and the newest schema lacks, for you to correct."""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection

import toolcrib.server  # noqa: F401 - knows every kind, so every table
from toolcrib.kernel import migrate
from toolcrib.kernel.database import Database


def write(connection: Connection, message: str) -> None:
    """Into migrations/versions, numbered after the newest."""
    config = Config()
    config.set_main_option("script_location", str(migrate.MIGRATIONS))
    config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    config.attributes["connection"] = connection
    command.revision(config, message, autogenerate=True, rev_id=f"{int(migrate.head()) + 1:04d}")


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("message", help="what it does, in a few words: they become the file's name")
    message: str = parser.parse_args().message
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite+aiosqlite:///{Path(folder, 'scratch.db')}")
        async with database.writes.connect() as connection:  # not `upgrade`: that makes what the models have
            await connection.run_sync(migrate.run_migrations)
            await connection.commit()
        async with database.writes.connect() as connection:
            await connection.run_sync(write, message)
        await database.close()


if __name__ == "__main__":
    asyncio.run(main())
