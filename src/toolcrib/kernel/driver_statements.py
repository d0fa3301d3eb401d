"""Statements that are handed to the driver as they are, compiled once.

SQLAlchemy prepares each value of each row by itself. For claims and events, which are written by the batch, that
costs more than the writing does. Here rows are converted column by column; what is converted, and how, is still
what the columns' types say.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import (
    ARRAY,
    Column,
    ColumnElement,
    Connection,
    CursorResult,
    Delete,
    Dialect,
    Insert,
    Select,
    String,
    Table,
    Update,
    bindparam,
    func,
    insert,
    literal_column,
    select,
    true,
)

from toolcrib.kernel.long_work import ROWS, pieces
from toolcrib.kernel.tables import JsonText

_PARAMETER = re.compile(r"\$(\d+)")

# As SQLAlchemy names them.
DIALECTS = ("sqlite", "postgresql", "mysql", "mariadb")
Row = Sequence[Any]
Convert = Callable[[Any], Any]


class _Compiled(NamedTuple):
    sql: str
    converters: list[tuple[int, Convert]]
    by_column: bool


class DriverStatement:
    """`names` are its parameters in their order in the SQL, which is the order of a row's values."""

    def __init__(self, statement: Insert | Update | Delete | Select[Any], *names: str) -> None:
        self._statement = statement
        self._names = list(names)
        self._compiled: dict[type[Dialect], _Compiled] = {}

    def scalar(self, connection: Connection) -> Any:
        """The one value it finds, without parameters."""
        return connection.exec_driver_sql(self._for(connection.dialect).sql).scalar_one()

    def run(self, connection: Connection, rows: Sequence[Row]) -> CursorResult[Any]:
        """Once for each of `rows`."""
        sql, converters, by_column = self._for(connection.dialect)
        if by_column or converters:
            columns = self._columns(converters, rows)
            if by_column:
                return connection.exec_driver_sql(sql, tuple(columns))
            rows = list(zip(*columns, strict=True))
        return connection.exec_driver_sql(sql, list(rows))

    def part(self, connection: Connection, rows: Sequence[Row]) -> tuple[str, list[Any]]:
        """The SQL and its parameters, for a larger statement: see `insert_and_set`."""
        sql, converters, by_column = self._for(connection.dialect)
        columns = self._columns(converters, rows)
        return sql, columns if by_column else [value for (value,) in columns]

    def _columns(self, converters: list[tuple[int, Convert]], rows: Sequence[Row]) -> list[Sequence[Any]]:
        columns: list[Sequence[Any]] = list(zip(*rows, strict=True))
        for index, convert in converters:
            columns[index] = _converted(columns[index], convert)
        return columns

    def _for(self, dialect: Dialect) -> _Compiled:
        try:
            return self._compiled[type(dialect)]
        except KeyError:
            self._compiled[type(dialect)] = found = self._compile(dialect)
            return found

    def _compile(self, dialect: Dialect) -> _Compiled:
        statement: Any = self._statement
        by_column = isinstance(statement, Insert) and dialect.name == "postgresql"
        compiled: Any = statement.compile(dialect=dialect, column_keys=self._names or None)
        types = {name: compiled.binds[name].type for name in self._names}
        if by_column:
            compiled = _insert_by_column(statement.table, self._names).compile(dialect=dialect)
        if list(compiled.positiontup) != self._names:
            raise TypeError(f"{compiled} does not take its parameters in the order {self._names}")
        converters = []
        for index, name in enumerate(self._names):
            convert = types[name].dialect_impl(dialect).bind_processor(dialect)
            if convert is not None:
                converters.append((index, convert))
        return _Compiled(str(compiled), converters, by_column)


def insert_and_set(
    connection: Connection,
    inserts: Sequence[tuple[DriverStatement, Sequence[Row]]],
    update: DriverStatement,
    row: Row,
) -> None:
    """Insert the rows of each of `inserts`, and run `update` once.

    On PostgreSQL that is one statement. Whoever holds the write lock keeps all others waiting, and each trip to the
    server takes as long as a busy process needs to notice the answer. Of very many rows, all but the last piece are
    written before, so that preparing them stops nobody for long.
    """
    last: list[tuple[DriverStatement, Sequence[Row]]] = []
    for statement, rows in inserts:
        *earlier, piece = pieces(rows, ROWS)
        for each in earlier:
            statement.run(connection, each)
        last.append((statement, piece))
    inserts = last
    if connection.dialect.name != "postgresql":
        for statement, rows in inserts:
            statement.run(connection, rows)
        update.run(connection, [row])
        return
    parts: list[str] = []
    values: list[Any] = []
    for statement, rows in [*inserts, (update, [row])]:
        sql, its_values = statement.part(connection, rows)
        parts.append(_numbered_from(sql, len(values)))
        values += its_values
    before = ", ".join(f"part_{number} AS ({sql})" for number, sql in enumerate(parts[:-1]))
    connection.exec_driver_sql(f"WITH {before} {parts[-1]}", tuple(values))


def _numbered_from(sql: str, count: int) -> str:
    """`sql` with its parameters `$1…` numbered after `count` others."""
    return _PARAMETER.sub(lambda found: f"${int(found[1]) + count}", sql) if count else sql


def _insert_by_column(table: Table, names: Sequence[str]) -> Insert:
    """PostgreSQL takes many rows much quicker as one statement with an array for each column. Arrays of plain
    text: a cast to a length would cut what is too long instead of refusing it."""
    plain = {
        name: String() if isinstance(table.c[name].type, String) else table.c[name].type for name in names
    }
    arrays = [func.unnest(bindparam(name, type_=ARRAY(plain[name]))) for name in names]
    return insert(table).from_select(list(names), select(*arrays))


def _converted(values: Sequence[Any], convert: Convert) -> tuple[Any, ...]:
    """Each object is converted once: the rows of a batch were all written at one moment."""
    once = {id(value): value for value in values}
    for identity, value in once.items():
        once[identity] = convert(value)
    return tuple([once[id(value)] for value in values])


def select_listed(
    columns: Sequence[ColumnElement[Any]], key: Column[Any], dialect: str, name: str = "listed"
) -> Select[Any]:
    """`columns` of the rows whose `key` is in the parameter `name`, a list of any length.

    Where the database can take a list as one parameter, the statement is the same for any length. On PostgreSQL
    each key is looked for by itself: a plan that was made while the table was small would read all of it for a
    list, and is kept until the next ANALYZE.
    """
    if dialect == "sqlite":
        listed = func.json_each(bindparam(name, type_=JsonText())).table_valued("value")
        return select(*columns).where(key.in_(select(listed.c.value)))
    if dialect == "postgresql":
        array = ARRAY(String() if isinstance(key.type, String) else key.type)
        listed = func.unnest(bindparam(name, type_=array)).table_valued("value").render_derived()
        found = select(*columns).where(key == listed.c.value).offset(literal_column("0")).lateral()
        return select(*found.c).select_from(listed.join(found, true()))
    return select(*columns).where(key.in_(bindparam(name, expanding=True)))
