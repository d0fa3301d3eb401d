"""The owners of accounts: people, companies and projects, by name, with what they store and may store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from toolcrib.kernel.access import project_called
from toolcrib.kernel.blobs import accounts
from toolcrib.kernel.blobs.accounts import Usage
from toolcrib.kernel.blobs.models import StorageAccount
from toolcrib.kernel.events import log as event_log
from toolcrib.kernel.identity.former_names import is_named
from toolcrib.kernel.identity.models import Company, Project, ProjectMember, User
from toolcrib.kernel.identity.principal import Principal
from toolcrib.kernel.identity.tokens import as_uuid
from toolcrib.kernel.problems import NotFound
from toolcrib.settings import Settings

Family = Literal["users", "companies", "projects"]
_FAMILY_WORDS = {"users": "person", "companies": "company", "projects": "project"}
SCOPES: dict[Family, str] = {"users": "user", "companies": "company", "projects": "project"}
UUID_LENGTH = 36
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
    listed = StorageAccount.account.in_([account for account, _ in found])
    rows = {row.account: row for row in await session.scalars(select(StorageAccount).where(listed))}
    quotas = []
    for account, name in found:
        quota = _quota_in(rows.get(account), account, name, settings)
        if not account.startswith("project:") or quota.usage.used or quota.usage.allowed is not None:
            quotas.append(quota)
    return quotas


async def all_quotas(session: AsyncSession, settings: Settings, *, limit: int, offset: int) -> list[Quota]:
    """Return the accounts that ever stored something or have a quota of their own, the largest first."""
    query = select(StorageAccount).order_by(StorageAccount.used_bytes.desc(), StorageAccount.account)
    rows = list(await session.scalars(query.limit(limit).offset(offset)))
    names = await _names(session, [row.account for row in rows])
    return [_quota_in(row, row.account, names.get(row.account), settings) for row in rows]


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
    """Set an owner's quota in bytes; `accounts.UNLIMITED` for none; with None the settings decide again. `owner` is an
    id or, unless it is spelled like one, a name. With None, an account whose owner no longer exists can be named as it
    is listed.

    Raises:
        OwnerNotFound: (404).
    """
    found = await _owner(session, family, owner)
    if found is None and allowed is None:
        found = await _left_account(session, family, owner)
    if found is None:
        raise OwnerNotFound(f"There is no {_FAMILY_WORDS[family]} {owner[:255]}.")
    account, name = found
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
    return _quota_in(row, account, name, settings)


def _quota_in(row: StorageAccount | None, account: str, name: str | None, settings: Settings) -> Quota:
    is_set = row is not None and row.allowed_bytes is not None
    return Quota(accounts.usage_in(row, account, settings), name, is_set)


async def _owner(session: AsyncSession, family: Family, owner: str) -> tuple[str, str | None] | None:
    """Return the account and the name of an owner. Companies known only to another sign-in service have no name.

    Text that is spelled like an id is no name, so that nobody can take the place of another by a name like their id."""
    uuid = as_uuid(owner) if len(owner) == UUID_LENGTH else None
    if family == "users":
        condition = is_named(owner) if uuid is None else User.uuid == uuid
        user = await session.scalar(select(User).where(condition))
        return None if user is None else (f"user:{user.uuid}", user.username)
    if family == "companies":
        company = await session.scalar(select(Company).where(_named(Company.id, uuid, Company.name, owner)))
        if company is not None:
            return f"company:{company.id}", company.name
        return None if uuid is None else (f"company:{uuid}", None)
    if uuid is None:
        project = await session.scalar(project_called(owner))
    else:
        project = await session.scalar(
            select(Project).where(Project.id == uuid, Project.deleted_at.is_(None))
        )
    return None if project is None else (f"project:{project.name}", project.name)


def _named(
    id_: InstrumentedAttribute[str], uuid: str | None, name: InstrumentedAttribute[str], owner: str
) -> ColumnElement[bool]:
    return name == owner if uuid is None else id_ == uuid


async def _left_account(session: AsyncSession, family: Family, owner: str) -> tuple[str, None] | None:
    account = f"{SCOPES[family]}:{owner}"
    return None if await session.get(StorageAccount, account) is None else (account, None)


async def _names(session: AsyncSession, of: Sequence[str]) -> dict[str, str]:
    """Return the names of the owners of these accounts, one page of them."""
    ids: dict[str, list[str]] = {"user": [], "company": [], "project": []}
    for account in of:
        family, _, name = account.partition(":")
        ids.setdefault(family, []).append(name)
    found: dict[str, str] = {}
    projects = select(Project.name).where(Project.name.in_(ids["project"]), Project.deleted_at.is_(None))
    for project in await session.scalars(projects):
        found[f"project:{project}"] = project
    for user in await session.scalars(select(User).where(User.uuid.in_(ids["user"]))):
        found[f"user:{user.uuid}"] = user.username
    for company in await session.scalars(select(Company).where(Company.id.in_(ids["company"]))):
        found[f"company:{company.id}"] = company.name
    return found
