"""The converters that run on this machine, and the slots that they run in."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PROGRAM = b"toolcrib.parts.converter"


def converters_of(server: int) -> list[int]:
    """The processes that convert for the server with this process id."""
    found = []
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        with suppress(OSError):
            status = (folder / "stat").read_text().rpartition(")")[2].split()
            is_running = status[0] not in "ZX"
            if is_running and int(status[1]) == server and PROGRAM in (folder / "cmdline").read_bytes():
                found.append(int(folder.name))
    return found


def is_running(process: int) -> bool:
    with suppress(OSError):
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    return False


@contextmanager
def slot_taken(data_dir: Path) -> Iterator[None]:
    """Let nothing be converted, as if another process of the server did."""
    folder = data_dir / "converting"
    folder.mkdir(parents=True, exist_ok=True)
    lock = os.open(folder / "0.lock", os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)
    try:
        yield
    finally:
        os.close(lock)
