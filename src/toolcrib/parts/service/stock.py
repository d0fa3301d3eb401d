"""Machines and vendors that steps name, and material on hand that parts reserve."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Row, Table, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.kernel.database import take_write_lock
from toolcrib.kernel.identity.principal import Principal, Role
from toolcrib.kernel.problems import NotFound
from toolcrib.parts.errors import InUse, NameTaken, NotEnoughMaterial, UnknownThing
from toolcrib.parts.models import (
    StepState,
    part_materials,
    part_reservations,
    part_resources,
    part_steps,
)
from toolcrib.parts.service.writing import add


async def things_of(
    session: AsyncSession, table: Table, scope: str, *, after: str | None, limit: int
) -> Sequence[Row[Any]]:
    """Return the resources or materials of a project whose names come after this one, by name, at most `limit`."""
    query = select(table).where(table.c.scope == scope).order_by(table.c.name).limit(limit)
    if after is not None:
        query = query.where(table.c.name > after)
    return (await session.execute(query)).all()


async def find_thing(
    session: AsyncSession, table: Table, me: Principal, thing_id: int, at_least: Role
) -> Row[Any]:
    """Return a resource or material, with the lock, if the caller has this role in its project.

    Raises:
        NotFound: (404).
        AccessDenied: (403).
    """
    await take_write_lock(session)
    row = (await session.execute(select(table).where(table.c.id == thing_id))).first()
    if row is None or not me.may(row.scope):
        what = "material" if table is part_materials else "resource"
        raise NotFound(f"There is no {what} {thing_id}.")
    me.require(row.scope, at_least)
    return row


async def add_thing(session: AsyncSession, table: Table, scope: str, values: Mapping[str, Any]) -> int:
    """Add a resource or material.

    Raises:
        NameTaken: (409).
    """
    await take_write_lock(session)
    await _refuse_name(session, table, scope, values["name"], None)
    return await add(session, table, {**values, "scope": scope})


async def change_thing(
    session: AsyncSession, table: Table, row: Row[Any], values: Mapping[str, Any]
) -> Row[Any]:
    """Change a resource or material.

    Raises:
        NameTaken, NotEnoughMaterial: (409).
    """
    if "name" in values:
        await _refuse_name(session, table, row.scope, values["name"], row.id)
    if "on_hand" in values:
        reserved = (await reserved_of(session, [row.id])).get(row.id, 0)
        if values["on_hand"] < reserved:
            details = {"material": row.name, "on_hand": row.on_hand, "reserved": reserved}
            raise NotEnoughMaterial(f"Parts have reserved {reserved} of {row.name}.", details)
    if values:
        await session.execute(update(table).where(table.c.id == row.id).values(**values))
    return (await session.execute(select(table).where(table.c.id == row.id))).one()


async def remove_thing(session: AsyncSession, table: Table, row: Row[Any]) -> None:
    """Remove a resource or material that nothing needs any more.

    Raises:
        InUse: (409).
    """
    if table is part_resources:
        used = select(part_steps.c.id).where(
            part_steps.c.resource_id == row.id, part_steps.c.state != StepState.DONE
        )
    else:
        used = select(part_reservations.c.part_id).where(
            part_reservations.c.material_id == row.id, part_reservations.c.is_used.is_(False)
        )
    if (await session.execute(used.limit(1))).first() is not None:
        raise InUse(f"{row.name} is still needed by a part.")
    if table is part_materials:
        gone = delete(part_reservations).where(part_reservations.c.material_id == row.id)
        await session.execute(gone)
    await session.execute(delete(table).where(table.c.id == row.id))


async def _refuse_name(session: AsyncSession, table: Table, scope: str, name: str, but: int | None) -> None:
    found = await session.scalar(select(table.c.id).where(table.c.scope == scope, table.c.name == name))
    if found is not None and found != but:
        raise NameTaken(f"There is {name} already.")


async def reserved_of(session: AsyncSession, ids: Sequence[int]) -> dict[int, int]:
    """Return how much of these materials parts have reserved."""
    query = (
        select(part_reservations.c.material_id, func.sum(part_reservations.c.quantity))
        .where(part_reservations.c.material_id.in_(ids), part_reservations.c.is_used.is_(False))
        .group_by(part_reservations.c.material_id)
    )
    return {row[0]: int(row[1]) for row in await session.execute(query)}


async def reserve(session: AsyncSession, row: Any, wanted: Mapping[int, int]) -> None:
    """Have a part need these quantities of these materials, and nothing else; what it used stays used. Call with the
    write lock held.

    Raises:
        UnknownThing: the project has no such material (400).
        NotEnoughMaterial: (409).
    """
    mine = part_reservations.c.part_id == row.id
    await session.execute(delete(part_reservations).where(mine, part_reservations.c.is_used.is_(False)))
    used = set(await session.scalars(select(part_reservations.c.material_id).where(mine)))
    query = select(part_materials).where(
        part_materials.c.id.in_(list(wanted)), part_materials.c.scope == row.scope
    )
    materials = {material.id: material for material in await session.execute(query)}
    reserved = await reserved_of(session, list(wanted))
    for material_id, quantity in wanted.items():
        material = materials.get(material_id)
        if material is None:
            raise UnknownThing("This project has no such material.")
        if material_id in used:
            continue
        free = material.on_hand - reserved.get(material_id, 0)
        if quantity > free:
            raise _short(material, free, material.on_hand, quantity)
        line = {"part_id": row.id, "material_id": material_id, "quantity": quantity, "is_used": False}
        await session.execute(insert(part_reservations).values(**line))


async def use_up(session: AsyncSession, row: Any) -> None:
    """Take what a finished part had reserved from what is on hand."""
    mine = (part_reservations.c.part_id == row.id, part_reservations.c.is_used.is_(False))
    for line in (await session.execute(select(part_reservations).where(*mine))).all():
        taken = update(part_materials).where(part_materials.c.id == line.material_id)
        await session.execute(taken.values(on_hand=part_materials.c.on_hand - line.quantity))
    await session.execute(update(part_reservations).where(*mine).values(is_used=True))


def _short(material: Any, free: int, on_hand: int, wanted: int) -> NotEnoughMaterial:
    details = {"material": material.name, "on_hand": on_hand, "free": free, "wanted": wanted}
    return NotEnoughMaterial(f"There is not enough {material.name}: {free} of {wanted}.", details)
