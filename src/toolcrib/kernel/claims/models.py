"""What is held, and who waits for it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b
from typing import Any

from sqlalchemy import Boolean, Column, Index, Table, UniqueConstraint

from toolcrib.kernel.key_index import KeyIndex
from toolcrib.kernel.spelling import composed, folded
from toolcrib.kernel.tables import Base, BigId, JsonText, UtcDateTime, exact_string, exact_text

# Scopes that begin so are in nobody's lists, log or mail: only the kind itself finds what is held there.
HIDDEN = "hidden:"
# What lies below this name in a claim's data is between the kind and the holder's programs.
PRIVATE = "private"
# What a branch is called where it is pushed to, where the client said: beside `branch`, in a claim's data.
UPSTREAM = "upstream_branch"
# In the private part: what is known of a claim that a program has been given and must confirm, and which program
# holds it.
UNCONFIRMED, PROGRAM = "unconfirmed", "program"


class Ref:
    """Names one thing that can be held: a kind, the scope it lives in, and its key there.

    The scope is also who may see it: `""` every signed-in user, `project:<name>`, `company:<uuid>`,
    `user:<uuid>`. `digest` stands for all three where they are too long for an index; it is that of the composed key,
    so that one name has one. With `folds`, `folded` is a digest that is equal for keys that differ only in case.
    """

    __slots__ = ("digest", "folded", "key", "kind", "scope")

    def __init__(self, kind: str, scope: str, key: str, *, folds: bool = False) -> None:
        self.kind = kind
        self.scope = scope
        self.key = key
        self.digest = _digest(kind, scope, composed(key))
        self.folded = _digest("folded", kind, scope, folded(key)) if folds else None

    @classmethod
    def stored(cls, kind: str, scope: str, key: str, digest: str, folded: str | None = None) -> Ref:
        """As a row has it: those older than composed keys have the digest of their own spelling."""
        ref = cls.__new__(cls)
        ref.kind, ref.scope, ref.key, ref.digest, ref.folded = kind, scope, key, digest, folded
        return ref

    def __repr__(self) -> str:
        return f"Ref({self.kind!r}, {self.scope!r}, {self.key!r})"


def earlier_digest(kind: str, scope: str, key: str) -> str:
    """Return the digest of releases that compared keys as they were written."""
    return _digest(kind, scope, key)


def _digest(*parts: str) -> str:
    return blake2b("\0".join(parts).encode(), digest_size=20).hexdigest()


@dataclass(slots=True, frozen=True)
class Holder:
    """A person who holds or waits: the login name people know, and the UUID that never changes."""

    username: str
    uuid: str


@dataclass(slots=True)
class Claim:
    """Exclusive use of one thing. `expires_at` None means until released.

    `fence` is the number of the event that acquired it; it only grows, so whoever is handed a fence can refuse
    an older holder. `heartbeat` marks a claim its client keeps renewing: our own outage must not end it.
    """

    kind: str
    scope: str
    key: str
    digest: str
    holder: str
    holder_uuid: str
    branch: str | None
    comment: str | None
    acquired_at: datetime
    renewed_at: datetime
    expires_at: datetime | None
    heartbeat: bool
    fence: int
    data: dict[str, Any]
    folded: str | None = None

    def is_over(self, now: datetime) -> bool:
        """True past `expires_at`, swept or not."""
        return self.expires_at is not None and self.expires_at <= now

    @property
    def ref(self) -> Ref:
        return Ref.stored(self.kind, self.scope, self.key, self.digest, self.folded)

    @property
    def label(self) -> str:
        """What people call the thing: its key, unless the kind keyed it by something unreadable."""
        label = self.data.get("label")
        return label if isinstance(label, str) else self.key

    @property
    def unconfirmed(self) -> dict[str, Any] | None:
        """The `waiter_id` of the program that was given this claim from the queue and has not confirmed it yet, and
        the `ttl_seconds` or `ends_at` it will have then; None for every other claim."""
        found = self._private(UNCONFIRMED)
        return found if isinstance(found, dict) else None

    @property
    def program(self) -> str | None:
        """The `waiter_id` of the program that asked for this claim, which others of its holder's programs wait for;
        None where the holder took it as a person."""
        found = (self.unconfirmed or {}).get("waiter_id") or self._private(PROGRAM)
        return found if isinstance(found, str) else None

    def _private(self, name: str) -> Any:
        private = self.data.get(PRIVATE)
        return private.get(name) if isinstance(private, dict) else None

    @property
    def public_data(self) -> dict[str, Any]:
        """What the kind says of the thing, to everybody who may see it and to whoever holds it next."""
        return {name: value for name, value in self.data.items() if name != PRIVATE}


def held_by_program(waiter_id: str | None) -> dict[str, Any]:
    """Return what the data of a claim that a program holds says of it: see `Claim.program`."""
    return {PRIVATE: {PROGRAM: waiter_id}} if waiter_id is not None else {}


@dataclass(slots=True)
class Waiter:
    """One place in the queue for a thing. `take`: given the claim when it frees; otherwise only told.

    A person has one place at most, and each program its own. It ends at `until`; that of a program ends at
    `lease_ends_at` already unless the program renews it, and a claim that it is given passes on unless it confirms it
    within `confirm_seconds`. People have neither. The claim ends `ttl_seconds` after it was given, or at `ends_at`.
    """

    id: str
    digest: str
    kind: str
    scope: str
    key: str
    holder: str
    holder_uuid: str
    since: datetime
    position: int
    take: bool
    until: datetime | None
    branch: str | None
    comment: str | None
    ttl_seconds: int | None
    data: dict[str, Any] = field(default_factory=dict)
    lease_ends_at: datetime | None = None
    confirm_seconds: int | None = None
    ends_at: datetime | None = None

    @property
    def ref(self) -> Ref:
        return Ref.stored(self.kind, self.scope, self.key, self.digest)

    def is_over(self, now: datetime) -> bool:
        """True once its time to wait or its lease has ended, swept or not."""
        return any(end is not None and end <= now for end in (self.until, self.lease_ends_at))


claims = Table(
    "claims",
    Base.metadata,
    Column("digest", exact_string(40), primary_key=True),
    Column("kind", exact_string(32), nullable=False),
    Column("scope", exact_string(300), nullable=False),
    Column("key", exact_string(1100), nullable=False),
    Column("holder", exact_string(255), nullable=False),
    Column("holder_uuid", exact_string(36), nullable=False),
    Column("branch", exact_string(255)),
    Column("comment", exact_text()),
    Column("acquired_at", UtcDateTime(), nullable=False),
    Column("renewed_at", UtcDateTime(), nullable=False),
    Column("expires_at", UtcDateTime()),
    Column("heartbeat", Boolean, nullable=False),
    Column("fence", BigId, nullable=False),
    Column("data", JsonText(), nullable=False),
    Column("folded", exact_string(40)),  # of kinds whose names may not differ only in case
    UniqueConstraint("fence"),
    Index("ix_claims_folded", "folded"),
    Index("ix_claims_kind_scope_fence", "kind", "scope", "fence"),
    Index("ix_claims_holder_uuid", "holder_uuid"),
    Index("ix_claims_expires_at", "expires_at"),
    Index("ix_claims_scope_fence", "scope", "fence"),
    Index("ix_claims_branch_fence", "branch", "fence"),
)
claim_keys = KeyIndex(claims.c.key, claims.c.fence)

claim_waiters = Table(
    "claim_waiters",
    Base.metadata,
    Column("id", exact_string(36), primary_key=True),
    Column("digest", exact_string(40), nullable=False),
    Column("kind", exact_string(32), nullable=False),
    Column("scope", exact_string(300), nullable=False),
    Column("key", exact_string(1100), nullable=False),
    Column("holder", exact_string(255), nullable=False),
    Column("holder_uuid", exact_string(36), nullable=False),
    Column("since", UtcDateTime(), nullable=False),
    Column(
        "position", BigId, nullable=False
    ),  # the seq of the event that queued it: first come, first served
    Column("take", Boolean, nullable=False),
    Column("until", UtcDateTime()),
    Column("branch", exact_string(255)),
    Column("comment", exact_text()),
    Column("ttl_seconds", BigId),
    Column("data", JsonText(), nullable=False),
    Column("lease_ends_at", UtcDateTime()),
    Column("confirm_seconds", BigId),
    Column("ends_at", UtcDateTime()),
    Index("ix_claim_waiters_digest_position", "digest", "position"),
    Index("ix_claim_waiters_holder_uuid", "holder_uuid"),
    Index("ix_claim_waiters_until", "until"),
    Index("ix_claim_waiters_lease_ends_at", "lease_ends_at"),
)
