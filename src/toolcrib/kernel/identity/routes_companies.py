"""Routes of companies and their members."""

from __future__ import annotations

from fastapi import APIRouter, Response

from toolcrib.kernel.arrays import ArrayDep, array
from toolcrib.kernel.clock import iso_format
from toolcrib.kernel.deps import AdminDep, KernelDep, NowDep, PrincipalDep, ReadSessionDep, SessionDep
from toolcrib.kernel.identity import companies, provider_roles, users
from toolcrib.kernel.identity.models import Company
from toolcrib.kernel.identity.principal import Principal
from toolcrib.kernel.identity.schemas import CompanyMember, CompanyName, CompanyRead, NewCompanyRole
from toolcrib.kernel.long_answers import Page
from toolcrib.kernel.openapi import refusals

router = APIRouter(prefix="/companies", tags=["companies"])


def _read(company: Company, members: int, me: Principal) -> CompanyRead:
    return CompanyRead(
        id=company.id,
        name=company.name,
        role=companies.role_in(me, company),
        members=members,
        created_at=iso_format(company.created_at),
    )


@router.get("", response_model=list[CompanyRead])
async def list_companies(kernel: KernelDep, me: PrincipalDep, wanted: ArrayDep) -> Response:
    """List the caller's own company; administrators see all, by name: all of them, or up to `limit` with the header
    `X-Next-Cursor`. `q` is a part of the name; a search looks at a few thousand companies for one answer."""

    async def read(me: Principal, after: str | None, limit: int) -> Page[str]:
        async with kernel.database.read() as session:
            page, following = await companies.list_companies(session, me, wanted.q, after=after, limit=limit)
        return [_read(company, members, me).model_dump(mode="json") for company, members in page], following

    return await array(kernel, me, read, wanted)


@router.post("", status_code=201, responses=refusals(409))
async def create_company(body: CompanyName, session: SessionDep, me: AdminDep, now: NowDep) -> CompanyRead:
    return _read(await companies.create_company(session, body.name, me=me, now=now), 0, me)


@router.get("/{company_id}")
async def show_company(company_id: str, session: ReadSessionDep, me: PrincipalDep) -> CompanyRead:
    return _read(*await companies.describe(session, me, company_id), me)


@router.patch("/{company_id}", responses=refusals(409))
async def rename_company(
    *, company_id: str, body: CompanyName, session: SessionDep, me: PrincipalDep, now: NowDep
) -> CompanyRead:
    company = await companies.get_company(session, me, company_id)
    await companies.rename_company(session, company, body.name, me=me, now=now)
    return _read(*await companies.describe(session, me, company.id), me)


@router.delete("/{company_id}", status_code=204, responses=refusals(409))
async def delete_company(company_id: str, session: SessionDep, me: AdminDep, now: NowDep) -> Response:
    company = await companies.get_company(session, me, company_id)
    await companies.delete_company(session, company, me=me, now=now)
    return Response(status_code=204)


@router.get("/{company_id}/members", response_model=list[CompanyMember])
async def list_members(company_id: str, kernel: KernelDep, me: PrincipalDep, wanted: ArrayDep) -> Response:
    """List members by username: all of them, or up to `limit` with the header `X-Next-Cursor`."""

    async def read(me: Principal, after: str | None, limit: int) -> Page[str]:
        async with kernel.database.read() as session:
            company = await companies.get_company(session, me, company_id)
            page, following = await companies.list_members(
                session, company, wanted.q, after=after, limit=limit
            )
            target = provider_roles.of_company(company.id)
            through = await provider_roles.through_groups(session, target, [user.id for user in page])
        shown = [
            {
                "username": user.username,
                "uuid": user.uuid,
                "role": user.company_role or "member",
                "from_provider": user.id in through,
            }
            for user in page
        ]
        return shown, following

    return await array(kernel, me, read, wanted)


@router.put("/{company_id}/members/{username:path}")
async def set_member(
    *,
    company_id: str,
    username: str,
    body: NewCompanyRole,
    session: SessionDep,
    me: PrincipalDep,
    now: NowDep,
) -> CompanyMember:
    """Add a member, or change their role."""
    company = await companies.get_company(session, me, company_id)
    user = await users.get_by_name(session, username)
    await companies.set_member(session, company, user, body.role, me=me, now=now)
    return CompanyMember(username=user.username, uuid=user.uuid, role=body.role, from_provider=False)


@router.delete("/{company_id}/members/{username:path}", status_code=204)
async def remove_member(
    *, company_id: str, username: str, session: SessionDep, me: PrincipalDep, now: NowDep
) -> Response:
    """Remove a member, or leave."""
    company = await companies.get_company(session, me, company_id)
    user = await users.get_by_name(session, username)
    await companies.remove_member(session, company, user, me=me, now=now)
    return Response(status_code=204)
