"""What is counted for limits per person: who registered which project, and who began which upload."""

import sqlalchemy as sa
from alembic import op

from toolcrib.kernel.tables import exact_string
from toolcrib.migrations import steps

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

BATCH = 1_000


def upgrade() -> None:
    steps.add_column("projects", sa.Column("registered_by", exact_string(36), nullable=True))
    _fill_registered_by()
    steps.create_index("ix_projects_registered_by", "projects", ["registered_by"], unique=False)
    steps.create_index("ix_document_uploads_owner_id", "document_uploads", ["owner_id"], unique=False)
    steps.create_index(
        "ix_document_resumable_uploads_owner_id", "document_resumable_uploads", ["owner_id"], unique=False
    )


def _fill_registered_by() -> None:
    """Take it from the event log, as far as that goes back."""
    events = sa.table("events", *map(sa.column, ("seq", "actor", "verb", "kind", "key")))
    users = sa.table("users", sa.column("username"), sa.column("uuid"))
    projects = sa.table("projects", sa.column("name"), sa.column("registered_by"))
    registrations = (
        sa.select(events.c.seq, events.c.key.label("project"), users.c.uuid.label("person"))
        .join_from(events, users, users.c.username == events.c.actor)
        .where(events.c.kind == "project", events.c.verb == "created")
        .order_by(events.c.seq.desc())  # of a name that was registered twice, the last counts
        .limit(BATCH)
    )
    fill = (
        projects.update()
        .where(projects.c.name == sa.bindparam("project"), projects.c.registered_by.is_(None))
        .values(registered_by=sa.bindparam("person"))
    )
    connection = op.get_bind()
    page = connection.execute(registrations).mappings().all()
    while page:
        connection.execute(fill, [{"project": row["project"], "person": row["person"]} for row in page])
        before = events.c.seq < page[-1]["seq"]
        page = connection.execute(registrations.where(before)).mappings().all()
