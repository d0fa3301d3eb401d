"""Temporary files of a test run in memory: the databases of thousands of tests, made and removed again, cost a disk's
file system more than the tests themselves. A killed process loses nothing there, and no test cuts the power.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

MEMORY = Path("/dev/shm")
PREFIX = "toolcrib-tests-"
NEEDED_BYTES = 6 * 2**30  # four workers take less than half of it


def use() -> Path | None:
    """Have this process, and all it starts, keep temporary files in a new folder in memory, which is returned.

    None, and nothing is changed, where TMPDIR says where they belong, there is too little memory, or programs may not
    be run from it.
    """
    if "TMPDIR" in os.environ or not _is_fit():
        return None
    for left in MEMORY.glob(f"{PREFIX}*"):
        _remove_if_dead(left)
    folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-", dir=MEMORY))
    folder.chmod(0o1777)  # the database servers have accounts of their own
    os.environ["TMPDIR"] = str(folder)
    tempfile.tempdir = None
    return folder


def _is_fit() -> bool:
    try:
        disk = os.statvfs(MEMORY)
        memory = dict(line.split(":") for line in Path("/proc/meminfo").read_text().splitlines())
    except OSError:
        return False
    available = min(disk.f_bavail * disk.f_frsize, 1024 * int(memory["MemAvailable"].split()[0]))
    return available > NEEDED_BYTES and not disk.f_flag & os.ST_NOEXEC


def _remove_if_dead(folder: Path) -> None:
    """What a run that failed or was killed has left."""
    with suppress(ValueError, PermissionError):
        try:
            os.kill(int(folder.name.removeprefix(PREFIX).partition("-")[0]), 0)
        except ProcessLookupError:
            shutil.rmtree(folder, ignore_errors=True)
