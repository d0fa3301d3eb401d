"""The owners of accounts: people, companies and projects, by name, with what they store and may store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.kernel.blobs import accounts
from toolcrib.kernel.blobs.accounts import Usage
from toolcrib.kernel.blobs.models import StorageAccount
from toolcrib.kernel.events import log as event_log
from toolcrib.kernel.identity.models import Company, Project, ProjectMember, User
from toolcrib.kernel.identity.principal import Principal
from toolcrib.kernel.identity.tokens import as_uuid
from toolcrib.kernel.problems import NotFound
from toolcrib.settings import Settings

Family = Literal["users", "companies", "projects"]
# More projects than a person looks at; the administrators' list has pages.
MOST = 1_000


class OwnerNotFound(NotFound):
    """There is no such person, company or project."""

    code = "owner_not_found"


@dataclass(frozen=True, slots=True)
class Quota:
    """One account. `name` is its owner's, None if the owner no longer exists; `is_set` says that an administrator set
    its quota, otherwise the settings decide."""

    usage: Usage
    name: str | None
    is_set: bool


async def own_quotas(session: AsyncSession, me: Principal, settings: Settings) -> list[Quota]:
    """Return the accounts in which content of `me` can count: their own, their company's, and those of their projects
    that store something or have a quota."""
    found: list[tuple[str, str | None]] = [(f"user:{me.uuid}", me.username)]
    if me.company_id is not None:
        company = await session.get(Company, me.company_id)
        found.append((f"company:{me.company_id}", company.name if company is not None else None))
    names = await session.scalars(
        select(Project.name)
        .join(ProjectMember, ProjectMember.project_id == Project.id)
        .where(ProjectMember.user_id == me.id, Project.deleted_at.is_(None))
        .order_by(Project.name)
        .limit(MOST)
    )
    found += [(f"project:{name}", name) for name in names]
    quotas = []
    for account, name in found:
        quota = await _quota(session, account, name, settings)
        if not account.startswith("project:") or quota.usage.used or quota.usage.allowed is not None:
            quotas.append(quota)
    return quotas


async def all_quotas(session: AsyncSession, settings: Settings, *, limit: int, offset: int) -> list[Quota]:
    """Return the accounts that ever stored something or have a quota of their own, the largest first."""
    query = select(StorageAccount).order_by(StorageAccount.used_bytes.desc(), StorageAccount.account)
    rows = list(await session.scalars(query.limit(limit).offset(offset)))
    names = await _names(session, [row.account for row in rows])
    return [
        Quota(
            accounts.usage_in(row, row.account, settings),
            names.get(row.account),
            row.allowed_bytes is not None,
        )
        for row in rows
    ]


async def set_quota(
    session: AsyncSession,
    family: Family,
    owner: str,
    allowed: int | None,
    *,
    me: Principal,
    settings: Settings,
    now: datetime,
) -> Quota:
    """Set an owner's quota, by name or id, in bytes; `accounts.UNLIMITED` for none; with None the settings decide
    again.

    Raises:
        OwnerNotFound: (404).
    """
    account, name = await _owner(session, family, owner)
    await accounts.allow(session, account, allowed)
    await event_log.record(
        session,
        "quota_set",
        kind="quota",
        key=account,
        actor=me.username,
        now=now,
        scope=account,
        allowed_bytes=None if allowed == accounts.UNLIMITED else allowed,
        is_set=allowed is not None,
    )
    return await _quota(session, account, name, settings)


async def _quota(session: AsyncSession, account: str, name: str | None, settings: Settings) -> Quota:
    row = await session.get(StorageAccount, account, populate_existing=True)
    is_set = row is not None and row.allowed_bytes is not None
    return Quota(accounts.usage_in(row, account, settings), name, is_set)


async def _owner(session: AsyncSession, family: Family, owner: str) -> tuple[str, str | None]:
    """Return the account and the name of an owner. Companies known only to another sign-in service have no name."""
    if family == "users":
        users = select(User).where(or_(User.username == owner, User.uuid == owner))
        for user in await session.scalars(users.order_by(User.username != owner)):
            return f"user:{user.uuid}", user.username
    elif family == "companies":
        companies = select(Company).where(or_(Company.name == owner, Company.id == owner))
        for company in await session.scalars(companies.order_by(Company.name != owner)):
            return f"company:{company.id}", company.name
        if (uuid := as_uuid(owner)) is not None:
            return f"company:{uuid}", None
    else:
        projects = select(Project).where(
            or_(Project.name == owner, Project.id == owner), Project.deleted_at.is_(None)
        )
        for project in await session.scalars(projects.order_by(Project.name != owner)):
            return f"project:{project.name}", project.name
    raise OwnerNotFound("There is no such person, company or project.")


async def _names(session: AsyncSession, of: Sequence[str]) -> dict[str, str]:
    """Return the names of the owners of these accounts, one page of them."""
    ids: dict[str, list[str]] = {"user": [], "company": [], "project": []}
    for account in of:
        family, _, name = account.partition(":")
        ids.setdefault(family, []).append(name)
    found = {f"project:{name}": name for name in ids["project"]}
    for user in await session.scalars(select(User).where(User.uuid.in_(ids["user"]))):
        found[f"user:{user.uuid}"] = user.username
    for company in await session.scalars(select(Company).where(Company.id.in_(ids["company"]))):
        found[f"company:{company.id}"] = company.name
    return found
