"""Pictures of parts are in the registry of content, and so in a quota."""

import sqlalchemy as sa

from toolcrib.kernel.tables import BigId
from toolcrib.migrations import steps

revision = "0046"
down_revision = "0045"
branch_labels = None
depends_on = None


def upgrade() -> None:
    steps.add_column("part_views", sa.Column("blob_id", BigId, nullable=True))
