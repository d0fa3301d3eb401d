"""The network of a desktop that has one: it reaches other computers, but neither this one nor what listens on it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path

# Where this computer's resolver is seen from a desktop with network, whatever its own address is.
RESOLVER = "169.254.1.53"

_NET = Path("/proc/net")
_LOCAL = re.compile(r"\|-- (\S+)\n\s+/32 host LOCAL")
# `pasta` opens connections from this computer, so that each of its addresses would lead to it. Those of the network
# card that the desktop shares are the desktop's own there; there is no way to the others.
_APART = 'while [ "$1" != -- ]; do ip route add unreachable "$1" || exit 1; shift; done; shift; exec "$@"'


def networking() -> Iterator[str]:
    """The words of a command that gives the command after it a network of its own."""
    yield from ("pasta", "--foreground", "--quiet", "--config-net", "--no-map-gw", "--dns-forward", RESOLVER)
    yield from ("-t", "none", "-u", "none", "-T", "none", "-U", "none", "--")
    yield from ("/bin/sh", "-c", _APART, "sh", *map(str, addresses()), "--")


def addresses() -> list[IPv4Address | IPv6Address]:
    """The addresses of this computer that others could reach, as they are now."""
    found = [ip_address(text) for text in dict.fromkeys(_LOCAL.findall((_NET / "fib_trie").read_text()))]
    if (_NET / "if_inet6").exists():
        lines = (_NET / "if_inet6").read_text().splitlines()
        found += [ip_address(bytes.fromhex(line.split()[0])) for line in lines]
    return [one for one in found if not (one.is_loopback or one.is_link_local)]
