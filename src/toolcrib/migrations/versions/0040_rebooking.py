"""Reservations count how often their times or machines were changed, for calendar programs."""

import sqlalchemy as sa

from toolcrib.migrations import steps

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None


def upgrade() -> None:
    steps.add_column(
        "machine_reservations", sa.Column("revision", sa.Integer, nullable=False, server_default="0")
    )
