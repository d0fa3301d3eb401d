"""Desktops as the caller may see them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.desktops.errors import DesktopNotFound
from toolcrib.desktops.models import desktops, guests
from toolcrib.kernel.identity.principal import Principal

NOBODYS = "There is no desktop of this name."


@dataclass(frozen=True, slots=True)
class Found:
    """A desktop's row, and what the caller is to it."""

    row: Row[Any]
    is_holder: bool
    is_admin: bool
    is_guest: bool
    may_control: bool
    """As a guest: may be given control."""

    @property
    def manages(self) -> bool:
        """Whether the caller may start, stop and delete it."""
        return self.is_holder or self.is_admin


async def find(session: AsyncSession, me: Principal, name: str, *, for_guests: bool = False) -> Found:
    """Return the desktop `name`, if it is the caller's, or the caller is an administrator, or with `for_guests` one of
    its guests.

    Raises:
        DesktopNotFound: (404).
    """
    row = (await session.execute(select(desktops).where(desktops.c.name == name))).first()
    if row is None:
        raise DesktopNotFound(NOBODYS)
    query = select(guests.c.may_control).where(guests.c.desktop == name, guests.c.user_id == me.id)
    guest = (await session.execute(query)).first()
    found = Found(
        row=row,
        is_holder=row.holder_uuid == me.uuid,
        is_admin=me.is_admin,
        is_guest=guest is not None,
        may_control=guest is not None and bool(guest.may_control),
    )
    if not found.manages and not (for_guests and found.is_guest):
        raise DesktopNotFound(NOBODYS)
    return found
