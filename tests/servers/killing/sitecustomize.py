"""Kills the process as it is about to commit, as a power cut does: for servers started with this folder in PYTHONPATH.

KILL_FILE names a file with a number: the process ends by SIGKILL at so many commits from then on, of those that change
a table whose name begins with KILL_TABLES.
"""

from __future__ import annotations

import os
import re
import signal
from pathlib import Path
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Engine

CHANGES = re.compile(r"(?:INSERT INTO|UPDATE|DELETE FROM) [\"`]?(\w+)")


@event.listens_for(Engine, "before_cursor_execute")
def note(connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
    found = CHANGES.match(statement)
    if found and found[1].startswith(os.environ.get("KILL_TABLES", "\0")):
        connection.info["counts"] = True


@event.listens_for(Engine, "rollback")
def forget(connection: Any) -> None:
    connection.info.pop("counts", None)


@event.listens_for(Engine, "commit")
def kill(connection: Any) -> None:
    file = Path(os.environ.get("KILL_FILE", os.devnull))
    if connection.info.pop("counts", False) and file.is_file():
        left = int(file.read_text()) - 1
        file.write_text(str(left))
        if left == 0:
            file.unlink()
            os.kill(os.getpid(), signal.SIGKILL)
