"""A private MariaDB."""

from __future__ import annotations

import itertools
import signal
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any

import asyncmy

from tests.servers.databases import Database, Spares, now
from tests.servers.process import Process, account, free_port, listening, program, scratch
from tests.servers.template import State, Template, migrate, start_once

USER = "toolcrib"
PASSWORD = "toolcrib"
# Columns, indexes, foreign keys and triggers, as one word.
SHAPE = """
SELECT MD5(GROUP_CONCAT(line ORDER BY line SEPARATOR '/')) FROM (
  SELECT CONCAT_WS(' ', table_name, column_name, column_type, is_nullable, column_default, extra) AS line
    FROM information_schema.columns WHERE table_schema = DATABASE()
  UNION ALL SELECT CONCAT_WS(' ', table_name, index_name, column_name, seq_in_index, non_unique)
    FROM information_schema.statistics WHERE table_schema = DATABASE()
  UNION ALL SELECT CONCAT_WS(' ', table_name, constraint_name) FROM information_schema.table_constraints
    WHERE table_schema = DATABASE()
  UNION ALL SELECT trigger_name FROM information_schema.triggers WHERE trigger_schema = DATABASE()
) AS `lines`
"""
COUNTERS = "SELECT table_name, auto_increment FROM information_schema.tables WHERE table_schema = DATABASE()"
NO_KEYS = "SET foreign_key_checks = 0"
FOLDERS = ("/usr/sbin", "/usr/bin")
HASTY = ["--innodb-flush-log-at-trx-commit=0", "--innodb-flush-method=nosync", "--innodb-doublewrite=0"]


Ask = Callable[[str], Awaitable[list[tuple[Any, ...]]]]


class MariaDB:
    """One server. Its databases are copies of templates that are made on first use."""

    def __init__(self, folder: Path, user: str | None, *, durable: bool) -> None:
        self.folder = folder
        self.port = free_port()
        self._user = user
        self._durable = durable
        self._names = itertools.count(1)
        self._template: Template | None = None
        self._spares = Spares()
        self._copies: dict[State, list[str]] = {}
        self._fillings: dict[State, list[str]] = {}
        self._shapes: dict[State, str] = {}
        self._counters: dict[State, dict[str, int | None]] = {}
        self._process: Process | None = None
        subprocess.run(
            [
                program("mariadb-install-db", *FOLDERS),
                "--no-defaults",
                f"--datadir={folder / 'data'}",
                f"--tmpdir={folder}",
                "--auth-root-authentication-method=normal",
                "--skip-test-db",
                "--skip-name-resolve",
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
        self._run(
            [
                f"CREATE USER {USER}@'127.0.0.1' IDENTIFIED BY '{PASSWORD}'",
                f"GRANT ALL ON *.* TO {USER}@'127.0.0.1'",
            ],
            user="root",
            password="",
        )

    def start(self) -> None:
        self._process = Process(
            [
                program("mariadbd", *FOLDERS),
                "--no-defaults",
                f"--datadir={self.folder / 'data'}",
                # A server removes what it takes for left over there, also the temporary tables of one beside it.
                f"--tmpdir={self.folder}",
                f"--socket={self.folder / 'socket'}",
                "--bind-address=127.0.0.1",
                f"--port={self.port}",
                "--skip-name-resolve",
                "--character-set-server=utf8mb4",
                "--collation-server=utf8mb4_unicode_ci",
                "--max-connections=200",
                "--innodb-log-file-size=32M",
                *([] if self._durable else HASTY),
            ],
            output=self.folder / "log",
            user=self._user,
            cwd=self.folder,
        )
        self._process.wait_ready(lambda: listening(self.port))

    def stop(self) -> None:
        """At once, as in a power cut of the database's machine that spared its disk."""
        if self._process is not None:
            self._process.stop(signal.SIGKILL)
            self._process = None

    def _url(self, name: str) -> str:
        return f"mysql://{USER}:{PASSWORD}@127.0.0.1:{self.port}/{name}"

    def _run(
        self, statements: list[str], *, user: str = USER, password: str = PASSWORD
    ) -> list[tuple[Any, ...]]:
        """Run statements on one connection; the rows of the last."""

        async def run() -> list[tuple[Any, ...]]:
            async with self._asking(user=user, password=password) as ask:
                rows: list[tuple[Any, ...]] = []
                for statement in statements:
                    rows = await ask(statement)
                return rows

        return now(run)

    @asynccontextmanager
    async def _asking(self, *, user: str = USER, password: str = PASSWORD) -> AsyncIterator[Ask]:
        """Runs statements on one connection, each for its rows."""
        connection = await asyncmy.connect(
            host="127.0.0.1",
            port=self.port,
            user=user,
            password=password,
            charset="utf8mb4",
            autocommit=True,
        )

        async def ask(statement: str) -> list[tuple[Any, ...]]:
            async with connection.cursor() as cursor:
                await cursor.execute(statement)
                return list(await cursor.fetchall())

        try:
            yield ask
        finally:
            await connection.ensure_closed()

    def execute(self, statement: str, database: str = "mysql") -> None:
        self._run([f"USE {database}", statement])

    def fresh(self, state: State = "started") -> Database:
        """A new database, copied from the template of this state."""
        if state != "bare" and self._template is None:
            self._template = self._make_templates()
        restamp = self._template.restamp().format(moment="DATETIME(6)") if self._template else ""
        last = [restamp] if state == "started" else []
        while spare := self._spares.take(state):
            if self._empty(spare, state, last):
                return Database("mariadb", self._url(spare))
            self._drop(spare)
        name = f"test{next(self._names)}"
        copies = [] if state == "bare" else self._copies[state] + self._fillings[state]
        self._run([f"CREATE DATABASE {name}", f"USE {name}", *copies, *last])
        self._spares.made(name, state)
        return Database("mariadb", self._url(name))

    def _empty(self, name: str, state: State, last: list[str]) -> bool:
        """Make a used database what its template is, and run the `last` statements. False if its tables are others."""

        async def run() -> bool:
            async with self._asking() as ask:
                for (other,) in await ask(
                    f"SELECT id FROM information_schema.processlist WHERE db = '{name}'"
                ):
                    with suppress(asyncmy.errors.Error):  # it has gone in the meantime
                        await ask(f"KILL {other}")
                for statement in (f"USE {name}", "SET group_concat_max_len = 4000000", NO_KEYS):
                    await ask(statement)
                ((shape,),) = await ask(SHAPE)
                if shape != self._shapes[state]:
                    return False
                tables: dict[str, int | None] = dict(await ask(COUNTERS))
                questions = (f"SELECT '{t}', EXISTS (SELECT 1 FROM `{t}`)" for t in tables)
                for table, is_filled in await ask(" UNION ALL ".join(questions)):
                    if is_filled:
                        await ask(f"DELETE FROM `{table}`")
                    if tables[table] != self._counters[state][table]:
                        await ask(f"ALTER TABLE `{table}` AUTO_INCREMENT = {self._counters[state][table]}")
                for statement in (*self._fillings[state], *last):
                    await ask(statement)
                return True

        return now(run)

    def _make_templates(self) -> Template:
        self._run(["CREATE DATABASE migrated"])
        migrate(self._url("migrated"))
        self._remember("migrated")
        copies = self._copies["migrated"] + self._fillings["migrated"]
        self._run(["CREATE DATABASE started", "USE started", *copies])
        template = start_once(self._url("started"))
        self._remember("started")
        return template

    def _remember(self, template: State) -> None:
        """How this template is copied (its tables, then their rows), and what `_empty` needs to know of it."""
        tables = [row[0] for row in self._run([f"SHOW TABLES FROM {template}"])]
        made = [self._run([f"SHOW CREATE TABLE {template}.`{table}`"])[0][1] for table in tables]
        filled = [t for t in tables if self._run([f"SELECT EXISTS (SELECT 1 FROM {template}.`{t}`)"])[0][0]]
        self._copies[template] = [NO_KEYS, *made]
        rows = [f"INSERT INTO `{table}` SELECT * FROM {template}.`{table}`" for table in filled]
        self._fillings[template] = [*rows, "SET foreign_key_checks = 1"]
        ((self._shapes[template],),) = self._run(
            [f"USE {template}", "SET group_concat_max_len = 4000000", SHAPE]
        )
        self._counters[template] = dict(self._run([f"USE {template}", COUNTERS]))

    def drop(self, database: Database) -> None:
        """Give it up: another test may get it, emptied."""
        name = database.url.rpartition("/")[2]
        if not self._spares.give(name):
            self._drop(name)

    def _drop(self, name: str) -> None:
        self._run([f"DROP DATABASE IF EXISTS {name}"])


@contextmanager
def mariadb(*, durable: bool = False) -> Iterator[MariaDB]:
    """A running MariaDB. `durable` waits for the disk as in production; the others are faster without."""
    program("mariadbd", *FOLDERS)
    user = account("mysql")
    with scratch("mariadb", user) as folder:
        server = MariaDB(folder, user, durable=durable)
        try:
            yield server
        finally:
            server.stop()
