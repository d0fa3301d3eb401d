"""Parts: their files, steps, counts, and what they need."""

import sqlalchemy as sa

from toolcrib.kernel.tables import BigId, JsonText, UtcDateTime, exact_string, exact_text
from toolcrib.migrations import steps

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    steps.create_table(
        "parts",
        sa.Column("id", BigId, nullable=False, autoincrement=True),
        sa.Column("scope", exact_string(300), nullable=False),
        sa.Column("type", exact_string(50)),
        sa.Column("name", exact_string(200)),
        sa.Column("part_number", exact_string(100), nullable=False),
        sa.Column("material", exact_string(200), nullable=False),
        sa.Column("material_thickness", exact_string(50)),
        sa.Column("amount", sa.Integer, nullable=False),
        sa.Column("subsystem", exact_string(100), nullable=False),
        sa.Column("assigned", exact_string(255)),
        sa.Column("status", exact_string(50), nullable=False),
        sa.Column("category", exact_string(20), nullable=False),
        sa.Column("notes", exact_text()),
        sa.Column("file", exact_string(200)),
        sa.Column("onshape_url", exact_string(500)),
        sa.Column("claimed_at", UtcDateTime()),
        sa.Column("misc_info", JsonText()),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("version", BigId, nullable=False),
        sa.Column("author", exact_string(255)),
        sa.Column("author_uuid", exact_string(36)),
        sa.Column("reviewer", exact_string(255)),
        sa.Column("completed_at", UtcDateTime()),
        sa.Column("priority", sa.Integer, nullable=False),
        sa.Column("due_at", UtcDateTime()),
        sa.Column("claim_fence", BigId),
        sa.Column("holder_uuid", exact_string(36)),
        sa.Column("claim_ends_at", UtcDateTime()),
        sa.Column("active_at", UtcDateTime()),
        sa.Column("reminded_at", UtcDateTime()),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("claimed_revision", sa.Integer),
        sa.Column("recheck", sa.Boolean, nullable=False),
        sa.Column("made", sa.Integer, nullable=False),
        sa.Column("scrapped", sa.Integer, nullable=False),
        sa.Column("blocked_reason", exact_text()),
        sa.Column("blocked_at", UtcDateTime()),
        sa.Column("blocked_by", exact_string(255)),
        sa.Column("rework_reason", exact_text()),
        sa.Column("rework_at", UtcDateTime()),
        sa.Column("rework_by", exact_string(255)),
        sa.Column("last_step_at", UtcDateTime()),
        sa.Column("last_step_by", exact_string(255)),
        sa.PrimaryKeyConstraint("id", name="pk_parts"),
        sqlite_autoincrement=True,
    )
    steps.create_index("ix_parts_scope_category", "parts", ["scope", "category"])
    steps.create_index("ix_parts_claim_fence", "parts", ["claim_fence"])
    steps.create_index("ix_parts_holder_uuid", "parts", ["holder_uuid"])
    steps.create_table(
        "part_files",
        sa.Column("id", BigId, nullable=False),
        sa.Column("part_id", BigId, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("name", exact_string(200), nullable=False),
        sa.Column("kind", exact_string(8), nullable=False),
        sa.Column("sha256", exact_string(64), nullable=False),
        sa.Column("size", BigId, nullable=False),
        sa.Column("blob_id", BigId, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("by", exact_string(255)),
        sa.Column("by_uuid", exact_string(36)),
        sa.Column("note", exact_text()),
        sa.Column("label", exact_string(8)),
        sa.Column("approved_at", UtcDateTime()),
        sa.Column("approved_by", exact_string(255)),
        sa.Column("is_current", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_part_files"),
        sa.UniqueConstraint("part_id", "kind", "revision", name="uq_part_files_part_id_kind_revision"),
    )
    steps.create_index("ix_part_files_sha256", "part_files", ["sha256"])
    steps.create_index("ix_part_files_blob_id", "part_files", ["blob_id"])
    steps.create_table(
        "part_steps",
        sa.Column("id", BigId, nullable=False),
        sa.Column("part_id", BigId, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("process", exact_string(100), nullable=False),
        sa.Column("board", exact_string(8), nullable=False),
        sa.Column("resource_id", BigId),
        sa.Column("person", exact_string(255)),
        sa.Column("state", exact_string(16), nullable=False),
        sa.Column("note", exact_text()),
        sa.Column("started_at", UtcDateTime()),
        sa.Column("finished_at", UtcDateTime()),
        sa.Column("finished_by", exact_string(255)),
        sa.PrimaryKeyConstraint("id", name="pk_part_steps"),
    )
    steps.create_index("ix_part_steps_part_id_position", "part_steps", ["part_id", "position"])
    steps.create_table(
        "part_counts",
        sa.Column("id", BigId, nullable=False),
        sa.Column("part_id", BigId, nullable=False),
        sa.Column("step_id", BigId),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("by", exact_string(255)),
        sa.Column("by_uuid", exact_string(36)),
        sa.Column("made", sa.Integer, nullable=False),
        sa.Column("scrapped", sa.Integer, nullable=False),
        sa.Column("reason", exact_string(50)),
        sa.Column("note", exact_text()),
        sa.PrimaryKeyConstraint("id", name="pk_part_counts"),
    )
    steps.create_index("ix_part_counts_part_id", "part_counts", ["part_id"])
    steps.create_table(
        "part_resources",
        sa.Column("id", BigId, nullable=False),
        sa.Column("scope", exact_string(300), nullable=False),
        sa.Column("kind", exact_string(16), nullable=False),
        sa.Column("name", exact_string(200), nullable=False),
        sa.Column("board", exact_string(8)),
        sa.Column("note", exact_text()),
        sa.Column("is_active", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_part_resources"),
        sa.UniqueConstraint("scope", "name", name="uq_part_resources_scope_name"),
    )
    steps.create_table(
        "part_materials",
        sa.Column("id", BigId, nullable=False),
        sa.Column("scope", exact_string(300), nullable=False),
        sa.Column("name", exact_string(200), nullable=False),
        sa.Column("unit", exact_string(50)),
        sa.Column("on_hand", sa.Integer, nullable=False),
        sa.Column("note", exact_text()),
        sa.PrimaryKeyConstraint("id", name="pk_part_materials"),
        sa.UniqueConstraint("scope", "name", name="uq_part_materials_scope_name"),
    )
    steps.create_table(
        "part_reservations",
        sa.Column("part_id", BigId, nullable=False, autoincrement=False),
        sa.Column("material_id", BigId, nullable=False, autoincrement=False),
        sa.Column("quantity", sa.Integer, nullable=False),
        sa.Column("is_used", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("part_id", "material_id", name="pk_part_reservations"),
    )
    steps.create_index("ix_part_reservations_material_id", "part_reservations", ["material_id"])
    steps.create_table(
        "part_rules",
        sa.Column("scope", exact_string(300), nullable=False),
        sa.Column("last_step", exact_string(16)),
        sa.Column("reviewer_is_not_author", sa.Boolean),
        sa.Column("scrap_reasons", JsonText()),
        sa.Column("remind_hours", sa.Integer),
        sa.Column("return_hours", sa.Integer),
        sa.PrimaryKeyConstraint("scope", name="pk_part_rules"),
    )
