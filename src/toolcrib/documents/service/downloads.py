"""Downloads: through this server, or by a signed URL of the store."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import and_, func, or_, select

from toolcrib.documents.audit import record_reading
from toolcrib.documents.caller import Caller
from toolcrib.documents.errors import NoVersion, ObjectMissing, VersionNotFound
from toolcrib.documents.models import File, Version
from toolcrib.documents.service import links
from toolcrib.documents.service.content import blob_of, mark_lost, store_errors
from toolcrib.documents.service.direct_uploads import Address
from toolcrib.documents.service.lookup import Documents, Where, find
from toolcrib.documents.service.version_rows import current
from toolcrib.kernel.blobs.models import Blob
from toolcrib.kernel.blobs.problems import BlobMissing
from toolcrib.kernel.blobs.signing import LONGEST, Signer, presign

DOWNLOAD_SECONDS = 3600


@dataclass(frozen=True, slots=True)
class Opened:
    """A version to send. Its content is in the store under `key`.

    `modified` is when it became what this address gives, which may be later than the version was made.
    """

    file: File
    version: Version
    key: str
    modified: datetime

    @property
    def filename(self) -> str:
        return self.file.filename


@dataclass(frozen=True, slots=True)
class SignedDownload:
    address: Address
    file: File
    version: Version


async def open_version(
    docs: Documents,
    caller: Caller,
    where: Where,
    *,
    version_id: str | None = None,
    remember: bool = True,
    now: datetime,
) -> Opened:
    """Return the current version of a file, or the one named, after checking that the store has its content.

    `remember` writes the download into the audit; pass False for the later requests of a download in parts.

    Raises:
        FileNotFound, VersionNotFound, NoVersion: (404).
        ObjectMissing: the store has lost the content; the version is marked corrupted (404).
    """
    file, version, blob = await _find(docs, caller, where, version_id)
    with store_errors():
        try:
            await docs.blobs.head(blob.key)
        except BlobMissing:
            await mark_lost(docs, blob.id, blob.key, now=now)
            raise ObjectMissing("The store has lost the bytes of this version.") from None
    if remember:
        await record_download(docs, caller, file, version, now=now)
    return Opened(file, version, blob.key, file.updated_at if version_id is None else version.created_at)


async def is_alone_in_second(docs: Documents, opened: Opened) -> bool:
    """Return whether no other version came in the same second, so that its time tells it from all others."""
    start = opened.modified.replace(microsecond=0)
    end = start + timedelta(seconds=1)
    times = (Version.created_at, Version.updated_at)
    query = (
        select(func.count())
        .select_from(Version)
        .where(
            Version.file_id == opened.file.id,
            Version.id != opened.version.id,
            or_(*(and_(time >= start, time < end) for time in times)),
        )
    )
    async with docs.kernel.database.read() as session:
        return not (await session.execute(query)).scalar_one()


async def sign(
    docs: Documents,
    caller: Caller,
    where: Where,
    *,
    version_id: str | None = None,
    expires_in: int = DOWNLOAD_SECONDS,
    now: datetime,
) -> SignedDownload:
    """Return a signed URL of the version's content, without checking that the store has it."""
    file, version, blob = await _find(docs, caller, where, version_id)
    lifetime = min(timedelta(seconds=expires_in), LONGEST)
    kernel = docs.kernel
    with store_errors():
        url = await presign(
            docs.blobs,
            Signer(kernel.secrets, kernel.settings),
            "GET",
            blob.key,
            links.download_of(version, caller),
            now=now,
            expires_in=lifetime,
            filename=file.filename,
        )
    await record_download(docs, caller, file, version, now=now, signed=True)
    address = Address(url, blob.key, int(lifetime.total_seconds()), now + lifetime)
    return SignedDownload(address, file, version)


async def _find(
    docs: Documents, caller: Caller, where: Where, version_id: str | None
) -> tuple[File, Version, Blob]:
    file, _ = await find(docs, caller, where, "read", archived=False)
    async with docs.kernel.database.read() as session:
        if version_id is None:
            version = await current(session, file)
            if version is None:
                raise NoVersion("The file has no version yet.")
        else:
            version = await session.get(Version, version_id)
            if version is None or version.file_id != file.id:
                raise VersionNotFound("The file has no such version.")
        return file, version, await blob_of(session, version)


async def record_download(
    docs: Documents,
    caller: Caller,
    file: File,
    version: Version,
    *,
    now: datetime,
    signed: bool = False,
    folder: str | None = None,
) -> None:
    """Write a download into the audit. `folder` is the address of the folder that it was a part of."""
    if file.is_litter:
        return
    await record_reading(
        docs.kernel.audit_lines,
        caller,
        "download",
        file.address,
        now=now,
        file_id=file.id,
        version_id=version.id,
        details={
            "version_number": version.version_number,
            "signed": signed,
            **({"folder": folder} if folder else {}),
        },
    )
