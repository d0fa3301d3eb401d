"""Many rows in one answer.

To read a thousand rows, a driver makes an object of each of their values, and on SQLite takes and leaves the
interpreter's lock for each row. Here the database makes one JSON text of them all. Of rows that seldom change, a
fingerprint is enough to see that they have not, which costs PostgreSQL a quarter of that. The others have nothing
cheaper than the rows themselves.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import Connection, Dialect, Select, Text, cast, func, literal, select

NO_ROWS = "[]"


@dataclass(frozen=True, slots=True)
class FingerprintOf:
    """In place of a query, whose columns are never NULL: any text that is another one if the rows are others."""

    query: Select[Any]


class RowsAsText:
    """The rows of several queries without parameters, read together."""

    def __init__(self, *queries: Select[Any] | FingerprintOf) -> None:
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
            aggregates = _AGGREGATES.get(dialect.name)
            queries = (
                [each.query if isinstance(each, FingerprintOf) else each for each in self._queries]
                if aggregates is None
                else [_together(self._queries, *aggregates)]
            )
            found = [
                str(each.compile(dialect=dialect, compile_kwargs={"literal_binds": True})) for each in queries
            ]
            self._compiled[dialect.name] = found
        return found


Aggregate = Callable[[Any], Any]


def _sqlite_rows(columns: Any) -> Any:
    return func.json_group_array(func.json_array(*columns))


def _postgresql_rows(columns: Any) -> Any:
    return cast(func.coalesce(func.json_agg(func.json_build_array(*columns)), NO_ROWS), Text)


def _postgresql_fingerprint(columns: Any) -> Any:
    # Control characters, which neither names nor JSON texts hold, keep what is joined apart.
    row = func.concat_ws(literal("\x1f"), *columns)
    return func.coalesce(func.string_agg(row, literal("\x1e")), literal(""))


# What makes one text of rows, and what makes their fingerprint. MariaDB's own would cut a text that is longer than the
# server's `group_concat_max_len`.
_AGGREGATES: dict[str, tuple[Aggregate, Aggregate]] = {
    "sqlite": (_sqlite_rows, _sqlite_rows),
    "postgresql": (_postgresql_rows, _postgresql_fingerprint),
}


def _together(
    queries: tuple[Select[Any] | FingerprintOf, ...], aggregate: Aggregate, fingerprint: Aggregate
) -> Select[Any]:
    found = []
    for each in queries:
        rows = (each.query if isinstance(each, FingerprintOf) else each).subquery()
        make = fingerprint if isinstance(each, FingerprintOf) else aggregate
        found.append(select(make(rows.c)).scalar_subquery())
    return select(*found)


def _as_text(connection: Connection, sql: str) -> str:
    return orjson.dumps([list(row) for row in connection.exec_driver_sql(sql)]).decode()
