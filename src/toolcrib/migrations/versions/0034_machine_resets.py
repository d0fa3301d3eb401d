"""A machine says what is done to it between holders, and holds keep what was last done for them."""

import sqlalchemy as sa

from toolcrib.kernel.tables import UtcDateTime, exact_string, exact_text
from toolcrib.migrations import steps

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    steps.add_column("machines", sa.Column("reset", exact_string(32), nullable=True))
    steps.add_column("machines", sa.Column("homes", exact_string(8), nullable=True))
    steps.add_column("machine_holds", sa.Column("last_run", exact_string(16), nullable=True))
    steps.add_column("machine_holds", sa.Column("last_problem", exact_string(40), nullable=True))
    steps.add_column("machine_holds", sa.Column("last_output", exact_text(), nullable=True))
    steps.add_column("machine_holds", sa.Column("last_run_at", UtcDateTime(), nullable=True))
