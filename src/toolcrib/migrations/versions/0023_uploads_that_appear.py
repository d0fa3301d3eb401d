"""Direct uploads to new paths appear by themselves; until then all were confirmed."""

import sqlalchemy as sa

from toolcrib.migrations import steps

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    confirmed: sa.Column[bool] = sa.Column(
        "is_confirmed", sa.Boolean(), nullable=False, server_default=sa.true()
    )
    steps.add_column("document_uploads", confirmed)
