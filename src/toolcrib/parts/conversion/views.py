"""Pictures of a part's model that browsers have drawn (parts contract, section 7)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.kernel.blobs import registry
from toolcrib.kernel.blobs.models import Blob
from toolcrib.kernel.blobs.store import Stored
from toolcrib.kernel.database import take_write_lock
from toolcrib.parts.conversion.tables import views

COUNT = 8
MAX_BYTES = 2 * 2**20
PNG = b"\x89PNG\r\n\x1a\n"
# The first chunk: its length, its name, width and height.
_HEADER = b"\x00\x00\x00\x0dIHDR"
LARGEST_SIDE = 16_384


def is_png(start: bytes) -> bool:
    """Whether a file that begins so is a PNG picture of a size that can be shown (RFC 2083)."""
    if not start.startswith(PNG + _HEADER) or len(start) < 33:
        return False
    sides = int.from_bytes(start[16:20], "big"), int.from_bytes(start[20:24], "big")
    return all(0 < side <= LARGEST_SIDE for side in sides)


async def find_views(session: AsyncSession, part_id: int, file_id: int | None) -> dict[int, Row[Any]]:
    """Return the views of this file of the part, by position."""
    if file_id is None:
        return {}
    key = func.coalesce(Blob.key, views.c.key).label(
        "key"
    )  # of content that was lost, the registry has a new copy's
    query = select(views.c.position, key, views.c.size, views.c.sha256, views.c.at)
    mine = views.c.part_id == part_id, views.c.file_id == file_id
    found = await session.execute(query.outerjoin(Blob, Blob.id == views.c.blob_id).where(*mine))
    return {row.position: row for row in found}


async def keep_views(
    session: AsyncSession,
    part_id: int,
    file_id: int,
    new: Mapping[int, Stored],
    *,
    tenant: str,
    account: str,
    now: datetime,
) -> None:
    """Keep new views of this file, beside those of it that others have drawn; views of earlier files go. They count in
    `account`.

    Raises:
        QuotaExceeded: (507).
    """
    await take_write_lock(session)
    old = list(await session.execute(select(views).where(views.c.part_id == part_id)))
    await _forget(session, [row for row in old if row.file_id != file_id or row.position in new], now=now)
    for position, stored in new.items():
        blob = await registry.adopt(session, tenant, stored, account=account, now=now)
        await session.execute(
            insert(views).values(
                part_id=part_id,
                position=position,
                file_id=file_id,
                key=blob.key,
                blob_id=blob.id,
                size=stored.size,
                sha256=stored.sha256,
                at=now,
            )
        )


async def forget_views(session: AsyncSession, part_id: int, *, now: datetime) -> None:
    """Delete the views of a part."""
    await take_write_lock(session)
    mine = list(await session.execute(select(views).where(views.c.part_id == part_id)))
    await _forget(session, mine, now=now)


async def _forget(session: AsyncSession, rows: Sequence[Row[Any]], *, now: datetime) -> None:
    registry.mark_for_deletion(session, [row.key for row in rows if row.blob_id is None], now=now)
    for row in rows:
        if row.blob_id is not None:
            await registry.release(session, row.blob_id, now=now)
        this = views.c.part_id == row.part_id, views.c.position == row.position
        await session.execute(delete(views).where(*this))
