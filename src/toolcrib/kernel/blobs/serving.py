"""Send stored content over HTTP: ranges, validators, HEAD, and the file name for downloads (RFC 9110, RFC 6266)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from urllib.parse import quote

from fastapi import Request, Response
from starlette.responses import StreamingResponse

from toolcrib.kernel.blobs.store import Blobs
from toolcrib.kernel.http_conditions import http_date, is_unmodified, ranges_apply
from toolcrib.kernel.numbers import size_number

_RANGE = re.compile(r"bytes=([0-9]*)-([0-9]*)")
_PLAIN = re.compile(r"[\x20-\x7e]+")


class RangeUnusable(Exception):
    """The requested range lies outside the file (416)."""


async def serve(
    request: Request,
    blobs: Blobs,
    key: str,
    *,
    size: int,
    etag: str,
    media_type: str = "application/octet-stream",
    filename: str | None = None,
    inline: bool = False,
    modified: datetime | None = None,
    is_alone_in_second: bool = True,
) -> Response:
    """Return a response with the file, the requested part of it, or 304 or 416.

    `etag` is unquoted. `modified` is when this content came; `is_alone_in_second` says that no other came in the same
    second, so that a date tells them apart. A request for several ranges gets the whole file, as the standard allows.

    Raises:
        PreconditionFailed: the request is about other content (412).
        BlobMissing, StorageUnavailable: before anything is sent.
    """
    headers = {"ETag": f'"{etag}"', "Accept-Ranges": "bytes"}
    if modified is not None:
        headers["Last-Modified"] = http_date(modified)
    if filename is not None:
        headers["Content-Disposition"] = disposition(filename, inline=inline)
    if is_unmodified(conditions_of(request), method=request.method, etag=etag, modified=modified):
        return Response(status_code=304, headers=headers)
    start, end, status = 0, size, 200
    wanted = request.headers.get("range")
    dated = modified if is_alone_in_second else None
    if wanted is not None and ranges_apply(request.headers.get("if-range"), etag=etag, modified=dated):
        try:
            part = _part(wanted, size)
        except RangeUnusable:
            return Response(status_code=416, headers={**headers, "Content-Range": f"bytes */{size}"})
        if part is not None:
            start, end = part
            status = 206
            headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    headers["Content-Length"] = str(end - start)
    if request.method == "HEAD":
        await blobs.head(key)
        return Response(status_code=status, headers=headers, media_type=media_type)
    stream = await blobs.read(key, start, end)
    return StreamingResponse(stream, status_code=status, headers=headers, media_type=media_type)


def _part(header: str, size: int) -> tuple[int, int] | None:
    """Return the start and end of the requested range, or None if the header is to be ignored."""
    match = _RANGE.fullmatch(header.strip())
    if match is None or match.group(0) == "bytes=-":
        return None
    start, last = (size_number(each) for each in match.groups())
    if start is None:
        length = min(last or 0, size)
        if length == 0:
            raise RangeUnusable
        return size - length, size
    if last is not None and last < start:
        return None
    if start >= size:
        raise RangeUnusable
    return start, size if last is None else min(last + 1, size)


def conditions_of(request: Request) -> Mapping[str, str]:
    """Return the headers of a conditional request; lists may be cut into several lines."""
    lists = {
        name: ", ".join(found)
        for name in ("if-match", "if-none-match")
        if (found := request.headers.getlist(name))
    }
    return {**request.headers, **lists}


def disposition(filename: str, *, inline: bool = False) -> str:
    """Return a Content-Disposition header for any file name, with an ASCII form for clients that need it."""
    kind = "inline" if inline else "attachment"
    if _PLAIN.fullmatch(filename) and not set('"\\%') & set(filename):
        return f'{kind}; filename="{filename}"'
    plain = re.sub(r'[^\x20-\x7e]|["\\%]', "_", filename)
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(filename, safe='')}"
