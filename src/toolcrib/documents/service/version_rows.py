"""Create rows of files and versions; nothing else does. The caller must hold the write lock."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.documents.access import Right
from toolcrib.documents.caller import Caller
from toolcrib.documents.errors import FileExists
from toolcrib.documents.models import File, FileStatus, Version, VersionStatus, new_id
from toolcrib.documents.paths import Place
from toolcrib.documents.service.content import adopt
from toolcrib.documents.service.folders import ensure_folders, folder_at
from toolcrib.documents.service.lookup import at, bucket_of
from toolcrib.documents.service.new_names import check_name
from toolcrib.documents.service.properties import OF_VERSIONS, forget_properties
from toolcrib.kernel.blobs.accounts import payer
from toolcrib.kernel.blobs.store import Stored
from toolcrib.kernel.database import take_write_lock


async def file_at(
    session: AsyncSession,
    place: Place,
    *,
    right: Right,
    caller: Caller,
    owner_id: str | None = None,
    status: FileStatus = FileStatus.VALIDATED,
    now: datetime,
) -> tuple[File, bool]:
    """Return the file at `place`, and whether it was created or brought back from the archive, with `status`, for
    `caller`, or for `owner_id`. `right` is the right to write there.

    Raises:
        FileExists: there is a folder at `place`, or a file at the path of one of its folders (409).
        NameNotForWindows, NameClash: the project refuses the name (400, 409).
    """
    await take_write_lock(session)
    file = await at(session, place)
    if file is not None and not file.is_archived:
        return file, False
    if await folder_at(session, place) is not None:
        raise FileExists(f"{place.address} is a folder, not a file.")
    await ensure_folders(session, caller, place.parent, right, now=now)
    await check_name(session, caller, place, right)
    if file is None:
        file = File(
            id=new_id(),
            bucket_type=place.bucket.type,
            bucket_id=place.bucket.id,
            logical_path=place.path,
            location=place.location,
            folder=place.parent.location,
            folded=place.folded,
            name=place.name,
            filename=place.name,
            tags={},
            created_at=now,
        )
        session.add(file)
    file.owner_id = owner_id or caller.me.uuid
    file.status = file.settled_status = status
    file.updated_at = now
    await session.flush()
    return file, True


async def add_version(
    session: AsyncSession,
    file: File,
    stored: Stored,
    *,
    mime_type: str | None,
    right: Right,
    caller: Caller,
    status: VersionStatus = VersionStatus.DRAFT,
    changelog: str | None = None,
    request_key: str | None = None,
    now: datetime,
) -> Version:
    """Add the next version of `file` by `caller`, without making it current. `right` is the right to write there.

    Raises:
        QuotaExceeded: the owner of the bucket may not store so much (507).
    """
    account = payer(right.scope, caller.me)
    blob = await adopt(session, bucket_of(file), stored, account=account, now=now)
    newest = select(func.max(Version.version_number)).where(Version.file_id == file.id)
    version = Version(
        id=new_id(),
        file_id=file.id,
        version_number=((await session.execute(newest)).scalar_one() or 0) + 1,
        blob_id=blob.id,
        object_key=blob.key,
        size=stored.size,
        mime_type=mime_type,
        checksum=stored.sha256,
        changelog=changelog,
        status=status,
        request_key=request_key,
        created_by=caller.me.uuid,
        created_at=now,
        updated_at=now,
    )
    session.add(version)
    await session.flush()
    return version


async def make_current(session: AsyncSession, file: File, version: Version, *, now: datetime) -> None:
    """Make `version` the file's current version, which people get when they open the file. Properties that describe the
    version before go."""
    if file.current_version_id is not None:
        await forget_properties(session, file.id, OF_VERSIONS)
    file.current_version_id = version.id
    file.version_number = version.version_number
    file.size = version.size
    file.mime_type = version.mime_type
    file.updated_at = now


async def current(session: AsyncSession, file: File) -> Version | None:
    return await session.get(Version, file.current_version_id) if file.current_version_id else None
