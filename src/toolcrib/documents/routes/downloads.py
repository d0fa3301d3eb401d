"""Routes of downloads (document contract, sections 7 and 8)."""

from __future__ import annotations

from typing import Any

from fastapi import Request, Response

from toolcrib.documents import answers, schemas
from toolcrib.documents.paths import as_uuid
from toolcrib.documents.responses import bare
from toolcrib.documents.routes.common import (
    BOOLEAN,
    INTEGER,
    PLACE,
    CallerDep,
    DocumentsDep,
    checked,
    flag,
    json_body,
    new_router,
    query_of,
    query_params,
    where,
)
from toolcrib.documents.routes.uploads import signed
from toolcrib.documents.service import downloads
from toolcrib.documents.service.downloads import Opened
from toolcrib.documents.service.lookup import Documents
from toolcrib.kernel.blobs.serving import serve
from toolcrib.kernel.deps import NowDep
from toolcrib.kernel.http_conditions import is_date
from toolcrib.kernel.openapi import body_of, refusals

router = new_router()

# Media types that a browser may show on our origin: it runs no script in any of them.
_SHOWN = frozenset(
    {
        "application/pdf",
        "image/png",
        "image/jpeg",
        "image/gif",
        "image/webp",
        "image/avif",
        "image/bmp",
        "text/plain",
    }
)
# For anything that is opened in spite of that: no script, no form, no origin.
_SANDBOX = "sandbox; default-src 'none'; img-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'self'"
# Browsers do not show PDF in a sandbox, so only framing by other sites is forbidden.
_PDF = "frame-ancestors 'self'"


@router.get(
    "/download/proxy",
    response_class=Response,
    openapi_extra=query_params(*PLACE, "version_id", inline=BOOLEAN),
    responses=refusals(403, 404, 412, 416),
)
@router.head("/download/proxy", response_class=Response, include_in_schema=False)
async def proxy(request: Request, docs: DocumentsDep, caller: CallerDep, now: NowDep) -> Response:
    """Download a file's current version, or `version_id`. `inline` shows images, PDF and plain text; it is ignored for
    types in which a browser might run scripts."""
    query = query_of(request)
    inline = flag(query, "inline")
    version_id = as_uuid(query["version_id"], "version_id") if query.get("version_id") else None
    wanted = request.headers.get("range", "")
    first = request.method == "GET" and (not wanted or wanted.replace(" ", "").startswith("bytes=0-"))
    opened = await downloads.open_version(
        docs, caller, where(caller.me, query), version_id=version_id, remember=first, now=now
    )
    return await send(request, docs, opened, inline=inline)


async def send(request: Request, docs: Documents, opened: Opened, *, inline: bool = False) -> Response:
    version = opened.version
    media_type = version.mime_type or "application/octet-stream"
    shown = inline and media_type.partition(";")[0].strip().lower() in _SHOWN
    is_dated = is_date(request.headers.get("if-range"))
    answer = await serve(
        request,
        docs.blobs,
        opened.key,
        size=version.size,
        etag=version.id,
        media_type=media_type,
        filename=opened.filename,
        inline=shown,
        modified=opened.modified,
        is_alone_in_second=not is_dated or await downloads.is_alone_in_second(docs, opened),
    )
    if not shown:
        answer.headers["Content-Type"] = (
            media_type  # the content type as it was uploaded, without a guessed charset
        )
    del answer.headers["X-Content-Type-Options"]  # every response of this server gets this header elsewhere
    answer.headers["X-File-ID"] = opened.file.id
    answer.headers["X-Version-ID"] = version.id
    answer.headers["X-Version-Number"] = str(version.version_number)
    answer.headers["X-Checksum-SHA256"] = version.checksum
    answer.headers["Cache-Control"] = "private, no-cache"
    is_pdf = shown and media_type.partition(";")[0].strip().lower() == "application/pdf"
    answer.headers["Content-Security-Policy"] = _PDF if is_pdf else _SANDBOX
    return answer


@router.get(
    "/download/presign",
    response_model=answers.SignedAddress,
    openapi_extra=query_params(*PLACE, "version_id", expires_in=INTEGER),
    responses=refusals(403),
)
async def presign(request: Request, docs: DocumentsDep, caller: CallerDep, now: NowDep) -> Response:
    """Return a signed URL of a file's content, which anybody who has it may use."""
    return await _presign(request, docs, caller, query_of(request), now)


@router.post(
    "/download/presign", response_model=answers.SignedAddress, openapi_extra=body_of(schemas.PresignDownload)
)
async def presign_posted(request: Request, docs: DocumentsDep, caller: CallerDep, now: NowDep) -> Response:
    """Return what GET returns, for the same fields in JSON."""
    return await _presign(request, docs, caller, await json_body(request), now)


async def _presign(
    request: Request, docs: Documents, caller: CallerDep, fields: dict[str, Any], now: NowDep
) -> Response:
    asked = checked(schemas.PresignDownload, fields)
    target = where(caller.me, fields)
    version_id = as_uuid(asked.version_id, "version_id") if asked.version_id else None
    found = await downloads.sign(
        docs, caller, target, version_id=version_id, expires_in=asked.expires_in, now=now
    )
    shown = signed(request, found.address)
    extra = {
        "download_url": shown["url"],
        "file_id": found.file.id,
        "filename": found.file.filename,
        "size": found.version.size,
    }
    return bare({**shown, **extra})
