"""Read a person's groups from the claims of the OpenID provider."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from itertools import islice
from typing import Any

import structlog

log = structlog.get_logger()

# A person may be in many groups, of which the settings name few.
MOST_READ = 50_000
_ABSENT = object()


def groups_of(
    claims: Mapping[str, Any], path: str, known: Collection[str], *, is_complete: bool
) -> frozenset[str] | None:
    """Return which of the `known` groups are in the claim at `path`; None if the provider did not say.

    `is_complete` is true if all claims could be read, so that a claim that is not there means no groups. Some providers
    leave long lists out and name the claim in `_claim_names` (OpenID Connect Core, section 5.6.2)."""
    found = _find(claims, path)
    if found is _ABSENT:
        elsewhere = claims.get("_claim_names")
        if not is_complete or (isinstance(elsewhere, dict) and path.partition(".")[0] in elsewhere):
            log.warning("oidc_groups_unknown", claim=path)
            return None
        return frozenset()
    if isinstance(found, str):
        found = found.split(",") if "," in found else found.split()
    if not isinstance(found, list):
        log.warning("oidc_groups_unreadable", claim=path)
        return frozenset()
    names = (each.strip() for each in islice(found, MOST_READ) if isinstance(each, str))
    return frozenset(name for name in names if name in known)


def has_claim(claims: Mapping[str, Any], path: str) -> bool:
    return _find(claims, path) is not _ABSENT


def _find(claims: Mapping[str, Any], path: str) -> Any:
    """Return the claim at `path`. A name may hold dots itself, like that of a client."""
    if path in claims:
        return claims[path]
    at = path.find(".")
    while at >= 0:
        inner = claims.get(path[:at])
        if isinstance(inner, dict):
            found = _find(inner, path[at + 1 :])
            if found is not _ABSENT:
                return found
        at = path.find(".", at + 1)
    return _ABSENT
