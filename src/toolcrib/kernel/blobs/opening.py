"""Open the file store that the settings name."""

from __future__ import annotations

from pathlib import Path

from toolcrib.kernel.blobs.store import Blobs
from toolcrib.settings import Settings


def local_folder(settings: Settings) -> Path | None:
    """Return the folder of the file store; None if the files are on S3."""
    return None if settings.s3_endpoint else _folder(settings)


def _folder(settings: Settings) -> Path:
    return settings.files_dir or settings.data_dir / "files"


def open_blobs(settings: Settings) -> Blobs:
    """Return the store that the settings name, without connecting to it."""
    if settings.s3_endpoint:
        from toolcrib.kernel.blobs.s3 import S3Objects  # noqa: PLC0415 - importing obstore costs memory

        return Blobs(S3Objects(settings))
    from toolcrib.kernel.blobs.local import LocalObjects  # noqa: PLC0415

    return Blobs(LocalObjects(_folder(settings), settings.files_keep_free_mib * 2**20))
