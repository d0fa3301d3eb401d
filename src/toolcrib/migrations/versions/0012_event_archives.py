"""The files that old events are moved to, and who did something in which project of what they hold."""

import sqlalchemy as sa

from toolcrib.kernel.tables import BigId, UtcDateTime, exact_string
from toolcrib.migrations import steps

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    steps.create_table(
        "event_archives",
        sa.Column("last_seq", BigId, autoincrement=False, nullable=False),
        sa.Column("first_seq", BigId, nullable=False),
        sa.Column("first_at", UtcDateTime(), nullable=False),
        sa.Column("last_at", UtcDateTime(), nullable=False),
        sa.Column("events", BigId, nullable=False),
        sa.Column("name", exact_string(100), nullable=False),
        sa.Column("key", exact_string(64), nullable=False),
        sa.PrimaryKeyConstraint("last_seq", name="pk_event_archives"),
        sa.UniqueConstraint("key", name="uq_event_archives_key"),
    )
    steps.create_table(
        "archived_actors",
        sa.Column("scope", exact_string(300), nullable=False),
        sa.Column("actor", exact_string(255), nullable=False),
        sa.PrimaryKeyConstraint("scope", "actor", name="pk_archived_actors"),
    )
