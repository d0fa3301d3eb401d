"""SQLite files, copied from templates that were made once."""

from __future__ import annotations

import itertools
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from tests.servers.databases import Database
from tests.servers.template import State, Template, migrate, start_once

NAME = "toolcrib.db"  # what a server calls it in its data directory


class Sqlite:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._template: Template | None = None
        self._names = itertools.count(1)

    def fresh(self, state: State = "started") -> Database:
        path = self.folder / str(next(self._names)) / NAME
        path.parent.mkdir(parents=True)
        return self.fill(path, state)

    def fill(self, path: Path, state: State = "started") -> Database:
        """A new file at this place."""
        if state != "bare":
            if self._template is None:
                self._template = self._make_templates()
            for part in (self.folder / state).glob(f"{NAME}*"):  # with its WAL, should it have one
                shutil.copy(part, path.parent)
        if state == "started" and self._template is not None:
            with closing(sqlite3.connect(path)) as copy:
                copy.execute("PRAGMA synchronous = OFF")
                copy.execute(self._template.restamp().format(moment="TEXT"))
                copy.commit()
        return Database("sqlite", f"sqlite:///{path}")

    def _make_templates(self) -> Template:
        migrated, started = (self.folder / state for state in ("migrated", "started"))
        migrated.mkdir()
        migrate(f"sqlite:///{migrated / NAME}")
        shutil.copytree(migrated, started)
        return start_once(f"sqlite:///{started / NAME}")

    def drop(self, database: Database) -> None:
        shutil.rmtree(Path(database.url.removeprefix("sqlite:///")).parent, ignore_errors=True)
