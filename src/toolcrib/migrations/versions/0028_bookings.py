"""Machines can be booked for a time to come, a queue has priorities, and calendars a secret address."""

import sqlalchemy as sa

from toolcrib.kernel.tables import BigId, UtcDateTime, exact_string
from toolcrib.migrations import steps

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

RESERVATIONS = "machine_reservations"


def upgrade() -> None:
    for name in ("starts_at", "confirm_by", "reminded_at"):
        steps.add_column(RESERVATIONS, sa.Column(name, UtcDateTime(), nullable=True))
    priority = sa.Column("priority", sa.Integer, nullable=False, server_default="0")
    steps.add_column(RESERVATIONS, priority)
    steps.create_index("ix_machine_reservations_state_starts_at", RESERVATIONS, ["state", "starts_at"])
    steps.create_index("ix_machine_reservations_confirm_by", RESERVATIONS, ["confirm_by"])
    steps.create_table(
        "machine_bookings",
        sa.Column("reservation_id", exact_string(36), nullable=False),
        sa.Column("machine_id", BigId, nullable=False),
        sa.Column("starts_at", UtcDateTime(), nullable=False),
        sa.Column("ends_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("reservation_id", "machine_id", name="pk_machine_bookings"),
    )
    steps.create_index(
        "ix_machine_bookings_machine_id_starts_at", "machine_bookings", ["machine_id", "starts_at"]
    )
    steps.create_table(
        "machine_calendar_feeds",
        sa.Column("holder_uuid", exact_string(36), nullable=False),
        sa.Column("digest", exact_string(64), nullable=False),
        sa.Column("token_version", sa.Integer, nullable=False),
        sa.Column("everything", sa.Boolean, nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("holder_uuid", name="pk_machine_calendar_feeds"),
        sa.UniqueConstraint("digest", name="uq_machine_calendar_feeds_digest"),
    )
