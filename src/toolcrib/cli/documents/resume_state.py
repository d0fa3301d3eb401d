"""What is kept of an unfinished transfer, so that the same command, run again, resumes it."""

import json
import os
import time
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any

from toolcrib.cli.core.accounts import read_json, write_private
from toolcrib.cli.core.failures import CannotTell

KEPT_SECONDS = 30 * 86_400  # longer than a server keeps an unfinished upload


def folder() -> Path:
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "toolcrib" / "transfers"


class ResumeState:
    """The state of one transfer, in a file named by the `facts` that identify the transfer."""

    def __init__(self, **facts: Any) -> None:
        name = sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:40]
        self._file = folder() / f"{name}.json"

    def read(self) -> dict[str, Any]:
        try:
            return read_json(self._file)
        except CannotTell:  # incomplete, or not written by us: ignore it
            return {}

    def write(self, content: dict[str, Any]) -> None:
        """Write the state. If the cache folder cannot be written, the transfer just cannot be resumed."""
        with suppress(OSError):
            write_private(self._file, content)

    def forget(self) -> None:
        with suppress(OSError):
            self._file.unlink(missing_ok=True)


def delete_old() -> None:
    """Delete the state of transfers that are too old to be resumed."""
    with suppress(OSError):
        for file in folder().glob("*.json"):
            with suppress(OSError):
                if time.time() - file.stat().st_mtime > KEPT_SECONDS:
                    file.unlink()
