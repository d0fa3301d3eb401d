"""Watches; the position of the reader that mails are written by; and the earlier alert to everybody, where it was."""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

from toolcrib.kernel.tables import BigId, UtcDateTime, exact_string
from toolcrib.migrations import steps

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

KEY = "alerts.everyone"


def upgrade() -> None:
    steps.create_table(
        "watches",
        sa.Column("id", BigId, nullable=False),
        sa.Column("user_uuid", exact_string(36), nullable=False),
        sa.Column("kind", exact_string(40), nullable=False),
        sa.Column("scope", exact_string(255), nullable=False),
        sa.Column("path", exact_string(1024), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_watches"),
    )
    steps.create_index("ix_watches_user_uuid", "watches", ["user_uuid"])
    steps.create_index("ix_watches_kind_scope", "watches", ["kind", "scope"])
    _keep_position()
    _keep_alerts()


def _keep_position() -> None:
    """Nothing that the earlier reader has told is told again."""
    readers = sa.table("log_readers", *map(sa.column, ("name", "seq")))
    connection = op.get_bind()
    seq = connection.execute(sa.select(readers.c.seq).where(readers.c.name == "assets.alerts")).scalar()
    known = connection.execute(sa.select(readers.c.seq).where(readers.c.name == "notify")).scalar()
    if seq is not None and known is None:
        connection.execute(readers.insert().values(name="notify", seq=seq))


def _keep_alerts() -> None:
    """Where people are, everybody was told of every lock."""
    users = sa.table("users", sa.column("id"))
    config = sa.table(
        "config",
        sa.column("key"),
        sa.column("value"),
        sa.column("updated_at", UtcDateTime()),
        sa.column("updated_by"),
    )
    connection = op.get_bind()
    someone = connection.execute(sa.select(users.c.id).limit(1)).scalar()
    set_already = connection.execute(sa.select(config.c.value).where(config.c.key == KEY)).scalar()
    if someone is not None and set_already is None:
        row = {"key": KEY, "value": "true", "updated_at": datetime.now(UTC), "updated_by": None}
        connection.execute(config.insert().values(**row))
