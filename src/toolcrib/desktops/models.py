"""Tables: desktops, what they are made from (configurations), storage beside them (volumes), and who may see them.

Who runs a desktop is its claim (kind `desktop`, the desktop's name as the key, scope `user:UUID`); its home is a second
claim (`home/NAME`), an exclusive volume a third (`volume/NAME`), all begun and ended together. A row outlives the claim
while the desktop is stopped.
"""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, Table

from toolcrib.kernel.secrets import Sealed
from toolcrib.kernel.tables import Base, BigId, JsonText, UtcDateTime, exact_string, exact_text

KIND = "desktop"


class State(StrEnum):
    """Of a desktop."""

    QUEUED = "queued"  # waits for room
    STARTING = "starting"
    RUNNING = "running"
    STOPPING = "stopping"  # the hold is over, and it is not known that nothing runs
    STOPPED = "stopped"  # kept, to be resumed
    DELETING = "deleting"  # what is left of it is being removed, and then the row
    FAILED = "failed"  # it did not start, or ended by itself; `reason` says why; what was kept is there


# The hold stands: a claim exists.
CURRENT = (State.STARTING, State.RUNNING)
# It takes room on the platform.
TAKES_ROOM = (State.STARTING, State.RUNNING, State.STOPPING)

configurations = Table(
    "desktop_configurations",
    Base.metadata,
    Column("id", BigId, primary_key=True),
    Column("name", exact_string(255), nullable=False, unique=True),
    Column("description", exact_text(), nullable=False),
    Column("image", exact_string(255), nullable=False),
    Column("is_public", Boolean, nullable=False),
    Column("min_cpu", Integer, nullable=False),
    Column("max_cpu", Integer, nullable=False),
    Column("min_ram", exact_string(10), nullable=False),
    Column("max_ram", exact_string(10), nullable=False),
    Column("network", Boolean, nullable=False),  # may reach the network
    Column("copy_out", Boolean, nullable=False),  # text may leave by the clipboard
    Column("paste_in", Boolean, nullable=False),
    Column("files", Boolean, nullable=False),  # files may be sent to the home and fetched from it
    Column("created_at", UtcDateTime(), nullable=False),
    Column("created_by", exact_string(255)),
)

configuration_access = Table(
    "desktop_configuration_access",
    Base.metadata,
    Column(
        "configuration_id",
        BigId,
        ForeignKey(configurations.c.id, ondelete="CASCADE"),
        primary_key=True,
    ),
    Column("user_id", BigId, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    Index("ix_desktop_configuration_access_user_id", "user_id"),
)

# `status` is what the platform said last, at `updated_at`.
volumes = Table(
    "desktop_volumes",
    Base.metadata,
    Column("id", BigId, primary_key=True),
    Column("name", exact_string(255), nullable=False, unique=True),
    Column("namespace", exact_string(255), nullable=False),
    Column("size", exact_string(20), nullable=False),
    Column("is_public", Boolean, nullable=False),
    Column("exclusive", Boolean, nullable=False),
    Column("status", exact_string(16), nullable=False),
    Column("is_going", Boolean, nullable=False),  # it is being deleted
    Column("created_at", UtcDateTime(), nullable=False),
    Column("created_by", exact_string(255)),
    Column("updated_at", UtcDateTime(), nullable=False),
)

volume_access = Table(
    "desktop_volume_access",
    Base.metadata,
    Column("volume_id", BigId, ForeignKey(volumes.c.id, ondelete="CASCADE"), primary_key=True),
    Column("user_id", BigId, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    Index("ix_desktop_volume_access_user_id", "user_id"),
)

# `password` is sealed. `place` orders the queue. `seconds` is for how long its person wants it, if they said so.
# `ends_at` is the one end time and `end_reason` why (`limit`, `chosen`, `hours`). What is decided while it is being
# stopped: `then_delete`, that it is deleted next; `is_failed`, that it ends as failed, for `reason`; `restart`, that it
# is started again, under the same claim (its volume changed). `keep_until`: one without a persistent home that is not
# running goes then. `seen_at` is when somebody last typed or pointed in it. `worker` is the process that works on it
# now, until `busy_until` unless it says that it still does.
desktops = Table(
    "desktops",
    Base.metadata,
    Column("id", BigId, primary_key=True),
    Column("name", exact_string(53), nullable=False, unique=True),
    Column("holder", exact_string(255), nullable=False),
    Column("holder_uuid", exact_string(36), nullable=False),
    Column("state", exact_string(16), nullable=False),
    Column("configuration_id", BigId),
    Column("persistent_home", Boolean, nullable=False),
    Column("volume_id", BigId),
    Column("password", exact_text()),
    Column("place", BigId),
    Column("fence", BigId),
    Column("created_at", UtcDateTime(), nullable=False),
    Column("started_at", UtcDateTime()),
    Column("ready_at", UtcDateTime()),
    Column("stopped_at", UtcDateTime()),
    Column("seen_at", UtcDateTime()),
    Column("seconds", BigId),
    Column("ends_at", UtcDateTime()),
    Column("end_reason", exact_string(16)),
    Column("warned_at", UtcDateTime()),
    Column("keep_until", UtcDateTime()),
    Column("is_failed", Boolean, nullable=False),
    Column("then_delete", Boolean, nullable=False),
    Column("restart", Boolean, nullable=False),
    Column("progress", exact_string(255), nullable=False),
    Column("reason", exact_text()),
    Column("attempts", Integer, nullable=False),
    Column("next_at", UtcDateTime(), nullable=False),
    Column("worker", exact_string(36)),
    Column("busy_until", UtcDateTime()),
    Index("ix_desktops_state_next_at", "state", "next_at"),
    Index("ix_desktops_state_place", "state", "place"),
    Index("ix_desktops_holder_uuid", "holder_uuid"),
    Index("ix_desktops_fence", "fence"),
    Index("ix_desktops_configuration_id", "configuration_id"),
    Index("ix_desktops_volume_id", "volume_id"),
)

# How long each desktop ran, for hours per person and week: `ended_at` None while it runs.
runs = Table(
    "desktop_runs",
    Base.metadata,
    Column("fence", BigId, primary_key=True, autoincrement=False),
    Column("desktop", exact_string(53), nullable=False),
    Column("holder_uuid", exact_string(36), nullable=False),
    Column("started_at", UtcDateTime(), nullable=False),
    Column("ended_at", UtcDateTime()),
    Index("ix_desktop_runs_holder_uuid_started_at", "holder_uuid", "started_at"),
)

# One use each: the digest of a secret that opens a view of one desktop for one person, who is its `holder`, a `guest`
# or an `admin`. `credential` says what the person signed in with: the view ends with it.
tickets = Table(
    "desktop_tickets",
    Base.metadata,
    Column("digest", exact_string(64), primary_key=True),
    Column("desktop", exact_string(53), nullable=False),
    Column("fence", BigId, nullable=False),
    Column("person", exact_string(255), nullable=False),
    Column("person_uuid", exact_string(36), nullable=False),
    Column("role", exact_string(8), nullable=False),
    Column("view_only", Boolean, nullable=False),
    Column("credential", JsonText(), nullable=False),
    Column("created_at", UtcDateTime(), nullable=False),
    Column("expires_at", UtcDateTime(), nullable=False),
    Index("ix_desktop_tickets_expires_at", "expires_at"),
    Index("ix_desktop_tickets_desktop", "desktop"),
)

# Who may see a desktop beside its holder, until when.
guests = Table(
    "desktop_guests",
    Base.metadata,
    Column("desktop", exact_string(53), primary_key=True),
    Column("user_id", BigId, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    Column("may_control", Boolean, nullable=False),  # may ask for control, and be given it
    Column("created_at", UtcDateTime(), nullable=False),
    Index("ix_desktop_guests_user_id", "user_id"),
)

# Every open view, of all server processes; `seen_at` is renewed while it is open. `asks_since` is set while it asks
# for control.
views = Table(
    "desktop_views",
    Base.metadata,
    Column("id", exact_string(36), primary_key=True),
    Column("desktop", exact_string(53), nullable=False),
    Column("fence", BigId, nullable=False),
    Column("person", exact_string(255), nullable=False),
    Column("person_uuid", exact_string(36), nullable=False),
    Column("role", exact_string(8), nullable=False),
    Column("view_only", Boolean, nullable=False),
    Column("opened_at", UtcDateTime(), nullable=False),
    Column("seen_at", UtcDateTime(), nullable=False),
    Column("asks_since", UtcDateTime()),
    Index("ix_desktop_views_desktop", "desktop"),
    Index("ix_desktop_views_seen_at", "seen_at"),
)

# Which view has pointer and keyboard: one row for a desktop, so that the database decides. No row: nobody yet.
controls = Table(
    "desktop_controls",
    Base.metadata,
    Column("desktop", exact_string(53), primary_key=True),
    Column("view_id", exact_string(36), nullable=False),
    Column("person", exact_string(255), nullable=False),
    Column("person_uuid", exact_string(36), nullable=False),
    Column("since", UtcDateTime(), nullable=False),
)

PASSWORD = Sealed(desktops.c.password)
SEALED = (PASSWORD,)
