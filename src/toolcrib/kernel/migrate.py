"""Bringing the database up to this release, by one process at a time, and not at all when it is there already.

An empty database gets the schema as the models have it, which is what the migrations lead to (a test compares
them) and needs no Alembic: a first start is quicker for it, and the server carries ten megabytes less.

Each installed kind may bring a branch of migrations of its own (`Kind.migrations`). How far a database has come on
it stands in a table of that branch, so a kind can be removed and come back: what it left is not looked at meanwhile.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

import structlog
from sqlalchemy import ColumnClause, Connection, Table, column, func, insert, inspect, select, table, text
from sqlalchemy.ext.asyncio import AsyncConnection

from toolcrib.kernel.claims.sweep import server_alive
from toolcrib.kernel.database import Database
from toolcrib.kernel.events.writer import event_counter
from toolcrib.kernel.tables import Base

log = structlog.get_logger()

VERSION_TABLE = "alembic_version"
NO_KINDS: Mapping[str, Path] = MappingProxyType({})
_KIND_NAME = re.compile("[a-z][a-z0-9_]{0,31}")
MIGRATIONS = Path(__file__).parents[1] / "migrations"
# Rows that are updated in place and never inserted by the running server.
FIRST_ROWS: dict[Table, list[dict[str, Any]]] = {
    event_counter: [{"id": 1, "seq": 0}],
    server_alive: [{"id": 1, "at": datetime(2000, 1, 1, tzinfo=UTC)}],
}
_LOCK = 706_815_221  # ours among PostgreSQL's advisory locks
_LOCK_SECONDS = 5  # how long MariaDB waits for its own before it says so


class NewerDatabase(RuntimeError):
    """The database was written by a later release: running on it could lose data."""


class ForeignDatabase(RuntimeError):
    """The database is another program's: using it would damage both."""


@dataclass(frozen=True)
class Branch:
    """Migrations that follow one another: files in `folder` named `NNNN_what.py` after their revision, so that
    finding the newest needs no Alembic. `kind` is empty for ours."""

    kind: str
    folder: Path

    def __post_init__(self) -> None:
        if self.kind and not _KIND_NAME.fullmatch(self.kind):
            raise ValueError(
                f"A kind with migrations needs a name like {_KIND_NAME.pattern}, not {self.kind!r}."
            )
        if not self.revisions():
            raise ValueError(f"{self.folder} holds no migrations: files named NNNN_what.py.")

    @property
    def version_table(self) -> str:
        return f"{VERSION_TABLE}_{self.kind}" if self.kind else VERSION_TABLE

    def revisions(self) -> set[str]:
        return {path.stem.split("_", 1)[0] for path in self.folder.glob("[0-9]*.py")}

    def head(self) -> str:
        return max(self.revisions())


OURS = Branch("", MIGRATIONS / "versions")


def head() -> str:
    """The newest revision of our own tables."""
    return OURS.head()


async def upgrade(database: Database, kinds: Mapping[str, Path] = NO_KINDS) -> str:
    """Apply what is missing, ours and then that of `kinds` (name to folder). Returns the revision our tables were
    at before, empty for a new database.

    Raises:
        NewerDatabase: start the later release again, or restore a backup.
        ForeignDatabase: give us one of our own.
    """
    branches = _branches(kinds)
    heads = {branch.version_table: branch.head() for branch in branches}
    if database.dialect == "sqlite" and database.url.database:
        Path(database.url.database).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    async with database.writes.connect() as connection:
        at = await connection.run_sync(_known_revisions, branches)
    if gone := sorted(at.keys() - heads.keys()):
        missing = [table.removeprefix(f"{VERSION_TABLE}_") for table in gone]
        log.warning("kinds_not_installed", kinds=missing, note="Their tables stay as they are.")
    if at | heads == at:
        return at[VERSION_TABLE]
    async with database.connection_without_deadlines() as connection, _alone(database, connection):
        at = await connection.run_sync(_known_revisions, branches)
        for branch in branches:
            await _upgrade_branch(connection, branch, at.get(branch.version_table, ""))
    return at.get(VERSION_TABLE, "")


async def _upgrade_branch(connection: AsyncConnection, branch: Branch, at: str) -> None:
    if at == branch.head():
        return
    log.info("database_upgrade", kind=branch.kind, since=at or "nothing", to=branch.head())
    if branch is OURS and not at:
        await connection.run_sync(create)
    else:
        await connection.run_sync(run_migrations, branch)
    await connection.commit()


async def check(database: Database, kinds: Mapping[str, Path] = NO_KINDS) -> None:
    """Look whether `upgrade` could work on this database, and change nothing.

    Raises:
        NewerDatabase, ForeignDatabase: see `upgrade`.
    """
    async with database.reads.connect() as connection:
        await connection.run_sync(_known_revisions, _branches(kinds))


def _branches(kinds: Mapping[str, Path]) -> list[Branch]:
    return [OURS, *(Branch(kind, folder) for kind, folder in kinds.items())]


async def revision(database: Database) -> str:
    """What the database is at, empty for one without our tables."""
    async with database.reads.connect() as connection:
        return (await connection.run_sync(_revisions)).get(VERSION_TABLE, "")


def _known_revisions(connection: Connection, branches: Sequence[Branch]) -> dict[str, str]:
    """`_revisions`, of a database that is ours and that this release knows.

    Raises:
        NewerDatabase, ForeignDatabase: it is not.
    """
    tables = set(inspect(connection).get_table_names())
    at = _revisions(connection, tables)
    _refuse_foreign(tables, at.get(VERSION_TABLE, ""))
    for branch in branches:
        found = at.get(branch.version_table, "")
        if found and found not in branch.revisions():
            whose = f"The tables of the kind {branch.kind} are" if branch.kind else "The database is"
            raise NewerDatabase(f"{whose} at revision {found}; this release knows up to {branch.head()}.")
    return at


def _refuse_foreign(tables: set[str], at: str) -> None:
    """Our own database has our counter of events. One that we began and did not finish has no revision yet, and no
    tables but ours."""
    if event_counter.name in tables:
        return
    others = sorted(tables - Base.metadata.tables.keys() - {VERSION_TABLE})
    if at:
        sign = f"its revision is {at}, but it has no table {event_counter.name}"
    elif others and tables & Base.metadata.tables.keys():
        sign = "it has tables of our names, but no revision"
    else:
        return
    shown = ", ".join(others[:5]) + (", …" if len(others) > 5 else "")
    raise ForeignDatabase(
        f"The database is another program's: {sign}{f' (its tables: {shown})' if shown else ''}. Give Toolcrib a "
        "database of its own (DATABASE_URL)."
    )


def _revisions(connection: Connection, tables: set[str] | None = None) -> dict[str, str]:
    """Version table -> the revision it names, for every branch that has been here."""
    found = {}
    for name in inspect(connection).get_table_names() if tables is None else tables:
        if name == VERSION_TABLE or name.startswith(f"{VERSION_TABLE}_"):
            version_num: ColumnClause[str] = column("version_num")
            number = connection.execute(select(version_num).select_from(table(name, version_num))).scalar()
            found[name] = number or ""
    return found


def create(connection: Connection) -> None:
    """Every table of the models and the revision they stand for. Finishes what a crash left half done, as may
    happen where a database commits each table by itself (MariaDB)."""
    Base.metadata.create_all(connection)
    for first, rows in FIRST_ROWS.items():
        if connection.execute(select(func.count()).select_from(first)).scalar() == 0:
            connection.execute(insert(first), rows)
    version_table = "alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)"
    connection.execute(text(f"CREATE TABLE IF NOT EXISTS {version_table}"))
    connection.execute(text("INSERT INTO alembic_version (version_num) VALUES (:head)"), {"head": head()})


def run_migrations(connection: Connection, branch: Branch = OURS) -> None:
    """Every migration of `branch` that the database lacks, one after the other."""
    from alembic import command  # noqa: PLC0415 - a quarter of a second, and hardly ever needed
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", _literal(MIGRATIONS))
    config.set_main_option("path_separator", "newline")
    config.set_main_option("version_locations", _literal(branch.folder))
    config.attributes["connection"] = connection
    config.attributes["version_table"] = branch.version_table
    command.upgrade(config, "head")


def _literal(path: Path) -> str:
    """A path as Alembic's configuration takes it: `%` begins a placeholder there."""
    return str(path).replace("%", "%%")


@asynccontextmanager
async def _alone(database: Database, connection: AsyncConnection) -> AsyncIterator[None]:
    """Hold the right to migrate: several processes may start at once."""
    # If the block fails, the end of the session gives the lock back: its transaction is void, or its connection lost.
    if database.dialect == "postgresql":
        await connection.execute(text(f"SELECT pg_advisory_lock({_LOCK})"))
        yield
        await connection.execute(text(f"SELECT pg_advisory_unlock({_LOCK})"))
    elif database.dialect == "mariadb":
        # It waits for a time at most, and then says that it has not got it.
        while not await connection.scalar(text(f"SELECT GET_LOCK('toolcrib.migrate', {_LOCK_SECONDS})")):
            log.info("database_upgrade_elsewhere", note="Waiting for the process that does it.")
        yield
        await connection.execute(text("SELECT RELEASE_LOCK('toolcrib.migrate')"))
    else:
        file = os.open(f"{database.url.database}.migrating", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            await asyncio.to_thread(fcntl.flock, file, fcntl.LOCK_EX)
            yield
        finally:
            os.close(file)
