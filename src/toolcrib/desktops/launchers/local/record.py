"""What the launcher knows of one desktop, in a file that is synced before anything relies on it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from toolcrib.desktops.launchers.launcher import Wanted
from toolcrib.desktops.launchers.local.folders import write_durably
from toolcrib.desktops.launchers.local.processes import Identity

FILE = "record.json"


@dataclass(frozen=True)
class Record:
    """Without `process`, it is stopped. Passwords are not in here."""

    name: str
    owner: str
    image: str
    persistent_home: bool
    volume: str | None
    started_at: datetime
    process: Identity | None = None
    port: int = 0
    """Of the gateway's address; 0 without a gateway."""
    host: str = ""
    was_ready: bool = False
    is_stopping: bool = False

    @classmethod
    def of(cls, wanted: Wanted, started_at: datetime) -> Record:
        return cls(
            wanted.name,
            wanted.owner,
            wanted.image,
            wanted.persistent_home,
            wanted.volume,
            started_at,
        )

    def stopped(self) -> Record:
        return replace(self, process=None, port=0, host="", was_ready=False, is_stopping=False)

    def write(self, folder: Path) -> None:
        content: dict[str, Any] = asdict(self)
        content["started_at"] = self.started_at.isoformat()
        write_durably(folder / FILE, json.dumps(content).encode())


_FIELDS = {field.name for field in fields(Record)}


def read_record(folder: Path) -> Record | None:
    """Return the record in this folder, or None if there is none that makes sense."""
    try:
        content = json.loads((folder / FILE).read_bytes())
        process, started_at = content.pop("process"), datetime.fromisoformat(content.pop("started_at"))
        known = {name: content[name] for name in _FIELDS & content.keys()}  # a newer release may write more
        return Record(**known, started_at=started_at, process=Identity(**process) if process else None)
    except (FileNotFoundError, NotADirectoryError, ValueError, TypeError, KeyError):
        return None


def now() -> datetime:
    return datetime.now(UTC)
