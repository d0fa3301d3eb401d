"""People connect to Onshape, from where drawings of parts come."""

import sqlalchemy as sa

from toolcrib.kernel.tables import UtcDateTime, exact_string, exact_text
from toolcrib.migrations import steps

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    steps.create_table(
        "onshape_states",
        sa.Column("digest", exact_string(64), nullable=False),
        sa.Column("owner", exact_string(80), nullable=False),
        sa.Column("redirect_uri", exact_text(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=steps.f("pk_onshape_states")),
    )
    steps.create_index("ix_onshape_states_owner_expires_at", "onshape_states", ["owner", "expires_at"])
    steps.create_index("ix_onshape_states_expires_at", "onshape_states", ["expires_at"])
    steps.create_table(
        "onshape_connections",
        sa.Column("owner", exact_string(80), nullable=False),
        sa.Column("access_token", exact_text(), nullable=False),
        sa.Column("refresh_token", exact_text(), nullable=True),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("user_id", exact_string(255), nullable=True),
        sa.Column("email", exact_string(255), nullable=True),
        sa.Column("name", exact_string(255), nullable=True),
        sa.Column("authenticated_at", UtcDateTime(), nullable=False),
        sa.Column("renewed_at", UtcDateTime(), nullable=False),
        sa.Column("refreshing_until", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("owner", name=steps.f("pk_onshape_connections")),
    )
