"""The record of documents checked out into a directory: `.toolcrib-docs.json`."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from toolcrib.cli.core.accounts import read_json, write_private
from toolcrib.cli.core.failures import CannotTell
from toolcrib.cli.documents.local_files import STATE, is_plain_name
from toolcrib.cli.documents.remote_path import BUCKETS, RemotePath, clean_path, uuid_of

FORMAT = 1


@dataclass(frozen=True)
class CheckoutEntry:
    """One checked-out document.

    `fence` is of the lock it was checked out under, `version` and `sha256` are of the version that was copied.
    """

    name: str
    server: str
    bucket: str
    id: str
    path: str
    file_id: str
    version: int
    version_id: str
    sha256: str
    fence: int
    checked_out_at: str
    expires_at: str | None = None

    @property
    def place(self) -> RemotePath:
        return RemotePath(self.bucket, self.id, self.path)

    def with_version(self, version: int, version_id: str, sha256: str) -> "CheckoutEntry":
        """Return the same checkout with the file being that version."""
        return replace(self, version=version, version_id=version_id, sha256=sha256)


class Workdir:
    """A directory with checked-out documents, or without any yet."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._file = folder / STATE

    def entries(self) -> dict[str, CheckoutEntry]:
        """Return the checkouts by file name.

        Raises:
            CannotTell: the state file cannot be used.
        """
        content = read_json(self._file)
        rows = content.get("files", [])
        if not isinstance(rows, list) or content.get("format", FORMAT) != FORMAT:
            raise CannotTell(f"{self._file} was written by another version of toolcrib.")
        found = [self._entry(row) for row in rows]
        return {entry.name: entry for entry in found}

    def _entry(self, row: Any) -> CheckoutEntry:
        """Read one checkout and check every field: anybody may have put the state file there."""
        try:
            entry = CheckoutEntry(**{one.name: row[one.name] for one in fields(CheckoutEntry)})
            clean_path(entry.path, entry.path)
            sound = (
                is_plain_name(entry.name)
                and entry.bucket in BUCKETS
                and uuid_of(entry.id) is not None
                and uuid_of(entry.file_id) is not None
                and uuid_of(entry.version_id) is not None
                and isinstance(entry.version, int)
                and isinstance(entry.fence, int)
                and isinstance(entry.server, str)
            )
        except (KeyError, TypeError, ValueError, AttributeError) as bad:
            raise CannotTell(f"{self._file} is damaged: {bad}.") from bad
        if not sound:
            raise CannotTell(f"{self._file} is damaged: {entry.name!r} cannot be used.")
        return entry

    @contextmanager
    def change(self) -> Iterator[dict[str, CheckoutEntry]]:
        """Yield the checkouts to be changed. They are written back in one step, by one program at a time."""
        with _folder_lock(self.folder):
            entries = self.entries()
            before = dict(entries)
            yield entries
            if entries == before:
                return
            if entries:
                rows = [asdict(entry) for entry in entries.values()]
                write_private(self._file, {"format": FORMAT, "files": rows})
            else:
                self._file.unlink(missing_ok=True)

    def remember(self, entry: CheckoutEntry) -> None:
        with self.change() as entries:
            entries[entry.name] = entry

    def forget(self, name: str) -> None:
        with self.change() as entries:
            entries.pop(name, None)


@contextmanager
def _folder_lock(folder: Path) -> Iterator[None]:
    """Let one program at a time run this, on systems with file locks."""
    try:
        import fcntl
    except ImportError:
        yield
        return
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError as bad:
        raise CannotTell(f"Cannot use {folder}: {bad.strerror}.") from bad
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
