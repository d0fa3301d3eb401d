"""The files of a part: each upload is a revision, and all are kept."""

from __future__ import annotations

from collections.abc import AsyncIterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.kernel.blobs import accounts, registry
from toolcrib.kernel.blobs.models import Blob
from toolcrib.kernel.blobs.naming import naming
from toolcrib.kernel.blobs.store import Stored
from toolcrib.kernel.context import Kernel
from toolcrib.kernel.identity.principal import Principal
from toolcrib.parts import conversion
from toolcrib.parts.models import part_files, parts
from toolcrib.parts.names import extension_of, stored_name
from toolcrib.parts.service.claiming import note as note_on_claim
from toolcrib.parts.service.claiming import up_to_date
from toolcrib.parts.service.lookup import get_part
from toolcrib.parts.service.told import tell
from toolcrib.parts.service.writing import add, write

STEP, PDF, OTHER = "step", "pdf", "file"
KINDS = {"step": STEP, "stp": STEP, "pdf": PDF}
MEDIA_TYPES = {STEP: "application/step", PDF: "application/pdf", OTHER: "application/octet-stream"}


@dataclass(frozen=True, slots=True)
class Kept:
    """An upload that is kept: the part as it is then, the file's row, and whether it is a new revision."""

    part: Row[Any]
    file: Row[Any]
    is_new: bool


def tenant_of(scope: str) -> str:
    """Return the tenant within which equal content is stored once."""
    return f"parts:{scope}"


def kind_of(name: str) -> str:
    return KINDS.get(extension_of(name), OTHER)


async def keep_file(
    kernel: Kernel,
    me: Principal,
    part_id: int,
    scope: str,
    filename: str,
    stream: AsyncIterable[bytes],
    *,
    now: datetime,
    note: str | None = None,
    names_its_sender: bool = True,
) -> Kept:
    """Store a file of a part. It becomes `part.file`, and the newest revision of its kind.

    Content that the part has already under that name as the newest makes no other revision.
    `names_its_sender` False says that `me` stands for whoever has the shared key.

    Raises:
        PartNotFound: (404).
        BlobTooLarge: it is larger than MAX_FILE_SIZE (413).
        QuotaExceeded: (507).
    """
    tenant, account = tenant_of(scope), accounts.payer(scope, me)
    async with kernel.database.read() as session:
        await get_part(session, scope, part_id)
        usage = await accounts.usage(session, account, kernel.settings)
    with kernel.arriving.one_of(me.uuid):
        async with naming(kernel.database, kernel.blobs) as new:
            stored = await kernel.blobs.put(
                accounts.within(usage, stream), max_bytes=kernel.settings.part_max_file_bytes
            )
            new.append(stored)
            await registry.notice_loss(kernel.database, kernel.blobs, tenant, stored, now=now)
            async with kernel.database.write() as session:
                row = await get_part(session, scope, part_id, lock=True)
                row = await up_to_date(session, row, now)
                sender = me if names_its_sender else None
                return await _add(session, row, me, sender, filename, stored, account, note, now=now)


async def _add(
    session: AsyncSession,
    row: Row[Any],
    me: Principal,
    sender: Principal | None,
    filename: str,
    stored: Stored,
    account: str,
    note: str | None,
    *,
    now: datetime,
) -> Kept:
    name = stored_name(filename, row.id)
    kind = kind_of(name)
    mine = (part_files.c.part_id == row.id, part_files.c.kind == kind)
    newest = (await session.execute(select(part_files).where(*mine, part_files.c.is_current))).first()
    if kind == STEP:
        await conversion.request(session, stored.sha256, now=now)
    await conversion.forget_views(session, row.id, now=now)
    blob = await registry.adopt(session, tenant_of(row.scope), stored, account=account, now=now)
    if newest is not None and newest.name == name and newest.sha256 == stored.sha256:
        await registry.release(session, blob.id, now=now)  # the row keeps its one reference
        await session.execute(update(part_files).where(part_files.c.id == newest.id).values(blob_id=blob.id))
        part = await write(session, row, {"file": name}, now)
        return Kept(part, await _file(session, newest.id), is_new=False)
    last = select(func.coalesce(func.max(part_files.c.revision), 0)).where(*mine)
    revision = (await session.execute(last)).scalar_one() + 1
    await session.execute(update(part_files).where(*mine).values(is_current=False))
    line = {
        "part_id": row.id,
        "revision": revision,
        "name": name,
        "kind": kind,
        "sha256": stored.sha256,
        "size": stored.size,
        "blob_id": blob.id,
        "at": now,
        "by": me.username,
        "by_uuid": me.uuid,
        "note": note,
        "is_current": True,
    }
    file_id = await add(session, part_files, line)
    values: dict[str, Any] = {"file": name}
    if kind == STEP:
        values |= await _new_model(session, row, sender, revision)
    verb = "revision_added" if kind == STEP else "file_added"
    holder = row.assigned if values.get("recheck") else None
    await tell(session, row, verb, actor=me.username, now=now, name=name, revision=revision, holder=holder)
    return Kept(await write(session, row, values, now), await _file(session, file_id), is_new=True)


async def _new_model(
    session: AsyncSession, row: Row[Any], sender: Principal | None, revision: int
) -> dict[str, Any]:
    """Have whoever makes the part look at the new model first; whoever brought it knows it."""
    values: dict[str, Any] = {"revision": revision}
    if row.claim_fence is None:
        return values
    if sender is not None and sender.uuid == row.holder_uuid:
        await note_on_claim(session, row.claim_fence, revision=revision)
        return {**values, "claimed_revision": revision}
    await note_on_claim(session, row.claim_fence, recheck=True)
    return {**values, "recheck": True}


async def _file(session: AsyncSession, file_id: int) -> Row[Any]:
    return (await session.execute(select(part_files).where(part_files.c.id == file_id))).one()


_WITH_KEY = select(part_files, Blob.key).join(Blob, Blob.id == part_files.c.blob_id)


async def current_file(session: AsyncSession, part_id: int, kind: str | None = None) -> Row[Any] | None:
    """Return the newest file of a part that has this kind, or without one, that `part.file` names. `key` is that of its
    content in the file store."""
    query = _WITH_KEY.where(part_files.c.part_id == part_id)
    if kind is not None:
        query = query.where(part_files.c.kind == kind, part_files.c.is_current)
    else:
        query = query.join(parts, parts.c.id == part_files.c.part_id).where(part_files.c.name == parts.c.file)
    return (await session.execute(query.order_by(part_files.c.id.desc()).limit(1))).first()


async def file_of(session: AsyncSession, part_id: int, file_id: int) -> Row[Any] | None:
    """Return one of the part's files, whichever revision; `key` as above."""
    query = _WITH_KEY.where(part_files.c.part_id == part_id, part_files.c.id == file_id)
    return (await session.execute(query)).first()


async def files_of(session: AsyncSession, part_id: int) -> list[Row[Any]]:
    query = select(part_files).where(part_files.c.part_id == part_id).order_by(part_files.c.id.desc())
    return list(await session.execute(query.limit(500)))
