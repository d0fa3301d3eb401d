"""SQLite files, copied from one that was migrated once."""

from __future__ import annotations

import itertools
import shutil
from pathlib import Path

from tests.servers.databases import Database, migrate


class Sqlite:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._template = folder / "template" / "toolcrib.db"
        self._names = itertools.count(1)

    def fresh(self, *, migrated: bool = True) -> Database:
        """A new file; `migrated=False` leaves it without tables."""
        path = self.folder / str(next(self._names)) / "toolcrib.db"
        path.parent.mkdir(parents=True)
        if migrated:
            if not self._template.exists():
                self._template.parent.mkdir(parents=True, exist_ok=True)
                migrate(f"sqlite:///{self._template}", self._template.parent)
            for part in self._template.parent.glob(
                f"{self._template.name}*"
            ):  # with its WAL, should it have one
                shutil.copy(part, path.parent)
        return Database("sqlite", f"sqlite:///{path}")

    def drop(self, database: Database) -> None:
        shutil.rmtree(Path(database.url.removeprefix("sqlite:///")).parent, ignore_errors=True)
