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
        self._by_person: dict[str, int] = {}
        self._lock = Lock()

    @property
    def largest(self) -> int:
        return self._total // SHARE

    def take(self, size: int, person: str) -> None:
        """Count `size` bytes more, of this person, who may have as much at once as one listing may take: somebody who
        reads slowly does not keep the others from listing.

        Raises:
            ListingsBusy: there is no room for them now (503).
        """
        with self._lock:
            theirs = self._by_person.get(person, 0) + size
            if self._held + size > self._total or theirs > self.largest:
                raise ListingsBusy
            self._held += size
            self._by_person[person] = theirs

    def give(self, size: int, person: str) -> None:
        with self._lock:
            self._held -= size
            left = self._by_person.get(person, 0) - size
            if left > 0:
                self._by_person[person] = left
            else:
                self._by_person.pop(person, None)


class Listing:
    """A listing for `person`, written and then read. It takes room until it is closed, or nobody knows of it any more:
    a client may go away before a byte of it is sent."""

    def __init__(self, room: ListingRoom, person: str) -> None:
        self._room = room
        self._person = person
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
        self._room.take(len(text), self._person)
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
        self._room.give(self.size, self._person)
        self.size = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def __del__(self) -> None:
        self.close()
