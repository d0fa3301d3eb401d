"""Documents are found by the addresses they have had."""

from toolcrib.migrations import steps

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None


def upgrade() -> None:
    steps.create_index(
        "ix_document_audit_address",
        "document_audit",
        ["address"],
        mysql_length={"address": 600},
        mariadb_length={"address": 600},
    )
