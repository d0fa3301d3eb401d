"""What can be asked of the claim rules, as plain values."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from toolcrib.kernel.claims.models import Holder, Ref


@dataclass(slots=True)
class Acquire:
    ref: Ref
    holder: Holder
    branch: str | None = None
    comment: str | None = None
    expires_at: datetime | None = None
    heartbeat: bool = False
    data: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Renew:
    """Move the end. `fence` None stands for whatever the holder holds now; `data` None leaves the claim's."""

    ref: Ref
    holder: Holder
    expires_at: datetime | None
    fence: int | None = None
    data: dict[str, Any] | None = None


@dataclass(slots=True)
class Release:
    ref: Ref
    holder: Holder
    fence: int | None = None


@dataclass(slots=True)
class ForceRelease:
    """End somebody's claim by authority, which the caller has checked. `actor` None is the server itself."""

    ref: Ref
    actor: str | None
    reason: str
    fence: int | None = None


@dataclass(slots=True)
class Transfer:
    """Pass a claim on. `holder` None means by authority, which the caller has checked."""

    ref: Ref
    actor: str
    to: Holder
    holder: Holder | None
    fence: int | None = None
    comment: str | None = None


@dataclass(slots=True)
class Expire:
    """Announce the end of a claim that is over. Does nothing if it was renewed or ended meanwhile."""

    ref: Ref
    fence: int


@dataclass(slots=True)
class Wait:
    ref: Ref
    waiter_id: str
    holder: Holder
    take: bool = True
    until: datetime | None = None
    branch: str | None = None
    comment: str | None = None
    ttl_seconds: int | None = None
    data: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class StopWaiting:
    ref: Ref
    holder: Holder


Command = Acquire | Renew | Release | ForceRelease | Transfer | Expire | Wait | StopWaiting

# Commands that may end a claim, or meet one that is over, need to know who waits.
NEEDS_WAITERS = (Release, ForceRelease, Expire, Wait, StopWaiting)
