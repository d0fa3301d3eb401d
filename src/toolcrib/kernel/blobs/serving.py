"""Send stored content over HTTP: ranges, validators, HEAD, and the file name for downloads (RFC 9110, RFC 6266)."""

from __future__ import annotations

import re
from urllib.parse import quote

from fastapi import Request, Response
from starlette.responses import StreamingResponse

from toolcrib.kernel.blobs.store import Blobs
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
) -> Response:
    """Return a response with the file, the requested part of it, or 304 or 416.

    `etag` is unquoted. A request for several ranges gets the whole file, as the standard allows.

    Raises:
        BlobMissing, StorageUnavailable: before anything is sent.
    """
    tag = f'"{etag}"'
    headers = {"ETag": tag, "Accept-Ranges": "bytes"}
    if filename is not None:
        headers["Content-Disposition"] = disposition(filename, inline=inline)
    if _matches(request.headers.get("if-none-match"), tag):
        return Response(status_code=304, headers=headers)
    start, end, status = 0, size, 200
    wanted = request.headers.get("range")
    if wanted is not None and request.headers.get("if-range", tag) == tag:
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


def _matches(if_none_match: str | None, tag: str) -> bool:
    if if_none_match is None:
        return False
    tags = [each.strip().removeprefix("W/") for each in if_none_match.split(",")]
    return tag in tags or "*" in tags


def disposition(filename: str, *, inline: bool = False) -> str:
    """Return a Content-Disposition header for any file name, with an ASCII form for clients that need it."""
    kind = "inline" if inline else "attachment"
    if _PLAIN.fullmatch(filename) and not set('"\\%') & set(filename):
        return f'{kind}; filename="{filename}"'
    plain = re.sub(r'[^\x20-\x7e]|["\\%]', "_", filename)
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(filename, safe='')}"
