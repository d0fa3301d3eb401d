"""The contract's ways to see a desktop (desktops contract, sections 4 and 12)."""

from __future__ import annotations

from fastapi import APIRouter, Request

from toolcrib.desktops.service import as_contract
from toolcrib.desktops.viewing import connecting
from toolcrib.desktops.viewing.routes import TICKETS_PER_MINUTE
from toolcrib.kernel.claims.schemas import Text
from toolcrib.kernel.deps import KernelDep, PrincipalDep
from toolcrib.kernel.numbers import whole_number
from toolcrib.kernel.openapi import refusals
from toolcrib.kernel.schema import Schema
from toolcrib.kernel.site import Site

router = APIRouter(prefix="/connections", tags=["connections"])


class DirectConnection(Schema):
    auth_url: str
    # As it was asked for.
    connection_id: str
    connection_name: str


class GatewayDashboard(Schema):
    auth_url: str
    username: str


@router.get("/direct-connect/{connection_id}", responses=refusals(403, 404, 409, 429, 502, 504))
async def direct_connect(
    request: Request, connection_id: Text, kernel: KernelDep, me: PrincipalDep
) -> DirectConnection:
    """Return an address that shows a running desktop in the browser, once, and soon. Administrators look on."""
    await kernel.limiter.hit("desktop views", TICKETS_PER_MINUTE, me.uuid)
    async with kernel.database.read() as session:
        row = await as_contract.find_numbered(session, me, whole_number(connection_id))
    address = await connecting.to_desktop(kernel, me, row)
    return DirectConnection(
        auth_url=_whole(request, address), connection_id=connection_id, connection_name=row.name
    )


@router.get("/guacamole-dashboard", responses=refusals(429, 502, 504))
async def guacamole_dashboard(request: Request, kernel: KernelDep, me: PrincipalDep) -> GatewayDashboard:
    """Return an address that shows all running desktops of the caller."""
    await kernel.limiter.hit("desktop views", TICKETS_PER_MINUTE, me.uuid)
    address = await connecting.to_overview(kernel, me)
    return GatewayDashboard(auth_url=_whole(request, address), username=me.username)


def _whole(request: Request, address: str) -> str:
    site: Site = request.app.state.site
    return site.page_url(request.scope, address) if address.startswith("/") else address
