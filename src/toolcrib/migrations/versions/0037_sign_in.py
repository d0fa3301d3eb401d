"""A second step at signing in, roles by groups at the sign-in provider, and signing out there."""

import sqlalchemy as sa

from toolcrib.kernel.tables import BigId, UtcDateTime, exact_string, exact_text
from toolcrib.migrations import steps

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None


def upgrade() -> None:
    steps.create_table(
        "second_factors",
        sa.Column("user_id", BigId, nullable=False),
        sa.Column("secret", exact_string(255), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("confirmed_at", UtcDateTime(), nullable=True),
        sa.Column("last_step", BigId, nullable=True),
        sa.PrimaryKeyConstraint("user_id", name="pk_second_factors"),
        _of_user("second_factors"),
    )
    steps.create_table(
        "recovery_codes",
        sa.Column("user_id", BigId, nullable=False),
        sa.Column("digest", exact_string(64), nullable=False),
        sa.Column("used_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("user_id", "digest", name="pk_recovery_codes"),
        _of_user("recovery_codes"),
    )
    steps.create_table(
        "provider_roles",
        sa.Column("user_id", BigId, nullable=False),
        sa.Column("target", exact_string(64), nullable=False),
        sa.Column("role", exact_string(16), nullable=False),
        sa.Column("own_role", exact_string(16), nullable=True),
        sa.Column("group_name", exact_string(255), nullable=False),
        sa.Column("granted_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "target", name="pk_provider_roles"),
        _of_user("provider_roles"),
    )
    steps.create_table(
        "provider_sessions",
        sa.Column("session_id", exact_string(36), nullable=False),
        sa.Column("sid", exact_string(255), nullable=True),
        sa.Column("id_token", exact_text(), nullable=True),
        sa.Column("is_browser", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("session_id", name="pk_provider_sessions"),
        sa.ForeignKeyConstraint(
            ["session_id"],
            ["browser_sessions.id"],
            name="fk_provider_sessions_session_id",
            ondelete="CASCADE",
        ),
    )
    steps.create_index("ix_provider_sessions_sid", "provider_sessions", ["sid"])
    steps.create_table(
        "logout_tokens",
        sa.Column("digest", exact_string(64), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_logout_tokens"),
    )
    steps.create_index("ix_logout_tokens_expires_at", "logout_tokens", ["expires_at"])


def _of_user(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=f"fk_{table}_user_id", ondelete="CASCADE")
