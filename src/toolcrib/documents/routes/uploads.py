"""Routes of uploads (document contract, section 7)."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Mapping

import orjson
from fastapi import Request, Response
from starlette.datastructures import Headers

from toolcrib.documents import answers, schemas
from toolcrib.documents.caller import Caller
from toolcrib.documents.errors import EmptyFilename, FileTooLarge, MissingFields, NoFile, ValidationFailed
from toolcrib.documents.multipart import OVERHEAD_BYTES, FilePart, FormReader, media_type
from toolcrib.documents.paths import PLAIN, bucket_in, read_place, usable_filename
from toolcrib.documents.responses import bare, success
from toolcrib.documents.routes.common import (
    CallerDep,
    DocumentsDep,
    checked,
    conditions,
    json_body,
    new_router,
)
from toolcrib.documents.service import direct_uploads, uploads
from toolcrib.documents.service.content import keep
from toolcrib.documents.service.direct_uploads import Address
from toolcrib.documents.service.lookup import Documents
from toolcrib.documents.service.quotas import within_quota
from toolcrib.documents.service.repeats import HEADER, read_key
from toolcrib.documents.service.tags import check_tags
from toolcrib.documents.service.uploads import Received, Saved, VersionOptions
from toolcrib.documents.urlencoded import is_urlencoded, urlencoded_fields
from toolcrib.kernel.blobs.announced import Announced
from toolcrib.kernel.blobs.naming import forgetting_refused
from toolcrib.kernel.blobs.problems import HashMismatch
from toolcrib.kernel.blobs.store import Stored
from toolcrib.kernel.clock import iso_format
from toolcrib.kernel.deps import NowDep
from toolcrib.kernel.numbers import size_number
from toolcrib.kernel.openapi import body_of, refusals
from toolcrib.kernel.problems import Problem

router = new_router()

REPEATS = {
    "name": HEADER,
    "in": "header",
    "schema": {"type": "string"},
    "description": "any text: the same content with the same key, or content that is current already, makes no version",
}
_FORM = {
    "parameters": [REPEATS],
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {
                        **{name: {"type": "string"} for name in ("bucket_type", "bucket_id", "logical_path")},
                        **{name: {"type": "string"} for name in ("bucket", "path", "changelog", "metadata")},
                        "sha256": {"type": "string", "description": "of the file, to be checked"},
                        "fence": {"type": "integer", "description": "your lock, which must still hold"},
                        "base_version": {
                            "type": "integer",
                            "description": "the version that must still be current; 0 for no file",
                        },
                        "release": {"type": "boolean", "description": "give your lock back with it"},
                        "file": {"type": "string", "format": "binary"},
                    },
                }
            }
        },
    },
}


@router.post(
    "/upload/presign",
    response_model=answers.SignedAddress,
    openapi_extra=body_of(schemas.PresignUpload),
    responses=refusals(409, 429, 507),
)
async def presign(request: Request, docs: DocumentsDep, caller: CallerDep, now: NowDep) -> Response:
    """Return a URL to PUT the file's content to. `/upload/confirm` or `/versions/commit` makes a version of it."""
    body = await json_body(request)
    asked = checked(schemas.PresignUpload, body)
    place = read_place(caller.me, body)
    mime_type = media_type(asked.content_type, place.name)
    address = await direct_uploads.reserve(
        docs, caller, place, mime_type=mime_type, size=asked.size, expires_in=asked.expires_in, now=now
    )
    shown = signed(request, address)
    return bare({**shown, "upload_url": shown["url"], "status": "upload_pending"})


def signed(request: Request, address: Address) -> dict[str, str | int]:
    url = address.url
    if url.startswith("/"):
        url = request.app.state.site.url(request.scope, url)
    return {
        "url": url,
        "object_key": address.object_key,
        "expires_in": address.expires_in,
        "expires_at": iso_format(address.expires_at),
    }


@router.post(
    "/upload/confirm",
    status_code=201,
    response_model=answers.Success,
    openapi_extra=body_of(schemas.ConfirmUpload) | {"parameters": [REPEATS]},
    responses=refusals(404, 409, 422, 507),
)
async def confirm(request: Request, docs: DocumentsDep, caller: CallerDep, now: NowDep) -> Response:
    """Make the content sent to a presigned URL the newest version of its file. Asked again, the answer is 200 with that
    version."""
    asked = checked(schemas.ConfirmUpload, await json_body(request))
    saved = await direct_uploads.confirm(
        docs,
        caller,
        asked.object_key,
        size=asked.size,
        sha256=asked.sha256,
        changelog=asked.changelog,
        request_key=read_key(request.headers.get(HEADER)),
        now=now,
    )
    return stored_answer(saved)


@router.post(
    "/upload/proxy",
    status_code=201,
    response_model=answers.Success,
    openapi_extra=_FORM,
    responses=refusals(409, 422, 429, 507),
)
async def proxy(request: Request, docs: DocumentsDep, caller: CallerDep, now: NowDep) -> Response:
    """Upload a file as a form. If the other fields come before the file, the server can refuse before receiving its
    content."""
    length = size_number(request.headers.get("content-length", ""))
    media = request.headers.get("content-type", "")
    try:
        if is_urlencoded(media, length):
            _require_fields(await urlencoded_fields(request.stream()))
            raise NoFile("The form does not contain a part `file`: send it as multipart/form-data.")
        _refuse_too_long(docs, length or 0)
        body = Announced(request.headers).checked(_limited(docs, request.stream()))
        form = FormReader(media, body)
        part = await form.to_file()
        if part is None:
            _require_fields(form.fields)
            raise NoFile("The form does not contain a part `file`.")
        request_key = read_key(request.headers.get(HEADER))
        with docs.kernel.arriving.one_of(caller.me.uuid):
            return await _take(docs, caller, form, part, request_key, now)
    except Problem as refusal:
        if length is None or isinstance(refusal, FileTooLarge):
            refusal.headers["Connection"] = "close"  # the rest of the body may be endless
        raise


def _refuse_too_long(docs: Documents, length: int) -> None:
    if length > docs.max_bytes + OVERHEAD_BYTES:
        uploads.refuse_too_large(docs, length)


async def _limited(docs: Documents, stream: AsyncIterable[bytes]) -> AsyncIterator[bytes]:
    """Yield the body, counting all of it if its size is not announced, including what is read and discarded."""
    taken = 0
    async for piece in stream:
        taken += len(piece)
        _refuse_too_long(docs, taken)
        yield piece


async def _take(
    docs: Documents, caller: Caller, form: FormReader, part: FilePart, request_key: str | None, now: NowDep
) -> Response:
    filename = usable_filename(part.filename)
    place = read_place(caller.me, form.fields, form=True) if filename and _is_addressed(form) else None

    async def receive() -> Received:
        conditions(form.fields)  # malformed fields are refused before the content is received
        _tags(form)
        content = Announced(Headers(raw=part.headers)).checked(form.file_bytes())
        if place is not None:
            content = within_quota(docs, caller, place.bucket, content)
        async with forgetting_refused(docs.blobs) as new:
            stored = await keep(docs, content, sha256=_announced(form))
            new.append(stored)
            await form.end()
            if place is None:
                _require_fields(form.fields)
            _check_hash(form, stored)
            options: VersionOptions = {
                "filename": filename,
                "mime_type": media_type(part.content_type, filename),
                "changelog": _changelog(form),
                "tags": _tags(form),
                **conditions(form.fields),
                "request_key": request_key,
            }
            return Received(stored, place or read_place(caller.me, form.fields, form=True), options)

    if not filename:
        async for _ in form.file_bytes():
            pass
        await form.rest()
        _require_fields(form.fields)
        raise EmptyFilename("The file has no name.")
    saved = await uploads.put(docs, caller, place, receive, request_key=request_key, now=now)
    return stored_answer(saved)


def stored_answer(saved: Saved) -> Response:
    """Answer 201, or 200 if there is no new version."""
    return success("file uploaded", saved_as_dict(saved), 201 if saved.is_new else 200)


def saved_as_dict(saved: Saved) -> dict[str, str | int | bool]:
    file, version = saved.file, saved.version
    return {
        "file_id": file.id,
        "version_id": version.id,
        "version_number": version.version_number,
        "object_key": version.object_key,
        "size": version.size,
        "filename": file.filename,
        "mime_type": version.mime_type or "",
        "checksum": version.checksum,
        "logical_path": file.logical_path,
        "path": file.address,
        "created": saved.created,
        "unchanged": not saved.is_new,
    }


def _is_addressed(form: FormReader) -> bool:
    try:
        _require_fields(form.fields)
    except MissingFields:
        return False
    return True


def _require_fields(fields: Mapping[str, str]) -> None:
    """Check that the form has the fields that say where the file goes.

    Raises:
        MissingFields: the form does not say where the file goes (400).
    """
    given = {name for name, value in fields.items() if value}
    missing = [names[0] for names in (PLAIN.bucket, PLAIN.path) if not given & set(names)]
    path = next((fields[name] for name in PLAIN.path if name in given), "")
    if not given & set(PLAIN.id) and bucket_in(path) is None:
        missing.append(PLAIN.id[0])
    if missing:
        raise MissingFields(f"Missing: {', '.join(missing)}", {name: ["is missing"] for name in missing})


def _announced(form: FormReader) -> str | None:
    """Return the SHA-256 that the client announces for the file."""
    told = form.fields.get("sha256") or form.fields.get("checksum")
    if not told:
        return None
    if len(told) != 64 or set(told.lower()) - set("0123456789abcdef"):
        raise ValidationFailed.of("sha256", "must be 64 hexadecimal digits")
    return told.lower()


def _check_hash(form: FormReader, stored: Stored) -> None:
    """Check the hash again if it was sent after the file."""
    if _announced(form) not in {None, stored.sha256}:
        raise HashMismatch("The content does not have the announced SHA-256.")


def _changelog(form: FormReader) -> str | None:
    text = form.fields.get("changelog") or form.fields.get("message")
    return checked(schemas.DecideRequest, {"comment": text}).comment


def _tags(form: FormReader) -> dict[str, object] | None:
    """Return `metadata` as tags, if it is a JSON object; anything else is ignored.

    Raises:
        ValidationFailed: too many, too large or too deep (400).
    """
    try:
        found = orjson.loads(form.fields.get("metadata") or "null")
    except orjson.JSONDecodeError:
        return None
    if not isinstance(found, dict):
        return None
    check_tags(found, "metadata")
    return found
