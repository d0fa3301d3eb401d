"""Tables: machines, what people asked for (reservations), and which machine they have for it (holds).

Who holds a machine is its claim (kind `machine`, the machine's name as the key). A hold is the record of the account
on the host that goes with one claim: it begins with the claim, and lasts until the account is known to be gone.
A booking is a reservation of a time to come; which machines it will have until it begins is in a table of its own.
"""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import Boolean, Column, Index, Integer, Table, UniqueConstraint

from toolcrib.kernel.secrets import Sealed
from toolcrib.kernel.tables import Base, BigId, JsonText, UtcDateTime, exact_string, exact_text

KIND = "machine"


class State(StrEnum):
    """Of a reservation."""

    WAITING = "waiting"  # in the queue
    BOOKED = "booked"  # for a time to come
    PREPARING = "preparing"  # it holds machines; accounts are being made
    READY = "ready"
    FAILED = "failed"
    ENDED = "ended"


class HoldState(StrEnum):
    """Of the account on one machine."""

    PREPARING = "preparing"
    READY = "ready"
    CLEANING = "cleaning"  # the hold is over, and the account is not known to be gone
    GONE = "gone"


# A machine with a hold in one of these states is not free.
OPEN = (HoldState.PREPARING, HoldState.READY, HoldState.CLEANING)
CURRENT = (HoldState.PREPARING, HoldState.READY)

# `password` and `private_key` are sealed. `reason` is that of a maintenance or quarantine; `quarantine` is its code.
# What is named `last_` is about the last run on the host. `reset` and `homes` say what is done after a hold, where that
# is not as the settings have it.
machines = Table(
    "machines",
    Base.metadata,
    Column("id", BigId, primary_key=True),
    Column("name", exact_string(255), nullable=False, unique=True),
    Column("scope", exact_string(300), nullable=False),
    Column("host", exact_string(255), nullable=False),
    Column("port", Integer, nullable=False),
    Column("user", exact_string(255), nullable=False),
    Column("password", exact_text()),
    Column("private_key", exact_text()),
    Column("sudo", Boolean, nullable=False),
    Column("jump", exact_string(255)),
    Column("reset", exact_string(32)),
    Column("homes", exact_string(8)),
    Column("host_key", exact_text()),
    Column("offered_host_key", exact_text()),
    Column("tags", JsonText(), nullable=False),
    Column("facts", JsonText(), nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("maintenance", Boolean, nullable=False),
    Column("quarantine", exact_string(40)),
    Column("reason", exact_text()),
    Column("is_online", Boolean),
    Column("checked_at", UtcDateTime()),
    Column("last_run", exact_string(16)),
    Column("last_problem", exact_string(40)),
    Column("last_output", exact_text()),
    Column("last_run_at", UtcDateTime()),
    Column("created_at", UtcDateTime(), nullable=False),
    Column("created_by", exact_string(255)),
)

# `wanted` says what was asked for: count, names, tags, at_least, scope. `access` says how to sign in: the password's
# hash, sealed, and the public keys, by the UUID of whoever brought them. `priority`, the higher the sooner, and then
# `place` order the queue. `starts_at` is when the machines are held from, or were. By `confirm_by`, if that is set, its
# person must have said that it is used; `warned_at` and `reminded_at` are when they were told of the end and of that.
# `blocked_at` is when somebody in the queue was told that the pool could not serve them; None where it could.
# `revision` counts how often its times or machines were changed, for calendar programs.
reservations = Table(
    "machine_reservations",
    Base.metadata,
    Column("id", exact_string(36), primary_key=True),
    Column("place", BigId, nullable=False),
    Column("holder", exact_string(255), nullable=False),
    Column("holder_uuid", exact_string(36), nullable=False),
    Column("login", exact_string(32), nullable=False),
    Column("state", exact_string(16), nullable=False),
    Column("wanted", JsonText(), nullable=False),
    Column("access", JsonText(), nullable=False),
    Column("purpose", exact_text()),
    Column("seconds", BigId, nullable=False),
    Column("created_at", UtcDateTime(), nullable=False),
    Column("ends_at", UtcDateTime()),
    Column("wait_until", UtcDateTime()),
    Column("lease_ends_at", UtcDateTime()),
    Column("warned_at", UtcDateTime()),
    Column("reason", exact_text()),
    Column("came_from", exact_string(36)),
    Column("starts_at", UtcDateTime()),
    Column("confirm_by", UtcDateTime()),
    Column("reminded_at", UtcDateTime()),
    Column("priority", Integer, nullable=False, server_default="0"),
    Column("revision", Integer, nullable=False, server_default="0"),
    Column("blocked_at", UtcDateTime()),
    Index("ix_machine_reservations_state_starts_at", "state", "starts_at"),
    Index("ix_machine_reservations_confirm_by", "confirm_by"),
    Index("ix_machine_reservations_state_place", "state", "place"),
    Index("ix_machine_reservations_holder_uuid", "holder_uuid"),
)

# `worker` is the process that works on the host now, until `busy_until` unless it says that it still does.
holds = Table(
    "machine_holds",
    Base.metadata,
    Column("id", BigId, primary_key=True),
    Column("reservation_id", exact_string(36), nullable=False),
    Column("machine_id", BigId, nullable=False),
    Column("machine", exact_string(255), nullable=False),
    Column("fence", BigId, nullable=False),
    Column("holder", exact_string(255), nullable=False),
    Column("login", exact_string(32), nullable=False),
    Column("state", exact_string(16), nullable=False),
    Column("created_at", UtcDateTime(), nullable=False),
    Column("ready_at", UtcDateTime()),
    Column("ends_at", UtcDateTime()),
    Column("ended_at", UtcDateTime()),
    Column("gone_at", UtcDateTime()),
    Column("reason", exact_text()),
    Column("problem", exact_text()),
    Column("is_failed", Boolean, nullable=False),  # no account could be made
    Column("attempts", Integer, nullable=False),
    Column("next_at", UtcDateTime(), nullable=False),
    Column("last_run", exact_string(16)),
    Column("last_problem", exact_string(40)),
    Column("last_output", exact_text()),
    Column("last_run_at", UtcDateTime()),
    Column("worker", exact_string(36)),
    Column("busy_until", UtcDateTime()),
    UniqueConstraint("fence"),
    Index("ix_machine_holds_state_next_at", "state", "next_at"),
    Index("ix_machine_holds_ends_at", "ends_at"),
    Index("ix_machine_holds_machine_id_state", "machine_id", "state"),
    Index("ix_machine_holds_reservation_id", "reservation_id"),
)

# A row for each machine of a reservation that is booked; with its beginning or end they go.
bookings = Table(
    "machine_bookings",
    Base.metadata,
    Column("reservation_id", exact_string(36), primary_key=True),
    Column("machine_id", BigId, primary_key=True),
    Column("starts_at", UtcDateTime(), nullable=False),
    Column("ends_at", UtcDateTime(), nullable=False),
    Index("ix_machine_bookings_machine_id_starts_at", "machine_id", "starts_at"),
)

# The secret address of a person's calendar; `token_version` is that of the person's tokens, which it ends with.
calendar_feeds = Table(
    "machine_calendar_feeds",
    Base.metadata,
    Column("holder_uuid", exact_string(36), primary_key=True),
    Column("digest", exact_string(64), nullable=False, unique=True),
    Column("token_version", Integer, nullable=False),
    Column("everything", Boolean, nullable=False),
    Column("created_at", UtcDateTime(), nullable=False),
)

# The pool's own, by name; the private parts are sealed.
pool_keys = Table(
    "machine_pool_keys",
    Base.metadata,
    Column("name", exact_string(16), primary_key=True),
    Column("private_key", exact_text(), nullable=False),
    Column("public_key", exact_text(), nullable=False),
    Column("created_at", UtcDateTime(), nullable=False),
)

# By the name in which administrators give them.
SECRETS = {name: Sealed(machines.c[name]) for name in ("password", "private_key")}
ACCESS_PASSWORD = Sealed(reservations.c.access, "password")
POOL_KEY = Sealed(pool_keys.c.private_key)
SEALED = (*SECRETS.values(), ACCESS_PASSWORD, POOL_KEY)
