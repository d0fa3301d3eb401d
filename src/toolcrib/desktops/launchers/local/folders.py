"""Where desktops, their homes and volumes are on the disk, and the locks that processes take on them."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import re
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from toolcrib.desktops.launchers.launcher import LauncherDown, LauncherRefused

SOCKET_PATH_BYTES = 107  # of sockaddr_un, without the closing zero
LOCK_SECONDS = 30.0
_DESKTOP = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_VOLUME = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?")


class Folders:
    """The folders of one server's desktops, below `root`:

    - `desktops/NAME` with `record.json`, `home`, and while it runs what its sandbox sees of it;
    - `volumes/NAME/files`;
    - `sockets`, which only the server may look into (elsewhere, if their paths would be too long here);
    - `removed`: what is no longer there for anybody, and waits for its files to be removed.
    """

    def __init__(self, data_dir: Path) -> None:
        self.root = data_dir.absolute() / "desktops"
        self.desktops = self.root / "desktops"
        self.volumes = self.root / "volumes"
        self.removed = self.root / "removed"

    def make(self) -> None:
        for folder in (self.root, self.desktops, self.volumes, self.removed):
            if not folder.is_dir():
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                sync_folder(folder.parent)

    def desktop_names(self) -> list[str]:
        """Of those that there may be something of."""
        with suppress(FileNotFoundError):
            return sorted(one.name for one in self.desktops.iterdir() if _DESKTOP.fullmatch(one.name))
        return []

    def volume_names(self) -> list[str]:
        with suppress(FileNotFoundError):
            return sorted(one.name for one in self.volumes.iterdir() if _VOLUME.fullmatch(one.name))
        return []

    def desktop(self, name: str) -> Path:
        if not _DESKTOP.fullmatch(name):
            raise LauncherRefused("This is no name of a desktop.")
        return self.desktops / name

    def volume(self, name: str) -> Path:
        if not _VOLUME.fullmatch(name) or ".." in name:
            raise LauncherRefused("This is no name of a volume.")
        return self.volumes / name

    def socket(self, name: str) -> Path:
        """Where the VNC server of this desktop listens."""
        key = hashlib.sha256(f"{self.root}\0{name}".encode()).hexdigest()[:16]
        path = self.root / "sockets" / key
        if len(os.fsencode(path)) <= SOCKET_PATH_BYTES:
            return path
        return Path(tempfile.gettempdir(), f"toolcrib-{os.geteuid()}-{self.mark}", key)

    def make_socket_folder(self, name: str) -> None:
        """
        Raises:
            LauncherRefused: another user of this computer has made it.
        """
        folder = self.socket(name).parent
        with suppress(FileExistsError):
            folder.mkdir(mode=0o700)
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o077:
            raise LauncherRefused(
                "Another user of this computer has taken the folder for the sockets of desktops."
            )

    def remove_socket(self, name: str) -> None:
        path = self.socket(name)
        path.unlink(missing_ok=True)
        with suppress(OSError):  # others are in it
            path.parent.rmdir()

    @property
    def mark(self) -> str:
        """What tells this server's processes from those of another on the same computer."""
        found = self.root.stat()
        return f"{found.st_dev:x}-{found.st_ino:x}"


@contextmanager
def locked(folder: Path, *, make: bool = False) -> Iterator[bool]:
    """Have `folder` for this thread alone, among all threads and processes. Gives whether the folder is there.

    The lock is on the folder itself and ends with its holder, so it leaves no file behind.

    Raises:
        LauncherDown: another has it for longer than LOCK_SECONDS.
    """
    end = time.monotonic() + LOCK_SECONDS
    while True:
        if make and not folder.is_dir():
            with suppress(FileExistsError):
                folder.mkdir(mode=0o700)
                sync_folder(folder.parent)
        try:
            descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        except FileNotFoundError:
            if make:
                continue
            yield False
            return
        try:
            _lock(descriptor, end)
            if not _is_still(folder, descriptor):
                continue  # it was removed, and perhaps made again, while this waited
            yield True
            return
        finally:
            os.close(descriptor)


def _lock(descriptor: int, end: float) -> None:
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > end:
                raise LauncherDown(
                    "Another process of the server is busy with it. Try again later."
                ) from None
            time.sleep(0.02)
        else:
            return


def _is_still(folder: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(folder.lstat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def write_durably(path: Path, content: bytes, *, mode: int = 0o600) -> None:
    """Write the file whole or not at all. When this returns, it survives a loss of power."""
    draft = path.with_name(f".{path.name}-{os.getpid()}-{time.monotonic_ns()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        os.fchmod(descriptor, mode)
        os.write(descriptor, content)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    draft.replace(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno != errno.EINVAL:  # a file system that needs none
            raise
    finally:
        os.close(descriptor)
