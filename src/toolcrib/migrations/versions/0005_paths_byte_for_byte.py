"""Paths of documents sort byte for byte on PostgreSQL too, whatever the database's own collation.

The files below a folder are one range of paths, which a language's order breaks up. The steps before this one left
the collation out; a database that began with this release or the one before has it already.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

PATHS = (
    ("document_files", "logical_path"),
    ("document_folders", "path"),
    ("document_uploads", "logical_path"),
    ("document_resumable_uploads", "logical_path"),
)


def upgrade() -> None:
    if op.get_context().dialect.name != "postgresql":
        return
    for table, column in PATHS:
        op.alter_column(table, column, type_=sa.String(1024, collation="C"))
