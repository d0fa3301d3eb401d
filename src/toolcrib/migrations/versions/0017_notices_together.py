"""Which mails may become one with others to the same address, and until when notices to an address wait."""

import sqlalchemy as sa

from toolcrib.kernel.tables import UtcDateTime, exact_string
from toolcrib.migrations import steps

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Mails that there are, and those that the former release still queues, leave by themselves.
    steps.add_column(
        "outbox", sa.Column("is_notice", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    steps.create_index("ix_outbox_to_address", "outbox", ["to_address"], unique=False)
    steps.create_table(
        "mail_pauses",
        sa.Column("to_address", exact_string(320), nullable=False),
        sa.Column("held_until", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("to_address", name="pk_mail_pauses"),
    )
    steps.create_index("ix_mail_pauses_held_until", "mail_pauses", ["held_until"], unique=False)
