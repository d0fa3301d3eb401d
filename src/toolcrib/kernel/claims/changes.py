"""What a kind with a hook is told about its claims."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from toolcrib.kernel.claims.models import Claim
from toolcrib.kernel.driver_statements import DriverStatement, Row
from toolcrib.kernel.events.writer import Event
from toolcrib.kernel.requester import Requester


@dataclass(frozen=True, slots=True)
class Change:
    """One change of one claim, and the event that tells of it.

    `before` is None for a claim that is new, `after` for one that ended. `by` is who asked; None where nobody did:
    its time ran out, its turn in the queue came, or the server did it. `reason` is what was given as the reason or
    comment. `refusable` says whether the hook may still refuse.
    """

    before: Claim | None
    after: Claim | None
    event: Event
    by: Requester | None
    reason: str | None = None
    refusable: bool = True
    nudges: set[str] = field(default_factory=set, repr=False, compare=False)

    @property
    def claim(self) -> Claim:
        """As it is now, or was when it ended."""
        claim = self.after or self.before
        if claim is None:
            raise ValueError("a change of no claim")
        return claim

    def nudge(self, job: str) -> None:
        """Have the job of that name run once this has committed."""
        self.nudges.add(job)


# Runs inside the transaction that makes the change, with the write lock held: plain synchronous SQLAlchemy Core, no
# I/O, nothing of the event loop (on SQLite it may run in a thread).
Hook = Callable[[Connection, Change], None]
Hooks = Mapping[str, Hook]


# Rows to insert, each with its statement.
Inserts = Sequence[tuple[DriverStatement, Sequence[Row]]]


@dataclass(frozen=True, slots=True)
class Together:
    """A hook that can take many claims at once that are new, which come in the order of their events: `new` returns the
    rows to insert beside them. It reads nothing, so that where nothing else is to be done in the transaction, claims,
    events and these rows are one statement; each that is saved shortens the turn at the write lock. Every other change
    goes to `each`. So does every one of them if `new` raises: one that is refused then stops no other.
    """

    each: Hook
    new: Callable[[Sequence[Change]], Inserts]

    def __call__(self, connection: Connection, change: Change) -> None:
        self.each(connection, change)


def change_as_json(change: Change) -> dict[str, Any]:
    """`change` for a JSON column, where its hook is to be called later."""
    return {
        "before": asdict(change.before) if change.before else None,
        "after": asdict(change.after) if change.after else None,
        "event": {name: getattr(change.event, name) for name in Event.__dataclass_fields__},
        "by": asdict(change.by) if change.by else None,
        "reason": change.reason,
    }


def change_from_json(found: dict[str, Any]) -> Change:
    """The change of `change_as_json`. It has happened, so it cannot be refused."""
    event = {**found["event"], "at": datetime.fromisoformat(found["event"]["at"])}
    by = Requester(**found["by"]) if found["by"] else None
    before, after = _claim(found["before"]), _claim(found["after"])
    return Change(before, after, Event(**event), by, found["reason"], refusable=False)


def _claim(found: dict[str, Any] | None) -> Claim | None:
    if found is None:
        return None
    times = {name: found[name] for name in ("acquired_at", "renewed_at", "expires_at")}
    moments = {name: datetime.fromisoformat(text) if text else None for name, text in times.items()}
    return Claim(**{**found, **moments})
