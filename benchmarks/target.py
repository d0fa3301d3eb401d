"""The server that is measured: a real `toolcrib serve`, one process, on a database that waits for the disk."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from tests.servers.environment import ADMIN, PASSWORD
from tests.servers.mariadb import mariadb
from tests.servers.postgresql import postgresql
from tests.servers.toolcrib import ToolcribServer
from toolcrib.settings import Settings

DATABASES = ("sqlite", "postgresql", "mariadb")


class Target:
    def __init__(self, server: ToolcribServer, database_url: str) -> None:
        self.server = server
        self.url = server.url
        self.port = server.port
        self.database_url = database_url
        answer = server.client.post("/api/login", json={"username": ADMIN, "password": PASSWORD})
        self.token: str = answer.raise_for_status().json()["access_token"]


@contextmanager
def target(database: str = "sqlite", *, workers: int = 1, **settings: Any) -> Iterator[Target]:
    """A server on a fresh database, gone at the end."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="toolcrib-bench-")))
        if database == "postgresql":
            settings["DATABASE_URL"] = stack.enter_context(postgresql(durable=True)).fresh("migrated").url
        elif database == "mariadb":
            settings["DATABASE_URL"] = stack.enter_context(mariadb(durable=True)).fresh("migrated").url
        server = ToolcribServer(folder / "data", workers=workers, **settings)
        stack.callback(server.close)
        read = Settings(database_url=settings.get("DATABASE_URL", ""), data_dir=folder / "data")
        yield Target(server, read.database)
