"""The page: built files, and `index.html` for every address that is not the API's."""

from __future__ import annotations

import gzip
import mimetypes
from functools import lru_cache
from pathlib import Path

from fastapi import APIRouter, Request, Response
from fastapi.responses import FileResponse, HTMLResponse, RedirectResponse
from starlette.exceptions import HTTPException

from toolcrib.kernel.errors import ANY_PAGE
from toolcrib.kernel.other_pages import PAGE, other_page
from toolcrib.kernel.route_paths import allowed_methods
from toolcrib.kernel.wording import DEFAULT, Wordings

STATIC = Path(__file__).parents[1] / "static"
HASHED = "assets/"
INDEX = "index.html"
DOCS = "api-docs.html"
SHRINKS = {".js", ".css", ".svg", ".json", ".map", ".webmanifest"}

CONTENT_SECURITY_POLICY = "; ".join(
    [
        "default-src 'self'",
        "script-src 'self'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self'",
        "worker-src 'self' blob:",
        "frame-src 'self'",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    ]
)

_NO_PAGE = """<!doctype html><html lang="en"><title>Toolcrib</title>
<p>The server runs, but this installation has no web page: run <code>make web</code>.
The API is described at <a href="{base}/api/openapi.json">{base}/api/openapi.json</a>.</p></html>"""

router = APIRouter(include_in_schema=False)


@lru_cache(maxsize=4)
def _html(file: Path, base_path: str, _changed: float) -> str:
    page = file.read_text(encoding="utf-8")
    return page.replace('<base href="/">', f'<base href="{base_path}/">').replace(
        '<base href="/" />', f'<base href="{base_path}/">'
    )


@router.get("/api/docs")
@router.head("/api/docs")
async def api_docs(request: Request) -> Response:
    """The API's description for people: a built page too, so that no other site's script runs on this one."""
    return _page(DOCS, request)


@router.get(ANY_PAGE)
@router.head(ANY_PAGE)
async def page(request: Request, path: str) -> Response:
    """A built file if there is one of that name, else the page, which knows its own addresses."""
    wordings: Wordings = request.app.state.wordings
    # Clients that read a wording of their own for refusals cannot read the page.
    if path == "api" or path.startswith("api/") or wordings.of("GET", f"/{path}") is not DEFAULT:
        raise HTTPException(405 if allowed_methods(request) else 404)
    folder: Path | None = request.app.state.kernel.settings.ui_dir
    if folder is None:
        return _own_page(request, path)
    if path == PAGE:
        return RedirectResponse(f"{request.app.state.kernel.settings.base_path}/{PAGE}/", 308)
    if path.startswith(f"{PAGE}/"):
        return _own_page(request, path.removeprefix(f"{PAGE}/"), f"/{PAGE}")
    return other_page(request, folder, path)


def _own_page(request: Request, path: str, below: str = "") -> Response:
    """A built file of ours, else our page, which is `below` the base path."""
    found = _built_file(path)
    if found is not None:
        media_type = mimetypes.guess_type(found.name)[0] or "application/octet-stream"
        lifetime = "public, max-age=31536000, immutable" if path.startswith(HASHED) else "no-cache"
        headers = {"Cache-Control": lifetime}
        if found.suffix in SHRINKS:
            headers["Vary"] = "Accept-Encoding"
            if "gzip" in request.headers.get("accept-encoding", ""):
                headers["Content-Encoding"] = "gzip"
                return Response(_shrunk(found, found.stat().st_mtime), media_type=media_type, headers=headers)
        return FileResponse(found, media_type=media_type, headers=headers)
    if path.startswith(HASHED):
        raise HTTPException(404)  # a page of an older build asks for its script: HTML would confuse it
    return _page(INDEX, request, below)


@lru_cache(maxsize=256)
def _shrunk(path: Path, _changed: float) -> bytes:
    """A built file as gzip, made once. The whole page is a few hundred kilobytes."""
    return gzip.compress(path.read_bytes(), 6, mtime=0)


def _built_file(path: str) -> Path | None:
    if not path or "\0" in path or path in {INDEX, DOCS}:
        return None
    try:
        found = (STATIC / path).resolve()
        return found if found.is_relative_to(STATIC.resolve()) and found.is_file() else None
    except OSError:
        return None


def _page(name: str, request: Request, below: str = "") -> Response:
    base_path: str = request.app.state.kernel.settings.base_path + below
    file = STATIC / name
    try:
        html = _html(file, base_path, file.stat().st_mtime)
    except FileNotFoundError:
        html = _NO_PAGE.format(base=base_path)
    return HTMLResponse(
        html,
        headers={
            "Cache-Control": "no-store",
            "Content-Security-Policy": CONTENT_SECURITY_POLICY,
            "X-Frame-Options": "DENY",
        },
    )
