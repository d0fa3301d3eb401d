"""Tickets: each opens one view of one desktop for one person, once, and soon. The database keeps digests alone."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlalchemy import Row, delete, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.desktops.errors import DesktopNotReady, DesktopStopped
from toolcrib.desktops.models import State, tickets
from toolcrib.desktops.service.finding import Found
from toolcrib.desktops.viewing import credentials
from toolcrib.kernel.identity.principal import Principal

MARK = "tck_view_"


class Role(StrEnum):
    """What a person is to the desktop that they see."""

    HOLDER = "holder"
    GUEST = "guest"
    ADMIN = "admin"


@dataclass(frozen=True)
class Ticket:
    secret: str
    view_id: str
    expires_at: datetime
    view_only: bool


def role_of(found: Found) -> Role:
    """An administrator who is a guest, too, came as a guest."""
    if found.is_holder:
        return Role.HOLDER
    return Role.GUEST if found.is_guest else Role.ADMIN


async def issue(
    session: AsyncSession, found: Found, me: Principal, *, view_only: bool, seconds: int, now: datetime
) -> Ticket:
    """Make a ticket for `me`. Administrators only look, and so do guests who were not given more.

    Raises:
        DesktopNotReady, DesktopStopped: there is nothing to see (409).
    """
    require_running(found.row)
    role = role_of(found)
    view_only = view_only or role is Role.ADMIN or (role is Role.GUEST and not found.may_control)
    secret = MARK + secrets.token_urlsafe(32)
    ticket = Ticket(secret, view_id_of(secret), now + timedelta(seconds=seconds), view_only)
    await session.execute(
        insert(tickets).values(
            digest=_digest(secret),
            desktop=found.row.name,
            fence=found.row.fence,
            person=me.username,
            person_uuid=me.uuid,
            role=role,
            view_only=view_only,
            credential=credentials.as_json(me),
            created_at=now,
            expires_at=ticket.expires_at,
        )
    )
    return ticket


def require_running(row: Row[Any]) -> None:
    """Raises DesktopNotReady, DesktopStopped (409)."""
    if row.state in {State.STOPPED, State.STOPPING, State.DELETING, State.FAILED}:
        raise DesktopStopped(row.name)
    if row.state != State.RUNNING:
        raise DesktopNotReady("The desktop is not ready yet: it will be in a moment.")


async def redeem(session: AsyncSession, secret: str, *, now: datetime) -> Row[Any] | None:
    """Take the ticket. None: there is none, it was used, or it is too late. Whoever takes it first has it."""
    digest = _digest(secret)
    found = (await session.execute(select(tickets).where(tickets.c.digest == digest))).first()
    if found is None:
        return None
    taken: Any = await session.execute(delete(tickets).where(tickets.c.digest == digest))
    return found if taken.rowcount == 1 and found.expires_at > now else None


def is_ticket(text: str) -> bool:
    return text.startswith(MARK) and len(text) < 100 and text.isascii()


def view_id_of(secret: str) -> str:
    """The id that the view of this ticket will have."""
    return str(UUID(bytes=sha256(b"view " + secret.encode()).digest()[:16], version=4))


def _digest(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()
