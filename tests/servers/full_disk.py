"""A disk of a few MiB that a test can fill: a tmpfs of its own. Mounting it takes root."""

from __future__ import annotations

import errno
import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.servers.process import absent

BLOCK = 64 * 1024


class SmallDisk:
    """A file system of `mebibytes` MiB at `path`, for a data directory or a file store."""

    def __init__(self, path: Path, mebibytes: int) -> None:
        self.path = path
        self.mebibytes = mebibytes
        self._filler = path / "filler"

    @property
    def free_bytes(self) -> int:
        found = os.statvfs(self.path)
        return found.f_bavail * found.f_frsize

    def fill(self, *, leave: int = 0) -> None:
        """Fill it, except for about `leave` bytes. With 0, nothing can be written any more."""
        with self._filler.open("ab", buffering=0) as filler, suppress(NoRoom):
            while self.free_bytes > leave:
                _write(filler.fileno(), min(BLOCK, self.free_bytes - leave))

    def make_room(self) -> None:
        """Remove what `fill` wrote."""
        self._filler.unlink(missing_ok=True)


class NoRoom(Exception):
    """Not a byte more fits."""


def _write(descriptor: int, size: int) -> None:
    try:
        os.write(descriptor, b"\0" * size)
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        raise NoRoom from error


@contextmanager
def small_disk(mebibytes: int) -> Iterator[SmallDisk]:
    """Mount one. Skips the test without root or where mounting is not allowed."""
    if os.geteuid() != 0:
        absent("mounting a small file system takes root")
    folder = Path(tempfile.mkdtemp(prefix="toolcrib-disk-"))
    try:
        mounting = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={mebibytes}m,mode=0700", "tmpfs", str(folder)],
            capture_output=True,
            text=True,
            check=False,
        )
        if mounting.returncode != 0:
            absent(f"a tmpfs cannot be mounted here: {mounting.stderr.strip()}")
        try:
            yield SmallDisk(folder, mebibytes)
        finally:
            # Lazily, so that a process that has just been killed and still holds a file does not keep it mounted.
            subprocess.run(["umount", "-l", str(folder)], check=True)
    finally:
        folder.rmdir()
