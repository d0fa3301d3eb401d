"""Indexes for what the event log is searched by. By time it is found through the numbers (`kernel.events.times`)."""

import sqlalchemy as sa
from alembic import op

from toolcrib.migrations import steps

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    steps.create_index("ix_events_actor_seq", "events", ["actor", "seq"], unique=False)
    steps.create_index("ix_events_verb_seq", "events", ["verb", "seq"], unique=False)
    if op.get_bind().dialect.name == "postgresql":
        start = sa.func.left(sa.column("key"), sa.literal_column("200")).collate("C")
        steps.create_index("ix_events_key_start", "events", [start, "seq"], unique=False)
    else:
        length = {"key": 200}
        steps.create_index(
            "ix_events_key", "events", ["key"], unique=False, mysql_length=length, mariadb_length=length
        )
    steps.drop_index("ix_events_at", table_name="events")
