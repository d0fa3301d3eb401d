"""The steps of migrations, each safe to repeat.

MariaDB commits every change of the schema by itself, and the revision is written only after the last one. A server
killed in between runs the whole migration again at its next start, so each step here leaves alone what an earlier
run has done. Write what is not here, such as a change of rows, with `alembic.op` and so that repeating it does no
harm.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.schema import SchemaItem

f = op.f  # marks a name as final; a migration that Alembic began is full of it


def create_table(name: str, *columns: SchemaItem, **options: Any) -> None:
    """Create the table with its constraints, in one statement; its indexes are steps of their own."""
    op.create_table(name, *columns, if_not_exists=True, **options)


def create_index(
    name: str,
    table: str,
    columns: Sequence[str | sa.ColumnElement[Any]],
    *,
    unique: bool = False,
    **options: Any,
) -> None:
    op.create_index(name, table, columns, unique=unique, if_not_exists=True, **options)


def drop_index(name: str, table_name: str, **options: Any) -> None:
    op.drop_index(name, table_name=table_name, if_exists=True, **options)


def add_column(table: str, column: sa.Column[Any]) -> None:
    """Add the column. It is looked for first: SQLite's ALTER TABLE knows no IF NOT EXISTS, and only one process
    migrates at a time."""
    found = sa.inspect(op.get_bind()).get_columns(table)
    if column.name not in {each["name"] for each in found}:
        op.add_column(table, column)


def drop_unique(name: str, table: str) -> None:
    """Drop the constraint. SQLite cannot: the table is written anew without it, for which Alembic begins by a table of
    its own."""
    connection = op.get_bind()
    if name not in {each["name"] for each in sa.inspect(connection).get_unique_constraints(table)}:
        return
    if connection.dialect.name != "sqlite":
        op.drop_constraint(name, table, type_="unique")
        return
    op.drop_table(f"_alembic_tmp_{table}", if_exists=True)
    with op.batch_alter_table(table) as anew:
        anew.drop_constraint(name, type_="unique")
