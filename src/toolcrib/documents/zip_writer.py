"""Write a ZIP archive piece by piece, to somewhere that cannot go back.

Sizes and checksums follow each file's content, as the format allows, and the archive's directory is its end: an archive
that was cut off is refused by every reader. Content is not compressed, which costs little processor time, but packed in
deflate blocks, because readers that do not seek cannot find the end of a stored file.
"""

from __future__ import annotations

import stat
from datetime import UTC, datetime
from typing import IO
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

# `compress_level` since Python 3.13; before, ZipInfo has it under this name alone.
_LEVEL = "compress_level" if hasattr(ZipInfo, "compress_level") else "_compresslevel"
_NOT_COMPRESSED = 0
# A larger file needs the ZIP64 form. Its size when it is written may be a little above that of its content.
_PLAIN_BYTES = 2**31
_YEARS = range(1980, 2108)
_MS_DOS_FOLDER = 0x10


class _Output:
    """Keeps what was written until it is taken."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self.size = 0

    def write(self, data: bytes, /) -> int:
        self._pieces.append(bytes(data))
        self.size += len(data)
        return len(data)

    def flush(self) -> None:
        pass

    def close(self) -> None:
        pass

    def take(self) -> bytes:
        taken = b"".join(self._pieces)
        self._pieces.clear()
        self.size = 0
        return taken


class ZipWriter:
    """An archive in the making. Memory holds what was not taken yet, and some hundred bytes for each entry."""

    def __init__(self) -> None:
        self._output = _Output()
        self._zip = ZipFile(self._output, "w", ZIP_DEFLATED)

    @property
    def waiting(self) -> int:
        """How many bytes can be taken."""
        return self._output.size

    def take(self) -> bytes:
        return self._output.take()

    def add_folder(self, path: str, modified: datetime) -> None:
        info = _info(f"{path}/", modified)
        info.external_attr = (stat.S_IFDIR | 0o755) << 16 | _MS_DOS_FOLDER
        info.CRC = 0  # `mkdir` takes this as given
        self._zip.mkdir(info)

    def open_file(self, path: str, modified: datetime, size: int) -> IO[bytes]:
        """Begin a file of about `size` bytes. Write its content to what this returns, and close that."""
        info = _info(path, modified)
        info.compress_type = ZIP_DEFLATED
        setattr(info, _LEVEL, _NOT_COMPRESSED)
        info.external_attr = (stat.S_IFREG | 0o644) << 16
        return self._zip.open(info, "w", force_zip64=size >= _PLAIN_BYTES)

    def free_name(self, name: str) -> str:
        """Return `name`, or a name like it, that no entry at the top has, also if case does not count."""
        taken = {each.rstrip("/").lower() for each in self._zip.namelist()}
        stem, dot, extension = name.partition(".")
        number = 1
        while name.lower() in taken:
            number += 1
            name = f"{stem} ({number}){dot}{extension}"
        return name

    def close(self, comment: str = "") -> None:
        """Write the end of the archive."""
        self._zip.comment = comment.encode()
        self._zip.close()


def _info(path: str, modified: datetime) -> ZipInfo:
    """Return an entry; the format has no time zones and few years."""
    time = modified.astimezone(UTC)
    if time.year not in _YEARS:
        time = datetime(_YEARS[0], 1, 1, tzinfo=UTC)
    return ZipInfo(path, (time.year, time.month, time.day, time.hour, time.minute, time.second))
