"""Files of a desktop's home."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import StreamingResponse

from toolcrib.desktops.desk import desk_of
from toolcrib.desktops.service import files
from toolcrib.desktops.service.finding import find
from toolcrib.desktops.views import DesktopFile, DesktopFiles, DesktopFileSent, HomePath
from toolcrib.kernel.blobs.serving import disposition
from toolcrib.kernel.claims.schemas import Text
from toolcrib.kernel.deps import KernelDep, NowDep, PrincipalDep
from toolcrib.kernel.openapi import refusals
from toolcrib.kernel.progress import made_progress, transfer

router = APIRouter(prefix="/desktops", tags=["desktops"])

Name = Annotated[Text, Path(max_length=53)]
# How much arrives is counted as it does.
LIMIT = ("PUT", re.compile(r"/api/desktops/[^/]+/files/content"), None)


@router.get("/{name}/files", responses=refusals(400, 403, 404, 409, 503))
async def list_files(
    name: Name, kernel: KernelDep, me: PrincipalDep, path: Annotated[HomePath, Query()] = ""
) -> DesktopFiles:
    """List a folder of the home."""
    files.check_path(path, may_be_home=True)
    async with kernel.database.read() as session:
        await files.check_allowed(session, await find(session, me, name, for_guests=True))
    found = await files.list_folder(desk_of(kernel), name, path)
    shown = [
        DesktopFile(name=each.name, is_folder=each.is_folder, size=each.size, changed_at=each.changed_at)
        for each in sorted(found, key=lambda each: (not each.is_folder, each.name))
    ]
    return DesktopFiles(files=shown)


@router.get(
    "/{name}/files/content",
    response_class=StreamingResponse,
    responses=refusals(400, 403, 404, 409, 503),
)
async def fetch(
    name: Name, kernel: KernelDep, me: PrincipalDep, now: NowDep, path: Annotated[HomePath, Query()]
) -> StreamingResponse:
    """Fetch a file of the home."""
    files.check_path(path)
    async with kernel.database.read() as session:
        row = await files.check_allowed(session, await find(session, me, name, for_guests=True))
    content = await files.fetch(desk_of(kernel), row, path, me, now)
    headers = {
        "Content-Disposition": disposition(path.rpartition("/")[2]),
        "Cache-Control": "no-store",
        "Content-Security-Policy": "sandbox",
    }
    return StreamingResponse(content, media_type="application/octet-stream", headers=headers)


@router.put(
    "/{name}/files/content",
    responses=refusals(400, 403, 404, 409, 413, 503),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
        }
    },
)
async def send(
    name: Name,
    request: Request,
    kernel: KernelDep,
    me: PrincipalDep,
    now: NowDep,
    path: Annotated[HomePath, Query()],
) -> DesktopFileSent:
    """Send a file to the home: it is written whole or not at all."""
    files.check_path(path)
    async with kernel.database.read() as session:
        row = await files.check_allowed(session, await find(session, me, name, for_guests=True))

    async def content() -> AsyncIterator[bytes]:
        async for piece in request.stream():
            made_progress()
            yield piece

    with transfer():
        size = await files.send(desk_of(kernel), row, path, content(), me, now)
    return DesktopFileSent(size=size)
