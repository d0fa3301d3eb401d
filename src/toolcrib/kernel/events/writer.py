"""The event log's tables, and the write lock: its holder writes the next events."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from operator import attrgetter
from typing import Any

import orjson
from sqlalchemy import (
    Column,
    Connection,
    Index,
    Integer,
    Table,
    bindparam,
    delete,
    insert,
    literal_column,
    select,
    update,
)

from toolcrib.kernel.clock import iso_format
from toolcrib.kernel.driver_statements import DriverStatement, Row, insert_and_set
from toolcrib.kernel.key_index import KeyIndex
from toolcrib.kernel.stored_json import MARK, is_damaged
from toolcrib.kernel.tables import Base, BigId, JsonText, UtcDateTime, exact_string

# The log's tables are SQLAlchemy Core tables: they are written in batches and read in pages, never mapped to classes.

event_counter = Table(
    "event_counter",
    Base.metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("seq", BigId, nullable=False),
)

events = Table(
    "events",
    Base.metadata,
    Column("seq", BigId, primary_key=True, autoincrement=False),
    Column("at", UtcDateTime(), nullable=False),
    Column("actor", exact_string(255)),
    Column("verb", exact_string(40), nullable=False),
    Column("kind", exact_string(32), nullable=False),
    Column("scope", exact_string(300), nullable=False),
    Column("key", exact_string(1100), nullable=False),
    Column("digest", exact_string(40), nullable=False),
    Column("data", JsonText(), nullable=False),
    Index("ix_events_digest_seq", "digest", "seq"),
    Index("ix_events_kind_seq", "kind", "seq"),
    Index("ix_events_actor_seq", "actor", "seq"),
    Index("ix_events_verb_seq", "verb", "seq"),
    Index("ix_events_scope_seq", "scope", "seq"),
)

event_keys = KeyIndex(events.c.key, events.c.seq)

_the_counter = event_counter.c.id == literal_column("1")
_READ_COUNTER = DriverStatement(select(event_counter.c.seq).where(_the_counter).with_for_update())
_SET_COUNTER = DriverStatement(
    update(event_counter).where(_the_counter).values(seq=bindparam("newest")), "newest"
)
_COLUMNS = [column.name for column in events.c]
_INSERT = DriverStatement(insert(events), *_COLUMNS)


@dataclass
class Event:
    """One event: at `at`, `actor` (None for the server itself) did `verb` to the thing `key` of `kind`."""

    seq: int
    at: datetime
    actor: str | None
    verb: str
    kind: str
    scope: str
    key: str
    digest: str
    data: dict[str, Any]

    def as_dict(self) -> dict[str, Any]:
        return {
            "seq": self.seq,
            "at": iso_format(self.at),
            "actor": self.actor,
            "verb": self.verb,
            "kind": self.kind,
            "scope": self.scope,
            "key": self.key,
            "data": MARK if is_damaged(self.data, "events", self.seq) else self.data,
        }

    @cached_property
    def sse(self) -> bytes:
        """The event as one server-sent message, encoded once for all subscribers."""
        return b"id: %d\nevent: event\ndata: %b\n\n" % (self.seq, orjson.dumps(self.as_dict()))


_row = attrgetter(*_COLUMNS)


@dataclass(slots=True)
class EventWriter:
    """Writes events while its transaction holds the write lock.

    `seq` is the number of the newest event, committed or about to be. `nudges` are the jobs to start after the commit.
    """

    seq: int
    lines: list[Event] = field(default_factory=list)
    written: list[Event] = field(default_factory=list)
    nudges: set[str] = field(default_factory=set)
    # Rows of other tables, with their statements, that the events are about and that nothing reads before the commit.
    rows: list[tuple[DriverStatement, Sequence[Row]]] = field(default_factory=list)

    def append(
        self,
        *,
        at: datetime,
        actor: str | None,
        verb: str,
        kind: str,
        scope: str,
        key: str,
        digest: str,
        data: dict[str, Any],
    ) -> int:
        """Add one event, in memory until `write_events`. Returns its `seq`, final if the transaction commits."""
        self.seq += 1
        self.lines.append(Event(self.seq, at, actor, verb, kind, scope, key, digest, data))
        return self.seq

    def truncate(self, count: int) -> None:
        """Remove all but the first `count` unwritten events, when a group of commands was refused as a whole."""
        self.seq -= len(self.lines) - count
        del self.lines[count:]

    def write_events(self, connection: Connection) -> None:
        """Write the events to the database, and `rows`. Nothing may be written after them before the commit."""
        if not self.lines and not self.rows:
            return
        written = (_INSERT, [_row(line) for line in self.lines])
        insert_and_set(connection, [*self.rows, written], _SET_COUNTER, (self.seq,))
        self.written += self.lines
        self.lines, self.rows = [], []


def lock_event_counter(connection: Connection) -> EventWriter:
    """Wait for the write lock and return its writer. On SQLite, BEGIN IMMEDIATE has waited already, and FOR UPDATE has
    no effect."""
    return EventWriter(_READ_COUNTER.scalar(connection))


def rewrite_event_counter(connection: Connection) -> None:
    """Write a row and remove it, to see whether the database can be written to. (MariaDB writes nothing where an update
    changes nothing.)"""
    connection.execute(insert(event_counter), {"id": 2, "seq": 0})
    connection.execute(delete(event_counter).where(event_counter.c.id == literal_column("2")))
