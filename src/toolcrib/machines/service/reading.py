"""Machines, reservations and the queue as people see them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from operator import attrgetter
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, Text, or_, select, type_coerce
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.kernel.claims.models import claims
from toolcrib.kernel.database import run_core
from toolcrib.kernel.driver_statements import DIALECTS, select_listed
from toolcrib.kernel.identity.principal import Principal
from toolcrib.machines.models import CURRENT, OPEN, State, bookings, holds, machines, reservations
from toolcrib.machines.reservation_views import JumpHost
from toolcrib.machines.service.fleet import read_fleet
from toolcrib.machines.service.reserving import free_beside, turns_of
from toolcrib.machines.service.wanted import Waiting, read_queue
from toolcrib.settings import Settings

# All but what the last run said, which may be long.
_SHOWN = [column for column in machines.c if column.name != "last_output"]
_REACHED = [machines.c[name] for name in ("id", "host", "port", "host_key", "jump")]
_HELD = [column for column in holds.c if column.name != "last_output"]


async def open_holds(session: AsyncSession) -> dict[int, Row[Any]]:
    """Return what keeps each machine from being free: its hold, or what of the last one is left, by machine. `held_by`
    is the holder's name of now, while the claim lasts."""
    query = (
        select(*_HELD, claims.c.holder.label("held_by"))
        .outerjoin(claims, claims.c.fence == holds.c.fence)
        .where(holds.c.state.in_(OPEN))
        .order_by(holds.c.id)
    )
    rows: list[Any] = list(await session.execute(query))
    return {row.machine_id: row for row in rows}


async def seen_machines(session: AsyncSession, me: Principal) -> list[tuple[Row[Any], Row[Any] | None]]:
    """Return all machines that the caller may see, by name, each with its open hold."""
    taken = await open_holds(session)
    found = await session.execute(select(*_SHOWN).order_by(machines.c.name))
    return [(row, taken.get(row.id)) for row in found if me.may(row.scope)]


async def next_bookings(session: AsyncSession, now: datetime) -> dict[int, Row[Any]]:
    """Return the next booking of each machine that has one, or the one whose start has come: times and holder."""
    query = (
        select(bookings, reservations.c.holder, reservations.c.holder_uuid)
        .join(reservations, reservations.c.id == bookings.c.reservation_id)
        .where(bookings.c.ends_at > now)
        .order_by(bookings.c.starts_at.desc())
    )
    return {row.machine_id: row for row in await session.execute(query)}


async def booked_names(session: AsyncSession, ids: Sequence[str]) -> dict[str, list[str]]:
    """Return the names of the machines that these bookings have."""
    query = (
        select(bookings.c.reservation_id, machines.c.name)
        .join(machines, machines.c.id == bookings.c.machine_id)
        .where(bookings.c.reservation_id.in_(ids))
        .order_by(machines.c.name)
    )
    found: dict[str, list[str]] = {}
    for id_, name in await session.execute(query):
        found.setdefault(id_, []).append(name)
    return found


async def free_ids(session: AsyncSession, settings: Settings, now: datetime) -> set[int]:
    """Return the machines that somebody who comes now could have."""
    fleet = await read_fleet(session)
    queue = await read_queue(session, fleet, open_projects=settings.unknown_projects == "open")
    return free_beside(fleet, queue, now)


async def current_holds(session: AsyncSession, me: Principal) -> list[tuple[Row[Any], Row[Any]]]:
    """Return the holds that are going on, each with its machine, of machines that the caller may see."""
    query = select(*_HELD).where(holds.c.state.in_(CURRENT)).order_by(holds.c.id)
    rows = list(await session.execute(query))
    found = await session.execute(select(machines).where(machines.c.id.in_({row.machine_id for row in rows})))
    by_id = {row.id: row for row in found}
    return [
        (row, by_id[row.machine_id])
        for row in rows
        if row.machine_id in by_id and me.may(by_id[row.machine_id].scope)
    ]


async def waiting(
    session: AsyncSession, settings: Settings, now: datetime
) -> list[tuple[Waiting, datetime | None]]:
    """Return the queue, front first, each with when it will probably be served."""
    fleet = await read_fleet(session)
    queue = await read_queue(session, fleet, open_projects=settings.unknown_projects == "open")
    turns = turns_of(fleet, [each.want for each in queue], now)
    return [(each, turns[each.row.id].at if each.row.id in turns else None) for each in queue]


Held = tuple[Row[Any], Row[Any] | None]
_HOLD_SHOWN = [
    holds.c[name]
    for name in ("id", "reservation_id", "machine_id", "machine", "fence", "state", "is_failed", "problem")
]


def _with_machines(of_holds: Select[Any]) -> Select[Any]:
    """One statement for both, because each more is a trip to the server."""
    hold = of_holds.subquery()
    reached = [column.label("reached" if column.name == "id" else column.name) for column in _REACHED]
    joined = hold.outerjoin(machines, machines.c.id == hold.c.machine_id)
    return select(*hold.c, *reached).select_from(joined)


_FIND = {
    dialect: _with_machines(select_listed(_HOLD_SHOWN, holds.c.reservation_id, dialect))
    for dialect in DIALECTS
}


async def holds_of(session: AsyncSession, ids: Sequence[str]) -> dict[str, list[Held]]:
    """Return the holds of these reservations, each with its machine. All are shown: a failed one tells why."""
    return await run_core(session, holds_in, ids)


def holds_in(connection: Connection, ids: Sequence[str]) -> dict[str, list[Held]]:
    """As `holds_of`."""
    of: dict[str, list[Held]] = {id_: [] for id_ in ids}
    if not ids:
        return of
    find = _FIND[connection.dialect.name]
    for row in sorted(connection.execute(find, {"listed": list(ids)}), key=attrgetter("id")):
        of[row.reservation_id].append((row, row if row.reached is not None else None))
    return of


async def outputs_of(session: AsyncSession, reservation_id: str) -> list[Row[Any]]:
    """Return the holds of a reservation with what their last runs said."""
    query = select(holds).where(holds.c.reservation_id == reservation_id).order_by(holds.c.id)
    return list(await session.execute(query))


async def jump_hosts(session: AsyncSession, held: Iterable[Held]) -> dict[str | None, JumpHost]:
    """Return the machines by way of which those of these holds are reached, by name."""
    return await run_core(session, jump_hosts_in, held)


def jump_hosts_in(connection: Connection, held: Iterable[Held]) -> dict[str | None, JumpHost]:
    """As `jump_hosts`."""
    wanted = {machine.jump for _, machine in held if machine is not None and machine.jump}
    if not wanted:
        return {}
    found = connection.execute(select(machines).where(machines.c.name.in_(wanted)))
    return {row.name: JumpHost.of(row) for row in found}


async def reservations_of(
    session: AsyncSession,
    me: Principal,
    *,
    mine: bool,
    shared: bool,
    states: Sequence[State],
    offset: int,
    limit: int,
) -> list[Row[Any]]:
    """Return reservations, the newest first: the caller's own, with `shared` also those of others in which they have
    keys, or for administrators all."""
    conditions: list[ColumnElement[bool]] = []
    if mine or not me.is_admin:
        lent = await _shared_with(session, me) if shared else []
        conditions.append(or_(reservations.c.holder_uuid == me.uuid, reservations.c.id.in_(lent)))
    if states:
        conditions.append(reservations.c.state.in_(states))
    query = (
        select(reservations).where(*conditions).order_by(reservations.c.created_at.desc(), reservations.c.id)
    )
    return list(await session.execute(query.offset(offset).limit(limit)))


async def _shared_with(session: AsyncSession, me: Principal) -> list[str]:
    """Return the reservations of others that have keys of the caller's, of those that are not over."""
    access = type_coerce(reservations.c.access, Text)
    has_keys = access.contains(f'"{me.uuid}"', autoescape=True)
    going_on = reservations.c.state.in_((State.BOOKED, State.PREPARING, State.READY))
    query = select(reservations.c.id).where(going_on, reservations.c.holder_uuid != me.uuid, has_keys)
    return list(await session.scalars(query))


async def history(
    session: AsyncSession, machine_id: int, *, before: int | None, limit: int
) -> list[Row[Any]]:
    """Return who has had a machine, the latest first."""
    conditions: list[ColumnElement[bool]] = [holds.c.machine_id == machine_id]
    if before is not None:
        conditions.append(holds.c.id < before)
    return list(
        await session.execute(select(*_HELD).where(*conditions).order_by(holds.c.id.desc()).limit(limit))
    )
