"""Indexes for what lists of claims are narrowed by, and for the scope of events."""

import sqlalchemy as sa
from alembic import op

from toolcrib.migrations import steps

revision = "0044"
down_revision = "0043"
branch_labels = None
depends_on = None

_LENGTH: sa.ColumnElement[int] = sa.literal_column("200")


def upgrade() -> None:
    steps.create_index("ix_events_scope_seq", "events", ["scope", "seq"])
    steps.create_index("ix_claims_scope_fence", "claims", ["scope", "fence"])
    steps.create_index("ix_claims_branch_fence", "claims", ["branch", "fence"])
    key: sa.ColumnClause[str] = sa.column("key")
    dialect = op.get_bind().dialect.name
    if dialect == "postgresql":
        steps.create_index(
            "ix_claims_key_start", "claims", [sa.func.left(key, _LENGTH).collate("C"), "fence"]
        )
    elif dialect == "sqlite":
        start = sa.func.substr(key, sa.literal_column("1"), _LENGTH)
        steps.create_index("ix_claims_key_start", "claims", [start, "fence"])
    else:
        length = {"key": 200}
        steps.create_index("ix_claims_key", "claims", ["key"], mysql_length=length, mariadb_length=length)
