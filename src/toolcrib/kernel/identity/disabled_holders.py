"""End or pass on what people hold when their account is disabled or removed.

Claims of most kinds end with the account, so that nothing continues to run for a person who may not sign in. Claims of
kinds with `outlives_account` follow the setting DISABLED_HOLDERS. Places in queues end with the account, for every
kind.

The change of the account and of the first `AT_ONCE` claims is one transaction. A job ends the rest, and what a request
under way at that moment acquired: it looks for holders who are disabled or removed, so it does not depend on having
been told. Each claim is changed in its own group, so one that cannot be changed does not delay the others.
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal

import structlog
from sqlalchemy import ColumnElement, and_, case, delete, exists, or_, select
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
        successors = (
            await self._successors(session, and_(mine, outlives), uuid) if self.policy == "owner" else {}
        )
        conditions = [mine]
        if not gone and self.policy != "release":
            conditions.append(or_(~outlives, claims.c.scope.in_(successors)))
        found = await session.execute(
            select(*_COLUMNS)
            .where(*conditions)
            .order_by(case((outlives, 1), else_=0), claims.c.fence)
            .limit(limit)
        )
        actor = by.username if by else None
        groups: list[Group] = []
        for claim in (Claim(*row) for row in found):
            successor = successors.get(claim.scope) if claim.kind in self.outliving else None
            command: Command
            if claim.is_over(now):
                command = Expire(claim.ref, claim.fence)
            elif successor is not None:
                command = Transfer(claim.ref, actor, successor, None, claim.fence, refusable=False)
            else:
                reason = DELETED if gone else DISABLED
                command = ForceRelease(claim.ref, actor, reason, claim.fence, refusable=False)
            groups.append(Group([command], by))
        changed = 0
        for start in range(0, len(groups), PAGE):
            for outcome in await service.run_groups(session, groups[start : start + PAGE], now=now):
                if outcome.problem is None:
                    changed += 1
                else:
                    log.warning("claim_not_ended", reason=outcome.problem.code)
        return changed

    async def _successors(
        self, session: AsyncSession, which: ColumnElement[bool], uuid: str
    ) -> dict[str, Holder]:
        """Return who gets the claims `which`, by scope: the longest-standing owner of project or company."""
        successors = {}
        for scope in list(await session.scalars(select(claims.c.scope).where(which).distinct())):
            family, _, name = scope.partition(":")
            owners = select(User.username, User.uuid).where(User.is_active, User.uuid != uuid)
            if family == "project":
                project = select(Project).where(Project.name == name, Project.deleted_at.is_(None)).subquery()
                owner = exists().where(
                    ProjectMember.project_id == project.c.id,
                    ProjectMember.user_id == User.id,
                    ProjectMember.role == "owner",
                )
                owns_company = exists().where(
                    project.c.company_id == User.company_id, User.company_role == "owner"
                )
                # Owners of the project come before owners of its company.
                owners = owners.where(or_(owner, owns_company)).order_by(case((owner, 0), else_=1), User.id)
            elif family == "company":
                owners = owners.where(User.company_id == name, User.company_role == "owner").order_by(User.id)
            else:
                continue
            first = (await session.execute(owners.limit(1))).first()
            if first is not None:
                successors[scope] = Holder(*first)
        return successors

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
