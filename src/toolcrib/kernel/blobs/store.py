"""The file store that the rest of the server uses, and the protocol that a storage backend implements."""

from __future__ import annotations

import re
from collections.abc import AsyncIterable, AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol
from uuid import uuid4

from toolcrib.kernel.blobs.intake import Intake
from toolcrib.kernel.blobs.problems import BlobExists, BlobMissing, BlobTooLarge, StorageUnavailable
from toolcrib.kernel.progress import transfer
from toolcrib.kernel.write_watch import WriteWatch

# An S3 bucket may hold objects of other programs, which the sweep must not delete: our keys match KEY exactly.
KEPT = "blobs"
UPLOADS = "uploads"
PROBE_BYTES = 64 * 1024
KEY = re.compile(rf"{KEPT}/[0-9a-f]{{2}}/[0-9a-f]{{32}}|{UPLOADS}/[0-9a-f]{{32}}")


@dataclass(frozen=True)
class Stored:
    """Content that is stored and synced under a new key.

    The sweep deletes it unless a row names the key: see `registry.adopt`. `is_named` says that a row did so before: the
    content must stay then, whatever becomes of the request that uses it.
    """

    key: str
    size: int
    sha256: str
    is_named: bool = False


@dataclass(frozen=True)
class ObjectInfo:
    key: str
    size: int
    modified_at: datetime


class Store(Protocol):
    """A storage backend. Every method raises StorageUnavailable if the backend does not respond."""

    async def make(self) -> None:
        """Create the folder or bucket. Call only for a store that nothing was ever kept in."""

    async def write(
        self, key: str, blocks: AsyncIterable[bytes], *, size: int | None, only_new: bool = False
    ) -> None:
        """Store `blocks` under `key`: complete and synced when this returns, not at all if it raises.

        With `only_new`, raises FileExistsError if there is an object already. A store whose `presign` gives addresses
        of its own need not heed it: only what is sent to ours asks for it.
        """

    async def read(self, key: str, start: int, end: int | None) -> AsyncIterator[bytes]:
        """Read the bytes from `start` up to `end`. Raises BlobMissing before the first byte, not later."""

    async def head(self, key: str) -> ObjectInfo:
        """Return the size and age of an object. Raises BlobMissing if there is none."""

    async def delete(self, key: str) -> None:
        """Delete an object; does nothing if there is none."""

    def pages(self, prefix: str) -> AsyncIterator[list[ObjectInfo]]:
        """Yield all objects below `prefix`, in no particular order, without those of other programs."""

    async def tidy(self, before: datetime) -> None:
        """Remove what unfinished uploads left behind, if last modified before that moment; nothing still written."""

    async def presign(self, method: str, key: str, expires_in: timedelta) -> str | None:
        """Return a URL of the backend that allows `method` on `key` until it expires; None if it has no such URLs."""

    async def check(self) -> str:
        """Return a short text for the health check; raises if the backend does not work."""


class Blobs:
    def __init__(self, store: Store) -> None:
        self.store = store
        self.watch = WriteWatch("storage", self._probe)
        self.was_found = False  # by this process

    async def close(self) -> None:
        await self.watch.close()

    async def _probe(self) -> None:
        """Write something and remove it."""
        key = new_upload_key()
        await self.store.write(key, _one_block(), size=PROBE_BYTES)
        await self.store.delete(key)

    async def put(
        self,
        stream: AsyncIterable[bytes],
        *,
        max_bytes: int,
        expected_size: int | None = None,
        expected_sha256: str | None = None,
        key: str | None = None,
        only_new: bool = False,
    ) -> Stored:
        """Store the content of `stream` under a new key. It is hashed while it is received and never all in memory.

        `key` is for signed uploads, whose key was chosen earlier; with `only_new` it must not have content yet.

        Raises:
            BlobExists: with `only_new`, the key has content already.
            BlobTooLarge: the announced or actual size is more than `max_bytes` (413).
            SizeMismatch, HashMismatch: the content is not what was announced (400).
            StorageUnavailable, StorageFull: (503).
            Whatever `stream` raises. Nothing is kept in any of these cases.
        """
        if expected_size is not None and expected_size > max_bytes:
            raise BlobTooLarge(max_bytes)
        intake = Intake(
            stream, max_bytes=max_bytes, expected_size=expected_size, expected_sha256=expected_sha256
        )
        key = key or new_key()
        try:
            with transfer():
                await self.store.write(key, intake.blocks(), size=expected_size, only_new=only_new)
        except FileExistsError:
            raise BlobExists(intake.sha256) from None
        except Exception as error:
            if intake.failure is not None:  # the store may have wrapped it
                raise intake.failure from None
            if isinstance(error, StorageUnavailable):
                self.watch.failed(error.reason)
            raise
        self.watch.worked()
        return Stored(key, intake.size, intake.sha256)

    async def read(self, key: str, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """Read the bytes from `start` up to `end`.

        Raises:
            BlobMissing: there is no content under that key (404): raised here, not by the iterator.
        """
        return await self.store.read(_checked(key), start, end)

    async def head(self, key: str) -> ObjectInfo:
        """Return the size and age of an object.

        Raises:
            BlobMissing: there is none under that key (404).
        """
        return await self.store.head(_checked(key))

    async def check(self) -> str:
        """What health pages say of the store.

        Raises:
            StorageUnavailable, NotWell: it does not work. `reason` says why, in words for operators.
        """
        message = await self.store.check()
        self.watch.check()
        return message


async def _one_block() -> AsyncIterator[bytes]:
    yield bytes(PROBE_BYTES)


def _checked(key: str) -> str:
    """Return `key` if it has the form of our keys. Keys come from requests too, so others must not reach a file
    system."""
    if not KEY.fullmatch(key):
        raise BlobMissing("There is no such file.")
    return key


def new_key() -> str:
    name = uuid4().hex
    return f"{KEPT}/{name[:2]}/{name}"


def new_upload_key() -> str:
    """Return a key for one upload to a signed URL."""
    return f"{UPLOADS}/{uuid4().hex}"
