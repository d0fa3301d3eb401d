"""Quotas: everybody sees their own, administrators see and change all."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field

from toolcrib.kernel.blobs import owners
from toolcrib.kernel.blobs.accounts import UNLIMITED
from toolcrib.kernel.blobs.owners import Family, Quota
from toolcrib.kernel.deps import AdminDep, KernelDep, NowDep, PrincipalDep, ReadSessionDep, SessionDep
from toolcrib.kernel.numbers import LARGEST
from toolcrib.kernel.openapi import refusals
from toolcrib.kernel.schema import Schema

router = APIRouter(tags=["quotas"])
PAGE = 500


class QuotaRead(Schema):
    """How much an account stores, and may store: `allowed_bytes` is null for any number. `account` is `user:<uuid>`,
    `company:<uuid>` or `project:<name>`; `name` is its owner's, null if the owner no longer exists. `is_set` says that
    an administrator set this quota, otherwise the settings decide."""

    account: str
    name: str | None
    used_bytes: int
    allowed_bytes: int | None
    is_set: bool

    @classmethod
    def of(cls, quota: Quota) -> QuotaRead:
        usage = quota.usage
        return cls(
            account=usage.account,
            name=quota.name,
            used_bytes=usage.used,
            allowed_bytes=usage.allowed,
            is_set=quota.is_set,
        )


class QuotaChange(Schema):
    """A quota to set. `allowed_bytes` null allows any number."""

    allowed_bytes: Annotated[int, Field(ge=0, le=LARGEST, strict=True)] | None


@router.get("/quotas")
async def list_own(session: ReadSessionDep, kernel: KernelDep, me: PrincipalDep) -> list[QuotaRead]:
    """List what the caller, their company and their projects store, and may store."""
    return [QuotaRead.of(each) for each in await owners.own_quotas(session, me, kernel.settings)]


@router.get("/admin/quotas", responses=refusals(403))
async def list_all(
    session: ReadSessionDep,
    kernel: KernelDep,
    _: AdminDep,
    limit: Annotated[int, Query(ge=1, le=PAGE)] = PAGE,
    offset: Annotated[int, Query(ge=0, le=LARGEST)] = 0,
) -> list[QuotaRead]:
    """List what all accounts store, the largest first."""
    found = await owners.all_quotas(session, kernel.settings, limit=limit, offset=offset)
    return [QuotaRead.of(each) for each in found]


@router.put("/admin/quotas/{family}/{owner:path}", responses=refusals(403, 404))
async def set_quota(
    *,
    family: Family,
    owner: str,
    body: QuotaChange,
    session: SessionDep,
    kernel: KernelDep,
    me: AdminDep,
    now: NowDep,
) -> QuotaRead:
    """Set the quota of a person, company or project, named by name or id."""
    allowed = UNLIMITED if body.allowed_bytes is None else body.allowed_bytes
    found = await owners.set_quota(session, family, owner, allowed, me=me, settings=kernel.settings, now=now)
    return QuotaRead.of(found)


@router.delete("/admin/quotas/{family}/{owner:path}", responses=refusals(403, 404))
async def reset_quota(
    *, family: Family, owner: str, session: SessionDep, kernel: KernelDep, me: AdminDep, now: NowDep
) -> QuotaRead:
    """Remove the quota that was set for a person, company or project, so that the settings decide again. An account
    whose owner no longer exists is named as in `account`."""
    found = await owners.set_quota(session, family, owner, None, me=me, settings=kernel.settings, now=now)
    return QuotaRead.of(found)
