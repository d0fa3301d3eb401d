"""Origins of addresses, as browsers name them in `Origin` (RFC 6454)."""

from __future__ import annotations

from urllib.parse import urlsplit

DEFAULT_PORTS = {"http": ":80", "https": ":443"}


def origin_of(address: str) -> str | None:
    """Return scheme, host and port of an address, in lower case and without the scheme's default port: its path does
    not belong to it. None if the address has no scheme or no host."""
    try:
        parts = urlsplit(address.strip())
    except ValueError:
        return None
    authority = without_default_port(parts.scheme, parts.netloc.rpartition("@")[2].lower())
    return f"{parts.scheme}://{authority}" if parts.scheme and authority else None


def without_default_port(scheme: str, authority: str) -> str:
    return authority.removesuffix(DEFAULT_PORTS.get(scheme, ":"))
