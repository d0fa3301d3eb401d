"""Who may read what monitoring reads: `/metrics`, and the details of the health pages.

Balancers need the status of the health pages, so that is for everybody. Versions, times and figures are not.
"""

from __future__ import annotations

import hmac
from functools import lru_cache
from ipaddress import ip_address

from fastapi import Request

from toolcrib.kernel.context import Kernel
from toolcrib.kernel.identity.credentials import find, split_authorization
from toolcrib.kernel.identity.principal import Unauthorized

# What a proxy adds. A request that has one of them comes from somewhere else, whoever sent it on, and whether or not
# the proxy is one of TRUSTED_PROXIES.
_FORWARDING = frozenset(
    {b"forwarded", b"via", b"x-real-ip", b"x-client-ip", b"x-cluster-client-ip", b"true-client-ip"}
    | {b"cf-connecting-ip", b"fly-client-ip"}
)
_FORWARDING_PREFIX = b"x-forwarded-"


def may_read_details(request: Request, kernel: Kernel) -> bool:
    """Whether METRICS_ACCESS and METRICS_TOKEN allow this request. Asks no database: health pages call it."""
    settings = kernel.settings
    if settings.metrics_access == "open" or _shows(request, settings.metrics_token.get_secret_value()):
        return True
    return settings.metrics_access == "loopback" and _is_local(request)


async def require_monitoring(request: Request, kernel: Kernel) -> None:
    """Let those pass who may read details, and administrators.

    Raises:
        Unauthorized: nobody has signed in (401).
        Forbidden: somebody has who is no administrator (403).
    """
    if may_read_details(request, kernel):
        return
    if find(request.scope["headers"]) is None:
        raise Unauthorized(
            "Figures are for monitoring and for administrators. METRICS_ACCESS and METRICS_TOKEN on the server say "
            "who else may read them."
        )
    (await kernel.auth.principal(request)).require_admin()


def _shows(request: Request, token: str) -> bool:
    found = find(request.scope["headers"])
    if not token or found is None or found[0] != "authorization":
        return False
    try:
        scheme, shown = split_authorization(found[1])
    except Unauthorized:
        return False
    return scheme == "bearer" and hmac.compare_digest(shown.encode("latin-1"), token.encode())


def _is_local(request: Request) -> bool:
    """Whether a program on this host asks, and no proxy for somebody else."""
    for name, _value in request.scope["headers"]:
        if name in _FORWARDING or name.startswith(_FORWARDING_PREFIX):
            return False
    return _is_loopback((request.scope.get("client") or ("",))[0])


@lru_cache(maxsize=1024)
def _is_loopback(host: str) -> bool:
    """Remembered: balancers ask for health again and again."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
