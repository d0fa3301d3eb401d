"""Routes of resumable uploads by the tus protocol, 1.0, and its extensions (`tus.EXTENSIONS`)."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from starlette.requests import ClientDisconnect

from toolcrib.documents import schemas, tus
from toolcrib.documents.caller import Caller
from toolcrib.documents.errors import (
    FileTooLarge,
    NotOffsetOctets,
    TusVersionUnsupported,
    UploadNotFound,
    ValidationFailed,
)
from toolcrib.documents.models import ResumableUpload
from toolcrib.documents.multipart import media_type
from toolcrib.documents.paths import read_place, usable_filename
from toolcrib.documents.routes.common import (
    PREFIX,
    CallerDep,
    DocumentsDep,
    StorageRoute,
    checked,
    conditions,
    flag,
)
from toolcrib.documents.service import concatenation, resumable, upload_parts
from toolcrib.documents.service.incoming import BodyBroken
from toolcrib.documents.service.joining import CONCAT, MADE, PARTIAL
from toolcrib.documents.service.lookup import Documents
from toolcrib.documents.service.repeats import HEADER, read_key
from toolcrib.documents.service.resumable import ALGORITHMS, Checksum, Plan
from toolcrib.documents.service.uploads import VersionOptions
from toolcrib.kernel.blobs.announced import Announced
from toolcrib.kernel.bodies import BodyTooSlow
from toolcrib.kernel.deps import NowDep
from toolcrib.kernel.identity.principal import Principal
from toolcrib.kernel.numbers import size_number
from toolcrib.kernel.openapi import refusals
from toolcrib.kernel.problems import Problem

# Up to this many bytes of a refused body are read and discarded; if there are more, the connection is closed.
WORTH_READING_BYTES = 1024 * 1024

ADDRESS = ("bucket_type", "bucket_id", "logical_path", "bucket", "id", "path")
METADATA = (
    *ADDRESS,
    "filename",
    "filetype",
    "changelog",
    "sha256",
    "fence",
    "base_version",
    "release",
    "submit",
)

_ID = re.compile(r"[0-9a-f]{32}")


class TusRoute(StorageRoute):
    """A route whose responses, including refusals, all name the protocol's version."""

    def get_route_handler(self) -> Callable[[Request], Awaitable[Response]]:  # type: ignore[override]
        handle = super().get_route_handler()

        async def handler(request: Request) -> Response:
            try:
                answer = await handle(request)
            except Problem as problem:
                problem.headers["Tus-Resumable"] = tus.VERSION
                if not _is_short(request):
                    problem.headers["Connection"] = "close"  # do not read the rest of the body
                raise
            answer.headers["Tus-Resumable"] = tus.VERSION
            return answer

        return handler


router = APIRouter(prefix=PREFIX, tags=["documents"], route_class=TusRoute)


def _is_short(request: Request) -> bool:
    size = _size(request)
    return size is not None and size <= WORTH_READING_BYTES


def _size(request: Request) -> int | None:
    """Return the size of the body; None if the client does not announce it."""
    if "transfer-encoding" in request.headers:
        return None
    return size_number(request.headers.get("content-length", "0"))


async def _version(request: Request, caller: CallerDep) -> None:
    """Check the protocol's version, after the caller has been determined, as for every route."""
    if request.headers.get("tus-resumable") != tus.VERSION:
        text = f"Send Tus-Resumable: {tus.VERSION}; this server supports no other version of the protocol."
        raise TusVersionUnsupported(text, headers={"Tus-Version": tus.VERSION})


async def _upload_id(upload_id: str) -> str:
    if not _ID.fullmatch(upload_id):
        raise UploadNotFound("There is no such upload of yours.")
    return upload_id


SPOKEN = [Depends(_version)]
UploadId = Annotated[str, Depends(_upload_id)]


def _headers(*names: str) -> dict[str, Any]:
    """Describe, for OpenAPI, the headers of a request."""
    return {
        "parameters": [
            {"name": name, "in": "header", "required": name == "Tus-Resumable", "schema": {"type": "string"}}
            for name in ("Tus-Resumable", *names)
        ]
    }


_OCTETS = {
    "requestBody": {"content": {tus.OCTETS: {"schema": {"type": "string", "format": "binary"}}}},
}


@router.options("/uploads", include_in_schema=False)
@router.options("/uploads/", include_in_schema=False)
@router.options("/uploads/{upload_id}", include_in_schema=False)
async def abilities(docs: DocumentsDep) -> Response:
    """Return which parts of the protocol the server supports: the same for everybody."""
    headers = {
        "Tus-Version": tus.VERSION,
        "Tus-Extension": ",".join(tus.EXTENSIONS),
        "Tus-Max-Size": str(docs.max_bytes),
        "Tus-Checksum-Algorithm": ",".join(ALGORITHMS),
    }
    return Response(status_code=204, headers=headers)


@router.post(
    "/uploads",
    status_code=201,
    response_class=Response,
    dependencies=SPOKEN,
    openapi_extra=_headers("Upload-Length", "Upload-Metadata", "Upload-Checksum", "Upload-Concat", HEADER)
    | _OCTETS,
    responses=refusals(409, 412, 415, 429, 507),
)
@router.post("/uploads/", dependencies=SPOKEN, include_in_schema=False)
async def create(request: Request, docs: DocumentsDep, caller: CallerDep, now: NowDep) -> Response:
    """Start a resumable upload (tus 1.0). `Upload-Metadata` says where the document goes; `Location` is the URL for its
    content, the first bytes of which this request may bring. With `Upload-Concat: partial` the content becomes a part
    of a document; `Upload-Concat: final;ADDRESS ADDRESS…` makes that document."""
    checksum, announced = _checksum(request), Announced(request.headers)
    size = _size(request)
    has_body = size != 0
    if has_body:
        _require_octets(request)
    upload = await _begin(request, docs, caller, size, now)
    if has_body and upload.result is None:
        try:
            upload = await resumable.append(
                docs,
                caller,
                upload.id,
                announced.checked(_body(request)),
                offset=0,
                size=size,
                checksum=checksum,
                whole_body=bool(announced),
                now=now,
            )
        except Problem:
            # The client has not received the upload's URL, so it cannot continue it.
            await resumable.forget(docs, upload, now=now)
            raise
        if upload.result is None and await request.is_disconnected():
            await resumable.forget(docs, upload, now=now)
    answer = _answer(upload, 201)
    answer.headers["Location"] = request.app.state.site.path(f"/api{PREFIX}/uploads/{upload.id}")
    return answer


async def _begin(
    request: Request, docs: Documents, caller: Caller, size: int | None, now: datetime
) -> ResumableUpload:
    """Start the upload that a request asks for; `size` is that of the request's body."""
    told = ",".join(request.headers.getlist("upload-metadata"))
    fields = tus.metadata(told, METADATA)
    concat = request.headers.get("upload-concat")
    if concat is not None and concat.strip() != PARTIAL:
        if size != 0:
            raise ValidationFailed.of("Upload-Concat", "a final upload has no content of its own")
        ids = tus.partials(concat)
        plan, options = _plan(caller.me, request, fields, told, length=0)
        return await concatenation.create_final(docs, caller, plan, options, ids, concat, now=now)
    if "upload-defer-length" in request.headers:
        raise ValidationFailed.of("Upload-Length", "must be announced at the start")
    length = tus.whole("Upload-Length", request.headers.get("upload-length"))
    if size is not None and size > length:
        raise FileTooLarge(f"The upload was announced with {length} bytes.", {"length": length})
    if concat is not None:
        place = read_place(caller.me, fields) if any(name in fields for name in ADDRESS) else None
        return await concatenation.create_partial(docs, caller, length, told, place, now=now)
    plan, options = _plan(caller.me, request, fields, told, length=length)
    return await resumable.create(docs, caller, plan, options, now=now)


@router.head(
    "/uploads/{upload_id}",
    response_class=Response,
    dependencies=SPOKEN,
    openapi_extra=_headers(),
    responses=refusals(412),
)
async def progress(upload_id: UploadId, docs: DocumentsDep, caller: CallerDep, now: NowDep) -> Response:
    """Tell how many bytes have arrived and, when the upload is complete, which version it made."""
    upload = await upload_parts.own(docs, caller, upload_id, now=now)
    answer = _answer(upload, 200)
    answer.headers["Upload-Length"] = str(upload.length)
    answer.headers["Cache-Control"] = "no-store"
    if upload.told:
        answer.headers["Upload-Metadata"] = upload.told
    return answer


@router.patch(
    "/uploads/{upload_id}",
    status_code=204,
    response_class=Response,
    dependencies=SPOKEN,
    openapi_extra=_headers("Upload-Offset", "Upload-Checksum") | _OCTETS,
    responses=refusals(409, 412, 415, 429, 460, 507),
)
async def append(
    upload_id: UploadId, request: Request, docs: DocumentsDep, caller: CallerDep, now: NowDep
) -> Response:
    """Upload bytes from `Upload-Offset` on. The last of them make the version."""
    _require_octets(request)
    announced = Announced(request.headers)
    with docs.kernel.arriving.one_of(caller.me.uuid):
        upload = await resumable.append(
            docs,
            caller,
            upload_id,
            announced.checked(_body(request)),
            offset=tus.whole("Upload-Offset", request.headers.get("upload-offset")),
            size=_size(request),
            checksum=_checksum(request),
            whole_body=bool(announced),
            now=now,
        )
    return _answer(upload, 204)


@router.delete(
    "/uploads/{upload_id}",
    status_code=204,
    response_class=Response,
    dependencies=SPOKEN,
    openapi_extra=_headers(),
    responses=refusals(412),
)
async def terminate(upload_id: UploadId, docs: DocumentsDep, caller: CallerDep, now: NowDep) -> Response:
    """End an upload and delete what was received. A version that it made stays."""
    await resumable.terminate(docs, caller, upload_id, now=now)
    return Response(status_code=204)


@router.post("/uploads/{upload_id}", dependencies=SPOKEN, include_in_schema=False)
async def overridden(
    upload_id: UploadId, request: Request, docs: DocumentsDep, caller: CallerDep, now: NowDep
) -> Response:
    """Accept another method in a header, for clients that cannot send it. Only POST is overridden: browsers protect it
    from other sites as they do those methods, which is not true of GET."""
    method = request.headers.get("x-http-method-override", "").upper()
    if method == "PATCH":
        return await append(upload_id, request, docs, caller, now)
    if method == "DELETE":
        return await terminate(upload_id, docs, caller, now)
    if method == "HEAD":
        return await progress(upload_id, docs, caller, now)
    raise ValidationFailed.of("X-HTTP-Method-Override", "must be PATCH, DELETE or HEAD")


def _answer(upload: ResumableUpload, status: int) -> Response:
    headers = {"Upload-Offset": str(upload.received), "Upload-Expires": tus.date(upload.expires_at)}
    if CONCAT in upload.options:
        headers["Upload-Concat"] = upload.options[CONCAT]
    if upload.result is not None and MADE not in upload.result:
        headers |= {
            "X-File-ID": upload.result["file_id"],
            "X-Version-ID": upload.result["version_id"],
            "X-Version-Number": str(upload.result["version_number"]),
            "X-Checksum-SHA256": upload.result["sha256"],
        }
    return Response(status_code=status, headers=headers)


def _plan(
    me: Principal, request: Request, fields: dict[str, str], told: str, *, length: int
) -> tuple[Plan, VersionOptions]:
    place = read_place(me, fields)
    asked = checked(schemas.UploadTold, fields)
    filename = usable_filename(asked.filename or "") or None
    held = conditions(fields)
    options: VersionOptions = {
        "filename": filename,
        "mime_type": media_type(asked.filetype, filename or place.name),
        "changelog": asked.changelog,
        "fence": held["fence"],
        "base_version": held["base_version"],
        "release": held["release"],
        "request_key": read_key(request.headers.get(HEADER)),
    }
    sha256 = asked.sha256.lower() if asked.sha256 else None
    return Plan(place, length, told, sha256, submit=flag(fields, "submit")), options


def _checksum(request: Request) -> Checksum | None:
    header = request.headers.get("upload-checksum")
    return None if header is None else Checksum(*tus.checksum(header, ALGORITHMS))


def _require_octets(request: Request) -> None:
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != tus.OCTETS:
        raise NotOffsetOctets(f"Send the bytes as {tus.OCTETS}.")


async def _body(request: Request) -> AsyncIterator[bytes]:
    """Yield the request's body as it arrives.

    Raises:
        BodyBroken: the client disconnected, or sent nothing, or too little, for too long.
    """
    async with aclosing(request.stream()) as stream:
        while True:
            try:
                piece = await anext(stream)
            except StopAsyncIteration:
                return
            except ClientDisconnect:
                raise BodyBroken from None
            except BodyTooSlow:
                raise BodyBroken(silent=True) from None
            yield piece
