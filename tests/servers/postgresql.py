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

from tests.servers.databases import Database, now
from tests.servers.process import Process, account, free_port, listening, program, scratch
from tests.servers.template import State, Template, migrate, start_once

USER = "toolcrib"
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
        name = f"test{next(self._names)}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {'template0' if state == 'bare' else state}")
        if state == "started" and self._template is not None:
            self.execute(self._template.restamp().format(moment="TIMESTAMP"), name)
        return Database("postgresql", self._dsn(name))

    def _make_templates(self) -> Template:
        self.execute("CREATE DATABASE migrated")
        migrate(self._dsn("migrated"))
        self.execute("CREATE DATABASE started TEMPLATE migrated")
        return start_once(self._dsn("started"))

    def drop(self, database: Database) -> None:
        self.execute(f"DROP DATABASE IF EXISTS {database.url.rpartition('/')[2]} WITH (FORCE)")


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
