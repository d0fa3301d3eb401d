"""Machines, their reservations, and the accounts on them."""

import sqlalchemy as sa

from toolcrib.kernel.tables import BigId, JsonText, UtcDateTime, exact_string, exact_text
from toolcrib.migrations import steps

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    steps.create_table(
        "machines",
        sa.Column("id", BigId, nullable=False),
        sa.Column("name", exact_string(255), nullable=False),
        sa.Column("scope", exact_string(300), nullable=False),
        sa.Column("host", exact_string(255), nullable=False),
        sa.Column("port", sa.Integer, nullable=False),
        sa.Column("user", exact_string(255), nullable=False),
        sa.Column("password", exact_text()),
        sa.Column("private_key", exact_text()),
        sa.Column("sudo", sa.Boolean, nullable=False),
        sa.Column("jump", exact_string(255)),
        sa.Column("host_key", exact_text()),
        sa.Column("offered_host_key", exact_text()),
        sa.Column("tags", JsonText(), nullable=False),
        sa.Column("facts", JsonText(), nullable=False),
        sa.Column("enabled", sa.Boolean, nullable=False),
        sa.Column("maintenance", sa.Boolean, nullable=False),
        sa.Column("quarantine", exact_string(40)),
        sa.Column("reason", exact_text()),
        sa.Column("is_online", sa.Boolean),
        sa.Column("checked_at", UtcDateTime()),
        sa.Column("last_run", exact_string(16)),
        sa.Column("last_problem", exact_string(40)),
        sa.Column("last_output", exact_text()),
        sa.Column("last_run_at", UtcDateTime()),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("created_by", exact_string(255)),
        sa.PrimaryKeyConstraint("id", name="pk_machines"),
        sa.UniqueConstraint("name", name="uq_machines_name"),
    )
    steps.create_table(
        "machine_reservations",
        sa.Column("id", exact_string(36), nullable=False),
        sa.Column("place", BigId, nullable=False),
        sa.Column("holder", exact_string(255), nullable=False),
        sa.Column("holder_uuid", exact_string(36), nullable=False),
        sa.Column("login", exact_string(32), nullable=False),
        sa.Column("state", exact_string(16), nullable=False),
        sa.Column("wanted", JsonText(), nullable=False),
        sa.Column("access", JsonText(), nullable=False),
        sa.Column("purpose", exact_text()),
        sa.Column("seconds", BigId, nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("ends_at", UtcDateTime()),
        sa.Column("wait_until", UtcDateTime()),
        sa.Column("lease_ends_at", UtcDateTime()),
        sa.Column("warned_at", UtcDateTime()),
        sa.Column("reason", exact_text()),
        sa.Column("came_from", exact_string(36)),
        sa.PrimaryKeyConstraint("id", name="pk_machine_reservations"),
    )
    steps.create_index("ix_machine_reservations_state_place", "machine_reservations", ["state", "place"])
    steps.create_index("ix_machine_reservations_holder_uuid", "machine_reservations", ["holder_uuid"])
    steps.create_table(
        "machine_holds",
        sa.Column("id", BigId, nullable=False),
        sa.Column("reservation_id", exact_string(36), nullable=False),
        sa.Column("machine_id", BigId, nullable=False),
        sa.Column("machine", exact_string(255), nullable=False),
        sa.Column("fence", BigId, nullable=False),
        sa.Column("holder", exact_string(255), nullable=False),
        sa.Column("login", exact_string(32), nullable=False),
        sa.Column("state", exact_string(16), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("ready_at", UtcDateTime()),
        sa.Column("ends_at", UtcDateTime()),
        sa.Column("ended_at", UtcDateTime()),
        sa.Column("gone_at", UtcDateTime()),
        sa.Column("reason", exact_text()),
        sa.Column("problem", exact_text()),
        sa.Column("is_failed", sa.Boolean, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("next_at", UtcDateTime(), nullable=False),
        sa.Column("worker", exact_string(36)),
        sa.Column("busy_until", UtcDateTime()),
        sa.PrimaryKeyConstraint("id", name="pk_machine_holds"),
        sa.UniqueConstraint("fence", name="uq_machine_holds_fence"),
    )
    steps.create_index("ix_machine_holds_state_next_at", "machine_holds", ["state", "next_at"])
    steps.create_index("ix_machine_holds_machine_id_state", "machine_holds", ["machine_id", "state"])
    steps.create_index("ix_machine_holds_reservation_id", "machine_holds", ["reservation_id"])
