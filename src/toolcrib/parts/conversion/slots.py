"""Slots: how many conversions run at a time on this machine, in all processes of the server together.

A slot is a folder in the data directory, for the scratch files of one conversion, and a lock on a file beside it. The
system gives the lock up when its process ends, however it ends; whoever takes the slot next finds the folder emptied.
"""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

FOLDER = "converting"


@dataclass
class Slot:
    folder: Path
    _lock: int

    def empty(self) -> None:
        """Make the folder an empty one. May raise OSError."""
        if self.folder.exists():
            shutil.rmtree(self.folder)
        self.folder.mkdir(mode=0o700)

    def give_back(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
        os.close(self._lock)


def take_slot(data_dir: Path, count: int) -> Slot | None:
    """Take one of `count` slots; None if all are taken. May raise OSError."""
    root = data_dir / FOLDER
    root.mkdir(parents=True, exist_ok=True, mode=0o700)
    for number in range(count):
        lock = os.open(root / f"{number}.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            if _locked(lock):
                return Slot(root / str(number), lock)
        except BaseException:
            os.close(lock)
            raise
        os.close(lock)
    return None


def _locked(lock: int) -> bool:
    if sys.platform == "win32":
        import msvcrt  # noqa: PLC0415

        try:
            msvcrt.locking(lock, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
    import fcntl  # noqa: PLC0415

    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
