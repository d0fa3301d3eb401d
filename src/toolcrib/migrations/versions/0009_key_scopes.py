"""The scopes of API keys, and whether keys end with a change of password that waits for its link."""

import sqlalchemy as sa

from toolcrib.kernel.tables import exact_string
from toolcrib.migrations import steps

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # No scopes: all of them. So keys that there are, and those that the former release still makes, stay as they were.
    steps.add_column("api_keys", sa.Column("scopes", exact_string(1024), nullable=True))
    steps.add_column(
        "pending_changes",
        sa.Column("end_api_keys", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
