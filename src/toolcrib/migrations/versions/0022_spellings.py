"""Paths that differ only in composition are one, and so are projects' names that differ only in case.

Locks whose path is not composed get the digest of the composed path, and those of a name that a registered project has
in another case move to that project, each unless the place is taken: then both stay, and are reported.
"""

import sqlalchemy as sa
import structlog
from alembic import op

from toolcrib.kernel.claims.models import Ref
from toolcrib.kernel.spelling import folded
from toolcrib.kernel.tables import exact_string
from toolcrib.migrations import steps

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

log = structlog.get_logger()

PAGE = 1_000
SHOWN = 100
FAMILY = "project:"
claims = sa.table(
    "claims",
    *(sa.column(name) for name in ("digest", "kind", "scope", "key", "fence", "folded", "holder")),
)
waiters = sa.table("claim_waiters", sa.column("digest"), sa.column("scope"))
objects = sa.table("lfs_objects", sa.column("scope"), sa.column("oid"))
projects = sa.table("projects", sa.column("name"))


def upgrade() -> None:
    steps.add_column("claims", sa.Column("folded", exact_string(40), nullable=True))
    steps.create_index("ix_claims_folded", "claims", ["folded"])
    steps.add_column("projects", sa.Column("case_clashes", exact_string(8), nullable=True))
    connection = op.get_bind()
    names = list(connection.scalars(sa.select(projects.c.name).order_by(projects.c.name)))
    registered: dict[str, str] = {}
    for name in names:
        registered.setdefault(folded(name), name)
    _compare_anew(connection, set(names), registered)
    _move_objects(connection, set(names), registered)
    _report(connection)


def _compare_anew(connection: sa.Connection, names: set[str], registered: dict[str, str]) -> None:
    last = 0
    while True:
        assets = sa.select(claims).where(claims.c.kind == "asset", claims.c.fence > last)
        page = connection.execute(assets.order_by(claims.c.fence).limit(PAGE)).all()
        for row in page:
            target = Ref(row.kind, _scope(row.scope, names, registered), row.key, folds=True)
            if target.digest != row.digest and _is_held(connection, target.digest):
                log.warning(
                    "locks_on_one_path",
                    project=target.scope,
                    path=row.key,
                    holder=row.holder,
                    fence=row.fence,
                )
                target = Ref.stored(row.kind, row.scope, row.key, row.digest, target.folded)
            if (target.digest, target.folded) == (row.digest, row.folded):
                continue
            values = {"digest": target.digest, "scope": target.scope}
            connection.execute(
                sa.update(claims).where(claims.c.digest == row.digest).values(folded=target.folded, **values)
            )
            if target.digest != row.digest:
                connection.execute(sa.update(waiters).where(waiters.c.digest == row.digest).values(values))
        if len(page) < PAGE:
            return
        last = page[-1].fence


def _is_held(connection: sa.Connection, digest: str) -> bool:
    return connection.scalar(sa.select(claims.c.fence).where(claims.c.digest == digest)) is not None


def _scope(scope: str, names: set[str], registered: dict[str, str]) -> str:
    name = scope.removeprefix(FAMILY)
    if not scope.startswith(FAMILY) or name in names:
        return scope
    return FAMILY + registered.get(folded(name), name)


def _move_objects(connection: sa.Connection, names: set[str], registered: dict[str, str]) -> None:
    for scope in list(connection.scalars(sa.select(objects.c.scope).distinct())):
        target = _scope(scope, names, registered)
        if target == scope:
            continue
        there = set(connection.scalars(sa.select(objects.c.oid).where(objects.c.scope == target)))
        for oid in list(connection.scalars(sa.select(objects.c.oid).where(objects.c.scope == scope))):
            if oid not in there:
                mine = (objects.c.scope == scope, objects.c.oid == oid)
                connection.execute(sa.update(objects).where(*mine).values(scope=target))


def _report(connection: sa.Connection) -> None:
    """Log which paths are held in several spellings: people should release all but one."""
    alike = sa.select(claims.c.folded).where(claims.c.folded.is_not(None)).group_by(claims.c.folded)
    for found in list(connection.scalars(alike.having(sa.func.count() > 1).limit(SHOWN))):
        rows = connection.execute(
            sa.select(claims).where(claims.c.folded == found).order_by(claims.c.fence)
        ).all()
        log.warning(
            "locks_differ_in_case_only",
            project=rows[0].scope.removeprefix(FAMILY),
            locks=[f"{row.key} ({row.holder})" for row in rows[:SHOWN]],
        )
