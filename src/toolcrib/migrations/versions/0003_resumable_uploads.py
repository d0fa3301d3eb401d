"""Documents on their way in pieces, and the pieces that are there."""

import sqlalchemy as sa

from toolcrib.kernel.tables import BigId, JsonText, UtcDateTime, exact_string, exact_text
from toolcrib.migrations import steps

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    steps.create_table(
        "document_resumable_uploads",
        sa.Column("id", exact_string(32), nullable=False),
        sa.Column("owner_id", exact_string(36), nullable=False),
        sa.Column("bucket_type", exact_string(16), nullable=False),
        sa.Column("bucket_id", exact_string(36), nullable=False),
        sa.Column("logical_path", exact_string(1024), nullable=False),
        sa.Column("length", BigId, nullable=False),
        sa.Column("received", BigId, nullable=False),
        sa.Column("parts", BigId, nullable=False),
        sa.Column("sha256", exact_string(64), nullable=True),
        sa.Column("told", exact_text(), nullable=False),
        sa.Column("wishes", JsonText(), nullable=False),
        sa.Column("result", JsonText(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_document_resumable_uploads"),
    )
    steps.create_index(
        "ix_document_resumable_uploads_expires_at", "document_resumable_uploads", ["expires_at"], unique=False
    )
    steps.create_table(
        "document_upload_parts",
        sa.Column("upload_id", exact_string(32), nullable=False),
        sa.Column("start", BigId, autoincrement=False, nullable=False),
        sa.Column("size", BigId, nullable=False),
        sa.Column("object_key", exact_string(64), nullable=False),
        sa.ForeignKeyConstraint(
            ["upload_id"],
            ["document_resumable_uploads.id"],
            name="fk_document_upload_parts_upload_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("upload_id", "start", name="pk_document_upload_parts"),
        sa.UniqueConstraint("object_key", name="uq_document_upload_parts_object_key"),
    )
