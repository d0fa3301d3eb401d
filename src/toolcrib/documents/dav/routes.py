"""The routes of WebDAV."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from toolcrib.documents.dav.addresses import MOUNT
from toolcrib.kernel.deps import KernelDep

METHODS = (
    "OPTIONS",
    "GET",
    "HEAD",
    "PUT",
    "DELETE",
    "COPY",
    "MOVE",
    "MKCOL",
    "PROPFIND",
    "PROPPATCH",
    "LOCK",
    "UNLOCK",
)

router = APIRouter(include_in_schema=False)


@router.api_route(MOUNT, methods=list(METHODS))
@router.api_route(MOUNT + "/{path:path}", methods=list(METHODS))
async def serve(request: Request, kernel: KernelDep) -> Response:
    """Answer one WebDAV request."""
    from toolcrib.documents.dav import bridge  # noqa: PLC0415 - with WsgiDAV 3 MB, and many servers never get one

    return await bridge.serve(request, kernel)
