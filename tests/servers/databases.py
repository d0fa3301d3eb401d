"""What a test knows of the database it runs on, whichever of the three that is."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

from tests.servers.environment import child_environment, toolcrib

KINDS = ("sqlite", "postgresql", "mariadb")

Result = TypeVar("Result")


@dataclass(frozen=True)
class Database:
    """A database of one test's own: `kind` is one of KINDS, `url` is what DATABASE_URL takes."""

    kind: str
    url: str


class Databases(Protocol):
    """A source of databases, one per test."""

    def fresh(self, *, migrated: bool = True) -> Database: ...

    def drop(self, database: Database) -> None: ...


def now(call: Callable[[], Coroutine[Any, Any, Result]]) -> Result:
    """Run a coroutine to its end from a fixture, whether or not the test's own event loop is running."""
    with ThreadPoolExecutor(1) as apart:
        return apart.submit(lambda: asyncio.run(call())).result()


def migrate(url: str, data_dir: Path) -> None:
    """Bring a database to the newest schema, as an operator does."""
    upgrade = subprocess.run(
        [toolcrib(), "db", "upgrade"],
        env=child_environment(DATABASE_URL=url, DATA_DIR=str(data_dir)),
        check=False,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if upgrade.returncode != 0:
        raise RuntimeError(f"toolcrib db upgrade exited {upgrade.returncode}:\n{upgrade.stdout}")
