"""Statements compiled once for all servers of a test process.

SQLAlchemy compiles each statement once for each engine. Every server under test has engines of its own, and would
spend a tenth of its short life on compiling the same statements again.
"""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.util import LRUCache

from toolcrib.kernel.database import Database

SIZE = 4000
_compiled: LRUCache[Any, Any] = LRUCache(SIZE)


class SharedStatements(MutableMapping[Any, Any]):
    """The cache of one engine, in which those of the same kind find what the others have compiled."""

    def __init__(self, engine: Engine) -> None:
        self._kind = (engine.dialect.name, engine.dialect.driver)

    def _shared(self, key: Any) -> Any:
        """The key without the engine's own dialect object, which it begins with."""
        return (self._kind, *key[1:])

    def __getitem__(self, key: Any) -> Any:
        return _compiled[self._shared(key)]

    def get(self, key: Any, default: Any = None) -> Any:
        return _compiled.get(self._shared(key), default)

    def __setitem__(self, key: Any, value: Any) -> None:
        _compiled[self._shared(key)] = value

    def __delitem__(self, key: Any) -> None:
        del _compiled[self._shared(key)]

    def __iter__(self) -> Iterator[Any]:
        return iter(_compiled)

    def __len__(self) -> int:
        return len(_compiled)


def share_statements(database: Database) -> None:
    """Call before the database is used."""
    engines = [database.writes.sync_engine, database.reads.sync_engine, database._group_engine]
    for engine in engines:
        if engine is not None:
            engine.update_execution_options(compiled_cache=SharedStatements(engine))
