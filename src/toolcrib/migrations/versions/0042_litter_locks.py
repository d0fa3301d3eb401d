"""Locks on programs' litter are where nobody is shown them, and so is whoever waits for one."""

import sqlalchemy as sa
from alembic import op

from toolcrib.kernel.claims.models import HIDDEN, Ref

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None

KIND = "document"
files = sa.table("document_files", sa.column("id"), sa.column("is_litter", sa.Boolean()))


def upgrade() -> None:
    for name in ("claims", "claim_waiters"):
        _hide(sa.table(name, *(sa.column(each) for each in ("digest", "kind", "scope", "key"))))


def _hide(table: sa.TableClause) -> None:
    connection = op.get_bind()
    litter = (
        sa.select(table.c.digest, table.c.scope, table.c.key)
        .distinct()
        .join_from(table, files, files.c.id == table.c.key)
        .where(table.c.kind == KIND, files.c.is_litter, table.c.scope.not_like(f"{HIDDEN}%"))
    )
    for digest, scope, key in connection.execute(litter).all():
        hidden = Ref(KIND, HIDDEN + scope, key)
        values = {"digest": hidden.digest, "scope": hidden.scope}
        connection.execute(sa.update(table).where(table.c.digest == digest).values(values))
