"""Routes that signed URLs of the local store lead to. Signed URLs of an S3 store lead to S3 itself."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from hashlib import sha256

from fastapi import APIRouter, Request, Response

from toolcrib.kernel.blobs import accounts
from toolcrib.kernel.blobs.announced import Announced
from toolcrib.kernel.blobs.naming import forget, forgetting_refused
from toolcrib.kernel.blobs.problems import BlobExists, BlobMissing, BlobTooLarge
from toolcrib.kernel.blobs.serving import serve
from toolcrib.kernel.blobs.signing import Allowed, LinkEnded, LinkInvalid, LinkUse, Signer
from toolcrib.kernel.blobs.store import UPLOADS
from toolcrib.kernel.context import Kernel
from toolcrib.kernel.deps import KernelDep, NowDep
from toolcrib.kernel.forwarding import client_address
from toolcrib.kernel.numbers import size_number
from toolcrib.kernel.openapi import PUBLIC, refusals
from toolcrib.kernel.problems import Conflict
from toolcrib.kernel.warning_header import warn_in

router = APIRouter(tags=["files"])


class AlreadyUploaded(Conflict):
    """A file was already sent to this address."""

    code = "already_uploaded"


async def _allowed(
    method: str, key: str, request: Request, kernel: Kernel, now: datetime
) -> tuple[Allowed, str | None]:
    """Return what the address allows, once its kind has confirmed that the person it was given to may still use it, and
    the SHA-256 of what it brought if it was used already.

    Raises:
        LinkInvalid, LinkExpired, LinkEnded: (403).
    """
    allowed = Signer(kernel.secrets, kernel.settings).check(method, key, request.query_params, now=now)
    check = kernel.link_checks.get(allowed.bound.kind)
    if check is None:  # its package is not installed any more
        raise LinkEnded
    return allowed, await check(kernel, LinkUse(method, key, allowed.bound, *_asker(request)))


def _asker(request: Request) -> tuple[str, str | None]:
    """Return the address and the program of whoever asks."""
    return client_address(request), request.headers.get("user-agent")


@router.head("/files/{key:path}", response_class=Response, include_in_schema=False)
@router.get("/files/{key:path}", response_class=Response, responses=refusals(403), openapi_extra=PUBLIC)
async def download(key: str, request: Request, kernel: KernelDep, now: NowDep) -> Response:
    """Download the file that a signed address names."""
    allowed, _ = await _allowed("GET", key, request, kernel, now)
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
    responses=refusals(403, 409, 429, 507),
    openapi_extra=PUBLIC,
)
async def upload(key: str, request: Request, kernel: KernelDep, now: NowDep) -> Response:
    """Upload a file to a signed address, once. A separate request then confirms what the file is for. The same content
    may be sent again, by a client that has lost the answer."""
    allowed, used = await _allowed("PUT", key, request, kernel, now)
    announced = Announced(request.headers)
    if not key.startswith(f"{UPLOADS}/") or allowed.max_bytes is None:
        raise LinkInvalid("This address is not valid: ask for a new one.")
    with kernel.arriving.one_of(allowed.bound.person):
        body = announced.checked(request.stream())
        if used is not None:
            if await _received(body, allowed.max_bytes) != used:
                raise LinkEnded
            return _taken(used)
        return await _receive(key, request, body, kernel, max_bytes=allowed.max_bytes, now=now)


async def _receive(
    key: str, request: Request, body: AsyncIterator[bytes], kernel: Kernel, *, max_bytes: int, now: datetime
) -> Response:
    try:
        await kernel.blobs.head(key)
    except BlobMissing:
        pass
    else:
        sent = await _received(body, max_bytes)
        return await _after_another(key, sent, request, kernel, max_bytes=max_bytes, now=now)
    async with forgetting_refused(kernel.blobs) as new:
        try:
            stored = await kernel.blobs.put(
                body,
                key=key,
                max_bytes=max_bytes,
                expected_size=size_number(request.headers.get("content-length", "")),
                only_new=True,
            )
        except BlobExists as other:  # sent at the same moment
            return await _after_another(key, other.sha256, request, kernel, max_bytes=max_bytes, now=now)
        new.append(stored)
        # Meanwhile another body may have been sent and used, or the person's rights may have ended.
        allowed, used = await _allowed("PUT", key, request, kernel, now)
        if used is not None:
            if used != stored.sha256:
                raise LinkEnded
            await forget(kernel.blobs, new)
        else:
            async with kernel.database.write() as session:  # it counts from now on, whatever was announced
                await accounts.raise_reservation(session, key, stored.size)
    answer = _taken(stored.sha256)
    if used is None and (tell := kernel.links_used.get(allowed.bound.kind)) is not None:
        warn_in(answer, await tell(kernel, LinkUse("PUT", key, allowed.bound, *_asker(request))))
    return answer


async def _after_another(
    key: str, sent: str, request: Request, kernel: Kernel, *, max_bytes: int, now: datetime
) -> Response:
    """Answer to content with the SHA-256 `sent`, where there is content already.

    Raises:
        AlreadyUploaded: it is other content (409).
        LinkEnded: it is other content, which has been used meanwhile (403).
    """
    try:
        there = await _received(await kernel.blobs.read(key), max_bytes)
    except BlobMissing:
        _, used = await _allowed("PUT", key, request, kernel, now)
        if used != sent:
            raise LinkEnded from None
    else:
        if there != sent:
            raise AlreadyUploaded("Another file was sent to this address before.")
    return _taken(sent)


def _taken(content: str) -> Response:
    return Response(status_code=200, headers={"ETag": f'"{content}"'})


async def _received(body: AsyncIterator[bytes], max_bytes: int) -> str:
    """Return the SHA-256 of `body`, which is not kept.

    Raises:
        BlobTooLarge: (413).
    """
    digest, size = sha256(), 0
    async for piece in body:
        size += len(piece)
        if size > max_bytes:
            raise BlobTooLarge(max_bytes)
        digest.update(piece)
    return digest.hexdigest()
