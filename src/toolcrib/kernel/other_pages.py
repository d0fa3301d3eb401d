"""Pages that another web client brings as built files (UI_DIR). They have `/`, and our own page answers below PAGE.

That client has an inline script and loads one from a CDN, so these files alone have a policy of their own (parts
contract, section 10).
"""

from __future__ import annotations

import mimetypes
from pathlib import Path
from typing import TYPE_CHECKING

from fastapi import Response
from fastapi.responses import FileResponse, HTMLResponse
from starlette.exceptions import HTTPException

from toolcrib.kernel.http_conditions import is_unmodified

if TYPE_CHECKING:
    from fastapi import Request

# Where our own page is then.
PAGE = "crib"
INDEX = "index.html"
HASHED = "assets/"
ENCODED = {"br": ".br", "gzip": ".gz"}
CONTENT_SECURITY_POLICY = "; ".join(
    [
        "default-src 'self'",
        "script-src 'self' 'unsafe-inline' https://cdnjs.cloudflare.com",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' blob: data:",
        "connect-src 'self' blob:",
        "frame-src 'self' blob:",
        "font-src 'self' data:",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'self'",
    ]
)


_NO_INDEX = """<!doctype html><html lang="en"><title>Toolcrib</title>
<p>There is no index.html in the folder that UI_DIR names. <a href="{page}">Toolcrib's own page</a></html>"""


def other_page(request: Request, folder: Path, path: str) -> Response:
    """Return the file of that name in `folder`; its index for an address without an extension.

    Raises:
        HTTPException: there is no such file (404).
    """
    found = _file(folder, path)
    if found is None:
        if path.startswith(HASHED) or "." in path.rpartition("/")[2]:
            raise HTTPException(404)
        found = _file(folder, INDEX)
        if found is None:
            return HTMLResponse(_NO_INDEX.format(page=request.app.state.site.page_path("/")), 404)
    is_hashed = path.startswith(HASHED) and found.name != INDEX
    headers = {
        "Cache-Control": "public, max-age=31536000, immutable" if is_hashed else "no-cache",
        "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    }
    media_type = mimetypes.guess_type(found.name)[0] or "application/octet-stream"
    accepted = {each.partition(";")[0].strip() for each in _accepted(request)}
    siblings = {
        encoding: _file(folder, f"{found.relative_to(folder.resolve())}{end}")
        for encoding, end in ENCODED.items()
    }
    if any(siblings.values()):
        headers["Vary"] = "Accept-Encoding"
    for encoding, file in siblings.items():
        if encoding in accepted and file is not None:
            return _sent(request, file, media_type, {**headers, "Content-Encoding": encoding})
    return _sent(request, found, media_type, headers)


def _sent(request: Request, file: Path, media_type: str, headers: dict[str, str]) -> Response:
    """Return the file, or that the browser's copy is still the same."""
    found = FileResponse(file, media_type=media_type, headers=headers, stat_result=file.stat())
    etag = found.headers["etag"]
    if is_unmodified(request.headers, method=request.method, etag=etag.strip('"'), modified=None):
        return Response(status_code=304, headers={**headers, "ETag": etag})
    return found


def _accepted(request: Request) -> list[str]:
    return [
        each
        for each in request.headers.get("accept-encoding", "").lower().split(",")
        if "q=0" not in each.replace(" ", "") or "q=0." in each
    ]


def _file(folder: Path, path: str) -> Path | None:
    if "\0" in path or "\\" in path:
        return None
    root = folder.resolve()
    try:
        found = (root / (path or INDEX)).resolve()
        return found if found.is_relative_to(root) and found.is_file() else None
    except OSError:
        return None
