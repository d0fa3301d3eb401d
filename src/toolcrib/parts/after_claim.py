"""What the end of a claim makes of a part (parts contract, section 5, `/unclaim`)."""

from __future__ import annotations

from typing import Any

from toolcrib.parts.models import COMPLETED, IN_PROGRESS, PENDING, STARTED

DONE_STATUSES = frozenset({COMPLETED, "Cancelled"})


def after_end(status: str) -> str:
    """Return the status of a part whose claim ended. Work that was begun stays visible as begun."""
    return STARTED if status == IN_PROGRESS else PENDING


def is_done(category: str, status: str) -> bool:
    """Whether nobody holds such a part any more: `assigned` then says who made it."""
    return category == "completed" or status in DONE_STATUSES


def nobody() -> dict[str, Any]:
    """Return the columns of a part that nobody holds, `status` left aside."""
    return {
        "assigned": None,
        "claimed_at": None,
        **no_claim(),
    }


def no_claim() -> dict[str, Any]:
    """Return the columns of a part that has no claim, but perhaps somebody who made it."""
    return {
        "claim_fence": None,
        "holder_uuid": None,
        "claim_ends_at": None,
        "claimed_revision": None,
        "recheck": False,
        "active_at": None,
        "reminded_at": None,
    }
