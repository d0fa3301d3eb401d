"""Who signs in to the accounts of a reservation, and by what: the holder, and colleagues with keys of their own.

Keys are kept by the UUID of whoever brought them. Accounts that are there are brought to the new state by making them
again, which is safe to repeat.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.kernel.context import Kernel
from toolcrib.kernel.database import after_commit, take_write_lock
from toolcrib.kernel.identity.principal import Principal
from toolcrib.kernel.identity.users import find_active, usernames
from toolcrib.machines.errors import NoCredential, UnknownPerson
from toolcrib.machines.hook import WORK_JOB
from toolcrib.machines.models import HoldState, State, holds, machines, reservations
from toolcrib.machines.service import told
from toolcrib.machines.service.booking import booked_refs
from toolcrib.machines.service.confirming import used
from toolcrib.machines.service.managing import current_holds, find_own
from toolcrib.machines.service.people import find_colleague, find_person
from toolcrib.machines.wanted import keys_of

GOING_ON = (State.PREPARING, State.READY)


async def share(
    session: AsyncSession,
    kernel: Kernel,
    me: Principal,
    reservation_id: str,
    to: str,
    keys: list[str],
    *,
    now: datetime,
) -> None:
    """Let a colleague sign in to the same account, with keys of their own, which take the place of those they had.

    Raises:
        NoCredential: they have nothing to sign in with (400).
        UnknownPerson: there is nobody of that name who may hold the machines (400).
    """
    row = await find_own(session, me, reservation_id, State.BOOKED, *GOING_ON)
    if not keys and not row.access.get("certificate"):
        raise NoCredential("Give an SSH public key of the colleague's to sign in with.")
    await used(session, row, me, now=now)
    if row.state == State.BOOKED:
        its = await booked_refs(session, row.id)
    else:
        its = [ref for ref, _ in await current_holds(session, reservation_id, now)]
    colleague = await find_colleague(session, kernel.settings, me, to, its)
    before = _keys(row).get(colleague.uuid)
    if before == keys:
        return
    await _set_keys(session, kernel, row, {**_keys(row), colleague.uuid: keys})
    said: dict[str, Any] = {"to": colleague.username, "machines": sorted(ref.key for ref in its)}
    # An event is seen by one person and by administrators. So there is one for the holder, whose keys on the machines
    # change, and another that tells the colleague, who may sign in from now on.
    sees: list[tuple[str, dict[str, str]]] = [(me.uuid, {})]
    if before is None:
        sees.append((colleague.uuid, {"shared_by": me.username}))
    for uuid, more in sees:
        await told.of_reservation(
            session, "reservation_shared", row.id, uuid, actor=me.username, now=now, **said, **more
        )


async def stop_sharing(
    session: AsyncSession, kernel: Kernel, me: Principal, reservation_id: str, username: str, *, now: datetime
) -> None:
    """Take a colleague's keys away. Sessions that are open stay until the end of the reservation.

    Raises:
        UnknownPerson: it is not shared with them (400).
    """
    row = await find_own(session, me, reservation_id, State.BOOKED, *GOING_ON)
    names = await usernames(session, _keys(row))
    uuid = next((each for each, name in names.items() if name == username), None)
    if uuid is None and (person := await find_active(session, username)) is not None:
        uuid = person.uuid
    if uuid is None or uuid == me.uuid or uuid not in _keys(row):
        raise UnknownPerson(f"It is not shared with {username}.")
    await _set_keys(session, kernel, row, {each: keys for each, keys in _keys(row).items() if each != uuid})
    await told.of_reservation(
        session, "reservation_unshared", row.id, me.uuid, actor=me.username, now=now, to=username
    )


async def set_access(
    session: AsyncSession,
    kernel: Kernel,
    me: Principal,
    reservation_id: str,
    own: dict[str, Any],
    *,
    now: datetime,
) -> None:
    """Change the holder's own keys and password on the machines."""
    row = await find_own(session, me, reservation_id, State.WAITING, State.BOOKED, *GOING_ON)
    await used(session, row, me, now=now)
    others = {uuid: keys for uuid, keys in _keys(row).items() if uuid != me.uuid}
    await _set(session, kernel, row, {**row.access, **own, "keys": {**others, **own.get("keys", {})}})


async def end_sharing_with_the_gone(kernel: Kernel, now: datetime) -> None:
    """Take away the keys of colleagues whose account ended, or who may not hold the machines any more. A holder's own
    end is that of the reservation."""
    query = select(reservations).where(reservations.c.state.in_((State.BOOKED, *GOING_ON)))
    async with kernel.database.read() as session:
        shared = [row for row in await session.execute(query) if set(_keys(row)) - {row.holder_uuid}]
        ids = [row.id for row in shared if await _gone(session, kernel, row, await _scopes(session, row.id))]
    for id_ in ids:
        async with kernel.database.write() as session:
            await take_write_lock(session)
            row = (await session.execute(query.where(reservations.c.id == id_))).first()
            if row is not None:
                await drop_the_gone(session, kernel, row, await _scopes(session, id_), now)


async def drop_the_gone(
    session: AsyncSession, kernel: Kernel, row: Row[Any], scopes: Collection[str], now: datetime
) -> None:
    """Take away the keys of colleagues who may not hold machines of all these scopes, under the write lock."""
    gone = await _gone(session, kernel, row, scopes)
    if not gone:
        return
    await _set_keys(session, kernel, row, {each: k for each, k in _keys(row).items() if each not in gone})
    for name in (await usernames(session, gone)).values():
        await told.of_reservation(
            session, "reservation_unshared", row.id, row.holder_uuid, actor=None, now=now, to=name
        )


async def _scopes(session: AsyncSession, reservation_id: str) -> set[str]:
    """Return the scopes of the machines that a reservation has or has booked."""
    held = (
        select(machines.c.scope)
        .join(holds, holds.c.machine_id == machines.c.id)
        .where(holds.c.reservation_id == reservation_id, holds.c.state != HoldState.GONE)
    )
    booked = {ref.scope for ref in await booked_refs(session, reservation_id)}
    return booked | set(await session.scalars(held))


async def _gone(session: AsyncSession, kernel: Kernel, row: Row[Any], needed: Collection[str]) -> set[str]:
    gone = set()
    for uuid in set(_keys(row)) - {row.holder_uuid}:
        person = await find_person(session, uuid, open_projects=kernel.settings.unknown_projects == "open")
        if person is None or not all(person.may(scope, "member") for scope in needed):
            gone.add(uuid)
    return gone


def _keys(row: Row[Any]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = keys_of(row.access)
    return found


async def _set_keys(session: AsyncSession, kernel: Kernel, row: Row[Any], keys: dict[str, list[str]]) -> None:
    await _set(session, kernel, row, {**row.access, "keys": keys})


async def _set(session: AsyncSession, kernel: Kernel, row: Row[Any], access: dict[str, Any]) -> None:
    mine = update(reservations).where(reservations.c.id == row.id)
    state = State.PREPARING if row.state == State.READY else row.state
    await session.execute(mine.values(access=access, state=state))
    again = update(holds).where(holds.c.reservation_id == row.id, holds.c.state == HoldState.READY)
    await session.execute(again.values(state=HoldState.PREPARING, attempts=0, next_at=row.created_at))
    after_commit(session, lambda: kernel.jobs.nudge(WORK_JOB))
