"""What can be asked of the claim rules, as plain values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from toolcrib.kernel.claims.models import Holder, Ref
from toolcrib.kernel.requester import Requester


@dataclass(slots=True)
class Acquire:
    """Take a claim. `granted` says that it is given to a person whose turn has come, who is to be told. `alone`:
    refused too if a thing is held whose name differs only in case, where the ref folds."""

    ref: Ref
    holder: Holder
    branch: str | None = None
    comment: str | None = None
    expires_at: datetime | None = None
    heartbeat: bool = False
    data: dict[str, Any] = field(default_factory=dict)
    granted: bool = False
    alone: bool = False


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
    """Give a claim back. `reason` is for the kind's hook alone; most people give none. With `waiter_id` only if that
    waiter was given it and has not confirmed it."""

    ref: Ref
    holder: Holder
    fence: int | None = None
    reason: str | None = None
    waiter_id: str | None = None


@dataclass(slots=True)
class ForceRelease:
    """End somebody's claim by authority, which the caller has checked. `actor` None is the server itself.

    `refusable` False is for an end that must come to pass, whatever the kind's hook says: see `hooks.py`.
    """

    ref: Ref
    actor: str | None
    reason: str
    fence: int | None = None
    refusable: bool = True


@dataclass(slots=True)
class Transfer:
    """Pass a claim on. `holder` None means by authority, which the caller has checked. `actor` None is the server
    itself; `refusable` is as for `ForceRelease`."""

    ref: Ref
    actor: str | None
    to: Holder
    holder: Holder | None
    fence: int | None = None
    comment: str | None = None
    refusable: bool = True


@dataclass(slots=True)
class Expire:
    """Announce the end of a claim that is over. Does nothing if it was renewed or ended meanwhile."""

    ref: Ref
    fence: int


@dataclass(slots=True)
class Forgive:
    """Let a claim kept alive by heartbeats last until `expires_at` at least, even one that is over: it ran out while
    we could not be reached. Does nothing if it was renewed or ended meanwhile."""

    ref: Ref
    fence: int
    expires_at: datetime


@dataclass(slots=True)
class Confirm:
    """Keep a claim that a waiting program was given. Changes nothing on other claims of the holder."""

    ref: Ref
    holder: Holder
    fence: int


@dataclass(slots=True)
class Wait:
    """Stand in the queue; see `Waiter`. With `lease_ends_at` as a program, which `waiter_id` names."""

    ref: Ref
    waiter_id: str
    holder: Holder
    take: bool = True
    until: datetime | None = None
    branch: str | None = None
    comment: str | None = None
    ttl_seconds: int | None = None
    data: dict[str, Any] = field(default_factory=dict)
    lease_ends_at: datetime | None = None
    confirm_seconds: int | None = None
    ends_at: datetime | None = None


@dataclass(slots=True)
class KeepWaiting:
    """Move the end of a program's lease on its place. A person's place has none, and stays as it is."""

    ref: Ref
    holder: Holder
    waiter_id: str
    lease_ends_at: datetime


@dataclass(slots=True)
class StopWaiting:
    """Leave the queue. `waiter_id` None stands for the holder's place as a person or, if there is none, for those of
    all their programs."""

    ref: Ref
    holder: Holder
    waiter_id: str | None = None


@dataclass(slots=True)
class EndWaiting:
    """Take a place that is over out of the queue. Does nothing if it was renewed or given up meanwhile."""

    ref: Ref
    waiter_id: str


Command = (
    Acquire
    | Renew
    | Release
    | ForceRelease
    | Transfer
    | Expire
    | Forgive
    | Confirm
    | Wait
    | KeepWaiting
    | StopWaiting
    | EndWaiting
)


class Group(NamedTuple):
    """Commands that are carried out all or none, and who asked for them: None for the server itself, and where no
    kind that is concerned has a hook to be told."""

    commands: Sequence[Command]
    by: Requester | None = None


# Commands that may end a claim, or meet one that is over, need to know who waits.
NEEDS_WAITERS = (Release, ForceRelease, Expire, Wait, KeepWaiting, StopWaiting, EndWaiting)
