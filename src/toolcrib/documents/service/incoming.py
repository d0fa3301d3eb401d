"""Cut a request body into parts while it is received, so that a broken connection loses at most one part."""

from __future__ import annotations

from collections.abc import AsyncIterator
from time import monotonic
from typing import TYPE_CHECKING

from toolcrib.documents.errors import FileTooLarge

if TYPE_CHECKING:
    from hashlib import _Hash

# A part ends at this size or age. If the server crashes, the sender has to repeat at most one part.
PART_BYTES = 16 * 1024 * 1024
PART_SECONDS = 15.0


class BodyBroken(Exception):
    """The client disconnected in the middle of a body, or (`silent`) sent nothing for too long."""

    def __init__(self, *, silent: bool = False) -> None:
        super().__init__()
        self.silent = silent


class Incoming:
    """Iterates a body in parts: while `more()`, iterate `part()` to its end. `broken` is set if the body broke off.

    `most` is the largest size in bytes. `digest` is updated with everything received.
    """

    def __init__(self, stream: AsyncIterator[bytes], *, most: int, digest: _Hash | None = None) -> None:
        self._stream = stream
        self._most = most
        self._digest = digest
        self._next = b""
        self._over = False
        self.taken = 0
        self.broken: BodyBroken | None = None

    async def more(self) -> bool:
        """Whether there is more content.

        Raises:
            FileTooLarge: the body is larger than `most` (413).
        """
        while not self._next and not self._over:
            await self._read()
        return bool(self._next)

    async def part(self) -> AsyncIterator[bytes]:
        ends_at = monotonic() + PART_SECONDS
        size = 0
        while await self.more():
            piece, self._next = self._next, b""
            size += len(piece)
            yield piece
            if size >= PART_BYTES or monotonic() >= ends_at:
                return

    async def _read(self) -> None:
        try:
            self._next = await anext(self._stream)
        except StopAsyncIteration:
            self._over = True
        except BodyBroken as broken:
            self._over = True
            self.broken = broken
        self.taken += len(self._next)
        if self.taken > self._most:
            self._next = b""
            raise FileTooLarge("More bytes were sent than were announced.")
        if self._digest is not None:
            self._digest.update(self._next)
