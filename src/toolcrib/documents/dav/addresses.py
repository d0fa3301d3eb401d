"""Addresses below `/dav`: from the wire to segments, and back."""

from __future__ import annotations

from urllib.parse import quote, unquote_to_bytes, urlsplit

from toolcrib.documents.errors import ValidationFailed
from toolcrib.documents.paths import normalise

MOUNT = "/dav"
MAX_BYTES = 8_192
_UNQUOTED = "/!*'(),$-_|.~@:+"


def read_raw(raw: bytes) -> str:
    """The decoded path below the mount, for what stood in the request line after it.

    A segment is decoded by itself and once: an escaped slash does not become a separator, an escaped `..` no
    way up.

    Raises:
        ValidationFailed: not UTF-8, or a name that no file may have (400).
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
            raise ValidationFailed.of("path", "holds an encoded slash")
        if segment:
            segments.append(segment)
    if not segments:
        return "/"
    normalise("/".join(segments))
    return "/" + "/".join(segments)


def read_url(url: str, mount: str, own_hosts: frozenset[str]) -> str | None:
    """The decoded path below the mount that a Destination or a tag of an If header names; None if it is no
    address of ours. Some clients leave characters as they are that belong escaped."""
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
    """As it stands in answers: absolute, escaped, folders with a slash at the end."""
    if folder and not path.endswith("/"):
        path += "/"
    return quote(mount + path, safe=_UNQUOTED)
