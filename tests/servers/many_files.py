"""A bucket of many thousand documents, without the years."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import insert, text

from toolcrib.documents.models import File, FileStatus, location_of
from toolcrib.kernel.database import Database

FILES = 26_000
CHUNK = 2_000
LARGE, OWN = str(UUID(int=1)), str(UUID(int=2))
# Named in the order of their last change, which is long ago.
OTHERS = [str(UUID(int=3 + number)) for number in range(300)]


def stored(owner: str, now: datetime) -> Iterator[dict[str, Any]]:
    places = [(LARGE, f"rigs/{number:05}.blend") for number in range(FILES)]
    places += [(OWN, "mine.txt"), *((id_, "a.txt") for id_ in OTHERS)]
    for number, (bucket, path) in enumerate(places):
        folder, _, name = path.rpartition("/")
        late = bucket == LARGE
        yield {
            "id": str(UUID(int=(number * 7_919) % 100_003)),
            "bucket_type": "projects",
            "bucket_id": bucket,
            "logical_path": path,
            "location": location_of("projects", bucket, path),
            "folder": location_of("projects", bucket, folder),
            "name": name,
            "filename": name,
            "owner_id": owner if bucket == OWN else str(UUID(int=0)),
            "status": FileStatus.VALIDATED,
            "settled_status": FileStatus.VALIDATED,
            "version_number": 1,
            "size": 1,
            "is_litter": False,
            "tags": {},
            "created_at": now,
            "updated_at": now if late else now - timedelta(days=1, seconds=number),
        }


async def fill(database: Database, owner: str, now: datetime) -> None:
    """Write `FILES` files of a project, one that belongs to `owner`, and those of other projects."""
    async with database.writes.begin() as connection:
        rows = list(stored(owner, now))
        for start in range(0, len(rows), CHUNK):
            await connection.execute(insert(File), rows[start : start + CHUNK])
        if database.dialect != "sqlite":  # what servers do by themselves a minute later
            kind = "TABLE" if database.dialect == "mariadb" else ""
            await connection.execute(text(f"ANALYZE {kind} document_files"))
