"""Names that people had before they were renamed: nobody else gets them, and they still lead to the person."""

import sqlalchemy as sa

from toolcrib.kernel.tables import exact_string
from toolcrib.migrations import steps

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    steps.add_column("retired_names", sa.Column("user_uuid", exact_string(36), nullable=True))
    steps.create_index("ix_retired_names_user_uuid", "retired_names", ["user_uuid"])
