"""How a desktop begins to run: its claims and its row, in one transaction. What happens on the platform follows in
`work.py`."""

from __future__ import annotations

import secrets
import string
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.desktops.claims_of import desktop_ref, home_ref, volume_ref
from toolcrib.desktops.errors import VolumeDenied, VolumeTaken
from toolcrib.desktops.models import PASSWORD, TAKES_ROOM, State, desktops, volumes
from toolcrib.desktops.service import told
from toolcrib.desktops.service.limits import check_may_wait, end_of, read_queue, read_room
from toolcrib.desktops.service.people import find_holder, usable_volume
from toolcrib.kernel.claims import service as claims
from toolcrib.kernel.claims.commands import Acquire
from toolcrib.kernel.claims.models import PRIVATE, Holder
from toolcrib.kernel.claims.problems import ClaimHeld
from toolcrib.kernel.context import Kernel
from toolcrib.kernel.problems import Problem
from toolcrib.kernel.requester import Requester

LETTERS = string.ascii_letters + string.digits
ACCOUNT_ENDED = "Your account has ended."


def new_password() -> str:
    """32 letters and digits (contract, section 10)."""
    return "".join(secrets.choice(LETTERS) for _ in range(32))


async def find_row(session: AsyncSession, name: str) -> Row[Any] | None:
    return (await session.execute(select(desktops).where(desktops.c.name == name))).first()


async def queue_or_begin(
    session: AsyncSession, kernel: Kernel, row: Row[Any], by: Requester | None, *, actor: str, now: datetime
) -> None:
    """Have a desktop that is there run, or wait for its turn. Its person may.

    Raises:
        VolumeDenied: the person may no longer use its volume (403).
        VolumeTaken: another running desktop has its volume, which is for one (409).
        HoursUsed: the person's hours are (409).
        NoRoom: as many run as may, and nobody may wait (409).
    """
    await serve_queue(session, kernel, now=now)
    room = await read_room(session)
    if room.is_there(kernel.settings, row.holder_uuid):
        await begin(session, kernel, row, by, now=now)
        return
    await end_of(session, kernel.settings, row.holder_uuid, row.seconds, now)
    await check_may_wait(session, kernel.settings, room, row.holder_uuid)
    place = await told.of_desktop(session, "queued", row, actor=actor, now=now)
    mine = update(desktops).where(desktops.c.id == row.id)
    await session.execute(
        mine.values(
            state=State.QUEUED,
            place=place,
            fence=None,
            reason=None,
            progress="",
            is_failed=False,
            keep_until=None,
            next_at=now,
        )
    )


async def begin(
    session: AsyncSession,
    kernel: Kernel,
    row: Row[Any],
    by: Requester | None,
    *,
    now: datetime,
    granted: bool = False,
) -> None:
    """Acquire the claims that a running desktop consists of; the kind's hook moves the row. There must be room."""
    ends_at, why = await end_of(session, kernel.settings, row.holder_uuid, row.seconds, now)
    refs = [desktop_ref(row.holder_uuid, row.name), home_ref(row.holder_uuid, row.name)]
    if row.volume_id is not None:
        volume = await checked_volume(session, row)
        if volume.exclusive:
            refs.append(volume_ref(volume.name))
    holder = Holder(row.holder, row.holder_uuid)
    commands = [
        Acquire(
            ref,
            holder,
            expires_at=ends_at,
            data={"label": label_of(ref.key), PRIVATE: {"desktop": row.name, "end_reason": why}},
            granted=granted and ref is refs[0],
        )
        for ref in refs
    ]
    sealed = kernel.secrets.seal(PASSWORD, new_password())
    await session.execute(update(desktops).where(desktops.c.id == row.id).values(password=sealed))
    try:
        await claims.run(session, *commands, now=now, by=by)
    except ClaimHeld as error:
        raise VolumeTaken(f"{error.claim.label} is in use by a desktop of {error.claim.holder}.") from error


def label_of(key: str) -> str:
    """Return what people call the thing of a claim."""
    what, _, name = key.rpartition("/")
    return f"{what} of {name}" if what == "home" else key


async def checked_volume(session: AsyncSession, row: Row[Any]) -> Row[Any]:
    """Return the volume of a desktop that is to run now.

    Raises:
        VolumeDenied: its person may no longer use it (403).
        VolumeTaken: another desktop that has not stopped yet has it, and it is for one (409).
    """
    person = await find_holder(session, row.holder_uuid)
    volume = await usable_volume(session, person, row.volume_id) if person is not None else None
    if volume is None:
        raise VolumeDenied
    if volume.exclusive:
        other = select(desktops.c.holder).where(
            desktops.c.volume_id == volume.id, desktops.c.state.in_(TAKES_ROOM), desktops.c.id != row.id
        )
        who = (await session.execute(other.limit(1))).scalar()
        if who is not None:
            raise VolumeTaken(f"PVC '{volume.name}' is in use by a desktop of {who}.")
    return volume


async def serve_queue(session: AsyncSession, kernel: Kernel, *, now: datetime) -> None:
    """Begin the desktops whose turn has come, the first of the queue first. One whose person has no room of their own,
    or whose volume is in use, lets others pass."""
    queue = await read_queue(session)
    if not queue:
        return
    room = await read_room(session)
    for row in queue:
        person = await find_holder(session, row.holder_uuid)
        if person is None:
            await leave_queue(session, row, ACCOUNT_ENDED, actor=None, now=now)
            continue
        if not room.is_there_at_all(kernel.settings):
            break
        if not room.is_there(kernel.settings, row.holder_uuid):
            continue
        try:
            await begin(session, kernel, row, None, now=now, granted=True)
        except VolumeTaken:
            continue
        except Problem as problem:
            await leave_queue(session, row, problem.detail, actor=None, now=now)
            continue
        room = await read_room(session)


async def leave_queue(
    session: AsyncSession, row: Row[Any], reason: str | None, *, actor: str | None, now: datetime
) -> None:
    """Take a desktop out of the queue: what it had before is kept, one that never ran is deleted unless its home is to
    stay. With a reason, it failed."""
    keeps = row.persistent_home or row.stopped_at is not None or reason is not None
    state = State.DELETING if not keeps else State.STOPPED if reason is None else State.FAILED
    mine = update(desktops).where(desktops.c.id == row.id, desktops.c.state == State.QUEUED)
    await session.execute(
        mine.values(
            state=state,
            place=None,
            reason=reason,
            is_failed=reason is not None,
            stopped_at=now,
            attempts=0,
            next_at=now,
        )
    )
    verb = "left_queue" if reason is None else "failed"
    await told.of_desktop(session, verb, row, actor=actor, now=now, reason=reason)


async def volume_named(session: AsyncSession, name: str) -> Row[Any] | None:
    query = select(volumes).where(volumes.c.name == name, ~volumes.c.is_going)
    return (await session.execute(query)).first()
