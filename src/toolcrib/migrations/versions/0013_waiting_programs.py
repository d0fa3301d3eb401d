"""Programs that wait: until when their place lasts unless they renew it, and how soon they confirm what they get."""

import sqlalchemy as sa

from toolcrib.kernel.tables import BigId, UtcDateTime
from toolcrib.migrations import steps

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Neither: a person waits. So everybody who waits already keeps the place as before.
    steps.add_column("claim_waiters", sa.Column("lease_ends_at", UtcDateTime(), nullable=True))
    steps.add_column("claim_waiters", sa.Column("confirm_seconds", BigId, nullable=True))
    steps.create_index("ix_claim_waiters_until", "claim_waiters", ["until"])
    steps.create_index("ix_claim_waiters_lease_ends_at", "claim_waiters", ["lease_ends_at"])
