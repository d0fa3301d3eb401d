"""A private PostgreSQL."""

from __future__ import annotations

import itertools
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg

from tests.servers.databases import Database, Spares, now
from tests.servers.process import Process, account, free_port, listening, program, scratch
from tests.servers.template import State, Template, migrate, start_once

USER = "toolcrib"
# Tables, columns, indexes, constraints, triggers and functions, as one word.
SHAPE = """
SELECT md5(string_agg(line, '/' ORDER BY line COLLATE "C")) FROM (
  SELECT concat_ws(' ', c.relname, a.attname, a.atttypid, a.atttypmod, a.attnotnull, a.attidentity) AS line
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
    WHERE c.relnamespace = 'public'::regnamespace AND a.attnum > 0
  UNION ALL SELECT concat_ws(' ', conname, pg_get_constraintdef(oid)) FROM pg_constraint
    WHERE connamespace = 'public'::regnamespace
  UNION ALL SELECT concat_ws(' ', adrelid::regclass, adnum, pg_get_expr(adbin, adrelid)) FROM pg_attrdef
  UNION ALL SELECT tgname FROM pg_trigger WHERE NOT tgisinternal
  UNION ALL SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace
) AS lines
"""
# Large tables are truncated, for their deleted rows would stay in the way; for small ones that takes longer.
EMPTY = """
SET session_replication_role = replica;
DO $$ DECLARE name regclass; filled boolean; BEGIN
  FOR name IN SELECT oid FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace LOOP
    IF pg_relation_size(name) > 131072 THEN EXECUTE format('TRUNCATE %s CASCADE', name);
    ELSIF pg_relation_size(name) > 0 THEN EXECUTE format('DELETE FROM %s', name);
    END IF;
  END LOOP;
END $$;
"""
HASTY = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


def _programs() -> list[str]:
    """Debian keeps them out of PATH, by version; the newest first."""

    def version(folder: Path) -> int:
        return int(re.sub(r"\D", "", folder.parent.name) or 0)

    return [str(f) for f in sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=version, reverse=True)]


class PostgreSQL:
    """One cluster. Its databases are copies of templates that are made on first use."""

    def __init__(self, folder: Path, user: str | None, *, durable: bool) -> None:
        self.folder = folder
        self.port = free_port()
        self._user = user
        self._durable = durable
        self._names = itertools.count(1)
        self._template: Template | None = None
        self._spares = Spares()
        self._shapes: dict[State, str] = {}
        self._fillings: dict[State, str] = {}
        self._process: Process | None = None
        subprocess.run(
            [
                program("initdb", *_programs()),
                f"--pgdata={folder / 'data'}",
                f"--username={USER}",
                "--auth=trust",
                "--encoding=UTF8",
                "--no-locale",
                "--no-sync",
                "--no-instructions",
            ],
            check=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            user=user,
            group=user,
            extra_groups=[] if user else None,
            cwd=folder,
        )
        self.start()

    def start(self) -> None:
        options = {
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "max_connections": "200",
            "dynamic_shared_memory_type": "mmap",  # in its folder: a killed one leaves nothing elsewhere
            "max_wal_size": "64MB",
            "min_wal_size": "32MB",
            "autovacuum": "off",  # it goes round all databases again and again
        }
        if not self._durable:
            options |= HASTY
        self._process = Process(
            [
                program("postgres", *_programs()),
                *("-D", str(self.folder / "data"), "-p", str(self.port)),
                *(f"-c{name}={value}" for name, value in options.items()),
            ],
            output=self.folder / "log",
            user=self._user,
            cwd=self.folder,
        )
        self._process.wait_ready(self._answers)

    def _answers(self) -> bool:
        async def ask() -> bool:
            try:
                connection = await asyncpg.connect(self._dsn("postgres"), timeout=5)
            except asyncpg.CannotConnectNowError:  # listening, still starting
                return False
            await connection.close()
            return True

        return listening(self.port) and now(ask)

    def stop(self) -> None:
        """At once, as in a power cut of the database's machine that spared its disk."""
        if self._process is not None:
            self._process.stop(signal.SIGQUIT)
            self._process = None

    def _dsn(self, name: str) -> str:
        return f"postgresql://{USER}@127.0.0.1:{self.port}/{name}"

    def execute(self, statement: str, database: str = "postgres") -> None:
        async def run() -> None:
            connection = await asyncpg.connect(self._dsn(database))
            try:
                await connection.execute(statement)
            finally:
                await connection.close()

        now(run)

    def fresh(self, state: State = "started") -> Database:
        """A new database, copied from the template of this state."""
        if state != "bare" and self._template is None:
            self._template = self._make_templates()
        restamp = self._template.restamp().format(moment="TIMESTAMP") if self._template else ""
        last = restamp if state == "started" else ""
        while spare := self._spares.take(state):
            if self._empty(spare, state, last):
                return Database("postgresql", self._dsn(spare))
            self._drop(spare)
        name = f"test{next(self._names)}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {'template0' if state == 'bare' else state}")
        self._spares.made(name, state)
        if last:
            self.execute(last, name)
        return Database("postgresql", self._dsn(name))

    def _empty(self, name: str, state: State, last: str) -> bool:
        """Make a used database what its template is, and run a `last` statement. False if its tables are others."""

        async def run() -> bool:
            connection = await asyncpg.connect(self._dsn(name))
            try:
                await connection.execute(
                    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
                    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
                if await connection.fetchval(SHAPE) != self._shapes[state]:
                    return False
                await connection.execute(f"{EMPTY}{self._fillings[state]}{last}")
                return True
            finally:
                await connection.close()

        return now(run)

    def _remember(self, state: State) -> None:
        """What `_empty` needs to know of a template."""

        async def run() -> None:
            connection = await asyncpg.connect(self._dsn(state))
            try:
                self._shapes[state] = await connection.fetchval(SHAPE)
                tables = "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
                filling = []
                for (table,) in await connection.fetch(tables):
                    rows = await connection.fetchval(f'SELECT json_agg(t)::text FROM "{table}" AS t')
                    if rows is not None:
                        filling.append(
                            f'INSERT INTO "{table}" OVERRIDING SYSTEM VALUE '
                            f'SELECT * FROM json_populate_recordset(NULL::"{table}", {_literal(rows)});'
                        )
                for each in await connection.fetch(
                    "SELECT sequencename, start_value, last_value FROM pg_sequences WHERE schemaname = 'public'"
                ):
                    sequence, start, last = each
                    filling.append(f"SELECT setval('\"{sequence}\"', {last or start}, {last is not None});")
                self._fillings[state] = "".join(filling)
            finally:
                await connection.close()

        now(run)

    def _make_templates(self) -> Template:
        self.execute("CREATE DATABASE migrated")
        migrate(self._dsn("migrated"))
        self.execute("CREATE DATABASE started TEMPLATE migrated")
        template = start_once(self._dsn("started"))
        self._remember("migrated")
        self._remember("started")
        return template

    def drop(self, database: Database) -> None:
        """Give it up: another test may get it, emptied."""
        name = database.url.rpartition("/")[2]
        if not self._spares.give(name):
            self._drop(name)

    def _drop(self, name: str) -> None:
        self.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


@contextmanager
def postgresql(*, durable: bool = False) -> Iterator[PostgreSQL]:
    """A running PostgreSQL. `durable` waits for the disk as in production; the others are faster without."""
    program("postgres", *_programs())
    user = account("postgres")
    with scratch("postgresql", user) as folder:
        server = PostgreSQL(folder, user, durable=durable)
        try:
            yield server
        finally:
            server.stop()
