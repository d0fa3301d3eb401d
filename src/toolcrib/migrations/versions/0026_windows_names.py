"""Projects say what is done about names that Windows cannot keep, and paths that differ only in case are found.

Existing projects have no value, which means that people are warned.
"""

import sqlalchemy as sa
from alembic import op

from toolcrib.documents.models import folded_location
from toolcrib.kernel.tables import exact_string
from toolcrib.migrations import steps

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

PAGE = 1_000
PATHS = {"document_files": "logical_path", "document_folders": "path"}


def upgrade() -> None:
    steps.add_column("projects", sa.Column("windows_names", exact_string(8), nullable=True))
    for table, path in PATHS.items():
        steps.add_column(table, sa.Column("folded", exact_string(40), nullable=True))
        _fill(table, path)
        steps.create_index(f"ix_{table}_folded", table, ["folded"])


def _fill(name: str, path: str) -> None:
    connection = op.get_bind()
    columns: tuple[sa.ColumnClause[str], ...] = (
        sa.column("id"),
        sa.column("bucket_type"),
        sa.column("bucket_id"),
        sa.column(path),
    )
    table = sa.table(name, *columns, sa.column("folded"))
    change = sa.update(table).where(table.c.id == sa.bindparam("row")).values(folded=sa.bindparam("value"))
    last = ""
    while True:
        page = connection.execute(
            sa.select(*(table.c[column.name] for column in columns))
            .where(table.c.id > last)
            .order_by(table.c.id)
            .limit(PAGE)
        ).all()
        if not page:
            return
        connection.execute(
            change, [{"row": row[0], "value": folded_location(row[1], row[2], row[3])} for row in page]
        )
        last = page[-1][0]
