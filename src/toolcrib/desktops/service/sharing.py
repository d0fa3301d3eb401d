"""Who sees a desktop beside its person."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.desktops.models import guests
from toolcrib.desktops.service import told
from toolcrib.desktops.views import Guest
from toolcrib.kernel.database import take_write_lock
from toolcrib.kernel.identity.models import User
from toolcrib.kernel.identity.principal import Principal
from toolcrib.kernel.identity.users import find_active
from toolcrib.kernel.problems import Conflict, InvalidRequest

MOST_GUESTS = 50


class UnknownGuest(InvalidRequest):
    """There is nobody else of that name."""

    code = "unknown_person"


class TooManyGuests(Conflict):
    code = "too_many_guests"


async def guests_of(session: AsyncSession, row: Row[Any]) -> list[Guest]:
    query = (
        select(User.username, guests.c.may_control)
        .join(User, User.id == guests.c.user_id)
        .where(guests.c.desktop == row.name)
        .order_by(User.username)
    )
    return [
        Guest(username=each.username, may_control=each.may_control) for each in await session.execute(query)
    ]


async def invite(
    session: AsyncSession, row: Row[Any], username: str, me: Principal, *, may_control: bool, now: datetime
) -> None:
    """Let somebody see a desktop; with `may_control`, ask for pointer and keyboard, too.

    Raises:
        UnknownGuest: there is nobody else of that name (400).
        TooManyGuests: (409).
    """
    await take_write_lock(session)
    person = await find_active(session, username)
    if person is None or person.uuid == row.holder_uuid:
        raise UnknownGuest(f"There is nobody else called {username}.")
    mine = (guests.c.desktop == row.name) & (guests.c.user_id == person.id)
    changed = await session.execute(update(guests).where(mine).values(may_control=may_control))
    if not changed.rowcount:  # type: ignore[attr-defined]  # of an update
        known = select(guests.c.user_id).where(mine)
        if (await session.execute(known)).first() is None:  # MariaDB counts what really changes
            count = select(func.count()).select_from(guests).where(guests.c.desktop == row.name)
            if (await session.execute(count)).scalar_one() >= MOST_GUESTS:
                raise TooManyGuests(f"A desktop has at most {MOST_GUESTS} guests.")
            values = {
                "desktop": row.name,
                "user_id": person.id,
                "may_control": may_control,
                "created_at": now,
            }
            await session.execute(insert(guests).values(**values))
    its = {"guest": person.username, "guest_uuid": person.uuid, "may_control": may_control}
    await told.of_desktop(session, "guest_added", row, actor=me.username, now=now, **its)


async def uninvite(
    session: AsyncSession, row: Row[Any], username: str, me: Principal, *, now: datetime
) -> None:
    """Let somebody see a desktop no longer; whoever was not its guest is not, either."""
    await take_write_lock(session)
    query = select(User.id, User.uuid, User.username).where(User.username == username)
    person = (await session.execute(query)).first()
    if person is None:
        return
    gone = await session.execute(
        delete(guests).where(guests.c.desktop == row.name, guests.c.user_id == person.id)
    )
    if gone.rowcount:  # type: ignore[attr-defined]  # of a delete
        its = {"guest": person.username, "guest_uuid": person.uuid}
        await told.of_desktop(session, "guest_removed", row, actor=me.username, now=now, **its)
