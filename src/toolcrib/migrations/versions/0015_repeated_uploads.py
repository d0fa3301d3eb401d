"""What a repeated upload is known by: the version that a direct upload became, and the key of the request."""

import sqlalchemy as sa

from toolcrib.kernel.tables import exact_string
from toolcrib.migrations import steps

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    steps.add_column("document_uploads", sa.Column("version_id", exact_string(36), nullable=True))
    steps.add_column("document_versions", sa.Column("request_key", exact_string(40), nullable=True))
