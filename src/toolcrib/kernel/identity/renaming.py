"""Give a person another username.

Everything is bound to the person's UUID, so passwords, tokens, sessions, keys, roles, claims and documents stay theirs.
What is held and waited for shows the name beside the UUID, and is changed in the same transaction. A request under way
at that moment may still write the former name: a job corrects that. Events keep the name of their time.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import Table, delete, exists, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.kernel.claims.models import claim_waiters, claims
from toolcrib.kernel.database import take_write_lock
from toolcrib.kernel.events.log import record
from toolcrib.kernel.identity.former_names import who_had
from toolcrib.kernel.identity.models import RetiredName, User
from toolcrib.kernel.identity.names import check_username
from toolcrib.kernel.identity.users import UsernameTaken
from toolcrib.kernel.jobs import Job

if TYPE_CHECKING:
    from toolcrib.kernel.context import Kernel

# For how long after a renaming the job looks for the former name. No request takes longer.
LOOK_BACK = timedelta(days=1)
RENAMED = "renamed"
_SHOWING_NAMES: tuple[Table, ...] = (claims, claim_waiters)


async def rename_user(
    session: AsyncSession, user: User, username: str, *, actor: str | None, now: datetime
) -> None:
    """Give `user` the name `username`. The former one stays reserved for them: it still leads to them, also at
    sign-in, and they may have it back.

    Raises:
        BadName: the name is not allowed (400).
        UsernameTaken: another account has it, or had it before (409).
    """
    check_username(username)
    await take_write_lock(session)  # so that a name that is free now stays free until the commit
    await session.refresh(user)
    former = user.username
    if username == former:
        return
    await _require_free(session, username, user)
    await session.execute(delete(RetiredName).where(RetiredName.name == username))
    session.add(RetiredName(name=former, user_uuid=user.uuid, retired_at=now))
    user.username = username
    await session.flush()
    await _correct(session, user.uuid, username)
    # Everybody may see it: lists that show the name are read again.
    await record(
        session, RENAMED, kind="user", key=former, actor=actor, now=now, to=username, user_uuid=user.uuid
    )


async def _require_free(session: AsyncSession, username: str, user: User) -> None:
    if (await session.execute(select(exists().where(User.username == username)))).scalar_one():
        raise UsernameTaken(f"Another account is called {username}.")
    retired = await session.get(RetiredName, username)
    if retired is not None and retired.user_uuid != user.uuid:
        other = await who_had(session, username)
        whose = f"{other.username}, who was renamed" if other is not None else "a deleted account"
        raise UsernameTaken(f"{username} was the name of {whose}.")


async def _correct(session: AsyncSession, uuid: str, username: str) -> None:
    """Have everything that a person holds or waits for show this name."""
    for table in _SHOWING_NAMES:
        outdated = (table.c.holder_uuid == uuid, table.c.holder != username)
        await session.execute(update(table).where(*outdated).values(holder=username))


async def correct_names(kernel: Kernel, now: datetime) -> None:
    """Run the job: replace former names that requests wrote while their person was being renamed."""
    lately = exists().where(RetiredName.user_uuid == User.uuid, RetiredName.retired_at > now - LOOK_BACK)
    async with kernel.database.read() as session:
        outdated: set[str] = set()
        for table in _SHOWING_NAMES:
            query = select(User.uuid).join(table, table.c.holder_uuid == User.uuid)
            outdated.update(await session.scalars(query.where(lately, table.c.holder != User.username)))
    for uuid in sorted(outdated):
        async with kernel.database.write() as session:
            await take_write_lock(session)
            username = await session.scalar(select(User.username).where(User.uuid == uuid))
            if username is not None:
                await _correct(session, uuid, username)


JOB = Job("accounts.correct_names", correct_names, every=timedelta(minutes=1))
