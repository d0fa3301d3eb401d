"""Many rows in one answer.

To read a thousand rows, a driver makes an object of each of their values, and on SQLite takes and leaves the
interpreter's lock for each row. Here the database makes one JSON text of them all. If that is the same text as the last
time, it need not even be parsed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
from sqlalchemy import Connection, Dialect, Select, Text, cast, func, select

NO_ROWS = "[]"


class RowsAsText:
    """The rows of several queries without parameters, read together."""

    def __init__(self, *queries: Select[Any]) -> None:
        self._queries = queries
        self._compiled: dict[str, list[str]] = {}

    def read(self, connection: Connection) -> list[str]:
        """Return the rows of each query as a JSON list of lists, in any order. Moments are in ISO format, in UTC
        without an offset."""
        compiled = self._for(connection.dialect)
        if connection.dialect.name in _AGGREGATES:
            return list(connection.exec_driver_sql(compiled[0]).one())
        return [_as_text(connection, sql) for sql in compiled]

    def _for(self, dialect: Dialect) -> list[str]:
        found = self._compiled.get(dialect.name)
        if found is None:
            aggregate = _AGGREGATES.get(dialect.name)
            queries = self._queries if aggregate is None else (_together(self._queries, aggregate),)
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


def _together(queries: tuple[Select[Any], ...], aggregate: Aggregate) -> Select[Any]:
    rows = [query.subquery() for query in queries]
    return select(*(select(aggregate(each.c)).scalar_subquery() for each in rows))


def _as_text(connection: Connection, sql: str) -> str:
    return orjson.dumps([list(row) for row in connection.exec_driver_sql(sql)]).decode()
