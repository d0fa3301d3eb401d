"""On SQLite the index of the events' keys holds their beginning alone: with whole paths of 1,024 characters, writing it
cost more than everything else of a lock."""

import sqlalchemy as sa
from alembic import op

from toolcrib.migrations import steps

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        start = sa.func.substr(sa.column("key"), sa.literal_column("1"), sa.literal_column("200"))
        steps.create_index("ix_events_key_start", "events", [start, "seq"], unique=False)
        steps.drop_index("ix_events_key", table_name="events")
