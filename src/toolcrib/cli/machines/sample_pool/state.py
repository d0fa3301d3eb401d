"""What is remembered of the sample pool of this machine, written before anything is made: `down` goes by it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from toolcrib.cli.core.failures import CannotTell, Failure


@dataclass
class PoolHost:
    name: str
    port: int


@dataclass
class Made:
    """`server` is where the machines are registered, or None."""

    how: str
    hosts: list[PoolHost]
    inventory: str
    server: str | None
    registered: list[str] = field(default_factory=list)


def folder() -> Path:
    """Return where the state is, and below it the folders of the hosts."""
    chosen = os.environ.get("XDG_STATE_HOME")
    return (Path(chosen) if chosen else Path.home() / ".local" / "state") / "toolcrib" / "sample-pool"


@contextmanager
def locked() -> Iterator[None]:
    """Let one command at a time work on the pool.

    Raises:
        Failure: another one does.
    """
    try:
        import fcntl
    except ImportError as absent:
        raise CannotTell("Sample pools cannot be made on this system.") from absent
    folder().mkdir(parents=True, exist_ok=True, mode=0o700)
    with (folder() / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as taken:
            raise Failure("Another command works on the sample pool.", code="sample_pool_busy") from taken
        yield


def read() -> Made | None:
    try:
        found: dict[str, Any] = json.loads(_file().read_text())
        return Made(**{**found, "hosts": [PoolHost(**host) for host in found["hosts"]]})
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, KeyError) as broken:
        raise CannotTell(f"{_file()} cannot be read: {broken}") from broken


def write(made: Made) -> None:
    draft = _file().with_suffix(".new")
    draft.write_text(json.dumps(asdict(made), indent=1))
    draft.replace(_file())


def forget() -> None:
    _file().unlink(missing_ok=True)


def _file() -> Path:
    return folder() / "state.json"
