"""A kind that an installed package brings, as files: a meeting room's keys, with tables of its own."""

from __future__ import annotations

from pathlib import Path

_KIND = """
from pathlib import Path
from toolcrib.kernel.kinds import Kind

kind = Kind(name="toy_key", migrations=Path(__file__).parent / "migrations")
"""
_REVISION = """
import sqlalchemy as sa
from alembic import op

revision, down_revision = "{revision}", {before!r}


def upgrade():
    {upgrade}
"""
STEPS = (
    'op.create_table("toy_keys", sa.Column("room", sa.String(64), primary_key=True))',
    'op.add_column("toy_keys", sa.Column("floor", sa.Integer, nullable=False, server_default="3"))',
)


def install(site: Path, *, steps: int) -> None:
    """Make `site`, a folder for `sys.path`, hold the package at the release that has the first `steps` migrations."""
    migrations = site / "toy_keys" / "migrations"
    migrations.mkdir(parents=True, exist_ok=True)
    (site / "toy_keys" / "__init__.py").write_text(_KIND)
    for old in migrations.glob("*.py"):
        old.unlink()
    for at, step in enumerate(STEPS[:steps], 1):
        before = f"{at - 1:04d}" if at > 1 else None
        text = _REVISION.format(revision=f"{at:04d}", before=before, upgrade=step)
        (migrations / f"{at:04d}_step.py").write_text(text)
    about = site / "toy_keys-1.0.dist-info"
    about.mkdir(exist_ok=True)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: toy-keys\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[toolcrib.kinds]\ntoy_key = toy_keys:kind\n")
