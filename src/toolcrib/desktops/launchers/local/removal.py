"""Removing folders that people could fill as they liked: of any depth, with any names, links and rights."""

from __future__ import annotations

import os
import stat
import time
import uuid
from contextlib import suppress
from pathlib import Path

import structlog

from toolcrib.desktops.launchers.local.folders import Folders, sync_folder

log = structlog.get_logger()

_PATH = getattr(os, "O_PATH", 0) | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def remove(folders: Folders, path: Path, *, seconds: float) -> bool:
    """Take `path` out of use at once, and remove its files for at most so long: `empty_removed` goes on with the rest.
    Returns whether nothing stood in the way. A path that is not there is removed."""
    away = folders.removed / uuid.uuid4().hex
    try:
        path.rename(away)
    except FileNotFoundError:
        return True
    sync_folder(path.parent)
    return _removed(away, time.monotonic() + seconds)


def empty_removed(folders: Folders, *, seconds: float) -> None:
    """Go on, for at most so long, with what earlier calls have not finished or were killed in."""
    end = time.monotonic() + seconds
    with suppress(FileNotFoundError):
        for entry in list(folders.removed.iterdir()):
            _removed(entry, end)


def _removed(entry: Path, end: float) -> bool:
    try:
        _remove(entry, end)
    except OSError as error:  # its disk fails, or an administrator has put something there
        log.warning("desktop_files_not_removed", error=error.strerror)
        return False
    return True


def _remove(entry: Path, end: float) -> None:
    try:
        top = os.open(entry, _PATH)
    except FileNotFoundError:
        return  # another process was here
    except NotADirectoryError:
        entry.unlink(missing_ok=True)
        return
    try:
        finished = _empty(_readable(top), end)
    finally:
        os.close(top)
    if finished:
        with suppress(FileNotFoundError):
            entry.rmdir()


def _readable(place: int) -> int:
    """Open the folder that `place` stands for, whatever its owner has allowed."""
    path = f"/proc/self/fd/{place}"
    if stat.S_IMODE(os.fstat(place).st_mode) & 0o700 != 0o700:
        os.chmod(path, 0o700)
    return os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)


def _empty(top: int, end: float) -> bool:
    """Remove all that is in the folder `top`, and close it.

    Folders of folders are moved to the top one by one, so that neither the depth of a tree nor the length of its paths
    matters; no link is followed.
    """
    try:
        while names := os.listdir(top):
            for name in names:
                if time.monotonic() > end:
                    return False
                with suppress(FileNotFoundError):
                    _remove_one(top, name)
        return True
    finally:
        os.close(top)


def _remove_one(top: int, name: str) -> None:
    try:
        place = os.open(name, _PATH, dir_fd=top)
    except OSError:  # no folder: NotADirectoryError, or a link
        os.unlink(name, dir_fd=top)
        return
    try:
        folder = _readable(place)
        try:
            for inner in os.listdir(folder):
                try:
                    os.unlink(inner, dir_fd=folder)
                except (IsADirectoryError, PermissionError):
                    _let_move(folder, inner)
                    os.rename(inner, uuid.uuid4().hex, src_dir_fd=folder, dst_dir_fd=top)
        finally:
            os.close(folder)
    finally:
        os.close(place)
    os.rmdir(name, dir_fd=top)


def _let_move(folder: int, name: str) -> None:
    """A folder that its owner may not write to cannot be moved by its owner."""
    place = os.open(name, _PATH, dir_fd=folder)
    try:
        os.chmod(f"/proc/self/fd/{place}", 0o700)
    finally:
        os.close(place)
