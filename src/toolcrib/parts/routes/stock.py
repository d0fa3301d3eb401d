"""Machines, vendors and material of a project."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from fastapi import APIRouter, Response
from sqlalchemy import Table
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.kernel import long_answers
from toolcrib.kernel.context import Kernel
from toolcrib.kernel.deps import KernelDep, PrincipalDep, SessionDep
from toolcrib.kernel.identity.principal import Principal, Role
from toolcrib.kernel.identity.schemas import RowId
from toolcrib.kernel.long_answers import PAGE, Page
from toolcrib.kernel.openapi import refusals
from toolcrib.parts.models import part_materials, part_resources
from toolcrib.parts.routes.contract import answer
from toolcrib.parts.routes.shop import ProjectQuery
from toolcrib.parts.service import stock
from toolcrib.parts.service.scopes import scope_of
from toolcrib.parts.views import RemovedPart
from toolcrib.parts.workshop_views import (
    MaterialChange,
    MaterialRead,
    Materials,
    NewMaterial,
    NewResource,
    ResourceChange,
    ResourceRead,
    Resources,
)

router = APIRouter(prefix="/shop", tags=["parts"])

# Shows rows of a list.
Shown = Callable[[AsyncSession, Sequence[Any]], Awaitable[list[dict[str, Any]]]]
_RESOURCE = ("id", "kind", "name", "board", "note", "is_active")


def _resource(row: Any) -> dict[str, Any]:
    return {name: getattr(row, name) for name in _RESOURCE}


async def _resources(session: AsyncSession, rows: Sequence[Any]) -> list[dict[str, Any]]:
    del session
    return [_resource(row) for row in rows]


async def _list(
    kernel: Kernel, me: Principal, table: Table, name: str, shown: Shown, project: str | None
) -> Response:
    scope = scope_of(kernel, me, project, "viewer")

    async def read(me: Principal, after: str | None) -> Page[str]:
        me.require(scope, "viewer")
        async with kernel.database.read() as session:
            rows = await stock.things_of(session, table, scope, after=after, limit=PAGE)
            return await shown(session, rows), rows[-1].name if len(rows) == PAGE else None

    items = long_answers.items(kernel, me, read)
    return await long_answers.answer(long_answers.in_text(b'{"%b":[' % name.encode(), items, b"]}"))


@router.get("/resources", response_model=Resources)
async def list_resources(kernel: KernelDep, me: PrincipalDep, project: ProjectQuery = None) -> Response:
    """List the machines and vendors that steps may name."""
    return await _list(kernel, me, part_resources, "resources", _resources, project)


@router.post("/resources", status_code=201, response_model=ResourceRead, responses=refusals(403, 409))
async def add_resource(
    body: NewResource, session: SessionDep, kernel: KernelDep, me: PrincipalDep
) -> Response:
    """Add a machine or vendor: for admins of the project."""
    scope = scope_of(kernel, me, body.project, "admin")
    thing_id = await stock.add_thing(session, part_resources, scope, body.model_dump(exclude={"project"}))
    row = await stock.find_thing(session, part_resources, me, thing_id, "admin")
    return answer(_resource(row), 201)


@router.patch("/resources/{resource_id}", response_model=ResourceRead, responses=refusals(403, 409))
async def change_resource(
    resource_id: RowId, body: ResourceChange, session: SessionDep, me: PrincipalDep
) -> Response:
    row = await stock.find_thing(session, part_resources, me, resource_id, "admin")
    values = body.model_dump(exclude_unset=True)
    return answer(_resource(await stock.change_thing(session, part_resources, row, values)))


@router.delete("/resources/{resource_id}", responses=refusals(403, 409))
async def remove_resource(resource_id: RowId, session: SessionDep, me: PrincipalDep) -> RemovedPart:
    """Remove a machine or vendor that no step needs any more."""
    row = await stock.find_thing(session, part_resources, me, resource_id, "admin")
    await stock.remove_thing(session, part_resources, row)
    return RemovedPart(deleted=resource_id)


@router.get("/materials", response_model=Materials)
async def list_materials(kernel: KernelDep, me: PrincipalDep, project: ProjectQuery = None) -> Response:
    """List the material on hand, and how much of it parts have reserved."""
    return await _list(kernel, me, part_materials, "materials", _materials, project)


async def _materials(session: AsyncSession, rows: Sequence[Any]) -> list[dict[str, Any]]:
    reserved = await stock.reserved_of(session, [row.id for row in rows])
    return [
        {
            "id": row.id,
            "name": row.name,
            "unit": row.unit,
            "on_hand": row.on_hand,
            "reserved": reserved.get(row.id, 0),
            "free": row.on_hand - reserved.get(row.id, 0),
            "note": row.note,
        }
        for row in rows
    ]


@router.post("/materials", status_code=201, response_model=MaterialRead, responses=refusals(403, 409))
async def add_material(
    body: NewMaterial, session: SessionDep, kernel: KernelDep, me: PrincipalDep
) -> Response:
    """Add a material: for admins of the project."""
    scope = scope_of(kernel, me, body.project, "admin")
    thing_id = await stock.add_thing(session, part_materials, scope, body.model_dump(exclude={"project"}))
    row = await stock.find_thing(session, part_materials, me, thing_id, "admin")
    return answer((await _materials(session, [row]))[0], 201)


@router.patch("/materials/{material_id}", response_model=MaterialRead, responses=refusals(403, 409))
async def change_material(
    material_id: RowId, body: MaterialChange, session: SessionDep, me: PrincipalDep
) -> Response:
    """Change a material. Members count what is on hand; the rest is for admins of the project."""
    values = body.model_dump(exclude_unset=True)
    at_least: Role = "member" if values.keys() <= {"on_hand"} else "admin"
    row = await stock.find_thing(session, part_materials, me, material_id, at_least)
    changed = await stock.change_thing(session, part_materials, row, values)
    return answer((await _materials(session, [changed]))[0])


@router.delete("/materials/{material_id}", responses=refusals(403, 409))
async def remove_material(material_id: RowId, session: SessionDep, me: PrincipalDep) -> RemovedPart:
    """Remove a material that no part has reserved."""
    row = await stock.find_thing(session, part_materials, me, material_id, "admin")
    await stock.remove_thing(session, part_materials, row)
    return RemovedPart(deleted=material_id)
