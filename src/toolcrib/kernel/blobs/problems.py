"""Errors of the file store."""

from __future__ import annotations

from toolcrib.kernel.failure_words import DISK_FULL, NO_ANSWER
from toolcrib.kernel.problems import InvalidRequest, NotFound, Problem


class StorageUnavailable(Problem):
    """The file store cannot be reached, or cannot write; nothing was stored.

    `reason` is for operators.
    """

    code, status = "storage_unavailable", 503

    def __init__(
        self, reason: str = NO_ANSWER, detail: str = "The file store does not respond. Try again."
    ) -> None:
        super().__init__(detail, headers={"Retry-After": "5"})
        self.reason = reason


class StorageFull(StorageUnavailable):
    """The file store is full; nothing was stored."""

    code = "storage_full"

    def __init__(self) -> None:
        super().__init__(DISK_FULL, "The file store is full. Tell your administrator.")


class BlobMissing(NotFound):
    """The file store has no content under that key."""

    code = "blob_missing"


class BlobExists(Exception):
    """Content was stored under that key first; that with this SHA-256 was not."""

    def __init__(self, sha256: str) -> None:
        super().__init__(sha256)
        self.sha256 = sha256


class BlobTooLarge(Problem):
    code, status = "payload_too_large", 413

    def __init__(self, max_bytes: int) -> None:
        super().__init__(f"The file is larger than {max_bytes} bytes.", {"max_bytes": max_bytes})


class SizeMismatch(InvalidRequest):
    """More or fewer bytes were sent than announced."""

    code = "size_mismatch"


class HashMismatch(InvalidRequest):
    """The content does not have the announced checksum."""

    code = "hash_mismatch"
