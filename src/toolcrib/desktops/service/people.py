"""People who are not the ones that ask, and what they may use."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Row, exists, or_, select, true
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.desktops.models import configuration_access, configurations, volume_access, volumes
from toolcrib.kernel.identity.models import User
from toolcrib.kernel.identity.principal import Principal


async def find_holder(session: AsyncSession, uuid: str) -> User | None:
    """Return a person by their UUID; None if the account is gone or disabled."""
    found: User | None = await session.scalar(select(User).where(User.uuid == uuid, User.is_active))
    return found


def may_use_configuration(person: User | Principal) -> ColumnElement[bool]:
    """Of the rows of `configurations`: public or granted ones; for administrators all."""
    if person.is_admin:
        return true()
    granted = exists().where(
        configuration_access.c.configuration_id == configurations.c.id,
        configuration_access.c.user_id == person.id,
    )
    return or_(configurations.c.is_public, granted)


def may_use_volume(person: User | Principal) -> ColumnElement[bool]:
    """Of the rows of `volumes`: public or granted ones; for administrators all."""
    if person.is_admin:
        return true()
    granted = exists().where(volume_access.c.volume_id == volumes.c.id, volume_access.c.user_id == person.id)
    return or_(volumes.c.is_public, granted)


async def usable_volume(session: AsyncSession, person: User | Principal, volume_id: int) -> Row[Any] | None:
    """Return a volume that the person may use."""
    query = select(volumes).where(volumes.c.id == volume_id, ~volumes.c.is_going, may_use_volume(person))
    return (await session.execute(query)).first()
