"""A claim as every kind shows it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from pydantic import AfterValidator, Field, StringConstraints

from toolcrib.kernel.claims.models import Claim
from toolcrib.kernel.claims.permissions import VERBS, Verb
from toolcrib.kernel.claims.waiting import Waiting
from toolcrib.kernel.clock import iso_format
from toolcrib.kernel.identity.models import USERNAME_LENGTH
from toolcrib.kernel.problems import InvalidRequest
from toolcrib.kernel.schema import Schema
from toolcrib.kernel.stored_json import MARK, is_damaged

# The longest lease anybody can ask for: ten years, as for tokens.
MAX_TTL_SECONDS = 10 * 365 * 86_400

# The largest number any of the databases keeps.
MAX_ID = 2**63 - 1
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


def _storable(text: str) -> str:
    if _UNSTORABLE.search(text):
        raise ValueError("holds characters that cannot be stored")
    return text


storable = AfterValidator(_storable)
Text = Annotated[str, storable]
# Constraints come first: behind a validator they would not strip.
Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000), storable]
Comment = Annotated[str, StringConstraints(max_length=2000), storable]
Username = Annotated[str, StringConstraints(max_length=USERNAME_LENGTH), storable]
ProgramId = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=64), storable]
TtlSeconds = Annotated[int, Field(gt=0, le=MAX_TTL_SECONDS)]


def in_utc(moment: datetime) -> datetime:
    """A moment without offset is UTC already.

    Raises:
        InvalidRequest: it lies outside the years that can be kept (400).
    """
    if moment.tzinfo is None:
        return moment.replace(tzinfo=UTC)
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise InvalidRequest("A time lies outside the years 1 to 9999.") from None


def end_at(expires_at: datetime | None, ttl_seconds: int | None, now: datetime) -> datetime | None:
    """The end that is asked for, in one of two ways; None for no end.

    Raises:
        InvalidRequest: in both ways at once, or more than ten years ahead (400).
    """
    if expires_at is not None and ttl_seconds is not None:
        raise InvalidRequest("Say when it ends in one way, not in two.")
    if ttl_seconds is not None:
        return now + timedelta(seconds=ttl_seconds)
    if expires_at is None:
        return None
    end = in_utc(expires_at)
    if end > now + timedelta(seconds=MAX_TTL_SECONDS):
        raise InvalidRequest("The end lies more than ten years ahead.")
    return end


class Can(Schema):
    """What the caller may do with this claim now; `cannot` says why not, by the same names."""

    release: bool
    renew: bool
    transfer: bool
    force_release: bool
    wait: bool
    ask: bool


class ClaimRead(Schema):
    id: str
    fence: int
    kind: str
    scope: str
    key: str
    label: str
    holder: str
    holder_uuid: str
    holder_disabled: bool
    branch: str | None
    comment: str | None
    acquired_at: str
    renewed_at: str
    expires_at: str | None
    queue: int
    # The caller is in that queue.
    waiting: bool
    data: dict[str, Any]
    url: str
    can: Can
    cannot: dict[str, str]


class ClaimPage(Schema):
    claims: list[ClaimRead]
    next_cursor: str | None
    seq: int


class Clash(Schema):
    """Claims whose names differ only in spelling, in the order they were acquired."""

    claims: list[ClaimRead]


class ClashList(Schema):
    clashes: list[Clash]
    more: bool
    next_cursor: str | None


class ClaimChanged(Schema):
    msg: str
    claim: ClaimRead


# What the requests of all kinds share. Each kind adds how its clients name the thing.


class LastingRequest(Schema):
    """How long something is held, in seconds from now; None for no end."""

    expires_in: TtlSeconds | None = None

    def end(self, now: datetime) -> datetime | None:
        return end_at(None, self.expires_in, now)


class EndingRequest(LastingRequest):
    """When something ends: a moment (UTC where no offset is given), seconds from now, or never."""

    expires_at: datetime | None = None

    def end(self, now: datetime) -> datetime | None:
        return end_at(self.expires_at, self.expires_in, now)


class RenewRequest(EndingRequest):
    """At most one of the two; neither means no end."""

    expires_in: TtlSeconds | None = Field(None, alias="ttl_seconds")


class ForceReleaseRequest(Schema):
    reason: Reason


class TransferRequest(Schema):
    to: Username
    comment: Comment | None = None


class QueueRequest(Schema):
    """`program`: the caller renews its place, and confirms what it is given. `program_id`, such as a UUID: which of the
    account's programs it is, each of which has a place of its own. `timeout_seconds`: it waits no longer."""

    take: bool = True
    comment: Comment | None = None
    ttl_seconds: TtlSeconds | None = None
    program: bool = False
    program_id: ProgramId | None = None
    timeout_seconds: TtlSeconds | None = None

    def how(self) -> Waiting:
        return Waiting(
            take=self.take,
            program=self.program,
            program_id=self.program_id,
            timeout=timedelta(seconds=self.timeout_seconds) if self.timeout_seconds else None,
            comment=self.comment,
            ttl_seconds=self.ttl_seconds,
        )


class QueuePlace(Schema):
    username: str
    since: str
    take: bool
    position: int
    program: bool


class Queued(Schema):
    """A place in line. A program renews it within `lease_seconds`, and confirms what it is given within
    `confirm_seconds`; for a person both are null."""

    position: int
    waiter_id: str
    until: str | None
    lease_seconds: int | None
    confirm_seconds: int | None


class WaitingRead(Schema):
    """The place in line, or the claim that was given to the program that waited."""

    place: Queued | None
    claim: ClaimRead | None


def claim_as_dict(
    claim: Claim, queue: int, url: str, *, cannot: Mapping[Verb, str], holder_disabled: bool, waiting: bool
) -> dict[str, Any]:
    return {
        "id": str(claim.fence),
        "fence": claim.fence,
        "kind": claim.kind,
        "scope": claim.scope,
        "key": claim.key,
        "label": claim.label,
        "holder": claim.holder,
        "holder_uuid": claim.holder_uuid,
        "holder_disabled": holder_disabled,
        "branch": claim.branch,
        "comment": claim.comment,
        "acquired_at": iso_format(claim.acquired_at),
        "renewed_at": iso_format(claim.renewed_at),
        "expires_at": iso_format(claim.expires_at) if claim.expires_at else None,
        "queue": queue,
        "waiting": waiting,
        "data": MARK if is_damaged(claim.data, "claims", claim.fence) else claim.public_data,
        "url": url,
        "can": {verb: verb not in cannot for verb in VERBS},
        "cannot": cannot,
    }
