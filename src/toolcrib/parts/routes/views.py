"""Pictures of models that browsers have drawn (parts contract, section 7)."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response
from sqlalchemy import Row

from toolcrib.kernel.blobs import accounts, registry
from toolcrib.kernel.blobs.naming import naming
from toolcrib.kernel.blobs.serving import serve
from toolcrib.kernel.blobs.store import Stored
from toolcrib.kernel.context import Kernel
from toolcrib.kernel.deps import KernelDep, NowDep, PrincipalDep, ReadSessionDep
from toolcrib.kernel.identity.principal import Principal
from toolcrib.kernel.openapi import refusals
from toolcrib.parts.caller import CallerDep, WriterDep
from toolcrib.parts.conversion.views import COUNT, MAX_BYTES, find_views, keep_views
from toolcrib.parts.errors import refusal
from toolcrib.parts.model_schemas import ViewsKept, ViewsRead
from toolcrib.parts.routes.contract import answer
from toolcrib.parts.routes.files import BYTES
from toolcrib.parts.service.files import current_file, tenant_of
from toolcrib.parts.service.lookup import get_part, shop_part
from toolcrib.parts.uploads import blocks
from toolcrib.parts.views_form import views_of_form

router = APIRouter(tags=["parts"])

NOT_FOUND = "View image not found"
# The views of a part without a file.
NO_FILE = 0
_FORM: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "properties": {
                        f"view_{number}": {"type": "string", "format": "binary"} for number in range(COUNT)
                    },
                }
            }
        },
    }
}


async def _file_id(session: Any, part_id: int) -> int:
    file = await current_file(session, part_id)
    return file.id if file is not None else NO_FILE


async def _manifest(session: Any, part_id: int) -> dict[str, Any] | None:
    found = await find_views(session, part_id, await _file_id(session, part_id))
    if not found:
        return None
    files = {
        str(position): {"filename": f"view_{position}.png", "timestamp": found[position].at.isoformat()}
        for position in sorted(found)
    }
    return {"files": files, "updated_at": max(row.at for row in found.values()).isoformat()}


async def _keep(request: Request, kernel: Kernel, me: Principal, part: Row[Any], now: Any) -> Response:
    tenant, account = tenant_of(part.scope), accounts.payer(part.scope, me)
    async with views_of_form(request) as files, naming(kernel.database, kernel.blobs) as new:
        kept: dict[int, Stored] = {}
        for position, file in files.items():
            kept[position] = await kernel.blobs.put(blocks(file), max_bytes=MAX_BYTES)
            new.append(kept[position])
            await registry.notice_loss(kernel.database, kernel.blobs, tenant, kept[position], now=now)
        async with kernel.database.write() as session:
            await get_part(session, part.scope, part.id, lock=True)  # still there
            file_id = await _file_id(session, part.id)
            await keep_views(session, part.id, file_id, kept, tenant=tenant, account=account, now=now)
            manifest = await _manifest(session, part.id)
    return answer({"success": True, "views": manifest})


async def _show(request: Request, kernel: Kernel, session: Any, part_id: int, position: int) -> Response:
    found = (await find_views(session, part_id, await _file_id(session, part_id))).get(position)
    if found is None:
        raise refusal(404, "view_not_found", NOT_FOUND)
    response = await serve(
        request,
        kernel.blobs,
        found.key,
        size=found.size,
        etag=found.sha256,
        media_type="image/png",
        filename=f"view_{position}.png",
        inline=True,
        modified=found.at,
        is_alone_in_second=False,
    )
    response.headers["Cache-Control"] = "private, no-cache"
    return response


@router.get("/parts/{part_id:row}/views", response_model=ViewsRead)
async def read_views(part_id: int, session: ReadSessionDep, caller: CallerDep) -> Response:
    """Say which views of the part's file there are."""
    await get_part(session, caller.scope, part_id)
    return answer({"views": await _manifest(session, part_id)})


@router.post(
    "/parts/{part_id:row}/views", response_model=ViewsKept, openapi_extra=_FORM, responses=refusals(413, 507)
)
async def store_views(
    part_id: int, request: Request, kernel: KernelDep, caller: WriterDep, now: NowDep
) -> Response:
    """Keep views of the part's file, beside those that are there."""
    async with kernel.database.read() as session:
        part = await get_part(session, caller.scope, part_id)
    return await _keep(request, kernel, caller.me, part, now)


@router.get(
    "/parts/{part_id:row}/views/{position:row}", response_class=Response, responses=BYTES | refusals(404)
)
async def read_view(
    part_id: int,
    position: int,
    request: Request,
    kernel: KernelDep,
    session: ReadSessionDep,
    caller: CallerDep,
) -> Response:
    """Return one view."""
    await get_part(session, caller.scope, part_id)
    return await _show(request, kernel, session, part_id, position)


@router.get("/shop/parts/{part_id}/views", response_model=ViewsRead, responses=refusals(404))
async def read_shop_views(part_id: int, session: ReadSessionDep, me: PrincipalDep) -> Response:
    """Say which views of the part's file there are."""
    await shop_part(session, me, part_id)
    return answer({"views": await _manifest(session, part_id)})


@router.post(
    "/shop/parts/{part_id}/views",
    response_model=ViewsKept,
    openapi_extra=_FORM,
    responses=refusals(404, 413, 507),
)
async def store_shop_views(
    part_id: int, request: Request, kernel: KernelDep, me: PrincipalDep, now: NowDep
) -> Response:
    """Keep views of the part's file, beside those that are there."""
    async with kernel.database.read() as session:
        part = await shop_part(session, me, part_id, "member")
    return await _keep(request, kernel, me, part, now)


@router.get(
    "/shop/parts/{part_id}/views/{position}",
    response_class=Response,
    responses=BYTES | refusals(404),
)
async def read_shop_view(
    part_id: int,
    position: int,
    request: Request,
    kernel: KernelDep,
    session: ReadSessionDep,
    me: PrincipalDep,
) -> Response:
    """Return one view."""
    await shop_part(session, me, part_id)
    return await _show(request, kernel, session, part_id, position)
