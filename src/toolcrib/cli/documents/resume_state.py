"""What is remembered of a transfer on its way, so that the same command, run again, continues it."""

import json
import os
import time
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any

from toolcrib.cli.core.accounts import read_json, write_private
from toolcrib.cli.core.failures import CannotTell

KEPT_SECONDS = 30 * 86_400  # longer than any server keeps half an upload


def folder() -> Path:
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "toolcrib" / "transfers"


class ResumeState:
    """What is known of one transfer, found again by the `facts` that make it that one."""

    def __init__(self, **facts: Any) -> None:
        name = sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:40]
        self._file = folder() / f"{name}.json"

    def read(self) -> dict[str, Any]:
        try:
            return read_json(self._file)
        except CannotTell:  # half a file, or not ours: as if nothing were known
            return {}

    def write(self, content: dict[str, Any]) -> None:
        """Only a convenience: a cache folder that cannot be written costs no more than resuming."""
        with suppress(OSError):
            write_private(self._file, content)

    def forget(self) -> None:
        with suppress(OSError):
            self._file.unlink(missing_ok=True)


def sweep() -> None:
    """Drop what is too old to be continued."""
    with suppress(OSError):
        for file in folder().glob("*.json"):
            with suppress(OSError):
                if time.time() - file.stat().st_mtime > KEPT_SECONDS:
                    file.unlink()
