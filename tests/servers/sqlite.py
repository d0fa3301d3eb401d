"""SQLite files, copied from templates that were made once."""

from __future__ import annotations

import atexit
import itertools
import shutil
import sqlite3
import tempfile
from contextlib import closing
from functools import cache
from pathlib import Path

from tests.servers.databases import Database
from tests.servers.template import State, Template, migrate, start_once

NAME = "toolcrib.db"  # what a server calls it in its data directory


class Sqlite:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._names = itertools.count(1)

    def fresh(self, state: State = "started") -> Database:
        path = self.folder / str(next(self._names)) / NAME
        path.parent.mkdir(parents=True)
        return fill(path, state)

    def drop(self, database: Database) -> None:
        shutil.rmtree(Path(database.url.removeprefix("sqlite:///")).parent, ignore_errors=True)


def fill(path: Path, state: State = "started") -> Database:
    """A new file at this place."""
    if state != "bare":
        folder, template = _templates()
        for part in (folder / state).glob(f"{NAME}*"):  # with its WAL, should it have one
            shutil.copy(part, path.parent)
        if state == "started":
            with closing(sqlite3.connect(path)) as copy:
                copy.execute("PRAGMA synchronous = OFF")
                copy.execute(template.restamp().format(moment="TEXT"))
                copy.commit()
    return Database("sqlite", f"sqlite:///{path}")


def fill_data_dir(data_dir: Path) -> None:
    """Give a data directory without a database one where a server has started once."""
    if not (data_dir / NAME).exists():
        data_dir.mkdir(parents=True, exist_ok=True)
        fill(data_dir / NAME)


@cache
def _templates() -> tuple[Path, Template]:
    """The folder of the template files. It lives as long as this process."""
    folder = Path(tempfile.mkdtemp(prefix="toolcrib-templates-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    migrated, started = (folder / state for state in ("migrated", "started"))
    migrated.mkdir()
    migrate(f"sqlite:///{migrated / NAME}")
    shutil.copytree(migrated, started)
    return folder, start_once(f"sqlite:///{started / NAME}")
