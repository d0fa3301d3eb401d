"""How much each person, company and project stores, and may store. A job counts what is there already."""

import sqlalchemy as sa

from toolcrib.kernel.tables import BigId, exact_string
from toolcrib.migrations import steps

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    steps.create_table(
        "storage_accounts",
        sa.Column("account", exact_string(300), nullable=False),
        sa.Column("used_bytes", BigId, nullable=False),
        sa.Column("allowed_bytes", BigId, nullable=True),
        sa.PrimaryKeyConstraint("account", name="pk_storage_accounts"),
    )
    steps.create_table(
        "storage_reservations",
        sa.Column("key", exact_string(64), nullable=False),
        sa.Column("account", exact_string(300), nullable=False),
        sa.Column("size", BigId, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_storage_reservations"),
    )
    steps.create_index("ix_storage_reservations_account", "storage_reservations", ["account"], unique=False)
    steps.add_column("blobs", sa.Column("account", exact_string(300), nullable=True))
    steps.create_index("ix_blobs_account", "blobs", ["account"], unique=False)
