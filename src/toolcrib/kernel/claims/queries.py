"""Looking claims up. A claim past its end is not live, swept or not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Select,
    and_,
    bindparam,
    func,
    not_,
    or_,
    select,
    union_all,
)
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.kernel import long_work
from toolcrib.kernel.claims.models import Claim, Ref, Waiter, claim_waiters, claims
from toolcrib.kernel.database import Database
from toolcrib.kernel.driver_statements import DIALECTS, select_listed
from toolcrib.kernel.events.writer import events
from toolcrib.kernel.identity.former_names import is_holder, uuids_with_name
from toolcrib.kernel.search import SCAN_LIMIT, plan_for_values, value_at

_CLAIM = [claims.c[name] for name in Claim.__slots__]
_WAITER = [claim_waiters.c[name] for name in Waiter.__slots__]

_FENCE = [claims.c.digest, claims.c.fence, claims.c.holder_uuid, claims.c.expires_at]
_BY_DIGEST = {each: select_listed(_CLAIM, claims.c.digest, each) for each in DIALECTS}
_BY_FOLDED = {each: select_listed(_CLAIM, claims.c.folded, each) for each in DIALECTS}
_BY_FENCE = {each: select_listed(_CLAIM, claims.c.fence, each) for each in DIALECTS}
_FENCES = {each: select_listed(_FENCE, claims.c.digest, each) for each in DIALECTS}


# So many are looked at one by one in a few milliseconds.
FEW = 2_000


def live(now: datetime) -> ColumnElement[bool]:
    return or_(claims.c.expires_at.is_(None), claims.c.expires_at > now)


async def find(
    session: AsyncSession,
    conditions: Sequence[ColumnElement[bool]],
    *,
    now: datetime | None,
    limit: int | None = None,
    after: int | None = None,
    narrow: Sequence[ColumnElement[bool]] = (),
) -> list[Claim]:
    """Live claims in the order they were acquired; `after` is the fence of the last one seen. Without `now`, those
    that are over and not yet announced too.

    `narrow` are those of the conditions that an index answers alone. If few claims meet one, only those are looked at:
    otherwise a database may walk through all claims of a scope, in their order, to find none.
    """
    few = await _few(session, narrow)
    if few is not None:
        if not few:
            return []
        conditions = [*conditions, claims.c.fence.in_(few)]
    query = select(*_CLAIM).where(*conditions).order_by(claims.c.fence)
    if now is not None:
        query = query.where(live(now))
    if after is not None:
        query = query.where(claims.c.fence > after)
    if limit is not None:
        query = query.limit(limit)
    return [Claim(*row) for row in await session.execute(query)]


async def _few(session: AsyncSession, narrow: Sequence[ColumnElement[bool]]) -> list[int] | None:
    """Return the fences of all claims that meet the first condition that few claims meet; None if many meet each."""
    if narrow:
        await plan_for_values(session)
    for condition in narrow:
        few = list(await session.scalars(select(claims.c.fence).where(condition).limit(FEW + 1)))
        if len(few) <= FEW:
            return few
    return None


@dataclass(frozen=True, slots=True)
class Filters:
    """What claims to list: `within` are conditions that the index with the claims' order answers, `others` the rest,
    of which an index answers each of `narrow` alone."""

    within: Sequence[ColumnElement[bool]]
    others: Sequence[ColumnElement[bool]]
    narrow: Sequence[ColumnElement[bool]]


@dataclass(frozen=True, slots=True)
class Scanned:
    """Claims that were found, and the fence after which to go on; None if there are no more."""

    claims: list[Claim]
    after: int | None


async def scan(
    session: AsyncSession, wanted: Filters, *, now: datetime, limit: int, after: int | None = None
) -> Scanned:
    """Find up to `limit` claims, as `find` does, in a time that does not grow with the number of claims: where the
    filters leave out many, it ends after `SCAN_LIMIT` of them, with fewer than `limit`, and says where to go on."""
    conditions = [*wanted.within, *wanted.others]
    few = await _few(session, wanted.narrow)
    end = None
    if few is not None:
        conditions.append(claims.c.fence.in_(few))
    elif wanted.others:
        end = await _fence_at(session, wanted.within, after, limit + SCAN_LIMIT)
        if end is not None:
            conditions.append(claims.c.fence <= end)
    found = [] if few == [] else await find(session, conditions, now=now, limit=limit + 1, after=after)
    if len(found) > limit:
        return Scanned(found[:limit], found[limit - 1].fence)
    return Scanned(found, end)


async def _fence_at(
    session: AsyncSession, within: Sequence[ColumnElement[bool]], after: int | None, count: int
) -> int | None:
    """Return the fence of the claim that is the `count`th after `after`; None if there are no more than that."""
    query = select(claims.c.fence).where(*within).order_by(claims.c.fence)
    if after is not None:
        query = query.where(claims.c.fence > after)
    fence: int | None = await value_at(session, query, count)
    return fence


async def held_by(session: AsyncSession, name: str) -> tuple[ColumnElement[bool], bool]:
    """Return the condition that whoever has this username, or had it before, holds a claim, and whether an index
    answers it alone."""
    uuids = await uuids_with_name(session, name)
    if uuids is None:
        return is_holder(name, claims.c.holder, claims.c.holder_uuid), False
    return claims.c.holder_uuid.in_(uuids), True


async def first_end(
    session: AsyncSession, conditions: Sequence[ColumnElement[bool]], *, now: datetime
) -> datetime | None:
    """When the first of those live claims ends; None if none has an end."""
    query = select(claims.c.expires_at).where(*conditions, claims.c.expires_at > now)
    return await session.scalar(query.order_by(claims.c.expires_at).limit(1))


async def get(session: AsyncSession, ref: Ref, *, now: datetime) -> Claim | None:
    found = await find(session, [claims.c.digest == ref.digest], now=now)
    return found[0] if found else None


async def by_fence(session: AsyncSession, fence: int, *, now: datetime) -> Claim | None:
    found = await find(session, [claims.c.fence == fence], now=now)
    return found[0] if found else None


async def by_digest(session: AsyncSession, digests: Sequence[str], *, now: datetime) -> dict[str, Claim]:
    """The live ones among many."""
    found = await _claims_listed(session, _BY_DIGEST, digests, now=now)
    return {claim.digest: claim for claim in found}


async def by_folded(session: AsyncSession, folded: Sequence[str], *, now: datetime) -> list[Claim]:
    """The live ones whose names are spelled as these, or differ only in case."""
    return await _claims_listed(session, _BY_FOLDED, folded, now=now)


async def by_fences(session: AsyncSession, fences: Sequence[int], *, now: datetime) -> dict[int, Claim]:
    """The live ones among many."""
    return {claim.fence: claim for claim in await _claims_listed(session, _BY_FENCE, fences, now=now)}


async def fences(
    session: AsyncSession, digests: Sequence[str], *, now: datetime
) -> dict[str, tuple[int, str]]:
    """The fence and the holder's UUID of the live ones among many, without reading more of them."""
    found: dict[str, tuple[int, str]] = {}
    async for rows in _listed(session, _FENCES, digests):
        for digest, fence, holder_uuid, end in rows:
            if end is None or end > now:
                found[digest] = (fence, holder_uuid)
    return found


async def _claims_listed(
    session: AsyncSession, queries: Mapping[str, Select[Any]], values: Sequence[Any], *, now: datetime
) -> list[Claim]:
    found: list[Claim] = []
    async for rows in _listed(session, queries, values):
        found += [claim for claim in (Claim(*row) for row in rows) if not claim.is_over(now)]
    return found


async def _listed(
    session: AsyncSession, queries: Mapping[str, Select[Any]], values: Sequence[Any]
) -> AsyncIterator[Iterable[Sequence[Any]]]:
    """Yield what `queries`, by dialect, find of so many `values`, a piece at a time."""
    query = queries[session.get_bind().dialect.name]
    for chunk in long_work.pieces(values, long_work.ROWS):
        yield await session.execute(query, {"listed": chunk})


async def over(
    session: AsyncSession, *, now: datetime, limit: int, after: tuple[datetime, int] | None = None
) -> list[Claim]:
    """Claims past their end that nobody has announced yet, oldest end first; `after` is the end and fence of the last
    one seen."""
    query = select(*_CLAIM).where(claims.c.expires_at <= now)
    if after is not None:
        end, fence = after
        query = query.where(
            or_(claims.c.expires_at > end, and_(claims.c.expires_at == end, claims.c.fence > fence))
        )
    query = query.order_by(claims.c.expires_at, claims.c.fence).limit(limit)
    return [Claim(*row) for row in await session.execute(query)]


def _waiting_is_over(now: datetime) -> ColumnElement[bool]:
    """As `Waiter.is_over`."""
    return or_(
        and_(claim_waiters.c.until.is_not(None), claim_waiters.c.until <= now),
        and_(claim_waiters.c.lease_ends_at.is_not(None), claim_waiters.c.lease_ends_at <= now),
    )


async def queue(session: AsyncSession, ref: Ref, *, now: datetime) -> list[Waiter]:
    """Who waits for `ref`, the next one first."""
    query = select(*_WAITER).where(claim_waiters.c.digest == ref.digest, not_(_waiting_is_over(now)))
    return [Waiter(*row) for row in await session.execute(query.order_by(claim_waiters.c.position))]


async def waiter_by_id(session: AsyncSession, waiter_id: str, *, now: datetime) -> Waiter | None:
    query = select(*_WAITER).where(claim_waiters.c.id == waiter_id, not_(_waiting_is_over(now)))
    row = (await session.execute(query)).first()
    return Waiter(*row) if row is not None else None


async def waiting_over(
    session: AsyncSession, *, now: datetime, limit: int, after: int | None = None
) -> list[Waiter]:
    """Places in queues that are over and that nobody has taken out yet, the oldest first; `after` is the position of
    the last one seen."""
    query = select(*_WAITER).where(_waiting_is_over(now))
    if after is not None:
        query = query.where(claim_waiters.c.position > after)
    query = query.order_by(claim_waiters.c.position).limit(limit)
    return [Waiter(*row) for row in await session.execute(query)]


async def given_to(session: AsyncSession, waiter_id: str, holder_uuid: str, *, now: datetime) -> Claim | None:
    """The claim that this waiter was given and has not confirmed yet."""
    mine = [claims.c.holder_uuid == holder_uuid, claims.c.heartbeat, claims.c.expires_at.is_not(None)]
    for claim in await find(session, mine, now=now):
        if claim.unconfirmed is not None and claim.unconfirmed.get("waiter_id") == waiter_id:
            return claim
    return None


async def queue_lengths(
    session: AsyncSession, digests: Iterable[str] | None = None, *, now: datetime
) -> dict[str, int]:
    """How many wait for each thing that anybody waits for."""
    query = select(claim_waiters.c.digest, func.count()).where(not_(_waiting_is_over(now)))
    query = query.group_by(claim_waiters.c.digest)
    if digests is not None:
        query = query.where(claim_waiters.c.digest.in_(list(digests)))
    rows = await session.execute(query)
    return {digest: count for digest, count in rows}  # noqa: C416 - a Result has keys(): dict() takes it for a mapping


async def waited_for(session: AsyncSession, holder_uuid: str, *, now: datetime) -> frozenset[str]:
    """The digests of what this person waits for."""
    mine = select(claim_waiters.c.digest).where(
        claim_waiters.c.holder_uuid == holder_uuid, not_(_waiting_is_over(now))
    )
    return frozenset(await session.scalars(mine))


class LogPosition:
    """The number of the newest committed event of some kinds (0 for none), for many callers at the price of few.

    A caller is answered by a look that began after it asked, so it never misses what was committed before. SQLite
    is asked at once; callers of a server that come while a look is under way share the next one.
    """

    def __init__(self, database: Database, *kinds: str) -> None:
        self._database = database
        # The newest of each kind by itself: each is one look at the index. The kinds are part of the statement: a plan
        # that PostgreSQL keeps for any kind walks the whole log for one that has few events.
        written: list[BindParameter[str]] = [bindparam(None, kind, literal_execute=True) for kind in kinds]
        newest = union_all(
            *(select(func.max(events.c.seq).label("seq")).where(events.c.kind == kind) for kind in written)
        )
        self._query = select(func.coalesce(func.max(newest.subquery().c.seq), 0))
        self._read_now = database.read_without_waiting(self._query)
        self._running = False
        self._next: asyncio.Future[int] | None = None

    async def current(self) -> int:
        seq: int | None = self._read_now()
        return await self._shared() if seq is None else seq

    async def _shared(self) -> int:
        if self._next is None:
            self._next = asyncio.get_running_loop().create_future()
        answer = self._next
        if not self._running:
            self._running = True
            asyncio.get_running_loop().create_task(self._look())
        return await asyncio.shield(answer)

    async def _look(self) -> None:
        try:
            while self._next is not None:
                answer, self._next = self._next, None
                try:
                    async with self._database.connection() as connection:
                        seq = (await connection.execute(self._query)).scalar_one()
                except Exception as error:  # noqa: BLE001 - whoever asked gets it
                    if not answer.cancelled():
                        answer.set_exception(error)
                else:
                    if not answer.cancelled():
                        answer.set_result(seq)
        finally:
            self._running = False
