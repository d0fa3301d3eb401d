"""Indexes for which buckets hold anything."""

from alembic import op

from toolcrib.migrations import steps

revision = "0045"
down_revision = "0044"
branch_labels = None
depends_on = None


def upgrade() -> None:
    files, folders = "document_files", "document_folders"
    steps.create_index("ix_document_files_changed", files, ["bucket_type", "updated_at", "bucket_id"])
    steps.create_index("ix_document_files_owner", files, ["owner_id", "bucket_type", "bucket_id"])
    if op.get_bind().dialect.name in {"mysql", "mariadb"}:
        steps.create_index("ix_document_files_bucket", files, ["bucket_type", "bucket_id"])
    steps.create_index("ix_document_folders_bucket", folders, ["bucket_type", "bucket_id"])
