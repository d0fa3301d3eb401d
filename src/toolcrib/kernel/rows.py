"""Statements that are handed to the driver as they are, compiled once.

SQLAlchemy prepares each value of each row by itself. For claims and events, which are written by the batch, that
costs more than the writing does. Here rows are converted column by column; what is converted, and how, is still
what the columns' types say.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    CursorResult,
    Delete,
    Dialect,
    Insert,
    Select,
    String,
    Update,
    bindparam,
    func,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY

from toolcrib.kernel.tables import JsonText

Row = Sequence[Any]
Convert = Callable[[Any], Any]


class DriverStatement:
    """`names` are its parameters in their order in the SQL, which is the order of a row's values."""

    def __init__(self, statement: Insert | Update | Delete | Select[Any], *names: str) -> None:
        self._statement = statement
        self._names = list(names)
        self._compiled: dict[type[Dialect], tuple[str, list[tuple[int, Convert]]]] = {}

    def scalar(self, connection: Connection) -> Any:
        """The one value it finds, without parameters."""
        sql, _converters = self._for(connection.dialect)
        return connection.exec_driver_sql(sql).scalar_one()

    def run(self, connection: Connection, rows: Sequence[Row]) -> CursorResult[Any]:
        """Once for each of `rows`."""
        sql, converters = self._for(connection.dialect)
        if converters:
            columns = list(zip(*rows, strict=True))
            for index, convert in converters:
                columns[index] = _converted(columns[index], convert)
            rows = list(zip(*columns, strict=True))
        return connection.exec_driver_sql(sql, list(rows))

    def _for(self, dialect: Dialect) -> tuple[str, list[tuple[int, Convert]]]:
        try:
            return self._compiled[type(dialect)]
        except KeyError:
            self._compiled[type(dialect)] = found = self._compile(dialect)
            return found

    def _compile(self, dialect: Dialect) -> tuple[str, list[tuple[int, Convert]]]:
        compiled: Any = self._statement.compile(dialect=dialect, column_keys=self._names or None)
        if list(compiled.positiontup) != self._names:
            raise TypeError(f"{compiled} does not take its parameters in the order {self._names}")
        converters = []
        for index, name in enumerate(self._names):
            convert = compiled.binds[name].type.dialect_impl(dialect).bind_processor(dialect)
            if convert is not None:
                converters.append((index, convert))
        return str(compiled), converters


def _converted(values: Sequence[Any], convert: Convert) -> tuple[Any, ...]:
    """Each object is converted once: the rows of a batch were all written at one moment."""
    once = {id(value): value for value in values}
    for identity, value in once.items():
        once[identity] = convert(value)
    return tuple([once[id(value)] for value in values])


def one_of(column: ColumnElement[str], parameter: str, dialect: str) -> ColumnElement[bool]:
    """Whether `column` is one of the texts of a list, in one parameter where the database can take it: the
    statement is then the same for any length."""
    if dialect == "sqlite":
        listed = func.json_each(bindparam(parameter, type_=JsonText())).table_valued("value")
        return column.in_(select(listed.c.value))
    if dialect == "postgresql":
        return column == func.any(bindparam(parameter, type_=ARRAY(String)))
    return column.in_(bindparam(parameter, expanding=True))
