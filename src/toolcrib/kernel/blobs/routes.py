"""Routes that signed URLs of the local store lead to. Signed URLs of an S3 store lead to S3 itself."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter, Request, Response

from toolcrib.kernel.blobs import accounts
from toolcrib.kernel.blobs.naming import forgetting_refused
from toolcrib.kernel.blobs.problems import BlobMissing
from toolcrib.kernel.blobs.serving import serve
from toolcrib.kernel.blobs.signing import Allowed, LinkEnded, LinkInvalid, LinkUse, Signer
from toolcrib.kernel.blobs.store import UPLOADS
from toolcrib.kernel.context import Kernel
from toolcrib.kernel.deps import KernelDep, NowDep
from toolcrib.kernel.forwarding import client_address
from toolcrib.kernel.numbers import size_number
from toolcrib.kernel.openapi import PUBLIC, refusals
from toolcrib.kernel.problems import Conflict

router = APIRouter(tags=["files"])


class AlreadyUploaded(Conflict):
    """A file was already sent to this address."""

    code = "already_uploaded"


async def _allowed(method: str, key: str, request: Request, kernel: Kernel, now: datetime) -> Allowed:
    """Return what the address allows, once its kind has confirmed that the person it was given to may still use it.

    Raises:
        LinkInvalid, LinkExpired, LinkEnded: (403).
    """
    allowed = Signer(kernel.secrets, kernel.settings).check(method, key, request.query_params, now=now)
    check = kernel.link_checks.get(allowed.bound.kind)
    if check is None:  # its package is not installed any more
        raise LinkEnded
    address, program = client_address(request), request.headers.get("user-agent")
    await check(kernel, LinkUse(method, key, allowed.bound, address, program))
    return allowed


@router.head("/files/{key:path}", response_class=Response, include_in_schema=False)
@router.get("/files/{key:path}", response_class=Response, responses=refusals(403), openapi_extra=PUBLIC)
async def download(key: str, request: Request, kernel: KernelDep, now: NowDep) -> Response:
    """Download the file that a signed address names."""
    allowed = await _allowed("GET", key, request, kernel, now)
    info = await kernel.blobs.head(key)
    etag = key.rpartition("/")[2]  # keys are never used again for other content
    return await serve(
        request,
        kernel.blobs,
        key,
        size=info.size,
        etag=etag,
        filename=allowed.filename,
        modified=info.modified_at,
    )


@router.put(
    "/files/{key:path}",
    status_code=200,
    response_class=Response,
    responses=refusals(403),
    openapi_extra=PUBLIC,
)
async def upload(key: str, request: Request, kernel: KernelDep, now: NowDep) -> Response:
    """Upload a file to a signed address, once. A separate request then confirms what the file is for."""
    allowed = await _allowed("PUT", key, request, kernel, now)
    if not key.startswith(f"{UPLOADS}/") or allowed.max_bytes is None:
        raise LinkInvalid("This address is not valid: ask for a new one.")
    try:
        await kernel.blobs.head(key)
    except BlobMissing:
        pass
    else:
        raise AlreadyUploaded("A file was sent to this address before.")
    async with forgetting_refused(kernel.blobs) as new:
        stored = await kernel.blobs.put(
            request.stream(),
            key=key,
            max_bytes=allowed.max_bytes,
            expected_size=size_number(request.headers.get("content-length", "")),
        )
        new.append(stored)
        # Meanwhile another body may have been sent and used, or the person's rights may have ended.
        await _allowed("PUT", key, request, kernel, now)
        async with kernel.database.write() as session:  # it counts from now on, whatever was announced
            await accounts.raise_reservation(session, key, stored.size)
    return Response(status_code=200, headers={"ETag": f'"{stored.sha256}"'})
