"""Parts have models, converted from their STEP files and kept by content, and views that browsers have drawn."""

import sqlalchemy as sa

from toolcrib.kernel.tables import BigId, JsonText, UtcDateTime, exact_string, exact_text
from toolcrib.migrations import steps

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    steps.create_table(
        "part_conversions",
        sa.Column("sha256", exact_string(64), nullable=False),
        sa.Column("state", exact_string(16), nullable=False),
        sa.Column("problem", exact_string(40), nullable=True),
        sa.Column("reason", exact_text(), nullable=True),
        sa.Column("limits", exact_string(200), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("worker", exact_string(36), nullable=True),
        sa.Column("lease_until", UtcDateTime(), nullable=True),
        sa.Column("next_at", UtcDateTime(), nullable=False),
        sa.Column("requested_at", UtcDateTime(), nullable=False),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.Column("model_key", exact_string(64), nullable=True),
        sa.Column("model_size", BigId, nullable=True),
        sa.Column("model_sha256", exact_string(64), nullable=True),
        sa.Column("picture_key", exact_string(64), nullable=True),
        sa.Column("picture_size", BigId, nullable=True),
        sa.Column("figures", JsonText(), nullable=True),
        sa.PrimaryKeyConstraint("sha256", name=steps.f("pk_part_conversions")),
    )
    steps.create_index("ix_part_conversions_state_next_at", "part_conversions", ["state", "next_at"])
    steps.create_index("ix_part_conversions_model_key", "part_conversions", ["model_key"])
    steps.create_index("ix_part_conversions_picture_key", "part_conversions", ["picture_key"])
    steps.create_table(
        "part_views",
        sa.Column("part_id", BigId, autoincrement=False, nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("file_id", BigId, nullable=False),
        sa.Column("key", exact_string(64), nullable=False),
        sa.Column("size", BigId, nullable=False),
        sa.Column("sha256", exact_string(64), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("part_id", "position", name=steps.f("pk_part_views")),
    )
    steps.create_index("ix_part_views_key", "part_views", ["key"])
