"""Properties of files and folders as XML: the standard ones, and those that clients set."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache
from typing import Any
from xml.etree.ElementTree import Element, ParseError, SubElement, register_namespace, tostring

from defusedxml.common import DefusedXmlException  # type: ignore[import-untyped]
from defusedxml.ElementTree import fromstring  # type: ignore[import-untyped]

from toolcrib.documents.dav.addresses import href
from toolcrib.documents.errors import ValidationFailed
from toolcrib.documents.service.lock_tokens import WebDAVLock, tokens_of
from toolcrib.documents.service.locks import lock_id
from toolcrib.documents.service.webdav_locks import SCHEME, is_folder
from toolcrib.kernel.claims.models import Claim
from toolcrib.kernel.stored_json import report_damage

MAX_DEPTH = 100
register_namespace("D", "DAV:")  # some clients accept no other prefix

LOCKDISCOVERY = "{DAV:}lockdiscovery"
SUPPORTEDLOCK = "{DAV:}supportedlock"
ETAG = "{DAV:}getetag"
# RFC 4331; not part of "all" properties, as it asks.
QUOTA_AVAILABLE = "{DAV:}quota-available-bytes"
QUOTA_USED = "{DAV:}quota-used-bytes"
QUOTA = frozenset({QUOTA_AVAILABLE, QUOTA_USED})


def supported_lock() -> Element:
    found = Element(SUPPORTEDLOCK)
    for scope in ("exclusive", "shared"):
        entry = SubElement(found, "{DAV:}lockentry")
        SubElement(SubElement(entry, "{DAV:}lockscope"), f"{{DAV:}}{scope}")
        SubElement(SubElement(entry, "{DAV:}locktype"), "{DAV:}write")
    return found


def lock_discovery(held: Iterable[Claim], mount: str, alias: dict[str, str], *, now: datetime) -> Element:
    """Return the lockdiscovery property: all claims on a file or folder, including those not taken over WebDAV.

    `alias` maps the address of a bucket to the address that this client uses for it.
    """
    found = Element(LOCKDISCOVERY)
    for claim in held:
        for lock in tokens_of(claim, now) or [_untokened(claim)]:
            _add_lock(found, lock, _root(claim, mount, alias), now)
    return found


def _untokened(claim: Claim) -> WebDAVLock:
    """Return an entry for a claim that has no WebDAV token; the token shown gives no access."""
    return WebDAVLock(claim, SCHEME + lock_id(claim), False, "", claim.expires_at)


def _add_lock(parent: Element, lock: WebDAVLock, root: str, now: datetime) -> None:
    active = SubElement(parent, "{DAV:}activelock")
    SubElement(SubElement(active, "{DAV:}locktype"), "{DAV:}write")
    scope = "shared" if lock.shared else "exclusive"
    SubElement(SubElement(active, "{DAV:}lockscope"), f"{{DAV:}}{scope}")
    SubElement(active, "{DAV:}depth").text = lock.depth
    active.append(_owner(lock))
    left = None if lock.expires_at is None else max(1, int((lock.expires_at - now).total_seconds()))
    SubElement(active, "{DAV:}timeout").text = "Infinite" if left is None else f"Second-{left}"
    SubElement(SubElement(active, "{DAV:}locktoken"), "{DAV:}href").text = lock.token
    SubElement(SubElement(active, "{DAV:}lockroot"), "{DAV:}href").text = root


def _owner(lock: WebDAVLock) -> Element:
    """Return the owner element as the client sent it (RFC 4918, 14.17), or one with the holder's name."""
    if lock.owner:
        parsed = stored_element(lock.owner, "{DAV:}owner")
        if parsed is not None:
            return parsed
        report_damage("claims", lock.claim.fence)
    owner = Element("{DAV:}owner")
    owner.text = lock.claim.holder
    return owner


def _root(claim: Claim, mount: str, alias: dict[str, str]) -> str:
    path = claim.label
    for address, known_as in alias.items():
        if path.startswith(address):
            path = known_as + path[len(address) :]
            break
    return href(mount, path, folder=is_folder(claim))


def as_text(element: Any) -> str:
    """Return the element as XML text.

    Raises:
        ValidationFailed: it is nested so deeply that serialising it would fail (400).
    """
    if _is_too_deep(element):
        raise ValidationFailed.of("body", f"XML may be at most {MAX_DEPTH} levels deep")
    return tostring(element, encoding="unicode")


def _is_too_deep(element: Any) -> bool:
    level = [element]
    for _ in range(MAX_DEPTH):
        level = [child for each in level for child in each]
        if not level:
            return False
    return True


def stored_element(text: str, name: str) -> Element | None:
    """Return the element `name` that a client had stored as `text`; None if it is not there, or too deep to be sent."""
    try:
        found: Element = fromstring(text)
    except (ParseError, DefusedXmlException, ValueError):
        return None
    return found if found.tag == name and not _is_too_deep(found) else None


@lru_cache(maxsize=1_024)
def is_name(name: str) -> bool:
    """Return whether an element can have this name."""
    return stored_element(tostring(Element(name), encoding="unicode"), name) is not None
