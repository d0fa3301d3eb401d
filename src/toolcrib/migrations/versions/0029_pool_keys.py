"""Keys of the machine pool's own: the one by which it manages machines, and that of its CA."""

import sqlalchemy as sa

from toolcrib.kernel.tables import UtcDateTime, exact_string, exact_text
from toolcrib.migrations import steps

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    steps.create_table(
        "machine_pool_keys",
        sa.Column("name", exact_string(16), nullable=False),
        sa.Column("private_key", exact_text(), nullable=False),
        sa.Column("public_key", exact_text(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_machine_pool_keys"),
    )
