"""Homes of desktops, and the files in them, which the server touches only as their person could."""

from __future__ import annotations

import ctypes
import errno
import os
import secrets
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from toolcrib.desktops.launchers.launcher import HomeFile, LauncherRefused
from toolcrib.desktops.launchers.local.folders import Folders, sync_folder
from toolcrib.desktops.launchers.local.removal import remove

HOME = "home"
MOST_ENTRIES = 10_000
_SKELETON = Path("/etc/skel")
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NAME_BYTES = 255


def make(folders: Folders, folder: Path, user: int | None) -> None:
    """Have a home in this desktop's folder, as new accounts have it; `user` is whose it shall be, if not the server's.

    Raises:
        LauncherRefused: it is another person's.
    """
    home = folder / HOME
    if home.is_dir() and not home.is_symlink():
        if user is not None and home.stat().st_uid != user:
            raise LauncherRefused("The home of this desktop belongs to another person.")
        return
    draft = folder / "new-home"
    remove(folders, draft, seconds=10)  # of a start that was killed
    draft.mkdir(mode=0o700)
    if _SKELETON.is_dir():
        shutil.copytree(_SKELETON, draft, symlinks=True, dirs_exist_ok=True)
    draft.chmod(0o700)
    if user is not None:
        for path in (draft, *draft.rglob("*")):
            os.chown(path, user, user, follow_symlinks=False)
    draft.rename(home)
    sync_folder(folder)


@contextmanager
def as_user(user: int) -> Iterator[None]:
    """Touch files as this user, in this thread alone, if the server is root: without the rights of root."""
    if os.geteuid() != 0:
        yield
        return
    libc = ctypes.CDLL(None)
    libc.setfsgid(user)
    libc.setfsuid(user)
    try:
        if libc.setfsuid(-1) != user:
            raise PermissionError(errno.EPERM, "the server may not become this user")
        yield
    finally:
        libc.setfsuid(0)
        libc.setfsgid(0)


@contextmanager
def _entered(home: Path, folder: str) -> Iterator[int]:
    """Open a folder of the home, following no link, and touch its files as the home's person."""
    try:
        place = os.open(home, _FOLDER)
    except FileNotFoundError:
        raise FileNotFoundError(errno.ENOENT, "this desktop has no home") from None
    try:
        with as_user(os.fstat(place).st_uid):
            for name in _names(folder):
                inner = _open(name, _FOLDER, place)
                os.close(place)
                place = inner
            yield place
    finally:
        os.close(place)


def _open(name: str, flags: int, place: int, mode: int = 0o600) -> int:
    try:
        return os.open(name, flags, mode, dir_fd=place)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENXIO):
            raise LauncherRefused(
                "Links and special files are not followed from outside the desktop."
            ) from None
        if error.errno in (errno.EACCES, errno.EPERM):
            raise LauncherRefused("The rights of this file or folder do not allow it.") from None
        if error.errno == errno.ENOTDIR and stat.S_ISLNK(os.lstat(name, dir_fd=place).st_mode):
            raise LauncherRefused(
                "Links and special files are not followed from outside the desktop."
            ) from None
        raise


def _names(path: str) -> list[str]:
    names = [name for name in path.split("/") if name]
    for name in names:
        if name in (".", "..") or "\0" in name or len(os.fsencode(name)) > _NAME_BYTES:
            raise FileNotFoundError(errno.ENOENT, "no such file")
    return names


def _split(path: str) -> tuple[str, str]:
    names = _names(path)
    if not names:
        raise IsADirectoryError(errno.EISDIR, "this is a folder")
    return "/".join(names[:-1]), names[-1]


def entries(home: Path, folder: str) -> list[HomeFile]:
    """What is in a folder, links aside, by name. Raises LauncherRefused if that, with links, is more than
    MOST_ENTRIES."""
    with _entered(home, folder) as place:
        found: list[HomeFile] = []
        with os.scandir(place) as scan:
            for number, entry in enumerate(scan):
                if number >= MOST_ENTRIES:
                    raise LauncherRefused(f"There are more than {MOST_ENTRIES} entries in this folder.")
                with suppress(OSError, UnicodeEncodeError):
                    entry.name.encode()
                    status = entry.stat(follow_symlinks=False)
                    if stat.S_ISDIR(status.st_mode) or stat.S_ISREG(status.st_mode):
                        found.append(_home_file(entry.name, status))
    return sorted(found, key=lambda one: one.name)


def _home_file(name: str, status: os.stat_result) -> HomeFile:
    is_folder = stat.S_ISDIR(status.st_mode)
    seconds = min(max(status.st_mtime, 0), 253_402_300_799)  # anybody may set any time
    return HomeFile(name, is_folder, 0 if is_folder else status.st_size, datetime.fromtimestamp(seconds, UTC))


def open_file(home: Path, path: str) -> tuple[int, int]:
    """Open a file to be read. Returns its descriptor and its size."""
    folder, name = _split(path)
    with _entered(home, folder) as place:
        descriptor = _open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, place)
    status = os.fstat(descriptor)
    if stat.S_ISREG(status.st_mode):
        return descriptor, status.st_size
    os.close(descriptor)
    if stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError(errno.EISDIR, "this is a folder")
    raise LauncherRefused("Links and special files are not followed from outside the desktop.")


class Draft:
    """A file of a home while it is written: nobody sees it before it is whole, and nothing is left of it if not."""

    def __init__(self, home: Path, path: str, *, keep_free: int) -> None:
        self._home, (self._folder, self._name) = home, _split(path)
        self._keep_free = keep_free
        self.size = 0
        with _entered(home, self._folder) as place:
            with suppress(FileNotFoundError):
                if stat.S_ISDIR(os.lstat(self._name, dir_fd=place).st_mode):
                    raise IsADirectoryError(errno.EISDIR, "this is a folder")
            # Without a name, so that a crash leaves nothing behind.
            self._descriptor = _open(".", os.O_TMPFILE | os.O_WRONLY | os.O_CLOEXEC, place, 0o644)

    def write(self, block: bytes) -> None:
        free = os.fstatvfs(self._descriptor)
        if free.f_bavail * free.f_frsize - len(block) < self._keep_free:
            raise LauncherRefused("The disk of the server is full.")
        rest = memoryview(block)
        while rest:
            rest = rest[os.write(self._descriptor, rest) :]
        self.size += len(block)

    def publish(self) -> None:
        os.fsync(self._descriptor)
        with _entered(self._home, self._folder) as place:
            draft = f".{secrets.token_hex(8)}.part"
            os.link(f"/proc/self/fd/{self._descriptor}", draft, dst_dir_fd=place, follow_symlinks=True)
            try:
                os.rename(draft, self._name, src_dir_fd=place, dst_dir_fd=place)
            except OSError:
                os.unlink(draft, dir_fd=place)
                raise
            os.fsync(place)

    def close(self) -> None:
        os.close(self._descriptor)
