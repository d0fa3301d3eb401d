"""LOCK and UNLOCK."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Any
from xml.etree.ElementTree import Element

from wsgidav import util
from wsgidav.dav_error import (
    HTTP_BAD_REQUEST,
    HTTP_CONFLICT,
    HTTP_FORBIDDEN,
    HTTP_NO_CONTENT,
    HTTP_PRECONDITION_FAILED,
    PRECONDITION_CODE_LockTokenMismatch,
)

from toolcrib.documents.dav import properties as xml
from toolcrib.documents.dav.answers import as_bytes
from toolcrib.documents.dav.bodies import read_xml
from toolcrib.documents.dav.conditions import Conditions, tokens_shown
from toolcrib.documents.dav.provider import place_of_path
from toolcrib.documents.dav.replies import answer, empty
from toolcrib.documents.dav.request import Environ, WebDAVRequest, request_of
from toolcrib.documents.dav.resources import ListingResource
from toolcrib.documents.errors import FileLocked
from toolcrib.documents.paths import Place
from toolcrib.documents.service import uploads, webdav_locks
from toolcrib.documents.service.webdav_locks import NoSuchToken
from toolcrib.kernel.numbers import LARGEST, size_number

# Clients write a name, or the URL of a page.
OWNER_BYTES = 512
_SECONDS = re.compile(r"second-([0-9]+)", re.IGNORECASE)


class Locking(Conditions):
    def do_LOCK(self, environ: Environ, start_response: Any) -> Any:
        path = environ["PATH_INFO"]
        dav = request_of(environ)
        depth = environ.get("HTTP_DEPTH", "infinity")
        if depth not in {"0", "infinity"}:
            self._fail(HTTP_BAD_REQUEST, context_info="A lock's Depth is 0 or infinity.")
        res = self._davProvider.get_resource_inst(path, environ)
        if isinstance(res, ListingResource):
            self._fail(HTTP_FORBIDDEN, context_info="Nothing can be locked here.")
        seconds = _seconds(environ.get("HTTP_TIMEOUT", ""))
        asked = read_xml(environ, allow_empty=True)
        if asked is None:
            return self._refresh(res, seconds, environ, start_response)
        self._evaluate_if_headers(res, environ)
        shared, owner = self._read_lockinfo(asked)
        place = res.place if res is not None else place_of_path(dav, path)
        dav.right(place.bucket, "lock")
        if res is None:
            self._check_write_permission(self._parent(path, environ), "0", environ)
            _make_empty(dav, place)
        lock = dav.run(
            webdav_locks.lock(
                dav.docs,
                dav.caller,
                place,
                deep=depth == "infinity",
                shared=shared,
                owner=owner,
                seconds=seconds,
                now=dav.now,
            )
        )
        headers = [("Lock-Token", f"<{lock.token}>")]
        return self._show_locks(path, environ, start_response, 200 if res is not None else 201, headers)

    def _read_lockinfo(self, asked: Element) -> tuple[bool, str]:
        scope = asked.find("{DAV:}lockscope")
        kind = asked.find("{DAV:}locktype")
        named = {child.tag for child in scope} if scope is not None else set()
        if asked.tag != "{DAV:}lockinfo" or len(named & {"{DAV:}exclusive", "{DAV:}shared"}) != 1:
            self._fail(HTTP_BAD_REQUEST, context_info="A lock is exclusive or shared.")
        if kind is None or kind.find("{DAV:}write") is None:
            self._fail(HTTP_BAD_REQUEST, context_info="There are only write locks.")
        owner = asked.find("{DAV:}owner")
        text = "" if owner is None else xml.as_text(owner).strip()
        if len(text.encode()) > OWNER_BYTES:
            self._fail(HTTP_BAD_REQUEST, context_info="The owner is too long.")
        return "{DAV:}shared" in named, text

    def _refresh(self, res: Any, seconds: int | None, environ: Environ, start_response: Any) -> Any:
        dav = request_of(environ)
        util.parse_if_header_dict(environ)
        tokens = tokens_shown(environ)
        if res is None or len(tokens) != 1:
            self._fail(
                HTTP_BAD_REQUEST, context_info="A refresh must name one lock of an existing file or folder."
            )
        try:
            dav.run(
                webdav_locks.refresh(dav.docs, dav.caller, res.place, tokens[0], seconds=seconds, now=dav.now)
            )
        except NoSuchToken as gone:
            self._fail(
                HTTP_PRECONDITION_FAILED,
                context_info=gone.detail,
                err_condition=PRECONDITION_CODE_LockTokenMismatch,
            )
        return self._show_locks(environ["PATH_INFO"], environ, start_response, 200, [])

    def _show_locks(
        self, path: str, environ: Environ, start_response: Any, status: int, headers: list[tuple[str, str]]
    ) -> Any:
        res = self._davProvider.get_resource_inst(path, environ)
        prop = Element("{DAV:}prop")
        prop.append(res.get_property_value(xml.LOCKDISCOVERY))
        return answer(start_response, status, as_bytes(prop), headers)

    def do_UNLOCK(self, environ: Environ, start_response: Any) -> Any:
        dav = request_of(environ)
        self._refuse_body(environ)
        res = self._existing(environ["PATH_INFO"], environ)
        if "HTTP_LOCK_TOKEN" not in environ:
            self._fail(HTTP_BAD_REQUEST, context_info="The Lock-Token header is missing.")
        token = environ["HTTP_LOCK_TOKEN"].strip().strip("<>")
        try:
            dav.run(webdav_locks.unlock(dav.docs, dav.caller, res.place, token, now=dav.now))
        except NoSuchToken as gone:
            self._fail(
                HTTP_CONFLICT,
                context_info=gone.detail,
                err_condition=PRECONDITION_CODE_LockTokenMismatch,
            )
        except FileLocked as other:
            self._fail(HTTP_FORBIDDEN, context_info=other.detail)
        return empty(start_response, HTTP_NO_CONTENT)


def _seconds(timeout: str) -> int | None:
    """Return the first wish that a Timeout header holds, in seconds; a large number for Infinite, None if it holds none
    (RFC 4918, 10.7)."""
    for wish in timeout.split(","):
        if wish.strip().lower() == "infinite":
            return LARGEST
        found = _SECONDS.fullmatch(wish.strip())
        seconds = size_number(found[1]) if found else None
        if seconds:
            return seconds
    return None


def _make_empty(dav: WebDAVRequest, place: Place) -> None:
    """Create an empty file: a LOCK on an unmapped address does so (RFC 4918, 7.3)."""

    async def nothing() -> AsyncIterator[bytes]:
        for piece in list[bytes]():
            yield piece

    receive = uploads.receive_stream(dav.docs, place, nothing(), size=0, base_version=0)
    right = dav.right(place.bucket, "write")
    dav.run(uploads.put(dav.docs, dav.caller, place, receive, right=right, base_version=0, now=dav.now))
