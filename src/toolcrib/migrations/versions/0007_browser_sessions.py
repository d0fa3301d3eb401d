"""The sessions of browsers, so that signing out ends them."""

import sqlalchemy as sa

from toolcrib.kernel.tables import BigId, UtcDateTime, exact_string
from toolcrib.migrations import steps

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    steps.create_table(
        "browser_sessions",
        sa.Column("id", exact_string(36), nullable=False),
        sa.Column("user_id", BigId, nullable=False),
        sa.Column("device", exact_string(100), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("last_used_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name="fk_browser_sessions_user_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_browser_sessions"),
    )
    steps.create_index("ix_browser_sessions_expires_at", "browser_sessions", ["expires_at"], unique=False)
    steps.create_index("ix_browser_sessions_user_id", "browser_sessions", ["user_id"], unique=False)
