"""The calls of hooks that failed on a change of a claim which nobody could refuse, to be made again."""

import sqlalchemy as sa

from toolcrib.kernel.tables import BigId, JsonText, UtcDateTime, exact_string
from toolcrib.migrations import steps

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    steps.create_table(
        "owed_claim_hooks",
        sa.Column("seq", BigId, autoincrement=False, nullable=False),
        sa.Column("kind", exact_string(32), nullable=False),
        sa.Column("fence", BigId, nullable=False),
        sa.Column("told", JsonText(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_at", UtcDateTime(), nullable=False),
        sa.Column("error", exact_string(200), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_owed_claim_hooks"),
    )
    steps.create_index("ix_owed_claim_hooks_fence", "owed_claim_hooks", ["fence"], unique=False)
    steps.create_index("ix_owed_claim_hooks_next_at", "owed_claim_hooks", ["next_at"], unique=False)
