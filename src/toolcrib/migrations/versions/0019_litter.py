"""Files that are programs' litter. Those of before become it when their programs write them again."""

import sqlalchemy as sa

from toolcrib.migrations import steps

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    steps.add_column(
        "document_files", sa.Column("is_litter", sa.Boolean(), nullable=False, server_default=sa.false())
    )
