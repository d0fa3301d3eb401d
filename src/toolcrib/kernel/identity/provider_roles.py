"""Which roles people have through groups at the OpenID provider, and which were given by hand.

A role that is given or taken by hand is no longer the group's: what is done by hand stays, until the next sign-in adds
what the person's groups give."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import delete, literal, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.kernel.identity.models import Company, Project, ProviderRole, User
from toolcrib.kernel.long_work import ROWS, pieces

ADMIN = "admin"


def of_company(company_id: str) -> str:
    return f"company:{company_id}"


def of_project(project_id: str) -> str:
    return f"project:{project_id}"


async def changed_by_hand(session: AsyncSession, user: User, target: str) -> None:
    """Forget that the role in `target` came from a group. The caller gives or takes it by hand."""
    await session.execute(
        delete(ProviderRole).where(ProviderRole.user_id == user.id, ProviderRole.target == target)
    )


async def through_groups(session: AsyncSession, target: str, user_ids: Collection[int]) -> set[int]:
    """Return which of these people have their role in `target` through a group, and a lower one or none by hand."""
    found: set[int] = set()
    for page in pieces(list(user_ids), ROWS):
        rows = await session.scalars(
            select(ProviderRole.user_id).where(
                ProviderRole.target == target,
                ProviderRole.user_id.in_(page),
                or_(ProviderRole.own_role.is_(None), ProviderRole.own_role != ProviderRole.role),
            )
        )
        found.update(rows)
    return found


class RoleOfGroup(NamedTuple):
    """`what` is `admin`, `company` or `project`; `own_role` was given by hand and stays without the group."""

    what: str
    name: str
    role: str
    own_role: str | None
    group: str
    granted_at: datetime


async def of_person(session: AsyncSession, user: User) -> Sequence[RoleOfGroup]:
    """Return the roles that a person has through groups."""
    rows = await session.execute(
        select(ProviderRole, Company.name, Project.name)
        .outerjoin(Company, ProviderRole.target == literal("company:") + Company.id)
        .outerjoin(Project, ProviderRole.target == literal("project:") + Project.id)
        .where(ProviderRole.user_id == user.id)
        .order_by(ProviderRole.target)
    )
    return [
        RoleOfGroup(
            row.target.partition(":")[0],
            company or project or "",
            row.role,
            row.own_role,
            row.group_name,
            row.granted_at,
        )
        for row, company, project in rows
    ]
