"""WebDAV response bodies: errors and multistatus, as XML."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from xml.etree.ElementTree import Element, SubElement, tostring

from fastapi import Response
from wsgidav.dav_error import DAVError, get_http_status_string

from toolcrib.documents.errors import FileExists, FileLocked, VersionConflict
from toolcrib.documents.service.webdav_locks import TokenNeeded
from toolcrib.kernel.blobs.accounts import QuotaExceeded
from toolcrib.kernel.blobs.problems import StorageFull
from toolcrib.kernel.claims.models import Claim
from toolcrib.kernel.problems import Problem

OURS = "urn:toolcrib"
XML = "application/xml; charset=utf-8"
_LOCKED = 423


class DraftKept(Problem):
    """Content was uploaded after its lock was lost. It was kept as a draft beside the file, at `href`."""

    code, status = "draft_kept", 412

    def __init__(self, detail: str, href: str, claim: Claim | None) -> None:
        super().__init__(detail)
        self.href = href
        self.claim = claim


def status_of(problem: Problem, method: str) -> int:
    match problem:
        case FileLocked() | TokenNeeded():
            return _LOCKED
        case DraftKept():
            return _LOCKED if problem.claim is not None else 412
        case VersionConflict():
            return 412
        case FileExists():
            return 405 if method == "MKCOL" else 409
    cause: BaseException | None = problem
    while cause is not None:
        if isinstance(cause, StorageFull):
            return 507
        cause = cause.__cause__
    return problem.status


def refusal(problem: Problem, method: str, href: str) -> Response:
    """Return the error response: the standard's condition element (RFC 4918, 16), and a sentence for people."""
    status = status_of(problem, method)
    body = Element("{DAV:}error")
    if status == _LOCKED:
        word = "no-conflicting-lock" if method == "LOCK" else "lock-token-submitted"
        SubElement(SubElement(body, f"{{DAV:}}{word}"), "{DAV:}href").text = href
    if isinstance(problem, QuotaExceeded):
        SubElement(body, "{DAV:}quota-not-exceeded")  # RFC 4331, 6
    SubElement(body, f"{{{OURS}}}message").text = problem.detail
    SubElement(body, f"{{{OURS}}}code").text = problem.code
    claim = getattr(problem, "claim", None)
    if claim is not None:
        SubElement(body, f"{{{OURS}}}holder").text = claim.holder
    if isinstance(problem, DraftKept):
        SubElement(SubElement(body, f"{{{OURS}}}draft"), "{DAV:}href").text = problem.href
    return Response(as_bytes(body), status, headers=dict(problem.headers), media_type=XML)


def dav_refusal(error: DAVError) -> Response:
    """Return an error that WsgiDAV raised as XML, in place of its HTML page."""
    status = int(error.value)
    if status in {204, 304}:
        return Response(status_code=status)
    body = error.err_condition.as_xml() if error.err_condition else Element("{DAV:}error")
    if error.context_info:
        SubElement(body, f"{{{OURS}}}message").text = str(error.context_info)
    return Response(as_bytes(body), status, media_type=XML)


def multistatus(refused: Sequence[tuple[str, int, str]]) -> bytes:
    """Return a multistatus body with one response for each (href, status, description)."""
    body = Element("{DAV:}multistatus")
    for href, status, text in refused:
        response = SubElement(body, "{DAV:}response")
        SubElement(response, "{DAV:}href").text = href
        SubElement(response, "{DAV:}status").text = f"HTTP/1.1 {get_http_status_string(status)}"
        SubElement(response, "{DAV:}responsedescription").text = text
    return as_bytes(body)


def as_bytes(element: Any) -> bytes:
    text: str = tostring(element, encoding="unicode")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{text}'.encode()
