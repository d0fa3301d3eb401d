"""Who sent a request and by which scheme, where proxies stand in front: the one place that decides which forwarding
headers are believed.

`RequestMiddleware` asks once and puts the answer into the scope, as if the client had connected directly. So whatever
reads the client or the scheme (rate limits, audits, the cookie's Secure flag, addresses in answers) agrees.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import NamedTuple

import structlog
from starlette.requests import HTTPConnection
from starlette.types import Scope

log = structlog.get_logger()

ANYBODY = "*"
UNIX = "unix"  # stands for a peer without an address
# There are few proxies. Strangers who send such headers themselves must not fill the log.
WARNINGS = 10
_SCHEMES = frozenset({"http", "https"})

Address = IPv4Address | IPv6Address


class Origin(NamedTuple):
    address: str
    scheme: str


class TrustedProxies:
    """`words` are addresses, networks, and `*` for whoever connects to us."""

    def __init__(self, words: Sequence[str]) -> None:
        self._any_peer = ANYBODY in words
        self._networks = [
            ip_network(parse_address(each) or each, strict=False) for each in words if each != ANYBODY
        ]
        self._warned: set[str] = set()

    def origin(self, scope: Scope) -> Origin:
        """Return the address of the client and the scheme it used, as far as trusted proxies say.

        Each proxy appends the address of its own peer to `X-Forwarded-For`. So the list is read from the right, for as
        long as the next address is a trusted proxy too: the first that is not is the client, and what stands before it
        came from the client. An entry that is no address ends the walk at the proxy that sent it. `*` trusts any peer,
        but no entry of the list: the client could have written those.

        `X-Forwarded-Proto` may be a list as well. If it has an entry for each address, the client's own is taken; else
        the first, which is what the browser used unless the client wrote it, and that would mislead nobody but itself.
        """
        peer: str = (scope.get("client") or (UNIX, 0))[0]
        scheme: str = scope["scheme"]
        said_addresses: list[bytes] = []
        said_schemes: list[bytes] = []
        for name, value in scope["headers"]:
            if name == b"x-forwarded-for":
                said_addresses.append(value)
            elif name == b"x-forwarded-proto":
                said_schemes.append(value)
        if not said_addresses and not said_schemes:
            return Origin(peer, scheme)
        if not self.trusts(peer):
            self._warn(peer)
            return Origin(peer, scheme)

        addresses, schemes = _entries(said_addresses), _entries(said_schemes)
        address, position = peer, len(addresses)
        while position > 0 and (entry := parse_address(addresses[position - 1])) is not None:
            address, position = str(entry), position - 1
            if not self._is_named(entry):
                break
        if schemes:
            own = min(position, len(schemes) - 1) if len(schemes) == len(addresses) else 0
            said = schemes[own].lower()
            scheme = said if said in _SCHEMES else scheme
        return Origin(address, scheme)

    def trusts(self, peer: str) -> bool:
        """Whether the forwarding headers of `peer` are believed."""
        return self._any_peer or self._is_named(parse_address(peer))

    def _is_named(self, address: Address | None) -> bool:
        return address is not None and any(address in network for network in self._networks)

    def _warn(self, peer: str) -> None:
        if peer not in self._warned and len(self._warned) < WARNINGS:
            self._warned.add(peer)
            log.warning(
                "forwarding_headers_ignored",
                peer=peer,
                hint="X-Forwarded-For and X-Forwarded-Proto of this address are not believed. If it is your proxy, "
                "add it to TRUSTED_PROXIES.",
            )


def _entries(lines: Iterable[bytes]) -> list[str]:
    """The entries of a list header that may come in several lines."""
    return [entry.strip() for line in lines for entry in line.decode("latin-1").split(",")]


def parse_address(text: str) -> Address | None:
    """The address in `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1` or `[2001:db8::1]:80`."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def client_address(connection: HTTPConnection | Scope) -> str:
    """Who a request is counted against, and what audits name: the address of the client.

    An IPv6 address stands for its /64, because that is what one subscriber gets.
    """
    scope = connection.scope if isinstance(connection, HTTPConnection) else connection
    return _address_counted((scope.get("client") or (UNIX, 0))[0])


@lru_cache(maxsize=4_096)  # parsing one takes as long as a good part of an answer
def _address_counted(text: str) -> str:
    address = parse_address(text)
    if isinstance(address, IPv6Address):
        return str(ip_network((address, 64), strict=False))
    return text if address is None else str(address)
