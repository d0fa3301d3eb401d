"""Routes that signed URLs of the local store lead to. Signed URLs of an S3 store lead to S3 itself."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from toolcrib.kernel.blobs.problems import BlobMissing
from toolcrib.kernel.blobs.serving import serve
from toolcrib.kernel.blobs.signing import LinkInvalid, Signer
from toolcrib.kernel.blobs.store import UPLOADS
from toolcrib.kernel.deps import KernelDep, NowDep
from toolcrib.kernel.openapi import PUBLIC, refusals
from toolcrib.kernel.problems import Conflict

router = APIRouter(tags=["files"])


class AlreadyUploaded(Conflict):
    """A file was already sent to this address."""

    code = "already_uploaded"


@router.head("/files/{key:path}", response_class=Response, include_in_schema=False)
@router.get("/files/{key:path}", response_class=Response, responses=refusals(403), openapi_extra=PUBLIC)
async def download(key: str, request: Request, kernel: KernelDep, now: NowDep) -> Response:
    """Download the file that a signed address names."""
    signer = Signer(kernel.secrets, kernel.settings)
    allowed = signer.check(request.method, key, request.query_params, now=now)
    info = await kernel.blobs.head(key)
    etag = key.rpartition("/")[2]  # keys are never used again for other content
    return await serve(request, kernel.blobs, key, size=info.size, etag=etag, filename=allowed.filename)


@router.put(
    "/files/{key:path}",
    status_code=200,
    response_class=Response,
    responses=refusals(403),
    openapi_extra=PUBLIC,
)
async def upload(key: str, request: Request, kernel: KernelDep, now: NowDep) -> Response:
    """Upload a file to a signed address, once. A separate request then confirms what the file is for."""
    signer = Signer(kernel.secrets, kernel.settings)
    allowed = signer.check("PUT", key, request.query_params, now=now)
    if not key.startswith(f"{UPLOADS}/") or allowed.max_bytes is None:
        raise LinkInvalid("This address is not valid: ask for a new one.")
    try:
        await kernel.blobs.head(key)
    except BlobMissing:
        pass
    else:
        raise AlreadyUploaded("A file was sent to this address before.")
    length = request.headers.get("content-length", "")
    stored = await kernel.blobs.put(
        request.stream(),
        key=key,
        max_bytes=allowed.max_bytes,
        expected_size=int(length) if length.isdigit() else None,
    )
    return Response(status_code=200, headers={"ETag": f'"{stored.sha256}"'})
