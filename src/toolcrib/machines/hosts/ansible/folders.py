"""The folders of runs: only their owner may enter them, and they go with the run or at the next start."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PREFIX = "toolcrib-ansible-"
_MEMORY = Path("/dev/shm")  # noqa: S108 - looked at, and what is made in it has a name that nobody knows


def _parent() -> Path:
    return (
        _MEMORY if _MEMORY.is_dir() and os.access(_MEMORY, os.W_OK | os.X_OK) else Path(tempfile.gettempdir())
    )


@contextmanager
def run_folder() -> Iterator[Path]:
    """A folder for one run, removed at its end."""
    folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{_name_of(os.getpid())}-", dir=_parent()))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def remove_left() -> None:
    """Remove the folders of servers that were killed, and end what still runs in them."""
    for folder in _parent().glob(f"{PREFIX}*"):
        pid, _, rest = folder.name.removeprefix(PREFIX).partition("-")
        started = rest.partition("-")[0]
        is_ours = not folder.is_symlink() and folder.stat().st_uid == os.geteuid()
        if is_ours and pid.isdigit() and _name_of(int(pid)) != f"{pid}-{started}":
            end_processes_of(folder)
            shutil.rmtree(folder, ignore_errors=True)


def end_processes_of(folder: Path) -> None:
    """End the processes of a run: the folder is in the environment of all of them."""
    for entry in Path("/proc").glob("[0-9]*/environ"):
        with suppress(OSError):
            if os.fsencode(folder) in entry.read_bytes():
                os.kill(int(entry.parent.name), signal.SIGKILL)


def _name_of(pid: int) -> str:
    """Return a name that no later process has, even if it has the number. Where that cannot be told, the number."""
    try:
        started = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except OSError:
        started = "0"
    return f"{pid}-{started}"
