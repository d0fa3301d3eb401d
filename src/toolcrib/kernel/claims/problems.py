"""How a claim verb can refuse."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from toolcrib.kernel.claims.models import Claim
from toolcrib.kernel.clock import iso_format
from toolcrib.kernel.problems import Problem

HELD_BY_YOU = "You hold it yourself."


def day_and_minute(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def held_details(claim: Claim, queue: int) -> dict[str, Any]:
    """The one object every refusal because of another holder carries. The edge adds `url`."""
    return {
        "kind": claim.kind,
        "scope": claim.scope,
        "key": claim.key,
        "label": claim.label,
        "holder": claim.holder,
        "holder_uuid": claim.holder_uuid,
        "since": iso_format(claim.acquired_at),
        "until": iso_format(claim.expires_at) if claim.expires_at else None,
        "comment": claim.comment,
        "branch": claim.branch,
        "fence": claim.fence,
        "queue": queue,
    }


class ClaimHeld(Problem):
    """Somebody holds the thing, perhaps the caller. `claim` is theirs; `queue` is how many wait for it."""

    code, status = "claim_held", 409

    def __init__(self, claim: Claim, queue: int = 0, reason: str | None = None) -> None:
        until = f" until {day_and_minute(claim.expires_at)}" if claim.expires_at else ""
        why = f": {claim.comment}" if claim.comment else ""
        since = day_and_minute(claim.acquired_at)
        super().__init__(
            reason or f"{claim.label} is held by {claim.holder} since {since}{until}{why}",
            held_details(claim, queue),
        )
        self.claim = claim
        self.queue = queue


class SpelledOtherwise(ClaimHeld):
    """A thing is held whose name differs from the wanted one only in upper and lower case."""

    def __init__(self, claim: Claim, wanted: str, queue: int = 0) -> None:
        since = day_and_minute(claim.acquired_at)
        super().__init__(
            claim,
            queue,
            f"{claim.label} is held by {claim.holder} since {since}. {wanted} differs from it only in upper and "
            "lower case.",
        )


class SomeHeld(Problem):
    """A bulk verb met claims of others; nothing was changed. `conflicts` lists at most 100 of them."""

    code, status = "claim_held", 409

    def __init__(self, conflicts: list[Claim]) -> None:
        first = conflicts[0]
        more = f" and {len(conflicts) - 1} more are taken" if len(conflicts) > 1 else ""
        super().__init__(
            f"{first.label} is held by {first.holder}{more}; nothing was changed.",
            {
                **held_details(first, 0),
                "conflict_count": len(conflicts),
                "conflicts": [held_details(claim, 0) for claim in conflicts[:100]],
            },
        )


class ClaimNotFound(Problem):
    """Nobody holds it: never, no longer, or past its end."""

    code, status = "claim_not_found", 404


class NotHolder(Problem):
    """The verb belongs to the holder, and that is somebody else."""

    code, status = "not_holder", 403

    def __init__(self, claim: Claim, reason: str | None = None) -> None:
        super().__init__(
            reason or f"{claim.label} is held by {claim.holder}, not by you.", held_details(claim, 0)
        )
        self.claim = claim


class VerbRefused(Problem):
    """The kind has a reason why this verb may not be used on this claim now; `claim.cannot` shows the same one."""

    code, status = "verb_refused", 409

    def __init__(self, claim: Claim, verb: str, reason: str) -> None:
        super().__init__(reason, {**held_details(claim, 0), "verb": verb})


class ClaimLost(Problem):
    """The caller's fence is older than the claim: it ended, and perhaps passed on."""

    code, status = "claim_lost", 409


class AlreadyWaiting(Problem):
    code, status = "already_waiting", 409


class TooManyPrograms(Problem):
    """So many programs of one account wait for one thing that no further one may."""

    code, status = "too_many_programs", 409


class BadEnd(Problem):
    """A claim must end in the future, or never."""

    code, status = "invalid_request", 400
