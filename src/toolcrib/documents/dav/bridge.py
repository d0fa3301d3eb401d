"""Run WsgiDAV, which is synchronous, in threads behind an ASGI route. File content stays on the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import replace
from datetime import timedelta
from io import BytesIO
from typing import Any
from urllib.parse import urlsplit

from fastapi import Request, Response
from fastapi.responses import StreamingResponse
from starlette.requests import ClientDisconnect
from wsgidav.dav_error import DAVError

from toolcrib.documents.caller import Caller
from toolcrib.documents.dav import answers, moves, saving
from toolcrib.documents.dav.addresses import MOUNT, href, read_raw
from toolcrib.documents.dav.methods import Methods
from toolcrib.documents.dav.provider import Provider
from toolcrib.documents.dav.request import INTENT, KEY, SPOOLED, CopyOrMove, Send, Upload, WebDAVRequest
from toolcrib.documents.errors import FileTooLarge, ValidationFailed
from toolcrib.documents.routes.common import caller_of, warned
from toolcrib.documents.routes.downloads import send
from toolcrib.documents.service import downloads, uploads
from toolcrib.documents.service.content import store_errors
from toolcrib.documents.service.listing_room import Listing
from toolcrib.documents.service.lookup import Documents, documents_of
from toolcrib.documents.service.transfers import Onto
from toolcrib.kernel.blobs.announced import Announced
from toolcrib.kernel.bodies import admit
from toolcrib.kernel.context import Kernel
from toolcrib.kernel.numbers import size_number
from toolcrib.kernel.problems import Problem

THREADS = 8
BODY_BYTES = 131_072
PIECE_BYTES = 65_536
CONDITION_BYTES = 8_192
MAX_DISCARDED_BYTES = 67_108_864
# Headers that hold lists, which may come in several lines (RFC 9110, 5.3).
_LISTS = frozenset({"IF_MATCH", "IF_NONE_MATCH", "TIMEOUT"})

_threads = ThreadPoolExecutor(THREADS, thread_name_prefix="dav")


async def serve(request: Request, kernel: Kernel) -> Response:
    """Answer one WebDAV request."""
    # Ignore cookies here, so that a page of another site cannot make a browser write.
    headers = [pair for pair in request.scope["headers"] if pair[0] != b"cookie"]
    request = Request({**request.scope, "headers": headers}, request.receive)
    window = timedelta(seconds=kernel.settings.webdav_save_seconds)
    caller = replace(await caller_of(request, kernel), keeps_names=window)
    admit(request, caller.me.uuid)
    base = kernel.settings.base_path + MOUNT
    try:
        with store_errors():
            answer = await _serve(request, documents_of(kernel), caller, base)
            return warned(answer, caller.warnings) if caller.warnings else answer
    except Problem as problem:
        refused = answers.refusal(problem, request.method, base + request.scope["path"][len(MOUNT) :])
    except DAVError as error:
        refused = answers.dav_refusal(error)
    if _closes_connection(request):
        refused.headers["Connection"] = "close"
    return refused


def _closes_connection(request: Request) -> bool:
    """Whether to close the connection after a refusal.

    A client that is still sending would not see the response, so normally the rest of the body is read and discarded.
    Close instead if the client waits for `100 Continue`, or the body is large.
    """
    declared = size_number(request.headers.get("content-length", "")) or 0
    return "expect" in request.headers or declared > MAX_DISCARDED_BYTES


async def _serve(request: Request, docs: Documents, caller: Caller, mount: str) -> Response:
    raw: bytes = request.scope["raw_path"]
    path = read_raw(raw[len(MOUNT) :])
    loop = asyncio.get_running_loop()
    dav = WebDAVRequest(docs, caller, docs.kernel.clock(), loop, mount, _own_hosts(request, docs))
    body = b"" if request.method == "PUT" else await _small_body(request)
    environ = _environ(request, path, body, dav)
    # Copy the context, so that calls from the thread to the loop count as progress of this request.
    in_context = copy_context().run
    answer: Response | None = await loop.run_in_executor(_threads, in_context, _in_thread, environ)
    if answer is not None:
        return answer
    intent = environ[INTENT]
    if isinstance(intent, Send):
        return await _send(request, dav, intent)
    if isinstance(intent, CopyOrMove):
        return await _copy_or_move(request, dav, intent)
    return await _receive_upload(request, dav, intent)


def _in_thread(environ: dict[str, Any]) -> Response | None:
    """Run WsgiDAV on the request. Returns None if file content has to be sent, received or copied on the loop."""
    started: list[tuple[int, list[tuple[str, str]]]] = []

    def start_response(status: str, headers: list[tuple[str, str]], _error: Any = None) -> None:
        started.append((int(status.split(" ", 1)[0]), headers))

    methods = Methods(Provider())
    methods._davProvider.set_mount_path(environ["SCRIPT_NAME"])
    environ["wsgidav.provider"] = methods._davProvider
    body = b"".join(methods(environ, start_response))
    if INTENT in environ:
        return None
    status, headers = started[-1]
    answer = Response(body, status)
    if SPOOLED in environ:
        answer = _spooled(environ[SPOOLED], status)
    for name, value in headers:
        if name != "Date":  # the server adds its own
            answer.headers[name] = value
    return answer


def _spooled(listing: Listing, status: int) -> Response:
    """Send the listing, and close it."""
    size = listing.size
    listing.rewind()

    async def pieces() -> AsyncIterator[bytes]:
        read = asyncio.get_running_loop().run_in_executor
        with listing:
            while piece := await read(_threads, listing.read, PIECE_BYTES):
                yield piece

    return StreamingResponse(pieces(), status, headers={"Content-Length": str(size)})


def _environ(request: Request, path: str, body: bytes, dav: WebDAVRequest) -> dict[str, Any]:
    environ: dict[str, Any] = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": dav.mount,
        "PATH_INFO": path,
        "SERVER_PROTOCOL": "HTTP/1.1",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": BytesIO(body),
        "wsgi.url_scheme": request.scope["scheme"],
        "wsgidav.config": {},
        "wsgidav.verbose": 0,
        "wsgidav.auth.user_name": dav.caller.me.uuid,
        KEY: dav,
    }
    for name, value in request.scope["headers"]:
        key = name.decode("latin-1").upper().replace("-", "_")
        if key == "IF" and len(value) > CONDITION_BYTES:
            raise ValidationFailed.of("If", f"may have at most {CONDITION_BYTES} bytes")
        if key not in {"CONTENT_LENGTH", "CONTENT_TYPE", "AUTHORIZATION", "X_API_KEY"}:
            text = value.decode("latin-1")
            before = environ.get(f"HTTP_{key}")
            environ[f"HTTP_{key}"] = f"{before}, {text}" if before is not None and key in _LISTS else text
    if "HTTP_DEPTH" in environ:
        environ["HTTP_DEPTH"] = environ["HTTP_DEPTH"].strip().lower()
    return environ


async def _small_body(request: Request) -> bytes:
    """Read the body of a request that carries XML.

    Raises:
        FileTooLarge: it has more than BODY_BYTES (413).
    """
    pieces = bytearray()
    async for piece in request.stream():
        pieces += piece
        if len(pieces) > BODY_BYTES:
            raise FileTooLarge(f"The body of this request may have at most {BODY_BYTES} bytes.")
    return bytes(pieces)


def _own_hosts(request: Request, docs: Documents) -> frozenset[str]:
    """Return the ways a client may write this server's name: with or without a default port."""
    named = {request.headers.get("host", ""), urlsplit(docs.kernel.settings.public_url).netloc}
    bare = {host.lower().removesuffix(":80").removesuffix(":443") for host in named if host}
    return frozenset(host + port for host in bare for port in ("", ":80", ":443"))


async def _send(request: Request, dav: WebDAVRequest, intent: Send) -> Response:
    wanted = request.headers.get("range", "")
    first = request.method == "GET" and (not wanted or wanted.replace(" ", "").startswith("bytes=0-"))
    opened = await downloads.open_version(dav.docs, dav.caller, intent.file.id, remember=first, now=dav.now)
    return await send(request, dav.docs, opened)


async def _copy_or_move(request: Request, dav: WebDAVRequest, intent: CopyOrMove) -> Response:
    """Copy or move; stops when the client disconnects, as a PUT does."""

    async def client_check() -> None:
        if await request.is_disconnected():
            raise ClientDisconnect

    refused = await moves.copy_or_move(dav, intent, client_check)
    if refused:
        return Response(answers.multistatus(refused), 207, media_type=answers.XML)
    return Response(status_code=201 if intent.order.onto is Onto.FREE else 204)


async def _receive_upload(request: Request, dav: WebDAVRequest, intent: Upload) -> Response:
    announced = Announced(request.headers)
    size = size_number(request.headers.get("content-length", ""))
    expected = size_number(request.headers.get("x-expected-entity-length", ""))  # Finder sends in chunks
    if size is None and expected is not None:
        uploads.refuse_too_large(dav.docs, expected)
    with dav.docs.kernel.arriving.one_of(dav.caller.me.uuid):
        saved = await saving.store_upload(
            dav.docs,
            dav.caller,
            intent,
            announced.checked(_pieces(request)),
            size=size,
            content_type=request.headers.get("content-type"),
            mount=dav.mount,
            now=dav.now,
        )
    headers = {"ETag": f'"{saved.version.id}"'}
    if saved.created:
        headers["Location"] = href(dav.mount, intent.path, folder=False)
    return Response(status_code=201 if saved.created else 204, headers=headers)


async def _pieces(request: Request) -> AsyncIterator[bytes]:
    async for piece in request.stream():
        yield piece
