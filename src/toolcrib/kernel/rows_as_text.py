"""Many rows in one answer.

To read a thousand rows, a driver makes an object of each of their values, and on SQLite takes and leaves the
interpreter's lock for each row. Here the database makes one JSON text of them all. Of rows that seldom change, a print
is enough to see that they have not, and costs half of that on SQLite and a quarter on PostgreSQL.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import Connection, Dialect, Select, Text, cast, func, literal, select

NO_ROWS = "[]"


@dataclass(frozen=True, slots=True)
class PrintOf:
    """In place of a query, whose columns are never NULL: any text that is another one if the rows are others."""

    query: Select[Any]


class RowsAsText:
    """The rows of several queries without parameters, read together."""

    def __init__(self, *queries: Select[Any] | PrintOf) -> None:
        self._queries = queries
        self._compiled: dict[str, list[str]] = {}

    def read(self, connection: Connection) -> list[str]:
        """Return the rows of each query as a JSON list of lists, in any order. Moments are in ISO format, in UTC
        without an offset."""
        compiled = self._for(connection.dialect)
        if connection.dialect.name in _AGGREGATES:
            return list(connection.exec_driver_sql(compiled[0]).one())
        texts = {sql: _as_text(connection, sql) for sql in dict.fromkeys(compiled)}
        return [texts[sql] for sql in compiled]

    def _for(self, dialect: Dialect) -> list[str]:
        found = self._compiled.get(dialect.name)
        if found is None:
            aggregate = _AGGREGATES.get(dialect.name)
            queries = (
                [each.query if isinstance(each, PrintOf) else each for each in self._queries]
                if aggregate is None
                else [_together(self._queries, aggregate)]
            )
            found = [
                str(each.compile(dialect=dialect, compile_kwargs={"literal_binds": True})) for each in queries
            ]
            self._compiled[dialect.name] = found
        return found


Aggregate = Callable[[Any], Any]

# MariaDB's own would cut a text that is longer than the server's `group_concat_max_len`.
_AGGREGATES: dict[str, Aggregate] = {
    "sqlite": lambda columns: func.json_group_array(func.json_array(*columns)),
    "postgresql": lambda columns: cast(
        func.coalesce(func.json_agg(func.json_build_array(*columns)), NO_ROWS), Text
    ),
}


def _together(queries: tuple[Select[Any] | PrintOf, ...], aggregate: Aggregate) -> Select[Any]:
    found = []
    for each in queries:
        rows = (each.query if isinstance(each, PrintOf) else each).subquery()
        text = _print(rows.c) if isinstance(each, PrintOf) else aggregate(rows.c)
        found.append(select(text).scalar_subquery())
    return select(*found)


def _print(columns: Any) -> Any:
    """Column by column, because to make one text of each row takes SQLite as long as to make JSON of it."""
    # Control characters, which neither names nor JSON texts hold, keep what is joined apart.
    texts = [
        func.coalesce(func.aggregate_strings(cast(column, Text), "\x1f"), literal("")) for column in columns
    ]
    joined: Any = texts[0]
    for text in texts[1:]:
        joined = joined.concat(literal("\x1e")).concat(text)
    return joined


def _as_text(connection: Connection, sql: str) -> str:
    return orjson.dumps([list(row) for row in connection.exec_driver_sql(sql)]).decode()
