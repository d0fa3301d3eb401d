"""A private MariaDB."""

from __future__ import annotations

import itertools
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import asyncmy

from tests.servers.databases import Database, now
from tests.servers.process import Process, account, free_port, listening, program, scratch
from tests.servers.template import State, Template, migrate, start_once

USER = "toolcrib"
PASSWORD = "toolcrib"
FOLDERS = ("/usr/sbin", "/usr/bin")
HASTY = ["--innodb-flush-log-at-trx-commit=0", "--innodb-flush-method=nosync", "--innodb-doublewrite=0"]


class MariaDB:
    """One server. Its databases are copies of templates that are made on first use."""

    def __init__(self, folder: Path, user: str | None, *, durable: bool) -> None:
        self.folder = folder
        self.port = free_port()
        self._user = user
        self._durable = durable
        self._names = itertools.count(1)
        self._template: Template | None = None
        self._copies: dict[State, list[str]] = {}
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
            connection = await asyncmy.connect(
                host="127.0.0.1",
                port=self.port,
                user=user,
                password=password,
                charset="utf8mb4",
                autocommit=True,
            )
            try:
                async with connection.cursor() as cursor:
                    for statement in statements:
                        await cursor.execute(statement)
                    return list(await cursor.fetchall())
            finally:
                await connection.ensure_closed()

        return now(run)

    def execute(self, statement: str, database: str = "mysql") -> None:
        self._run([f"USE {database}", statement])

    def fresh(self, state: State = "started") -> Database:
        """A new database, copied from the template of this state."""
        if state != "bare" and self._template is None:
            self._template = self._make_templates()
        name = f"test{next(self._names)}"
        statements = [f"CREATE DATABASE {name}", f"USE {name}"]
        if state != "bare":
            statements += self._copies[state]
        if state == "started" and self._template is not None:
            statements.append(self._template.restamp().format(moment="DATETIME(6)"))
        self._run(statements)
        return Database("mariadb", self._url(name))

    def _make_templates(self) -> Template:
        self._run(["CREATE DATABASE migrated"])
        migrate(self._url("migrated"))
        self._copies["migrated"] = self._copy_of("migrated")
        self._run(["CREATE DATABASE started", "USE started", *self._copies["migrated"]])
        template = start_once(self._url("started"))
        self._copies["started"] = self._copy_of("started")
        return template

    def _copy_of(self, template: State) -> list[str]:
        """The statements that copy a database: its tables, then their rows."""
        tables = [row[0] for row in self._run([f"SHOW TABLES FROM {template}"])]
        made = [self._run([f"SHOW CREATE TABLE {template}.`{table}`"])[0][1] for table in tables]
        filled = [t for t in tables if self._run([f"SELECT EXISTS (SELECT 1 FROM {template}.`{t}`)"])[0][0]]
        copied = [f"INSERT INTO `{table}` SELECT * FROM {template}.`{table}`" for table in filled]
        return ["SET foreign_key_checks = 0", *made, *copied, "SET foreign_key_checks = 1"]

    def drop(self, database: Database) -> None:
        self._run([f"DROP DATABASE IF EXISTS {database.url.rpartition('/')[2]}"])


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
