"""Releases that happen unless whoever planned them carries on."""

import sqlalchemy as sa

from toolcrib.kernel.tables import JsonText, UtcDateTime, exact_string
from toolcrib.migrations import steps

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None


def upgrade() -> None:
    steps.create_table(
        "planned_releases",
        sa.Column("plan", exact_string(36), nullable=False),
        sa.Column("piece", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("asked_by", exact_string(36), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=False),
        sa.Column("data", JsonText(), nullable=False),
        sa.PrimaryKeyConstraint("plan", "piece", name="pk_planned_releases"),
    )
    steps.create_index("ix_planned_releases_asked_by", "planned_releases", ["asked_by"], unique=False)
    steps.create_index("ix_planned_releases_due_at", "planned_releases", ["due_at"], unique=False)
