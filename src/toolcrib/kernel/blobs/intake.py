"""Bytes on their way in: gathered into blocks, counted, hashed, and held against what was announced."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, AsyncIterator
from concurrent.futures import Future
from hashlib import sha256

from toolcrib.kernel.blobs.problems import BlobTooLarge, HashMismatch, SizeMismatch
from toolcrib.kernel.blobs.threads import submit

# The network brings pieces of a few KiB; threads and disks want larger ones.
BLOCK_BYTES = 1024 * 1024


class Intake:
    """`blocks()` once, then `size` and `sha256`. `failure` is what ended it early."""

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
        """The stream in blocks. A block is hashed in a thread while its receiver has it.

        Whatever is wrong with the bytes is raised before the end, so that the receiver never takes them for
        whole.
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
            self._check_the_whole()
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
            raise SizeMismatch(f"More than the announced {self._expected_size} bytes came.")

    def _check_the_whole(self) -> None:
        if self._expected_size is not None and self.size != self._expected_size:
            raise SizeMismatch(f"{self.size} bytes came, {self._expected_size} were announced.")
        if self._expected_sha256 is not None and self.sha256 != self._expected_sha256.lower():
            raise HashMismatch("The bytes that came do not have the announced SHA-256.")
