"""Storage volumes: the routes of the contract (sections 6 and 16)."""

from __future__ import annotations

from fastapi import APIRouter
from sqlalchemy import select

from toolcrib.desktops.desk import desk_of
from toolcrib.desktops.models import State, desktops
from toolcrib.desktops.schemas import (
    DesktopMessage,
    PvcConnection,
    PvcConnections,
    PvcMade,
    PvcShown,
    PvcsShown,
    Usernames,
    VolumeAccess,
    VolumeBody,
    number_of,
)
from toolcrib.desktops.service import as_contract, volumes
from toolcrib.kernel.claims.schemas import Text
from toolcrib.kernel.deps import AdminDep, KernelDep, NowDep, PrincipalDep, ReadSessionDep, SessionDep
from toolcrib.kernel.openapi import refusals

router = APIRouter(prefix="/storage-pvcs", tags=["storage volumes"])


@router.post("/create", status_code=201, responses=refusals(400, 403, 500))
async def create(body: VolumeBody, kernel: KernelDep, me: AdminDep, now: NowDep) -> PvcMade:
    """Make a volume."""
    made = await volumes.create(desk_of(kernel), body, me, now)
    async with kernel.database.read() as session:
        (shown,) = await volumes.shown(session, me, volume_id=made)
    return PvcMade(message="PVC created successfully", pvc=shown)


@router.get("/list")
async def list_volumes(kernel: KernelDep, me: PrincipalDep) -> PvcsShown:
    """List the volumes that the caller may use, by name, with what the platform says of them now."""
    await volumes.refresh(desk_of(kernel))
    async with kernel.database.read() as session:
        return PvcsShown(pvcs=await volumes.shown(session, me))


@router.get("/connections/{volume_id}", responses=refusals(403, 404))
async def connections(volume_id: Text, session: ReadSessionDep, me: AdminDep) -> PvcConnections:
    """List the desktops that have a volume."""
    row = await volumes.find(session, volume_id)
    query = select(desktops).where(desktops.c.volume_id == row.id, desktops.c.state != State.DELETING)
    rows = list(await session.execute(query.order_by(desktops.c.created_at.desc(), desktops.c.id.desc())))
    shown = await as_contract.connections(session, rows)
    kept = set(PvcConnection.model_fields)
    return PvcConnections(connections=[PvcConnection(**each.model_dump(include=kept)) for each in shown])


@router.get("/connection/{connection_id}", responses=refusals(403, 404))
async def of_connection(connection_id: Text, session: ReadSessionDep, me: PrincipalDep) -> PvcsShown:
    """List the volumes of a desktop, as older clients ask."""
    row = await as_contract.find_numbered(session, me, number_of(connection_id))
    found = await volumes.shown(session, me, volume_id=row.volume_id) if row.volume_id is not None else []
    return PvcsShown(pvcs=found)


@router.get("/{volume_id}", responses=refusals(403, 404))
async def read(volume_id: Text, kernel: KernelDep, me: AdminDep) -> PvcShown:
    """Show a volume, by its id or, as older clients ask, its name."""
    await volumes.refresh(desk_of(kernel))
    async with kernel.database.read() as session:
        row = await volumes.find(session, volume_id)
        (shown,) = await volumes.shown(session, me, volume_id=row.id)
    return PvcShown(pvc=shown)


@router.delete("/{volume_id}", responses=refusals(400, 403, 404, 500))
async def delete(volume_id: Text, kernel: KernelDep, me: AdminDep, now: NowDep) -> DesktopMessage:
    """Remove a volume that no desktop has, with all that is in it."""
    async with kernel.database.read() as session:
        row = await volumes.find(session, volume_id)
    await volumes.remove(desk_of(kernel), row, me, now)
    return DesktopMessage(message=f"PVC '{row.name}' deleted successfully")


@router.get("/{volume_id}/access", responses=refusals(403, 404))
async def access(volume_id: Text, session: ReadSessionDep, me: AdminDep) -> Usernames:
    """Say who may use a volume that is not public."""
    row = await volumes.find(session, volume_id)
    return Usernames(users=(await volumes.access_of(session, me, [row.id])).get(row.id, []))


@router.post("/{volume_id}/access", responses=refusals(400, 403, 404))
async def set_access(
    volume_id: Text, session: SessionDep, me: AdminDep, now: NowDep, body: VolumeAccess | None = None
) -> DesktopMessage:
    """Replace who may use a volume; a public one has no list."""
    body = body or VolumeAccess()
    row = await volumes.find(session, volume_id)
    await volumes.set_access(session, row, body.is_public, body.allowed_users or [], me, now)
    return DesktopMessage(message="PVC access updated successfully")
