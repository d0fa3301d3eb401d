"""Calendars read holds by their end."""

from toolcrib.migrations import steps

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    steps.create_index("ix_machine_holds_ends_at", "machine_holds", ["ends_at"])
