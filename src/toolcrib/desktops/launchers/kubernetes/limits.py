"""How long the launcher waits for a cluster, and how much it takes from it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    stop_seconds: float = 120.0  # contract, section 11: 60 looks, 2 seconds apart
    home_seconds: float = 20.0
    """How long a home that is to be removed is waited for."""
    no_pod_seconds: float = 3.0
    """After how long without a pod the cluster is asked why there is none."""
    page: int = 250
    """How many objects of a list are asked for at a time."""
    objects: int = 50_000
    """A list of more has no end."""


LIMITS = Limits()
