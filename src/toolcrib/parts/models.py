"""Tables: parts, the files and revisions of each, what was made of them, the steps on their way, and what they need.

Who makes a part now is its claim (kind `part`, the part's id as the key). `assigned`, `claimed_at`, `claim_fence`,
`holder_uuid` and `claim_ends_at` repeat that for lists, and `hook.py` keeps them in step.
"""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import Boolean, Column, Index, Integer, Table, UniqueConstraint

from toolcrib.kernel.tables import Base, BigId, JsonText, UtcDateTime, exact_string, exact_text

KIND = "part"
SCOPE_LENGTH = 300

PENDING, REVIEWED, IN_PROGRESS, STARTED, COMPLETED, CANCELLED = (
    "Pending",
    "Reviewed",
    "In Progress",
    "Already Started",
    "Completed",
    "Cancelled",
)
STATUSES = (PENDING, REVIEWED, "Approved", IN_PROGRESS, STARTED, COMPLETED, CANCELLED)
BOARDS = ("cnc", "hand", "misc")
CATEGORIES = ("review", *BOARDS, "completed")


class StepState(StrEnum):
    """`WAITING` for an earlier step, or `DUE`: the next to be done."""

    WAITING = "waiting"
    DUE = "due"
    IN_PROGRESS = "in_progress"
    DONE = "done"


CURRENT_STEP = (StepState.DUE, StepState.IN_PROGRESS)

# `part_number` is what people call it (`partId` on the wire). `revision` is the number of the newest STEP file;
# `claimed_revision` the one that the holder works to, and `recheck` says that a newer one came meanwhile. `made` counts
# for the step that is due, `scrapped` for all. `version` grows with every change. `active_at` is when its holder last
# did something with it.
parts = Table(
    "parts",
    Base.metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("scope", exact_string(SCOPE_LENGTH), nullable=False),
    Column("type", exact_string(50)),
    Column("name", exact_string(200)),
    Column("part_number", exact_string(100), nullable=False),
    Column("material", exact_string(200), nullable=False),
    Column("material_thickness", exact_string(50)),
    Column("amount", Integer, nullable=False),
    Column("subsystem", exact_string(100), nullable=False),
    Column("assigned", exact_string(255)),
    Column("status", exact_string(50), nullable=False),
    Column("category", exact_string(20), nullable=False),
    Column("notes", exact_text()),
    Column("file", exact_string(200)),
    Column("onshape_url", exact_string(500)),
    Column("claimed_at", UtcDateTime()),
    Column("misc_info", JsonText()),
    Column("created_at", UtcDateTime(), nullable=False),
    Column("updated_at", UtcDateTime(), nullable=False),
    Column("version", BigId, nullable=False),
    Column("author", exact_string(255)),
    Column("author_uuid", exact_string(36)),
    Column("reviewer", exact_string(255)),
    Column("completed_at", UtcDateTime()),
    Column("priority", Integer, nullable=False),
    Column("due_at", UtcDateTime()),
    Column("claim_fence", BigId),
    Column("holder_uuid", exact_string(36)),
    Column("claim_ends_at", UtcDateTime()),
    Column("active_at", UtcDateTime()),
    Column("reminded_at", UtcDateTime()),
    Column("revision", Integer, nullable=False),
    Column("claimed_revision", Integer),
    Column("recheck", Boolean, nullable=False),
    Column("made", Integer, nullable=False),
    Column("scrapped", Integer, nullable=False),
    Column("blocked_reason", exact_text()),
    Column("blocked_at", UtcDateTime()),
    Column("blocked_by", exact_string(255)),
    Column("rework_reason", exact_text()),
    Column("rework_at", UtcDateTime()),
    Column("rework_by", exact_string(255)),
    Column("last_step_at", UtcDateTime()),
    Column("last_step_by", exact_string(255)),
    Index("ix_parts_scope_category", "scope", "category"),
    Index("ix_parts_claim_fence", "claim_fence"),
    Index("ix_parts_holder_uuid", "holder_uuid"),
    sqlite_autoincrement=True,  # claims and events name a part by its id: none is used again
)

# Each upload is a row. `label` is the letter of an approved revision, which nothing changes any more.
part_files = Table(
    "part_files",
    Base.metadata,
    Column("id", BigId, primary_key=True),
    Column("part_id", BigId, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("name", exact_string(200), nullable=False),
    Column("kind", exact_string(8), nullable=False),
    Column("sha256", exact_string(64), nullable=False),
    Column("size", BigId, nullable=False),
    Column("blob_id", BigId, nullable=False),
    Column("at", UtcDateTime(), nullable=False),
    Column("by", exact_string(255)),
    Column("by_uuid", exact_string(36)),
    Column("note", exact_text()),
    Column("label", exact_string(8)),
    Column("approved_at", UtcDateTime()),
    Column("approved_by", exact_string(255)),
    Column("is_current", Boolean, nullable=False),
    UniqueConstraint("part_id", "kind", "revision"),
    Index("ix_part_files_sha256", "sha256"),
    Index("ix_part_files_blob_id", "blob_id"),
)

part_steps = Table(
    "part_steps",
    Base.metadata,
    Column("id", BigId, primary_key=True),
    Column("part_id", BigId, nullable=False),
    Column("position", Integer, nullable=False),
    Column("process", exact_string(100), nullable=False),
    Column("board", exact_string(8), nullable=False),
    Column("resource_id", BigId),
    Column("person", exact_string(255)),
    Column("state", exact_string(16), nullable=False),
    Column("note", exact_text()),
    Column("started_at", UtcDateTime()),
    Column("finished_at", UtcDateTime()),
    Column("finished_by", exact_string(255)),
    Index("ix_part_steps_part_id_position", "part_id", "position"),
)

part_counts = Table(
    "part_counts",
    Base.metadata,
    Column("id", BigId, primary_key=True),
    Column("part_id", BigId, nullable=False),
    Column("step_id", BigId),
    Column("at", UtcDateTime(), nullable=False),
    Column("by", exact_string(255)),
    Column("by_uuid", exact_string(36)),
    Column("made", Integer, nullable=False),
    Column("scrapped", Integer, nullable=False),
    Column("reason", exact_string(50)),
    Column("note", exact_text()),
    Index("ix_part_counts_part_id", "part_id"),
)

# Machines and vendors that a step names.
part_resources = Table(
    "part_resources",
    Base.metadata,
    Column("id", BigId, primary_key=True),
    Column("scope", exact_string(SCOPE_LENGTH), nullable=False),
    Column("kind", exact_string(16), nullable=False),
    Column("name", exact_string(200), nullable=False),
    Column("board", exact_string(8)),
    Column("note", exact_text()),
    Column("is_active", Boolean, nullable=False),
    UniqueConstraint("scope", "name"),
)

part_materials = Table(
    "part_materials",
    Base.metadata,
    Column("id", BigId, primary_key=True),
    Column("scope", exact_string(SCOPE_LENGTH), nullable=False),
    Column("name", exact_string(200), nullable=False),
    Column("unit", exact_string(50)),
    Column("on_hand", Integer, nullable=False),
    Column("note", exact_text()),
    UniqueConstraint("scope", "name"),
)

# What a part needs of a material: reserved until the part is completed, then used.
part_reservations = Table(
    "part_reservations",
    Base.metadata,
    Column("part_id", BigId, primary_key=True, autoincrement=False),
    Column("material_id", BigId, primary_key=True, autoincrement=False),
    Column("quantity", Integer, nullable=False),
    Column("is_used", Boolean, nullable=False),
    Index("ix_part_reservations_material_id", "material_id"),
)

# How a project works. A project without a row goes by the settings.
part_rules = Table(
    "part_rules",
    Base.metadata,
    Column("scope", exact_string(SCOPE_LENGTH), primary_key=True),
    Column("last_step", exact_string(16)),
    Column("reviewer_is_not_author", Boolean),
    Column("scrap_reasons", JsonText()),
    Column("remind_hours", Integer),
    Column("return_hours", Integer),
)
