"""Who waits for machines that are out of service is told of it once."""

import sqlalchemy as sa

from toolcrib.kernel.tables import UtcDateTime
from toolcrib.migrations import steps

revision = "0047"
down_revision = "0046"
branch_labels = None
depends_on = None


def upgrade() -> None:
    steps.add_column("machine_reservations", sa.Column("blocked_at", UtcDateTime(), nullable=True))
