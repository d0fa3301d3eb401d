"""Which claims a running desktop consists of: itself, its home, and its volume if that is exclusive."""

from __future__ import annotations

from toolcrib.desktops.models import KIND
from toolcrib.kernel.claims.models import PRIVATE, Claim, Ref

# Of volumes, wherever their holder: one volume has one scope, and who uses it is for administrators to see.
VOLUMES = "admin:"
HOME = "home/"
VOLUME = "volume/"


def desktop_ref(holder_uuid: str, name: str) -> Ref:
    return Ref(KIND, f"user:{holder_uuid}", name)


def home_ref(holder_uuid: str, name: str) -> Ref:
    return Ref(KIND, f"user:{holder_uuid}", f"{HOME}{name}")


def volume_ref(volume: str) -> Ref:
    return Ref(KIND, VOLUMES, f"{VOLUME}{volume}")


def is_desktop(claim: Claim) -> bool:
    """Whether it is the claim of the desktop itself."""
    return "/" not in claim.key


def desktop_of(claim: Claim) -> str | None:
    """Return the name of the desktop that the claim is part of."""
    if is_desktop(claim):
        return claim.key
    private = claim.data.get(PRIVATE)
    found = private.get("desktop") if isinstance(private, dict) else None
    return found if isinstance(found, str) else None
