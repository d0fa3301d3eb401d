"""End or pass on what people hold when their account is disabled or removed.

Claims of most kinds end with the account, so that nothing continues to run for a person who may not sign in. Claims of
kinds with `outlives_account` follow the setting DISABLED_HOLDERS. Places in queues end with the account, for every
kind.

The change of the account and of the first `AT_ONCE` claims is one transaction. A job ends the rest, and what a request
under way at that moment acquired: it looks for holders who are disabled or removed, so it does not depend on having
been told. Each claim is changed in its own group, so one that cannot be changed does not delay the others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal

import structlog
from sqlalchemy import ColumnElement, delete, exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.kernel.claims import service
from toolcrib.kernel.claims.commands import Command, Expire, ForceRelease, Group, Transfer
from toolcrib.kernel.claims.models import Claim, Holder, claim_waiters, claims
from toolcrib.kernel.database import after_commit, take_write_lock
from toolcrib.kernel.identity.models import Project, ProjectMember, RetiredName, User
from toolcrib.kernel.jobs import Job
from toolcrib.kernel.requester import Requester

if TYPE_CHECKING:
    from toolcrib.kernel.context import Kernel

log = structlog.get_logger()

Policy = Literal["stay", "release", "owner"]
# How many claims end in the transaction that ends the account (as many as one bulk call may change), and in each
# transaction of the job.
AT_ONCE = 10_000
PAGE = 1_000
# How many projects and companies are looked at together.
SCOPES = 500
DELETED = "account deleted"
DISABLED = "account disabled"
_COLUMNS = [claims.c[name] for name in Claim.__slots__]
_disabled_people = select(User.uuid).where(User.is_active.is_(False))


@dataclass(frozen=True, slots=True)
class DisabledHolders:
    """Ends claims of disabled and removed people.

    `outliving` names the kinds whose claims may outlive an account; `policy` says what is done with those."""

    policy: Policy
    outliving: Set[str]

    async def account_disabled(
        self, session: AsyncSession, kernel: Kernel, user: User, *, by: Requester, now: datetime
    ) -> None:
        """End or pass on claims of `user`, in the transaction that disables the account."""
        await self._leave(session, kernel, user.uuid, by=by, gone=False, now=now)

    async def account_removed(
        self, session: AsyncSession, kernel: Kernel, user: User, *, by: Requester, now: datetime
    ) -> None:
        """End or pass on claims of `user`, in the transaction that removes the account. None can stay with it."""
        await self._leave(session, kernel, user.uuid, by=by, gone=True, now=now)

    async def _leave(
        self, session: AsyncSession, kernel: Kernel, uuid: str, *, by: Requester, gone: bool, now: datetime
    ) -> None:
        await service.forget_waiting(session, uuid)
        if await self.end_claims(session, uuid, by=by, gone=gone, limit=AT_ONCE, now=now) == AT_ONCE:
            after_commit(session, lambda: kernel.jobs.nudge(JOB_NAME))

    async def end_claims(
        self, session: AsyncSession, uuid: str, *, by: Requester | None, gone: bool, limit: int, now: datetime
    ) -> int:
        """End or pass on up to `limit` claims of a person whose account is disabled, or removed if `gone`. Claims that
        cannot outlive the account come first. Returns how many changed."""
        await take_write_lock(session)
        mine = claims.c.holder_uuid == uuid
        outlives = claims.c.kind.in_(self.outliving)
        ending = _Ending(session, by, DELETED if gone else DISABLED, now)
        await ending.run([mine, ~outlives], {}, limit)
        if self.policy == "owner":
            # In pieces: somebody may hold things in any number of projects.
            scopes = await _scopes(session, [mine, outlives], None)
            while scopes and ending.found < limit:
                successors = await _successors(session, scopes, uuid)
                here = claims.c.scope.in_(scopes if gone else list(successors))
                await ending.run([mine, outlives, here], successors, limit)
                scopes = await _scopes(session, [mine, outlives], scopes[-1])
        elif gone or self.policy == "release":
            await ending.run([mine, outlives], {}, limit)
        return ending.changed

    async def people(self, session: AsyncSession) -> list[tuple[str, bool]]:
        """Return who holds or waits for something that they no longer may: (uuid, whether the account was removed)."""
        holding = exists().where(claims.c.holder_uuid == User.uuid)
        if self.policy == "stay":
            holding = exists().where(claims.c.holder_uuid == User.uuid, claims.c.kind.not_in(self.outliving))
        waiting = exists().where(claim_waiters.c.holder_uuid == User.uuid)
        disabled = await session.scalars(_disabled_people.where(or_(holding, waiting)))
        gone = await session.scalars(
            select(RetiredName.name).where(
                exists().where(claims.c.holder_uuid == RetiredName.name),
                ~exists().where(User.uuid == RetiredName.name),
            )
        )
        return [(uuid, False) for uuid in disabled] + [(uuid, True) for uuid in gone]


@dataclass(slots=True)
class _Ending:
    """Ends claims, or passes them on. `found` counts those it came to, `changed` those that it could change."""

    session: AsyncSession
    by: Requester | None
    reason: str
    now: datetime
    found: int = 0
    changed: int = 0

    async def run(
        self, which: Sequence[ColumnElement[bool]], successors: Mapping[str, Holder], limit: int
    ) -> None:
        """Go through the claims `which`, oldest first, until `limit` were found in all. Those in a scope of
        `successors` pass on."""
        query = select(*_COLUMNS).where(*which).order_by(claims.c.fence).limit(limit - self.found)
        groups = [
            Group([self._command(Claim(*row), successors)], self.by)
            for row in await self.session.execute(query)
        ]
        self.found += len(groups)
        for start in range(0, len(groups), PAGE):
            page = groups[start : start + PAGE]
            for outcome in await service.run_groups(self.session, page, now=self.now):
                if outcome.problem is None:
                    self.changed += 1
                else:
                    log.warning("claim_not_ended", reason=outcome.problem.code)

    def _command(self, claim: Claim, successors: Mapping[str, Holder]) -> Command:
        actor = self.by.username if self.by else None
        if claim.is_over(self.now):
            return Expire(claim.ref, claim.fence)
        successor = successors.get(claim.scope)
        if successor is not None:
            return Transfer(claim.ref, actor, successor, None, claim.fence, refusable=False)
        return ForceRelease(claim.ref, actor, self.reason, claim.fence, refusable=False)


async def _scopes(
    session: AsyncSession, which: Sequence[ColumnElement[bool]], after: str | None
) -> list[str]:
    """Return a page of the scopes of the claims `which`, in order."""
    query = select(claims.c.scope).where(*which).distinct().order_by(claims.c.scope).limit(SCOPES)
    if after is not None:
        query = query.where(claims.c.scope > after)
    return list(await session.scalars(query))


async def _successors(session: AsyncSession, scopes: Sequence[str], uuid: str) -> dict[str, Holder]:
    """Return who gets the claims of the person `uuid` in `scopes`, where there is somebody: the longest-standing other
    owner of the project, or else of its company; or of the company that the scope is."""
    others = select(User.id).where(User.is_active, User.uuid != uuid).order_by(User.id).limit(1)
    owner = others.join(ProjectMember, ProjectMember.user_id == User.id).where(
        ProjectMember.project_id == Project.id, ProjectMember.role == "owner"
    )
    of_company = others.where(User.company_id == Project.company_id, User.company_role == "owner")
    first = func.coalesce(
        owner.correlate(Project).scalar_subquery(), of_company.correlate(Project).scalar_subquery()
    )
    names = [scope.removeprefix("project:") for scope in scopes if scope.startswith("project:")]
    found = select(Project.name, first).where(Project.name.in_(names), Project.deleted_at.is_(None))
    chosen = {f"project:{name}": user_id for name, user_id in await session.execute(found)}
    for scope in scopes:
        if scope.startswith("company:"):
            company = others.where(
                User.company_id == scope.removeprefix("company:"), User.company_role == "owner"
            )
            chosen[scope] = await session.scalar(company)
    people = select(User.id, User.username, User.uuid).where(User.id.in_(set(chosen.values()) - {None}))
    holders = {row.id: Holder(row.username, row.uuid) for row in await session.execute(people)}
    return {scope: holders[user_id] for scope, user_id in chosen.items() if user_id is not None}


async def end_what_is_left(kernel: Kernel, now: datetime) -> None:
    """Run the job: change a page of one person's claims in each transaction until none is left."""
    rule = kernel.disabled_holders
    async with kernel.database.read() as session:
        people = await rule.people(session)
    for uuid, gone in people:
        changed = PAGE
        while changed == PAGE:
            async with kernel.database.write() as session:
                await take_write_lock(session)
                user = (await session.execute(select(User).where(User.uuid == uuid))).scalar_one_or_none()
                if (user is None) != gone or (user is not None and user.is_active):
                    break  # the account was enabled or created again meanwhile
                await session.execute(delete(claim_waiters).where(claim_waiters.c.holder_uuid == uuid))
                changed = await rule.end_claims(session, uuid, by=None, gone=gone, limit=PAGE, now=now)


async def holding_though_disabled(session: AsyncSession) -> frozenset[str]:
    """Return the UUIDs of people whose account is disabled and who hold something."""
    holding = exists().where(claims.c.holder_uuid == User.uuid)
    return frozenset(await session.scalars(_disabled_people.where(holding)))


JOB_NAME = "accounts.end_claims"
JOB = Job(JOB_NAME, end_what_is_left, every=timedelta(minutes=1))
