"""An id for each audit line that is written apart from a change, so that none is written twice."""

import sqlalchemy as sa

from toolcrib.kernel.tables import exact_string
from toolcrib.migrations import steps

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    steps.add_column("document_audit", sa.Column("line_id", exact_string(32), nullable=True))
    steps.create_index("ix_document_audit_line_id", "document_audit", ["line_id"], unique=True)
