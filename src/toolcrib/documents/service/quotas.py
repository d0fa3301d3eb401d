"""Refuse content that a quota has no room for, before it is received. `kernel.blobs.accounts` checks finally."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.documents.caller import Caller
from toolcrib.documents.models import File, Version
from toolcrib.documents.paths import Bucket
from toolcrib.documents.service.lookup import Documents
from toolcrib.kernel.blobs import accounts
from toolcrib.kernel.blobs.accounts import QuotaExceeded, Usage
from toolcrib.kernel.identity.models import Project


async def usage_of(docs: Documents, caller: Caller, bucket: Bucket) -> Usage:
    """Return what is stored, and may be stored, by the account that the caller's uploads to `bucket` count in."""
    account = accounts.payer(await docs.access.scope_of(bucket), caller.me)
    async with docs.kernel.database.read() as session:
        return await accounts.usage(session, account, docs.kernel.settings)


async def refuse_over_quota(docs: Documents, caller: Caller, bucket: Bucket, size: int | None) -> None:
    """Check that `bucket` has room for `size` more bytes, if that is known.

    Raises:
        QuotaExceeded: (507).
    """
    if size:
        found = await usage_of(docs, caller, bucket)
        if found.left is not None and size > found.left:
            raise QuotaExceeded(found, size)


async def refuse_arrived_over_quota(
    docs: Documents, caller: Caller, bucket: Bucket, key: str, size: int
) -> None:
    """Check that `bucket` has room for `size` bytes that were sent to the reserved `key`, and may count already.

    Raises:
        QuotaExceeded: (507).
    """
    found = await usage_of(docs, caller, bucket)
    async with docs.kernel.database.read() as session:
        counted = await accounts.reserved(session, key, found.account)
    await refuse_over_quota(docs, caller, bucket, max(0, size - counted))


async def within_quota(
    docs: Documents, caller: Caller, bucket: Bucket, stream: AsyncIterable[bytes]
) -> AsyncIterator[bytes]:
    """Pass on `stream` as long as `bucket` has room for it.

    Raises:
        QuotaExceeded: it is longer (507).
    """
    async for piece in accounts.within(await usage_of(docs, caller, bucket), stream):
        yield piece


async def accounts_of(session: AsyncSession, ids: Sequence[int]) -> dict[int, str]:
    """Return which accounts documents with these blobs count in; see `Kind.accounts_of`. Content in an unregistered
    project counts for the person who stored it first."""
    query = (
        select(Version.blob_id, Version.created_by, File.bucket_type, File.bucket_id, Project.name)
        .join(File, File.id == Version.file_id)
        .outerjoin(Project, Project.id == File.bucket_id)
        .where(Version.blob_id.in_(ids))
        .order_by(Version.created_at)
    )
    found: dict[int, str] = {}
    for blob_id, by, bucket_type, bucket_id, project in await session.execute(query):
        family = {"users": "user", "companies": "company"}.get(bucket_type)
        if family is not None:
            account = f"{family}:{bucket_id}"
        else:
            account = f"project:{project}" if project is not None else f"user:{by}"
        found.setdefault(blob_id, account)
    return found
