"""Find rows by their key, or by its beginning, in a time that does not grow with their number.

The index has the beginning of each key: whole, the longest would be too long for an index of PostgreSQL or MariaDB,
and would make SQLite write five times as much.
"""

from __future__ import annotations

import sys
from typing import Any

from sqlalchemy import Column, ColumnElement, Index, and_, func, literal_column

from toolcrib.kernel.search import unindexed
from toolcrib.kernel.tables import only_on

START = 200
_length: ColumnElement[Any] = literal_column(str(START))
_LENGTHS: dict[str, Any] = {"mysql_length": {"key": START}, "mariadb_length": {"key": START}}


class KeyIndex:
    """The indexes of a table's column `key`, one for each dialect, with the table's order `then`. Create it after the
    table."""

    def __init__(self, key: Column[str], then: Column[Any]) -> None:
        self._key = key
        # By dialect, what the index has of the key; MariaDB's has the beginning of its column.
        self._starts: dict[str, ColumnElement[str]] = {
            "postgresql": func.left(key, _length).collate("C"),
            "sqlite": func.substr(key, literal_column("1"), _length),
        }
        for dialect, start in self._starts.items():
            only_on(Index(f"ix_{key.table.name}_key_start", start, then), dialect)
        only_on(Index(f"ix_{key.table.name}_key", key, **_LENGTHS), "mysql", "mariadb")

    def equals(self, key: str, dialect: str) -> ColumnElement[bool]:
        """The condition that `key` is the row's, so that the index of `dialect` finds it."""
        start = self._starts.get(dialect)
        if start is None:
            return self._key == key
        # Were the column itself compared, SQLite would put the value into the index's expression, and lose the index.
        return and_(start == key[:START], unindexed(self._key) == key)

    def begins(self, prefix: str, dialect: str) -> ColumnElement[bool]:
        """The condition that the row's key is in the range of those that start with `prefix`; cut to what the index
        has, so there may be others in it."""
        start = prefix[:START]
        column = self._starts.get(dialect, self._key)
        end = _after_all(start)
        return column >= start if end is None else and_(column >= start, column < end)


def _after_all(start: str) -> str | None:
    """Return the first text after all that start so, by code points; None if there is none."""
    while start and start[-1] == chr(sys.maxunicode):
        start = start[:-1]
    if not start:
        return None
    last = ord(start[-1]) + 1
    return start[:-1] + chr(0xE000 if last == 0xD800 else last)  # no text holds half characters
