"""Receive content: gather it into blocks, count and hash it, and compare that with what was announced."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, AsyncIterator
from concurrent.futures import Future
from hashlib import sha256

from toolcrib.kernel.blobs.problems import BlobTooLarge, HashMismatch, SizeMismatch
from toolcrib.kernel.blobs.threads import submit

# The network delivers pieces of a few KiB; larger blocks cost fewer thread switches and disk writes.
BLOCK_BYTES = 1024 * 1024


class Intake:
    """Iterate `blocks()` once, then read `size` and `sha256`. `failure` is the error that ended it early, if any."""

    def __init__(
        self,
        stream: AsyncIterable[bytes],
        *,
        max_bytes: int,
        expected_size: int | None,
        expected_sha256: str | None,
    ) -> None:
        self._stream = stream
        self._max_bytes = max_bytes
        self._expected_size = expected_size
        self._expected_sha256 = expected_sha256
        self._digest = sha256()
        self.size = 0
        self.failure: Exception | None = None

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()

    async def blocks(self) -> AsyncIterator[bytes]:
        """Yield the stream in blocks. Each is hashed in a thread while the consumer handles it.

        Raises before the iterator ends if size or hash is wrong, so the consumer never takes wrong content for
        complete.
        """
        try:
            hashing: Future[None] | None = None
            async for block in self._gathered():
                if hashing is not None:
                    await asyncio.wrap_future(hashing)
                hashing = submit(self._digest.update, block)
                yield block
            if hashing is not None:
                await asyncio.wrap_future(hashing)
            self._check_complete()
        except Exception as error:
            self.failure = error
            raise

    async def _gathered(self) -> AsyncIterator[bytes]:
        pieces: list[bytes] = []
        gathered = 0
        async for piece in self._stream:
            self.size += len(piece)
            self._check_size()
            pieces.append(piece)
            gathered += len(piece)
            if gathered >= BLOCK_BYTES:
                yield b"".join(pieces)
                pieces, gathered = [], 0
        if pieces:
            yield b"".join(pieces)

    def _check_size(self) -> None:
        if self.size > self._max_bytes:
            raise BlobTooLarge(self._max_bytes)
        if self._expected_size is not None and self.size > self._expected_size:
            raise SizeMismatch(f"More than the announced {self._expected_size} bytes were sent.")

    def _check_complete(self) -> None:
        if self._expected_size is not None and self.size != self._expected_size:
            raise SizeMismatch(f"{self.size} bytes were sent, {self._expected_size} were announced.")
        if self._expected_sha256 is not None and self.sha256 != self._expected_sha256.lower():
            raise HashMismatch("The content does not have the announced SHA-256.")
