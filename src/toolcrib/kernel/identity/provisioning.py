"""Create people whom a trusted service's token names: at their first request, never as administrators, and in the
company the token names."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.kernel.database import take_write_lock
from toolcrib.kernel.events.log import record
from toolcrib.kernel.identity import companies, lookup, users
from toolcrib.kernel.identity.former_names import is_named
from toolcrib.kernel.identity.models import USERNAME_LENGTH, Company, RetiredName, User
from toolcrib.kernel.identity.names import BadName, check_label, check_username
from toolcrib.kernel.identity.principal import ACCOUNT_GONE, Unauthorized
from toolcrib.kernel.identity.tokens import Token, as_uuid

# Claims in which other services put a readable name when `sub` is a UUID.
_NAME_CLAIMS = ("username", "preferred_username", "name", "email")


def is_trusted(token: Token, issuers: Sequence[str]) -> bool:
    """Return whether a token of this issuer may create the person it names, and say which company they belong to (the
    setting TRUST_TOKEN_ISSUERS)."""
    return token.version is None and ("*" in issuers or token.issuer in issuers)


def named_company(token: Token) -> str | None:
    """Return the company that a trusted token names by UUID; None if it does not, and the account's company counts."""
    return as_uuid(token.claims.get("company_id"))


async def from_token(session: AsyncSession, token: Token, *, now: datetime) -> User:
    """Return the person that a trusted token names, in the company it names. Creates the person if there is none, with
    the token's user id if that is a UUID.

    Raises:
        Unauthorized: the person was deleted after this token was issued (401).
    """
    await take_write_lock(session)  # of two simultaneous first requests, one creates the person
    try:
        user = await lookup.by_token(session, token)
    except lookup.UnknownPerson:
        user = await _create(session, token, now=now)
    company = await _company(session, token, now=now)
    if company is not None:
        await companies.follow(session, company, user, now=now)
    return user


async def _create(session: AsyncSession, token: Token, *, now: datetime) -> User:
    await _refuse_deleted(session, token)
    subject_uuid = as_uuid(token.subject)
    wanted = token.subject if token.subject and not subject_uuid else _readable_name(token)
    uuid = as_uuid(token.user_id) or subject_uuid
    user = await users.create_user(
        session,
        username=await free_username(session, wanted or uuid or "user"),
        password_hash=None,
        uuid=uuid,
        company=await _company(session, token, now=now),
        company_role="member",
        actor=None,
        now=now,
    )
    if user.tokens_valid_from is not None and token.issued_at is not None:
        # A deleted person comes back: tokens count from this one on, which was issued after the deletion.
        user.tokens_valid_from = datetime.fromtimestamp(token.issued_at, UTC) - timedelta(microseconds=1)
    return user


async def free_username(session: AsyncSession, wanted: str) -> str:
    """Return `wanted`, changed to be allowed as a username, with a number appended if it is taken."""
    base = wanted.replace(":", "-").strip()[: USERNAME_LENGTH - 8]
    try:
        check_username(base)
    except BadName:
        base = "user"
    name, number = base, 1
    while await _is_known(session, name):
        number += 1
        name = f"{base}-{number}"
    return name


async def _is_known(session: AsyncSession, name: str) -> bool:
    taken = await session.execute(select(User.id).where(is_named(name)))
    return taken.first() is not None


async def _refuse_deleted(session: AsyncSession, token: Token) -> None:
    names = [name for name in (token.subject, token.user_id) if name]
    names += [uuid for uuid in map(as_uuid, names) if uuid]
    retired = await session.execute(select(RetiredName.retired_at).where(RetiredName.name.in_(names)))
    for retired_at in retired.scalars():
        if token.issued_at is None or token.issued_at <= retired_at.timestamp():
            raise Unauthorized(ACCOUNT_GONE)


async def _company(session: AsyncSession, token: Token, *, now: datetime) -> Company | None:
    """Return the company that the token names; create it if there is none."""
    company_id = named_company(token)
    if company_id is None:
        return None
    company = await session.get(Company, company_id)
    if company is None:
        name = token.claims.get("company_name")
        try:
            name = check_label(name) if isinstance(name, str) else company_id
        except BadName:
            name = company_id
        if (await session.execute(select(Company.id).where(Company.name == name))).first() is not None:
            name = company_id
        company = Company(id=company_id, name=name, created_at=now)
        session.add(company)
        await session.flush()
        scope = f"company:{company_id}"
        await record(session, "created", kind="company", key=name, actor=None, now=now, scope=scope)
    return company


def _readable_name(token: Token) -> str | None:
    for claim in _NAME_CLAIMS:
        value = token.claims.get(claim)
        if isinstance(value, str) and value.strip():
            return value
    return None
