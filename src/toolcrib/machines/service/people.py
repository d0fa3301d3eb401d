"""People who are not the ones that ask: those who wait, and those who get a reservation."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.kernel.identity.models import User
from toolcrib.kernel.identity.principal import Principal
from toolcrib.kernel.identity.rights import read_principal, read_registry


async def find_person(session: AsyncSession, uuid: str, *, open_projects: bool) -> Principal | None:
    """Return a person with their present rights; None if the account is gone or disabled."""
    user = await session.scalar(select(User).where(User.uuid == uuid, User.is_active))
    if user is None:
        return None
    return await read_principal(
        session, user, None, await read_registry(session), open_projects=open_projects
    )
