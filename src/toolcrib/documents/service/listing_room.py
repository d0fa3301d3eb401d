"""Room for long listings that are being sent, in memory or in files of the temporary folder."""

from __future__ import annotations

from errno import EDQUOT, ENOSPC
from tempfile import SpooledTemporaryFile
from threading import Lock
from types import TracebackType
from typing import IO, Self

from toolcrib.documents.errors import ListingsBusy, ListingTooLarge

IN_MEMORY = 1_048_576
# One listing may take this part of the room.
SHARE = 4


class ListingRoom:
    """Counts the bytes of the listings of this process. May be used from several threads."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._held = 0
        self._lock = Lock()

    @property
    def largest(self) -> int:
        return self._total // SHARE

    def take(self, size: int) -> None:
        """Count `size` bytes more.

        Raises:
            ListingsBusy: there is no room for them now (503).
        """
        with self._lock:
            if self._held + size > self._total:
                raise ListingsBusy
            self._held += size

    def give(self, size: int) -> None:
        with self._lock:
            self._held -= size


class Listing:
    """A listing, written and then read. It takes room until it is closed, or nobody knows of it any more: a client may
    go away before a byte of it is sent."""

    def __init__(self, room: ListingRoom) -> None:
        self._room = room
        self._file: IO[bytes] = SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 - closed by `close`
        self.size = 0

    def write(self, text: bytes) -> None:
        """Add to the listing.

        Raises:
            ListingTooLarge: it is longer than one may be (507).
            ListingsBusy: there is no room for it now, or none on the disk (503).
        """
        if self.size + len(text) > self._room.largest:
            raise ListingTooLarge(self._room.largest)
        self._room.take(len(text))
        self.size += len(text)
        try:
            self._file.write(text)
        except OSError as error:
            if error.errno not in {ENOSPC, EDQUOT}:
                raise
            raise ListingsBusy from error

    def rewind(self) -> None:
        self._file.seek(0)

    def read(self, size: int) -> bytes:
        return self._file.read(size)

    def close(self) -> None:
        self._file.close()
        self._room.give(self.size)
        self.size = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def __del__(self) -> None:
        self.close()
