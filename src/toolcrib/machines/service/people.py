"""People who are not the ones that ask: those who wait, and those who get a reservation."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.kernel.claims.models import Ref
from toolcrib.kernel.identity.models import User
from toolcrib.kernel.identity.principal import Principal
from toolcrib.kernel.identity.rights import read_principal, read_registry
from toolcrib.kernel.identity.users import find_active
from toolcrib.machines.errors import UnknownPerson
from toolcrib.settings import Settings


async def find_person(session: AsyncSession, uuid: str, *, open_projects: bool) -> Principal | None:
    """Return a person with their present rights; None if the account is gone or disabled."""
    user = await session.scalar(select(User).where(User.uuid == uuid, User.is_active))
    if user is None:
        return None
    return await read_principal(
        session, user, None, await read_registry(session), open_projects=open_projects
    )


async def find_colleague(
    session: AsyncSession, settings: Settings, me: Principal, username: str, held: Iterable[Ref]
) -> Principal:
    """Return somebody else who may hold these machines.

    Raises:
        UnknownPerson: there is nobody of that name, or they may not (400).
    """
    user = await find_active(session, username)
    found = None
    if user is not None:
        found = await find_person(session, user.uuid, open_projects=settings.unknown_projects == "open")
    if found is None or found.uuid == me.uuid:
        raise UnknownPerson(f"There is nobody else called {username}.")
    if not all(found.may(ref.scope, "member") for ref in held):
        raise UnknownPerson(f"{username} may not hold these machines.")
    return found
