"""The running server's parts, built once by `server.create_app` and handed to whoever needs them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toolcrib.kernel.claims.permissions import Permissions
from toolcrib.kernel.clock import Clock
from toolcrib.kernel.database import Database
from toolcrib.settings import Settings

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from toolcrib.kernel.audit_lines import AuditLines
    from toolcrib.kernel.blobs.accounts import AccountsOf
    from toolcrib.kernel.blobs.signing import LinkUse
    from toolcrib.kernel.blobs.store import Blobs
    from toolcrib.kernel.claims.pieces import ClaimPieces
    from toolcrib.kernel.claims.writer import ClaimWriter
    from toolcrib.kernel.config import RuntimeConfig
    from toolcrib.kernel.events.tail import EventTail
    from toolcrib.kernel.events.times import EventTimes
    from toolcrib.kernel.identity.authenticate import Authenticator
    from toolcrib.kernel.identity.disabled_holders import DisabledHolders
    from toolcrib.kernel.jobs import Jobs
    from toolcrib.kernel.limits import ArrivingUploads
    from toolcrib.kernel.long_answers import Turns
    from toolcrib.kernel.mail import Mailer
    from toolcrib.kernel.notify.reader import LogReader
    from toolcrib.kernel.notify.rules import Telling
    from toolcrib.kernel.outages import Outages
    from toolcrib.kernel.ratelimit import RateLimiter
    from toolcrib.kernel.row_counts import RowCounts
    from toolcrib.kernel.secrets import Secrets

HealthCheck = Callable[[], Awaitable[str]]
# Of an upload that was used already, the check returns the SHA-256 of what it brought.
LinkCheck = Callable[["Kernel", "LinkUse"], Awaitable[str | None]]
LinkUsed = Callable[["Kernel", "LinkUse"], Awaitable[Sequence[str]]]
NamedKeys = Callable[["AsyncSession", Set[str]], Awaitable[set[str]]]


@dataclass
class Kernel:
    settings: Settings
    clock: Clock
    database: Database
    secrets: Secrets
    claims: ClaimWriter
    claim_pieces: ClaimPieces
    tail: EventTail
    config: RuntimeConfig
    auth: Authenticator
    limiter: RateLimiter
    mailer: Mailer
    jobs: Jobs
    blobs: Blobs
    audit_lines: AuditLines
    arriving: ArrivingUploads
    permissions: Permissions
    tellings: Mapping[str, Telling]
    log_reader: LogReader
    disabled_holders: DisabledHolders
    # At making the pages of long answers.
    turns: Turns
    event_times: EventTimes
    outages: Outages
    row_counts: RowCounts
    started_at: datetime
    # Name -> a coroutine that returns a word of good news or raises: shown by /health and the admin page.
    health: dict[str, HealthCheck] = field(default_factory=dict)
    # Name -> what it is, and a function that reads it without waiting: shown by /metrics. A kind adds its own.
    figures: dict[str, tuple[str, Callable[[], float]]] = field(default_factory=dict)
    # What a kind keeps for itself, by the kind's name.
    kinds: dict[str, Any] = field(default_factory=dict)
    # Each says which of some keys of the file store its kind's rows name; see `Kind`.
    named_keys: tuple[NamedKeys, ...] = ()
    # Each says which account some blobs count in that its kind's rows name; see `Kind`.
    accounts_of: tuple[AccountsOf, ...] = ()
    # Each says, by its kind's name, whether a signed address may still be used; see `Kind`.
    link_checks: dict[str, LinkCheck] = field(default_factory=dict)
    links_used: dict[str, LinkUsed] = field(default_factory=dict)
    # The folders of the kinds' own migrations, by the kind's name; see `Kind`.
    migrations: Mapping[str, Path] = field(default_factory=dict)
