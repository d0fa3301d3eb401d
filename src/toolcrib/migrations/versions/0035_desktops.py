"""Desktops: what they are made from, storage beside them, who sees them and who controls them."""

import sqlalchemy as sa

from toolcrib.kernel.tables import BigId, JsonText, UtcDateTime, exact_string, exact_text
from toolcrib.migrations import steps

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None


def upgrade() -> None:
    steps.create_table(
        "desktop_configurations",
        sa.Column("id", BigId, nullable=False, autoincrement=True),
        sa.Column("name", exact_string(255), nullable=False),
        sa.Column("description", exact_text(), nullable=False),
        sa.Column("image", exact_string(255), nullable=False),
        sa.Column("is_public", sa.Boolean, nullable=False),
        sa.Column("min_cpu", sa.Integer, nullable=False),
        sa.Column("max_cpu", sa.Integer, nullable=False),
        sa.Column("min_ram", exact_string(10), nullable=False),
        sa.Column("max_ram", exact_string(10), nullable=False),
        sa.Column("network", sa.Boolean, nullable=False),
        sa.Column("copy_out", sa.Boolean, nullable=False),
        sa.Column("paste_in", sa.Boolean, nullable=False),
        sa.Column("files", sa.Boolean, nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("created_by", exact_string(255)),
        sa.PrimaryKeyConstraint("id", name="pk_desktop_configurations"),
        sa.UniqueConstraint("name", name="uq_desktop_configurations_name"),
    )
    steps.create_table(
        "desktop_configuration_access",
        sa.Column("configuration_id", BigId, nullable=False),
        sa.Column("user_id", BigId, nullable=False),
        sa.PrimaryKeyConstraint("configuration_id", "user_id", name="pk_desktop_configuration_access"),
        sa.ForeignKeyConstraint(
            ["configuration_id"],
            ["desktop_configurations.id"],
            name="fk_desktop_configuration_access_configuration_id",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name="fk_desktop_configuration_access_user_id", ondelete="CASCADE"
        ),
    )
    steps.create_index("ix_desktop_configuration_access_user_id", "desktop_configuration_access", ["user_id"])
    steps.create_table(
        "desktop_volumes",
        sa.Column("id", BigId, nullable=False, autoincrement=True),
        sa.Column("name", exact_string(255), nullable=False),
        sa.Column("namespace", exact_string(255), nullable=False),
        sa.Column("size", exact_string(20), nullable=False),
        sa.Column("is_public", sa.Boolean, nullable=False),
        sa.Column("exclusive", sa.Boolean, nullable=False),
        sa.Column("status", exact_string(16), nullable=False),
        sa.Column("is_going", sa.Boolean, nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("created_by", exact_string(255)),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_desktop_volumes"),
        sa.UniqueConstraint("name", name="uq_desktop_volumes_name"),
    )
    steps.create_table(
        "desktop_volume_access",
        sa.Column("volume_id", BigId, nullable=False),
        sa.Column("user_id", BigId, nullable=False),
        sa.PrimaryKeyConstraint("volume_id", "user_id", name="pk_desktop_volume_access"),
        sa.ForeignKeyConstraint(
            ["volume_id"],
            ["desktop_volumes.id"],
            name="fk_desktop_volume_access_volume_id",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name="fk_desktop_volume_access_user_id", ondelete="CASCADE"
        ),
    )
    steps.create_index("ix_desktop_volume_access_user_id", "desktop_volume_access", ["user_id"])
    steps.create_table(
        "desktops",
        sa.Column("id", BigId, nullable=False, autoincrement=True),
        sa.Column("name", exact_string(53), nullable=False),
        sa.Column("holder", exact_string(255), nullable=False),
        sa.Column("holder_uuid", exact_string(36), nullable=False),
        sa.Column("state", exact_string(16), nullable=False),
        sa.Column("configuration_id", BigId),
        sa.Column("persistent_home", sa.Boolean, nullable=False),
        sa.Column("volume_id", BigId),
        sa.Column("password", exact_text()),
        sa.Column("place", BigId),
        sa.Column("fence", BigId),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("started_at", UtcDateTime()),
        sa.Column("ready_at", UtcDateTime()),
        sa.Column("stopped_at", UtcDateTime()),
        sa.Column("seen_at", UtcDateTime()),
        sa.Column("seconds", BigId),
        sa.Column("ends_at", UtcDateTime()),
        sa.Column("end_reason", exact_string(16)),
        sa.Column("warned_at", UtcDateTime()),
        sa.Column("keep_until", UtcDateTime()),
        sa.Column("is_failed", sa.Boolean, nullable=False),
        sa.Column("then_delete", sa.Boolean, nullable=False),
        sa.Column("restart", sa.Boolean, nullable=False),
        sa.Column("progress", exact_string(255), nullable=False),
        sa.Column("reason", exact_text()),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("next_at", UtcDateTime(), nullable=False),
        sa.Column("worker", exact_string(36)),
        sa.Column("busy_until", UtcDateTime()),
        sa.PrimaryKeyConstraint("id", name="pk_desktops"),
        sa.UniqueConstraint("name", name="uq_desktops_name"),
    )
    steps.create_index("ix_desktops_configuration_id", "desktops", ["configuration_id"])
    steps.create_index("ix_desktops_fence", "desktops", ["fence"])
    steps.create_index("ix_desktops_holder_uuid", "desktops", ["holder_uuid"])
    steps.create_index("ix_desktops_state_next_at", "desktops", ["state", "next_at"])
    steps.create_index("ix_desktops_state_place", "desktops", ["state", "place"])
    steps.create_index("ix_desktops_volume_id", "desktops", ["volume_id"])
    steps.create_table(
        "desktop_runs",
        sa.Column("fence", BigId, nullable=False, autoincrement=False),
        sa.Column("desktop", exact_string(53), nullable=False),
        sa.Column("holder_uuid", exact_string(36), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime()),
        sa.PrimaryKeyConstraint("fence", name="pk_desktop_runs"),
    )
    steps.create_index(
        "ix_desktop_runs_holder_uuid_started_at", "desktop_runs", ["holder_uuid", "started_at"]
    )
    steps.create_table(
        "desktop_tickets",
        sa.Column("digest", exact_string(64), nullable=False),
        sa.Column("desktop", exact_string(53), nullable=False),
        sa.Column("fence", BigId, nullable=False),
        sa.Column("person", exact_string(255), nullable=False),
        sa.Column("person_uuid", exact_string(36), nullable=False),
        sa.Column("role", exact_string(8), nullable=False),
        sa.Column("view_only", sa.Boolean, nullable=False),
        sa.Column("credential", JsonText(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_desktop_tickets"),
    )
    steps.create_index("ix_desktop_tickets_desktop", "desktop_tickets", ["desktop"])
    steps.create_index("ix_desktop_tickets_expires_at", "desktop_tickets", ["expires_at"])
    steps.create_table(
        "desktop_guests",
        sa.Column("desktop", exact_string(53), nullable=False),
        sa.Column("user_id", BigId, nullable=False),
        sa.Column("may_control", sa.Boolean, nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("desktop", "user_id", name="pk_desktop_guests"),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name="fk_desktop_guests_user_id", ondelete="CASCADE"
        ),
    )
    steps.create_index("ix_desktop_guests_user_id", "desktop_guests", ["user_id"])
    steps.create_table(
        "desktop_views",
        sa.Column("id", exact_string(36), nullable=False),
        sa.Column("desktop", exact_string(53), nullable=False),
        sa.Column("fence", BigId, nullable=False),
        sa.Column("person", exact_string(255), nullable=False),
        sa.Column("person_uuid", exact_string(36), nullable=False),
        sa.Column("role", exact_string(8), nullable=False),
        sa.Column("view_only", sa.Boolean, nullable=False),
        sa.Column("opened_at", UtcDateTime(), nullable=False),
        sa.Column("seen_at", UtcDateTime(), nullable=False),
        sa.Column("asks_since", UtcDateTime()),
        sa.PrimaryKeyConstraint("id", name="pk_desktop_views"),
    )
    steps.create_index("ix_desktop_views_desktop", "desktop_views", ["desktop"])
    steps.create_index("ix_desktop_views_seen_at", "desktop_views", ["seen_at"])
    steps.create_table(
        "desktop_controls",
        sa.Column("desktop", exact_string(53), nullable=False),
        sa.Column("view_id", exact_string(36), nullable=False),
        sa.Column("person", exact_string(255), nullable=False),
        sa.Column("person_uuid", exact_string(36), nullable=False),
        sa.Column("since", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("desktop", name="pk_desktop_controls"),
    )
