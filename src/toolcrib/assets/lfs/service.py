"""Find, read and record the LFS objects of a project."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import literal, select
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.assets.lfs.models import LfsObject
from toolcrib.kernel.blobs import accounts, registry
from toolcrib.kernel.blobs.models import Blob
from toolcrib.kernel.blobs.store import Stored
from toolcrib.kernel.identity.former_names import uuids_named
from toolcrib.kernel.identity.models import Project
from toolcrib.kernel.identity.principal import Principal
from toolcrib.kernel.problems import NotFound


class ObjectMissing(NotFound):
    """The project has no such object, whatever other projects have."""

    code = "object_missing"

    def __init__(self) -> None:
        super().__init__("This project has no such object.")


async def find(session: AsyncSession, scope: str, oids: Collection[str]) -> dict[str, Blob]:
    """Return where the content of these objects is, for those that the project has and the store has not lost."""
    query = select(LfsObject.oid, Blob).join(Blob, LfsObject.blob_id == Blob.id)
    query = query.where(LfsObject.scope == scope, LfsObject.oid.in_(oids), Blob.lost_at.is_(None))
    rows = await session.execute(query)
    return {row.oid: row.Blob for row in rows}


async def get(session: AsyncSession, scope: str, oid: str) -> Blob:
    """Return the stored content of one of the project's objects.

    Raises:
        ObjectMissing: the project has no object of that name (404).
    """
    found = await find(session, scope, [oid])
    if oid not in found:
        raise ObjectMissing
    return found[oid]


async def record_upload(
    session: AsyncSession, scope: str, stored: Stored, *, by: Principal, now: datetime
) -> LfsObject:
    """Record stored bytes, whose SHA-256 was checked, as the object's content.

    Uploading an object again does no harm, and replaces content that was lost.

    Raises:
        QuotaExceeded: the project may not store so much (507).
    """
    blob = await registry.adopt(session, scope, stored, account=accounts.payer(scope, by), now=now)
    query = select(LfsObject).where(LfsObject.scope == scope, LfsObject.oid == stored.sha256)
    known = (await session.execute(query)).scalar_one_or_none()
    if known is not None:
        await registry.release(session, known.blob_id, now=now)  # the object keeps its one reference
        known.blob_id = blob.id
        return known
    made = LfsObject(
        scope=scope,
        oid=stored.sha256,
        size=stored.size,
        blob_id=blob.id,
        created_by=by.uuid,
        created_at=now,
    )
    session.add(made)
    return made


async def accounts_of(session: AsyncSession, ids: Sequence[int]) -> dict[int, str]:
    """Which accounts those blobs count in that projects have; see `Kind.accounts_of`. What is of a project that nobody
    registered counts for whoever sent it."""
    prefix = literal("project:")
    query = (
        select(LfsObject.blob_id, LfsObject.scope, Project.id, LfsObject.created_by)
        .outerjoin(Project, LfsObject.scope == prefix + Project.name)
        .where(LfsObject.blob_id.in_(ids))
    )
    rows = list(await session.execute(query))
    people = await uuids_named(
        session, {sender for _, _, project, sender in rows if project is None and sender}
    )
    return {
        blob_id: f"user:{people[sender]}" if project is None and sender in people else scope
        for blob_id, scope, project, sender in rows
    }
