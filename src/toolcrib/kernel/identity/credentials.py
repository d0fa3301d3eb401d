"""Read the credential of a request, and detect requests that another site's page made a browser send."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable
from typing import Literal

from toolcrib.kernel.identity.principal import BAD_BASIC, NO_CREDENTIAL, Unauthorized
from toolcrib.kernel.origins import origin_of
from toolcrib.kernel.problems import Forbidden

Headers = Iterable[tuple[bytes, bytes]]
Carrier = Literal["authorization", "api_key", "cookie"]

COOKIE = "access_token"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_COOKIE_NAME = COOKIE.encode() + b"="


class CrossSiteWrite(Forbidden):
    """A page of another site sent a write request with the sign-in cookie."""

    code = "cross_site_write"


def find(headers: Headers) -> tuple[Carrier, bytes] | None:
    """Return the request's credential and how it is carried: `Authorization`, else `X-API-Key`, else the cookie."""
    key = cookie = None
    for name, value in headers:
        if name == b"authorization":
            if value:
                return "authorization", value
        elif name == b"x-api-key":
            key = value
        elif name == b"cookie" and _COOKIE_NAME in value:
            cookie = value
    if key:
        return "api_key", key
    token = _cookie_value(cookie) if cookie else None
    return ("cookie", token) if token else None


def _cookie_value(header: bytes) -> bytes | None:
    for part in header.split(b";"):
        part = part.strip()  # noqa: PLW2901 - the same part
        if part.startswith(_COOKIE_NAME):
            return part[len(_COOKIE_NAME) :].strip(b'"')
    return None


def split_authorization(value: bytes) -> tuple[str, str]:
    """Return the scheme, in lower case, and what follows it.

    Raises:
        Unauthorized: the header has no known form (401).
    """
    scheme, _, rest = value.decode("latin-1").strip().partition(" ")
    if scheme.lower() not in {"bearer", "basic"} or not rest.strip():
        raise Unauthorized(NO_CREDENTIAL)
    return scheme.lower(), rest.strip()


def split_basic(encoded: str) -> tuple[str, str]:
    """Return username and password of HTTP Basic (RFC 7617), in UTF-8 or else Latin-1.

    Raises:
        Unauthorized: the value is not a Base64-encoded pair (401).
    """
    try:
        pair = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        raise Unauthorized(BAD_BASIC) from None
    try:
        text = pair.decode()
    except UnicodeDecodeError:
        text = pair.decode("latin-1")
    username, colon, password = text.partition(":")
    if not colon:
        raise Unauthorized(BAD_BASIC)
    return username, password


def refuse_cross_site(headers: Headers, own_origins: frozenset[str]) -> None:
    """Refuse a write request if the browser says that another site's page sent it.

    Browsers say so in `Origin` or `Sec-Fetch-Site`, which pages cannot forge; programs send neither. `own_origins` are
    in the form of `origin_of`.

    Raises:
        CrossSiteWrite: another site's page sent it (403).
    """
    origin = fetch_site = host = None
    for name, value in headers:
        if name == b"origin":
            origin = value.decode("latin-1")
        elif name == b"sec-fetch-site":
            fetch_site = value.decode("latin-1")
        elif name == b"host":
            host = value.decode("latin-1")
    if origin is not None:
        sent = origin_of(origin)
        # Read the Host header with the origin's scheme: a proxy may have ended TLS in front of this server.
        asked = host and origin_of(f"{origin.partition(':')[0]}://{host}")
        ours = sent is not None and (sent in own_origins or sent == asked)
    else:
        ours = fetch_site in {None, "same-origin", "none"}
    if not ours:
        raise CrossSiteWrite(
            "This request came from another site's page. Send a token instead of the cookie."
        )
