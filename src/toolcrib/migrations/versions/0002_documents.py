"""Documents: files and their versions, folders, uploads on their way, and the audit that outlives them."""

import sqlalchemy as sa

from toolcrib.kernel.tables import BigId, JsonText, UtcDateTime, exact_string, exact_text
from toolcrib.migrations import steps

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    steps.create_table(
        "document_audit",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("file_id", exact_string(36), nullable=True),
        sa.Column("version_id", exact_string(36), nullable=True),
        sa.Column("address", exact_text(), nullable=False),
        sa.Column("action", exact_string(24), nullable=False),
        sa.Column("user_id", exact_string(36), nullable=False),
        sa.Column("username", exact_string(255), nullable=False),
        sa.Column("details", JsonText(), nullable=False),
        sa.Column("ip_address", exact_string(64), nullable=True),
        sa.Column("user_agent", exact_string(512), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_document_audit"),
        sqlite_autoincrement=True,
    )
    steps.create_index("ix_document_audit_created_at", "document_audit", ["created_at"], unique=False)
    steps.create_index("ix_document_audit_file_id", "document_audit", ["file_id", "id"], unique=False)
    steps.create_table(
        "document_files",
        sa.Column("id", exact_string(36), nullable=False),
        sa.Column("bucket_type", exact_string(16), nullable=False),
        sa.Column("bucket_id", exact_string(36), nullable=False),
        sa.Column("logical_path", exact_string(1024), nullable=False),
        sa.Column("location", exact_string(40), nullable=False),
        sa.Column("folder", exact_string(40), nullable=False),
        sa.Column("name", exact_string(255), nullable=False),
        sa.Column("filename", exact_string(255), nullable=False),
        sa.Column("owner_id", exact_string(36), nullable=False),
        sa.Column("status", exact_string(24), nullable=False),
        sa.Column("settled_status", exact_string(24), nullable=False),
        sa.Column("current_version_id", exact_string(36), nullable=True),
        sa.Column("version_number", BigId, nullable=False),
        sa.Column("size", BigId, nullable=False),
        sa.Column("mime_type", exact_string(255), nullable=True),
        sa.Column("source_file_id", exact_string(36), nullable=True),
        sa.Column("base_version_id", exact_string(36), nullable=True),
        sa.Column("tags", JsonText(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_document_files"),
        sa.UniqueConstraint("location", name="uq_document_files_location"),
    )
    steps.create_index("ix_document_files_folder", "document_files", ["folder", "name"], unique=False)
    steps.create_index(
        "ix_document_files_path",
        "document_files",
        ["bucket_type", "bucket_id", "logical_path"],
        unique=False,
        mysql_length={"logical_path": 600},
        mariadb_length={"logical_path": 600},
    )
    steps.create_index("ix_document_files_source_file_id", "document_files", ["source_file_id"], unique=False)
    steps.create_table(
        "document_folders",
        sa.Column("id", exact_string(36), nullable=False),
        sa.Column("bucket_type", exact_string(16), nullable=False),
        sa.Column("bucket_id", exact_string(36), nullable=False),
        sa.Column("path", exact_string(1024), nullable=False),
        sa.Column("location", exact_string(40), nullable=False),
        sa.Column("parent", exact_string(40), nullable=False),
        sa.Column("name", exact_string(255), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_document_folders"),
        sa.UniqueConstraint("location", name="uq_document_folders_location"),
    )
    steps.create_index("ix_document_folders_parent", "document_folders", ["parent", "name"], unique=False)
    steps.create_table(
        "document_uploads",
        sa.Column("object_key", exact_string(64), nullable=False),
        sa.Column("owner_id", exact_string(36), nullable=False),
        sa.Column("bucket_type", exact_string(16), nullable=False),
        sa.Column("bucket_id", exact_string(36), nullable=False),
        sa.Column("logical_path", exact_string(1024), nullable=False),
        sa.Column("mime_type", exact_string(255), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("object_key", name="pk_document_uploads"),
    )
    steps.create_index("ix_document_uploads_created_at", "document_uploads", ["created_at"], unique=False)
    steps.create_table(
        "document_versions",
        sa.Column("id", exact_string(36), nullable=False),
        sa.Column("file_id", exact_string(36), nullable=False),
        sa.Column("version_number", BigId, nullable=False),
        sa.Column("blob_id", BigId, nullable=False),
        sa.Column("object_key", exact_string(64), nullable=False),
        sa.Column("size", BigId, nullable=False),
        sa.Column("mime_type", exact_string(255), nullable=True),
        sa.Column("checksum", exact_string(64), nullable=False),
        sa.Column("changelog", exact_text(), nullable=True),
        sa.Column("status", exact_string(24), nullable=False),
        sa.Column("sound_status", exact_string(24), nullable=True),
        sa.Column("created_by", exact_string(36), nullable=False),
        sa.Column("validated_by", exact_string(36), nullable=True),
        sa.Column("validated_at", UtcDateTime(), nullable=True),
        sa.Column("validation_comment", exact_text(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["file_id"], ["document_files.id"], name="fk_document_versions_file_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_document_versions"),
        sa.UniqueConstraint("file_id", "version_number", name="uq_document_versions_file_id_version_number"),
    )
    steps.create_index("ix_document_versions_blob_id", "document_versions", ["blob_id"], unique=False)
    steps.create_index("ix_document_versions_object_key", "document_versions", ["object_key"], unique=False)
    steps.create_index(
        "ix_document_versions_status", "document_versions", ["status", "created_at"], unique=False
    )
