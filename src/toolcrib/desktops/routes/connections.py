"""Connections: the routes of the contract (section 4)."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from sqlalchemy import select

from toolcrib.desktops.desk import desk_of
from toolcrib.desktops.errors import DesktopNotFound, MissingField, VolumeDenied, VolumeNotFound
from toolcrib.desktops.models import volumes
from toolcrib.desktops.routes.limited import LIMITED
from toolcrib.desktops.schemas import (
    AttachPvc,
    ConnectionChanged,
    ConnectionName,
    ConnectionShown,
    ConnectionsShown,
    ConnectionStatus,
    DesktopMessage,
    OneConnection,
    Resumed,
    ResumedShown,
    ScaledUp,
    ScaleUp,
)
from toolcrib.desktops.service import as_contract, attaching
from toolcrib.desktops.service.creating import Wish
from toolcrib.desktops.service.people import usable_volume
from toolcrib.desktops.service.reading import rows_of
from toolcrib.kernel.claims.schemas import Text
from toolcrib.kernel.deps import KernelDep, NowDep, PrincipalDep, ReadSessionDep, RequesterDep
from toolcrib.kernel.openapi import refusals

router = APIRouter(prefix="/connections", tags=["connections"])


def _name(body: ConnectionName | None) -> str:
    if body is None or not body.name:
        raise MissingField("name")
    return body.name


@router.post(
    "/scaleup",
    dependencies=[LIMITED],
    response_model_exclude_unset=True,
    responses=refusals(400, 403, 404, 409, 500),
)
async def scale_up(
    kernel: KernelDep, me: PrincipalDep, by: RequesterDep, now: NowDep, body: ScaleUp | None = None
) -> ScaledUp:
    """Start a new desktop. The answer comes when it can be used, or is `provisioning` when that takes longer;
    `queue_position` where it waits for room."""
    body = body or ScaleUp()
    wish = Wish(
        name=_name(body),
        configuration_id=body.desktop_configuration_id,
        persistent_home=body.persistent_home,
        volume=body.external_pvc,
    )
    begun = await as_contract.scale_up(desk_of(kernel), me, by, wish, now=now)
    row = begun.row
    return ScaledUp(
        id=row.id,
        name=row.name,
        created_by=me.username,
        is_stopped=as_contract.is_stopped(row),
        persistent_home=row.persistent_home,
        desktop_configuration_id=row.configuration_id,
        status=begun.status,
        external_pvc=body.external_pvc or None,
        **({"queue_position": begun.position} if begun.position is not None else {}),
    )


@router.post("/scaledown", dependencies=[LIMITED], responses=refusals(400, 403, 404))
async def scale_down(
    kernel: KernelDep, me: PrincipalDep, by: RequesterDep, now: NowDep, body: ConnectionName | None = None
) -> DesktopMessage:
    """Stop a desktop; one without a persistent home is deleted, if its own person says so."""
    async with kernel.database.read() as session:
        row = await as_contract.find(session, me, _name(body), "delete", DesktopNotFound.named)
    return DesktopMessage(message=await as_contract.scale_down(desk_of(kernel), me, by, row, now=now))


@router.post(
    "/resume",
    dependencies=[LIMITED],
    response_model_exclude_unset=True,
    responses=refusals(400, 403, 404, 409, 500),
)
async def resume(
    kernel: KernelDep, me: PrincipalDep, by: RequesterDep, now: NowDep, body: ConnectionName | None = None
) -> ResumedShown:
    """Start a stopped desktop again, with its home, its volume and the present values of its configuration."""
    async with kernel.database.read() as session:
        row = await as_contract.find(session, me, _name(body), "resume", DesktopNotFound.stopped)
        shown = await as_contract.one_connection(session, row)
    begun = await as_contract.resume(desk_of(kernel), me, by, row, now=now)
    return ResumedShown(
        message=f"Connection {row.name} resumed successfully",
        connection=Resumed(
            id=row.id,
            name=row.name,
            created_at=shown.created_at,
            created_by=shown.created_by,
            status=begun.status,
            persistent_home=row.persistent_home,
            **({"queue_position": begun.position} if begun.position is not None else {}),
        ),
    )


@router.post("/permanent-delete", dependencies=[LIMITED], responses=refusals(400, 403, 404, 500))
async def permanent_delete(
    kernel: KernelDep, me: PrincipalDep, _by: RequesterDep, now: NowDep, body: ConnectionName | None = None
) -> DesktopMessage:
    """Delete a stopped desktop, with its home."""
    async with kernel.database.read() as session:
        row = await as_contract.find(session, me, _name(body), "delete", DesktopNotFound.named)
    return DesktopMessage(message=await as_contract.delete(desk_of(kernel), me, row, now=now))


@router.get("/list")
async def list_connections(
    session: ReadSessionDep,
    me: PrincipalDep,
    created_by: Annotated[Text | None, Query(max_length=255)] = None,
) -> ConnectionsShown:
    """List the caller's desktops, the newest first: administrators everybody's, or those that one person has."""
    rows = await rows_of(session, me, everyone=True, holder=created_by or None)
    own = [row for row in rows if me.is_admin or row.holder_uuid == me.uuid]
    return ConnectionsShown(connections=await as_contract.connections(session, own))


@router.post("/attach-pvc", dependencies=[LIMITED], responses=refusals(400, 403, 404, 409))
async def attach_pvc(
    kernel: KernelDep, me: PrincipalDep, by: RequesterDep, now: NowDep, body: AttachPvc | None = None
) -> ConnectionChanged:
    """Give a desktop a volume, in place of the one that it has. If it runs, it is stopped and started again."""
    body = body or AttachPvc()
    if body.connection_id is None or body.pvc_id is None:
        raise MissingField("connection_id", "pvc_id")
    return await _change(kernel, me, by, now, body.connection_id, body.pvc_id)


@router.post("/detach-pvc", dependencies=[LIMITED], responses=refusals(400, 403, 404, 409))
async def detach_pvc(
    kernel: KernelDep, me: PrincipalDep, by: RequesterDep, now: NowDep, body: AttachPvc | None = None
) -> ConnectionChanged:
    """Take its volume from a desktop. If it runs, it is stopped and started again."""
    body = body or AttachPvc()
    if body.connection_id is None:
        raise MissingField("connection_id")
    return await _change(kernel, me, by, now, body.connection_id, None)


async def _change(
    kernel: KernelDep,
    me: PrincipalDep,
    by: RequesterDep,
    now: NowDep,
    connection_id: int,
    volume_id: int | None,
) -> ConnectionChanged:
    async with kernel.database.write() as session:
        row = await as_contract.find_numbered(session, me, connection_id)
        if volume_id is not None:
            known = select(volumes.c.id).where(volumes.c.id == volume_id, ~volumes.c.is_going)
            if (await session.execute(known)).first() is None:
                raise VolumeNotFound.numbered(volume_id)
            if await usable_volume(session, me, volume_id) is None:
                raise VolumeDenied.attaching()
        await attaching.set_volume(session, kernel, row, volume_id, me, by, now=now)
    row = await as_contract.wait_for_change(desk_of(kernel), row)
    async with kernel.database.read() as session:
        shown = await as_contract.one_connection(session, row)
    what = "attached to" if volume_id is not None else "detached from"
    return ConnectionChanged(message=f"PVC {what} connection {row.name}", connection=shown)


@router.get("/{name}", responses=refusals(403, 404))
async def read(name: Text, session: ReadSessionDep, me: PrincipalDep) -> ConnectionShown:
    row = await as_contract.find(session, me, name, "access", lambda _name: DesktopNotFound())
    shown = await as_contract.one_connection(session, row)
    return ConnectionShown(connection=OneConnection(**shown.model_dump()))


@router.get("/{name}/status", responses=refusals(403, 404))
async def status(name: Text, session: ReadSessionDep, me: PrincipalDep) -> ConnectionStatus:
    row = await as_contract.find(session, me, name, "access", lambda _name: DesktopNotFound())
    return ConnectionStatus(connection_name=row.name, status=as_contract.status_of(row))
