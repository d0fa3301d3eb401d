"""Quotas: how many bytes each person, company and project stores and may store.

An account is a scope: `user:<uuid>`, `company:<uuid>`, `project:<name>`. Content counts once for each tenant that
refers to it, in the account that the tenant belongs to; in an unregistered project, in the account of the person who
stored it. A guarded update of the account's row counts it, in the transaction that names the content, so if two uploads
do not both fit, the database decides which of them is refused.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, cast

import structlog
from sqlalchemy import ColumnElement, CursorResult, case, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.kernel.blobs.models import Blob, StorageAccount, StorageReservation
from toolcrib.kernel.database import take_write_lock
from toolcrib.kernel.jobs import Job
from toolcrib.kernel.problems import Problem

if TYPE_CHECKING:
    from toolcrib.kernel.context import Kernel
    from toolcrib.kernel.identity.principal import Principal
    from toolcrib.settings import Settings

log = structlog.get_logger()

UNLIMITED = -1
BATCH = 500
COUNT = "blobs.count"

# A function that returns, for blobs without an account, the account of those that its kind's rows name, by blob id.
AccountsOf = Callable[[AsyncSession, Sequence[int]], Awaitable[dict[int, str]]]


class QuotaExceeded(Problem):
    """The person, company or project may not store so much; nothing was stored. `details` has the numbers."""

    code, status = "quota_exceeded", 507

    def __init__(self, usage: Usage, size: int) -> None:
        text = (
            f"{usage.owner} may store {usage.allowed} bytes and stores {usage.used}; this needs {size} more."
        )
        details = {
            "account": usage.account,
            "used_bytes": usage.used,
            "allowed_bytes": usage.allowed,
            "needed_bytes": size,
        }
        super().__init__(text, details)


@dataclass(frozen=True, slots=True)
class Usage:
    """What an account stores and may store, in bytes; `allowed` is None for any number."""

    account: str
    used: int
    allowed: int | None

    @property
    def left(self) -> int | None:
        return None if self.allowed is None else max(0, self.allowed - self.used)

    @property
    def owner(self) -> str:
        """Return the account's name as used in a sentence."""
        family, _, name = self.account.partition(":")
        return {"user": "This person", "company": "This company"}.get(family, f"Project {name}")


def default_of(account: str, settings: Settings) -> int:
    """Return the quota that the settings give an account; UNLIMITED for none."""
    family = account.partition(":")[0]
    found = {"user": settings.quota_person_bytes, "company": settings.quota_company_bytes}
    return found.get(family, settings.quota_project_bytes) or UNLIMITED


def payer(scope: str, me: Principal) -> str:
    """Return the account that content which `me` stores in `scope` counts in."""
    family, _, name = scope.partition(":")
    return f"user:{me.uuid}" if family == "project" and name not in me.projects else scope


async def within(found: Usage, stream: AsyncIterable[bytes]) -> AsyncIterator[bytes]:
    """Pass on `stream` as long as the account has room for it.

    Raises:
        QuotaExceeded: it is longer (507).
    """
    size = 0
    async for piece in stream:
        size += len(piece)
        if found.left is not None and size > found.left:
            raise QuotaExceeded(found, size)
        yield piece


async def usage(session: AsyncSession, account: str, settings: Settings) -> Usage:
    found = await session.get(StorageAccount, account, populate_existing=True)
    return usage_in(found, account, settings)


def usage_in(found: StorageAccount | None, account: str, settings: Settings) -> Usage:
    """Return what the row of an account says; None if the account has no row yet."""
    used = max(0, found.used_bytes) if found is not None else 0
    allowed = found.allowed_bytes if found is not None and found.allowed_bytes is not None else None
    if allowed is None:
        allowed = default_of(account, settings)
    return Usage(account, used, None if allowed == UNLIMITED else allowed)


# Counting, inside a transaction that writes


async def charge(session: AsyncSession, account: str, size: int) -> None:
    """Count `size` more bytes in `account`.

    Raises:
        QuotaExceeded: that would be more than it may store (507).
    """
    if not size:
        return
    settings = await _row(session, account)
    allowed: ColumnElement[int] = func.coalesce(StorageAccount.allowed_bytes, default_of(account, settings))
    fits = (allowed == UNLIMITED) | (StorageAccount.used_bytes + size <= allowed)
    if not await _add(session, account, size, fits):
        raise QuotaExceeded(await usage(session, account, settings), size)


async def give_back(session: AsyncSession, account: str | None, size: int) -> None:
    """Count `size` bytes fewer in `account`; None for content that was never counted."""
    if account is not None and size:
        await _add(session, account, -size)


async def reserve(session: AsyncSession, key: str, account: str, size: int) -> None:
    """Count the bytes of an upload that begins: `size` in `account`, until `unreserve`.

    Raises:
        QuotaExceeded: (507).
    """
    await charge(session, account, size)
    session.add(StorageReservation(key=key, account=account, size=size))
    await session.flush()


async def raise_reservation(session: AsyncSession, key: str, size: int) -> None:
    """Count the upload of this key with at least `size` bytes from now on, if it was reserved.

    Raises:
        QuotaExceeded: (507).
    """
    await take_write_lock(session)
    found = await session.get(StorageReservation, key, populate_existing=True)
    if found is not None and size > found.size:
        await charge(session, found.account, size - found.size)
        found.size = size
        await session.flush()


async def reserved(session: AsyncSession, key: str, account: str) -> int:
    """Return how many bytes of the upload of this key count in `account`."""
    found = await session.get(StorageReservation, key)
    return found.size if found is not None and found.account == account else 0


async def unreserve(session: AsyncSession, key: str) -> None:
    """Stop counting the upload of this key, because it has ended or the version it makes is about to be counted."""
    await take_write_lock(session)
    found = await session.get(StorageReservation, key)
    if found is not None:
        await session.delete(found)
        await session.flush()
        await give_back(session, found.account, found.size)


async def _row(session: AsyncSession, account: str) -> Settings:
    """Make sure that the account has a row. Returns the settings."""
    await take_write_lock(session)
    if await session.get(StorageAccount, account) is None:
        session.add(StorageAccount(account=account, used_bytes=0, allowed_bytes=None))
        await session.flush()
    return cast("Settings", session.sync_session.info["settings"])


async def _add(session: AsyncSession, account: str, size: int, *only_if: ColumnElement[bool]) -> bool:
    """Change what an account stores if `only_if` holds; returns whether it did."""
    grown = StorageAccount.used_bytes + size
    # An error in the count must not make it negative: `count_all` corrects it later.
    changed = (
        update(StorageAccount)
        .where(StorageAccount.account == account, *only_if)
        .values(used_bytes=case((grown < 0, 0), else_=grown))
        .execution_options(synchronize_session=False)
    )
    return cast("CursorResult[tuple[()]]", await session.execute(changed)).rowcount == 1


async def allow(session: AsyncSession, account: str, allowed: int | None) -> None:
    """Give an account its own quota, UNLIMITED for none; with None the settings decide."""
    await _row(session, account)
    await session.execute(
        update(StorageAccount)
        .where(StorageAccount.account == account)
        .values(allowed_bytes=allowed)
        .execution_options(synchronize_session=False)
    )


# Counting again


@dataclass
class Counted:
    """The result of one count: how many blobs it gave an account, and which accounts it corrected."""

    new_blobs: int = 0
    corrected: int = 0


async def count_all(kernel: Kernel) -> Counted:
    """Count content that has no account yet because it is older than quotas, then correct the accounts whose numbers
    are not the sum of what they store. May be interrupted anywhere."""
    done = Counted()
    after = 0
    while True:
        ids = await _uncounted(kernel, after)
        if not ids:
            break
        after = ids[-1]
        done.new_blobs += await _count_new(kernel, ids)
    for account in await _doubtful(kernel):
        done.corrected += await _correct(kernel, account)
    if done != Counted():
        log.info("storage_counted", **vars(done))
    return done


async def _uncounted(kernel: Kernel, after: int) -> list[int]:
    query = select(Blob.id).where(Blob.account.is_(None), Blob.refs > 0, Blob.id > after)
    async with kernel.database.read() as session:
        return list(await session.scalars(query.order_by(Blob.id).limit(BATCH)))


async def _count_new(kernel: Kernel, ids: Sequence[int]) -> int:
    async with kernel.database.write() as session:
        await take_write_lock(session)
        found: dict[int, str] = {}
        for accounts_of in kernel.accounts_of:
            found |= await accounts_of(session, ids)
        query = select(Blob).where(Blob.id.in_(found), Blob.account.is_(None), Blob.refs > 0)
        blobs = list(await session.scalars(query))
        for blob in blobs:
            blob.account = found[blob.id]
            await _row(session, blob.account)
            await _add(session, blob.account, blob.size)
        return len(blobs)


async def _sums(session: AsyncSession, account: str | None = None) -> dict[str, int]:
    """Return what all accounts, or this one, store according to the rows of content."""
    found: dict[str, int] = {}
    for column, size, counts in (
        (Blob.account, Blob.size, Blob.refs > 0),
        (StorageReservation.account, StorageReservation.size, StorageReservation.size > 0),
    ):
        query = select(column, func.sum(size)).where(counts, column.is_not(None)).group_by(column)
        if account is not None:
            query = query.where(column == account)
        for name, total in await session.execute(query):
            found[str(name)] = found.get(str(name), 0) + int(total)
    return found


async def _doubtful(kernel: Kernel) -> list[str]:
    async with kernel.database.read() as session:
        rows = await session.execute(select(StorageAccount.account, StorageAccount.used_bytes))
        said = {account: used for account, used in rows}  # noqa: C416 - rows are no pairs to mypy
        true = await _sums(session)
    return sorted(name for name in said.keys() | true.keys() if said.get(name, 0) != true.get(name, 0))


async def _correct(kernel: Kernel, account: str) -> bool:
    async with kernel.database.write() as session:
        await _row(session, account)
        row = await session.get_one(StorageAccount, account, populate_existing=True)
        true = (await _sums(session, account)).get(account, 0)
        if row.used_bytes == true:
            return False
        log.warning("storage_account_corrected", account=account, said=row.used_bytes, stores=true)
        row.used_bytes = true
        return True


async def _run(kernel: Kernel, _now: datetime) -> None:
    await count_all(kernel)


COUNT_JOB = Job(COUNT, _run, every=timedelta(hours=24), limit=timedelta(hours=6))
