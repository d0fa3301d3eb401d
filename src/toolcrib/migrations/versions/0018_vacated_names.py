"""The names that documents left while a WebDAV program may be saving there, and the backups that it keeps."""

import sqlalchemy as sa

from toolcrib.kernel.tables import BigId, JsonText, UtcDateTime, exact_string
from toolcrib.migrations import steps

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    steps.create_table(
        "document_vacated_names",
        sa.Column("location", exact_string(40), nullable=False),
        sa.Column("file_id", exact_string(36), nullable=False),
        sa.Column("left_by", exact_string(36), nullable=False),
        sa.Column("newest", BigId, nullable=False),
        sa.Column("kept", JsonText(), nullable=False),
        sa.Column("is_spare", sa.Boolean(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("location", name="pk_document_vacated_names"),
    )
    steps.create_index("ix_document_vacated_names_file_id", "document_vacated_names", ["file_id"])
    steps.create_index("ix_document_vacated_names_expires_at", "document_vacated_names", ["expires_at"])
    steps.add_column("document_files", sa.Column("backup_of", exact_string(36), nullable=True))
