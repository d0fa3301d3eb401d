"""Properties that WebDAV clients write about files and folders."""

import sqlalchemy as sa

from toolcrib.kernel.tables import exact_string, exact_text
from toolcrib.migrations import steps

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    steps.create_table(
        "document_properties",
        sa.Column("resource", exact_string(40), nullable=False),
        sa.Column("digest", exact_string(40), nullable=False),
        sa.Column("name", exact_text(), nullable=False),
        sa.Column("value", exact_text(), nullable=False),
        sa.PrimaryKeyConstraint("resource", "digest", name="pk_document_properties"),
    )
