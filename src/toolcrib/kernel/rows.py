"""Statements that are run once for each of many rows, handed to the driver as they are.

SQLAlchemy prepares each value of each row by itself. For claims and events, which are written by the batch, that
costs more than the writing does. Here a statement is compiled once for each driver, and its rows are converted
column by column; what is converted, and how, is still what the columns' types say.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Connection, CursorResult, Delete, Dialect, Insert, Update

Row = Sequence[Any]


class RowStatement:
    """`names` are the statement's parameters in their order in the SQL, which is the order of a row's values."""

    def __init__(self, statement: Insert | Update | Delete, names: Sequence[str]) -> None:
        self._statement = statement
        self._names = list(names)
        self._compiled: dict[type[Dialect], tuple[str, list[tuple[int, Callable[[Any], Any]]]]] = {}

    def run(self, connection: Connection, rows: Sequence[Row]) -> CursorResult[Any]:
        dialect = connection.dialect
        try:
            sql, converters = self._compiled[type(dialect)]
        except KeyError:
            sql, converters = self._compiled[type(dialect)] = self._compile(dialect)
        columns = list(zip(*rows, strict=True))
        for index, convert in converters:
            columns[index] = _converted(columns[index], convert)
        return connection.exec_driver_sql(sql, list(zip(*columns, strict=True)))

    def _compile(self, dialect: Dialect) -> tuple[str, list[tuple[int, Callable[[Any], Any]]]]:
        compiled = self._statement.compile(dialect=dialect, column_keys=self._names)
        if compiled.positiontup != self._names:  # type: ignore[attr-defined]  # an SQLCompiler
            raise TypeError(f"{compiled} does not take its parameters in the order {self._names}")
        converters = []
        for index, name in enumerate(self._names):
            kind = compiled.binds[name].type  # type: ignore[attr-defined]
            convert = kind.dialect_impl(dialect).bind_processor(dialect)
            if convert is not None:
                converters.append((index, convert))
        return str(compiled), converters


def _converted(values: Sequence[Any], convert: Callable[[Any], Any]) -> tuple[Any, ...]:
    """Each object is converted once: the rows of a batch were all written at one moment."""
    once = {id(value): value for value in values}
    for identity, value in once.items():
        once[identity] = convert(value)
    return tuple([once[id(value)] for value in values])
