"""The limit of begun uploads per person."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.documents.caller import Caller
from toolcrib.documents.models import ResumableUpload, Upload
from toolcrib.documents.service.lookup import Documents
from toolcrib.kernel.database import take_write_lock
from toolcrib.kernel.limits import TooManyUploads


async def refuse_too_many(session: AsyncSession, docs: Documents, caller: Caller, *, now: datetime) -> None:
    """Check that the caller may begin one more upload, in the transaction that adds its row.

    An upload counts until it is finished, deleted, or so old that `STORAGE_UPLOAD_HOURS` ends it, even if the sweep has
    not come to it yet.

    Raises:
        TooManyUploads: (429).
    """
    await take_write_lock(session)
    me, settings = caller.me.uuid, docs.kernel.settings
    oldest = now - timedelta(hours=settings.storage_upload_hours)
    resumable = select(func.count()).where(
        ResumableUpload.owner_id == me, ResumableUpload.result.is_(None), ResumableUpload.expires_at > now
    )
    direct = select(func.count()).where(
        Upload.owner_id == me,
        Upload.version_id.is_(None),
        or_(Upload.created_at >= oldest, Upload.expires_at > now),
    )
    count = (await session.execute(resumable)).scalar_one() + (await session.execute(direct)).scalar_one()
    if count >= settings.uploads_per_person:
        raise TooManyUploads(allowed=settings.uploads_per_person, count=count)
