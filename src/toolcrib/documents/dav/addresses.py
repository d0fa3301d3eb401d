"""Addresses below `/dav`: parse them from requests, and write them in responses."""

from __future__ import annotations

from urllib.parse import quote, unquote_to_bytes, urlsplit

from toolcrib.documents.errors import ValidationFailed
from toolcrib.documents.paths import normalise

MOUNT = "/dav"
MAX_BYTES = 8_192
_UNQUOTED = "/!*'(),$-_|.~@:+"


def read_raw(raw: bytes) -> str:
    """Decode `raw`, the part of the request line after the mount, into a path below the mount.

    Each segment is decoded by itself and once, so an escaped slash does not become a separator and an escaped `..`
    does not lead to the parent folder.

    Raises:
        ValidationFailed: it is not UTF-8, too long, or holds a name that no file may have (400).
    """
    if len(raw) > MAX_BYTES:
        raise ValidationFailed.of("path", "is too long")
    segments: list[str] = []
    for part in raw.split(b"/"):
        try:
            segment = unquote_to_bytes(part).decode()
        except UnicodeDecodeError:
            raise ValidationFailed.of("path", "is not UTF-8") from None
        if "/" in segment:
            raise ValidationFailed.of("path", "contains an encoded slash")
        if segment:
            segments.append(segment)
    if not segments:
        return "/"
    normalise("/".join(segments))
    return "/" + "/".join(segments)


def read_url(url: str, mount: str, own_hosts: frozenset[str]) -> str | None:
    """Return the decoded path below the mount that a Destination, or a tag of an If header, names.

    None if the URL is not on this server. Accepts unescaped characters, since some clients do not escape them.
    """
    if url.startswith("/"):
        path = url
    else:
        try:
            parts = urlsplit(url)
            path = url[url.index(parts.netloc) + len(parts.netloc) :]
        except ValueError:
            return None
        if parts.scheme not in {"http", "https"} or parts.netloc.lower() not in own_hosts:
            return None
    if path != mount and not path.startswith(mount + "/"):
        return None
    return read_raw(path[len(mount) :].encode("latin-1", "surrogateescape"))


def href(mount: str, path: str, *, folder: bool) -> str:
    """Return the escaped absolute path for an href element; a folder's ends with a slash."""
    if folder and not path.endswith("/"):
        path += "/"
    return quote(mount + path, safe=_UNQUOTED)
