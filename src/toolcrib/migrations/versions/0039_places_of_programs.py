"""Each program that waits has a place in line of its own: one account may have several in one line. What one waits for
may end at a moment that does not move meanwhile."""

import sqlalchemy as sa

from toolcrib.kernel.tables import UtcDateTime
from toolcrib.migrations import steps

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None


def upgrade() -> None:
    steps.add_column("claim_waiters", sa.Column("ends_at", UtcDateTime(), nullable=True))
    steps.drop_unique("uq_claim_waiters_digest_holder_uuid", "claim_waiters")
