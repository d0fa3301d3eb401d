"""Validators for lists of claims: a client that has the newest list is told so without touching a row."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from hashlib import blake2b

from toolcrib.kernel.claims.models import Claim
from toolcrib.kernel.claims.queries import LogPosition
from toolcrib.kernel.identity.principal import Principal
from toolcrib.kernel.numbers import whole_number

# The longest a list may be reused while nothing was written; claims end by themselves.
_NEVER = 0


def view_of(me: Principal, *filters: object) -> str:
    """Stands for what is asked and for what the caller may see."""
    sight = (
        me.uuid,
        me.is_admin,
        me.company_id,
        me.company_role,
        me.open_projects,
        me.projects.digest,
    )
    return blake2b(repr((sight, filters)).encode(), digest_size=9).hexdigest()


def make(seq: int, view: str, listed: Iterable[Claim]) -> str:
    """A list is as it was while the log stands at `seq` and none of its claims has come to its end."""
    return until(seq, view, min((claim.expires_at for claim in listed if claim.expires_at), default=None))


def until(seq: int, view: str, first_end: datetime | None) -> str:
    """As `make`, for a list whose first claim to end does so at `first_end`."""
    return f'"{seq}-{int(first_end.timestamp() * 1000) if first_end else _NEVER}-{view}"'


class Lists:
    """What is kept of lists that are asked for again and again: where the log stands, and the view that the bare
    words of a question stand for. A view holds for one `Principal` object: whose rights change becomes another."""

    KEPT = 5_000
    LONGEST = 1_000  # bytes of a question worth keeping

    def __init__(self, position: LogPosition) -> None:
        self.position = position
        self._views: dict[tuple[bytes, bytes], tuple[Principal, str]] = {}

    def view(self, me: Principal, question: bytes) -> str | None:
        known = self._views.get((me.grant.digest, question)) if me.grant else None
        return known[1] if known is not None and known[0] is me else None

    def keep(self, me: Principal, question: bytes, view: str) -> None:
        if len(question) > self.LONGEST:
            return
        if len(self._views) >= self.KEPT:
            self._views.clear()
        if me.grant:
            self._views[me.grant.digest, question] = (me, view)


def still_good(if_none_match: str | None, seq: int, view: str, now: datetime) -> str | None:
    """The tag of `if_none_match` that still describes the list, or None.

    A forged tag only fools its forger.
    """
    if not if_none_match:
        return None
    for part in if_none_match.split(","):
        tag = part.strip().removeprefix("W/")
        fields = tag.strip('"').split("-")
        if len(fields) != 3 or fields[0] != str(seq) or fields[2] != view:
            continue
        end = whole_number(fields[1])
        if end is not None and (end == _NEVER or now.timestamp() * 1000 < end):
            return tag
    return None
