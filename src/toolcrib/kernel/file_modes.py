"""Who may read the server's own files: none but its account."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import structlog
from sqlalchemy import make_url

from toolcrib.kernel.blobs.opening import local_folder
from toolcrib.kernel.secrets import FILE_NAME, PREVIOUS_NAME
from toolcrib.settings import CONFIG_NAME, Settings

log = structlog.get_logger()

OTHERS = 0o077
SHOWN = 20


def keep_new_files_private() -> None:
    """From here on, what this process and its children create is for its own account only."""
    os.umask(OTHERS)


def warn_of_open_files(settings: Settings) -> None:
    """Log one warning if others may read or change the data folder, the database, the secret or the file store.

    Modes stay as they are: somebody may have chosen them, for a backup that runs in the group for example.
    """
    own = list(_open_to_others(_own_files(settings)))
    store = list(_open_to_others(_store_folders(settings)))
    if not own and not store:
        return
    found = own + store
    commands = [f"chmod go-rwx {shlex.join(str(path) for path, _ in own)}"] if own else []
    folder = local_folder(settings)
    if store and folder is not None:
        commands.append(f"chmod -R go-rwx {shlex.quote(str(folder.absolute()))}")
    named = [f"{path} ({mode:04o})" for path, mode in found[:SHOWN]]
    if len(found) > SHOWN:
        named.append(f"and {len(found) - SHOWN} more")
    log.warning("files_open_to_others", files=", ".join(named), run=" && ".join(commands))


def _own_files(settings: Settings) -> Iterator[Path]:
    yield settings.data_dir
    url = make_url(settings.database)
    if url.get_backend_name() == "sqlite" and url.database:
        yield from (Path(url.database + ending) for ending in ("", "-wal", "-shm"))
    yield settings.data_dir / FILE_NAME
    yield settings.data_dir / PREVIOUS_NAME
    yield settings.data_dir / CONFIG_NAME  # may hold passwords


def _store_folders(settings: Settings) -> Iterator[Path]:
    """The file store's folder and what lies in it, but not below: that may be millions of files."""
    folder = local_folder(settings)
    if folder is not None:
        yield folder
        with suppress(OSError):
            yield from sorted(folder.iterdir())


def _open_to_others(paths: Iterator[Path]) -> Iterator[tuple[Path, int]]:
    for path in paths:
        try:
            mode = path.stat().st_mode & 0o7777
        except OSError:  # not there, or not ours to look at
            continue
        if mode & OTHERS:
            yield path.absolute(), mode
