"""Rows of a large installation, without the years."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Table, func, insert, select, text, update

from toolcrib.documents.models import File, FileStatus, new_id
from toolcrib.documents.paths import Bucket, Place
from toolcrib.kernel.claims.models import Ref, claims
from toolcrib.kernel.database import Database
from toolcrib.kernel.driver_statements import DriverStatement
from toolcrib.kernel.events.writer import event_counter, events
from toolcrib.kernel.identity.models import Company, Project, User
from toolcrib.kernel.tables import Base

CHUNK = 10_000
PROJECT = "grown"
# A project that nobody registered, with most of the documents.
BUCKET = str(UUID(int=2**64))
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
# Some of whatever can be searched for are many, some are few: those are all near the log's beginning.
FEW = 40


@dataclass(frozen=True)
class Size:
    """How many events, locks of one project, buckets besides the one with as many documents as locks, and people. There
    are as many projects as people, each with a company of its own."""

    events: int
    locks: int
    buckets: int
    people: int


async def fill(url: str, size: Size) -> None:
    """Write the rows of a log that has grown, its locks and documents, into the database of a server."""
    database = Database(url)
    try:
        async with database.connection_without_deadlines() as connection:
            await connection.run_sync(_write, size)
            await connection.commit()
            if connection.dialect.name == "postgresql":
                await connection.execute(text("ANALYZE"))  # what its autovacuum does a minute later
                await connection.commit()
    finally:
        await database.close()
    if database.dialect == "sqlite":
        with closing(sqlite3.connect(str(database.url.database))) as file:
            file.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # as in a log that grew slowly


def _write(connection: Connection, size: Size) -> None:
    first = connection.execute(select(func.max(event_counter.c.seq))).scalar_one() + 1
    fence = first + size.events - size.locks
    _insert(connection, events, size.events, lambda number: _event(first, number))
    _insert(connection, claims, size.locks, lambda number: _claim(fence, number))
    _insert(connection, _table(File), size.locks, _large_bucket)
    _insert(connection, _table(File), size.buckets, _small_bucket)
    _insert(connection, _table(Company), size.people, _company)
    _insert(connection, _table(User), size.people, _person)
    _insert(connection, _table(Project), size.people, _project)
    connection.execute(update(event_counter).values(seq=first + size.events - 1))


def _table(model: type[Base]) -> Table:
    return Base.metadata.tables[model.__tablename__]


def _insert(connection: Connection, table: Table, count: int, row: Callable[[int], dict[str, Any]]) -> None:
    names = [column.name for column in table.c]
    statement = DriverStatement(insert(table), *names)
    for start in range(0, count, CHUNK):
        rows = [row(number) for number in range(start, min(start + CHUNK, count))]
        statement.run(connection, [[each[name] for name in names] for each in rows])


def _event(first: int, number: int) -> dict[str, Any]:
    is_rare = number < 10 * FEW and number % 10 == 0
    key = f"rare/{number}" if is_rare else f"maps/area-{number % 10}/{number % 50_000:05}.umap"
    return {
        "seq": first + number,
        "at": BEGIN + timedelta(seconds=number),
        "actor": "once" if is_rare else f"person-{number % 100}",
        "verb": "odd" if is_rare else ("acquired", "released")[number % 2],
        "kind": "asset",
        "scope": f"project:{PROJECT}",
        "key": key,
        "digest": Ref("asset", f"project:{PROJECT}", key).digest,
        "data": {"holder": f"person-{number % 100}", "branch": "main"},
    }


def _claim(fence: int, number: int) -> dict[str, Any]:
    key = f"held/{number:06}.umap"
    ref = Ref("asset", f"project:{PROJECT}", key, folds=True)
    return {
        "digest": ref.digest,
        "folded": ref.folded,
        "kind": "asset",
        "scope": f"project:{PROJECT}",
        "key": key,
        "holder": f"person-{number % 100}",
        "holder_uuid": f"00000000-0000-4000-8000-{number % 100:012}",
        "branch": "main",
        "comment": None,
        "acquired_at": BEGIN,
        "renewed_at": BEGIN,
        "expires_at": None,
        "heartbeat": False,
        "fence": fence + number,
        "data": {},
    }


def _company(number: int) -> dict[str, Any]:
    return {"id": _uuid(1, number), "name": f"company-{number:05}", "created_at": BEGIN}


def _person(number: int) -> dict[str, Any]:
    return {
        "id": 1_000 + number,
        "uuid": _uuid(2, number),
        "username": f"member-{number:05}",
        "email": None,
        "email_key": None,
        "password_hash": None,
        "oidc_subject": None,
        "is_admin": False,
        "is_active": True,
        "company_id": _uuid(1, number),
        "company_role": "member",
        "token_version": 1,
        "tokens_valid_from": None,
        "created_at": BEGIN,
    }


def _project(number: int) -> dict[str, Any]:
    return {
        "id": _uuid(3, number),
        "name": f"project-{number:05}",
        "company_id": _uuid(1, number),
        "registered_by": None,
        "created_at": BEGIN,
        "deleted_at": None,
        "case_clashes": None,
        "windows_names": None,
    }


def _uuid(kind: int, number: int) -> str:
    return str(UUID(int=(kind << 80) + number))


def _large_bucket(number: int) -> dict[str, Any]:
    """A document in one of many folders of 200."""
    return _file(BUCKET, f"folder-{number // 200:05}/rig-{number:05}.blend", number)


def _small_bucket(number: int) -> dict[str, Any]:
    """The only document of its bucket."""
    return _file(str(UUID(int=number + 1)), "notes.txt", number)


def _file(bucket: str, path: str, number: int) -> dict[str, Any]:
    at = BEGIN + timedelta(seconds=number)
    place = Place(Bucket("projects", bucket), path)
    return {
        "id": new_id(),
        "bucket_type": "projects",
        "bucket_id": bucket,
        "logical_path": path,
        "location": place.location,
        "folder": place.parent.location,
        "folded": place.folded,
        "name": place.name,
        "filename": place.name,
        "owner_id": f"00000000-0000-4000-8000-{number % 100:012}",
        "status": FileStatus.VALIDATED.value,
        "settled_status": FileStatus.VALIDATED.value,
        "current_version_id": None,
        "version_number": 1,
        "size": 1,
        "mime_type": None,
        "source_file_id": None,
        "base_version_id": None,
        "backup_of": None,
        "is_litter": False,
        "tags": {},
        "created_at": at,
        "updated_at": at,
    }
