"""The file store as the rest of the server sees it, and what a place for bytes must be able to do."""

from __future__ import annotations

import re
from collections.abc import AsyncIterable, AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol
from uuid import uuid4

from toolcrib.kernel.blobs.intake import Intake
from toolcrib.kernel.blobs.problems import BlobMissing, BlobTooLarge

# Where an unmistakable name matters: a bucket may hold things of others, which no sweep may touch.
KEPT = "blobs"
UPLOADS = "uploads"
KEY = re.compile(rf"{KEPT}/[0-9a-f]{{2}}/[0-9a-f]{{32}}|{UPLOADS}/[0-9a-f]{{32}}")


@dataclass(frozen=True)
class Stored:
    """Bytes that are in the store, synced, under a key that nothing else was ever stored under.

    Garbage until a row names the key: see `registry.adopt`.
    """

    key: str
    size: int
    sha256: str


@dataclass(frozen=True)
class ObjectInfo:
    key: str
    size: int
    modified_at: datetime


class Store(Protocol):
    """A place for bytes. Every method raises StorageUnavailable when the place does not answer."""

    async def make(self) -> None:
        """Make the place, where it is none yet: only for a store that nothing was ever kept in."""

    async def write(self, key: str, blocks: AsyncIterable[bytes], *, size: int | None) -> None:
        """Keep `blocks` under `key`: synced and whole when this returns, nothing at all when it raises."""

    async def read(self, key: str, start: int, end: int | None) -> AsyncIterator[bytes]:
        """The bytes from `start` up to `end`. Raises BlobMissing before the first of them, not after."""

    async def head(self, key: str) -> ObjectInfo:
        """Raises BlobMissing."""

    async def delete(self, key: str) -> None:
        """Does nothing where there is nothing."""

    def pages(self, prefix: str) -> AsyncIterator[list[ObjectInfo]]:
        """All objects below `prefix`, in no particular order; other programs' objects are left out."""

    async def tidy(self, before: datetime) -> None:
        """Remove what uploads that ended badly left behind, if last touched before that moment."""

    async def presign(self, method: str, key: str, expires_in: timedelta) -> str | None:
        """An address of the store's own that allows `method` on `key` for a while; None where it has none."""

    async def check(self) -> str:
        """A word of good news, or an exception."""


class Blobs:
    def __init__(self, store: Store) -> None:
        self.store = store

    async def put(
        self,
        stream: AsyncIterable[bytes],
        *,
        max_bytes: int,
        expected_size: int | None = None,
        expected_sha256: str | None = None,
        key: str | None = None,
    ) -> Stored:
        """Keep the bytes of `stream` under a new key, hashed as they pass and never all in memory.
        `key` is for signed uploads, whose key was given out before.

        Raises:
            BlobTooLarge: announced or found to be more than `max_bytes` (413).
            SizeMismatch, HashMismatch: not what was announced (400).
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
            await self.store.write(key, intake.blocks(), size=expected_size)
        except Exception:
            if intake.failure is not None:  # the store may have wrapped it
                raise intake.failure from None
            raise
        return Stored(key, intake.size, intake.sha256)

    async def read(self, key: str, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """The bytes from `start` up to `end`.

        Raises:
            BlobMissing: there are none under that key (404): raised here, not by the iterator.
        """
        return await self.store.read(_checked(key), start, end)

    async def head(self, key: str) -> ObjectInfo:
        """Raises:
        BlobMissing: there is nothing under that key (404).
        """
        return await self.store.head(_checked(key))

    async def check(self) -> str:
        return await self.store.check()


def _checked(key: str) -> str:
    """Keys also come with requests; what is no key of ours must reach no file system."""
    if not KEY.fullmatch(key):
        raise BlobMissing("There is no such file.")
    return key


def new_key() -> str:
    name = uuid4().hex
    return f"{KEPT}/{name[:2]}/{name}"


def new_upload_key() -> str:
    """For one upload to a signed address."""
    return f"{UPLOADS}/{uuid4().hex}"
