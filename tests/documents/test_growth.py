"""Lists of buckets and searches look at no more files than a bound, however many there are."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from sqlalchemy import insert, text

from tests.servers.rows_read import rows_read
from toolcrib.documents.models import File, FileStatus, location_of

if TYPE_CHECKING:
    from httpx import AsyncClient

    from tests.servers.inprocess import AppServer

Start = Callable[..., Awaitable["AppServer"]]
pytestmark = pytest.mark.every_database

FILES = 26_000
CHUNK = 2_000
# A search looks at 2,000 twice. SQLite takes more steps for each text that it searches.
MOST = {"storage/buckets": 12_000, "storage/search": 18_000}
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


async def test_no_search_looks_at_all_files(app_server: Start, database_url: str) -> None:
    crib = await app_server(database_url=database_url)
    database = crib.kernel.database
    ann = await crib.user("ann")
    uuid = (await ann.get("/api/storage/buckets")).json()["buckets"][0]["id"]
    too_many = []
    async with rows_read(database) as read:
        async with database.writes.begin() as connection:  # as a bucket that has grown
            rows = list(stored(uuid, crib.clock()))
            for start in range(0, len(rows), CHUNK):
                await connection.execute(insert(File), rows[start : start + CHUNK])
            if database.dialect != "sqlite":  # what servers do by themselves a minute later
                kind = "TABLE" if database.dialect == "mariadb" else ""
                await connection.execute(text(f"ANALYZE {kind} document_files"))
        await read.settled()
        for question in (
            "storage/buckets",
            "storage/search?q=none",
            f"storage/search?q=none&cursor={await next_cursor(ann, 'none', 1)}",
            f"storage/search?q=blend&cursor={await next_cursor(ann, 'blend', 20)}",
            f"storage/search?q=none&bucket=projects&id={LARGE}&path=rigs",
        ):
            before = await read.so_far()
            (await ann.get(f"/api/{question}")).raise_for_status()
            if (looked := await read.so_far() - before) > MOST[question.partition("?")[0]]:
                too_many.append((question, looked))
    assert not too_many

    listed = [each["id"] for each in (await ann.get("/api/storage/buckets")).json()["buckets"]]
    assert len(listed) == 1 + crib.settings.storage_listed_projects
    assert {OWN, LARGE} <= set(listed)

    last = f"rigs/{FILES - 1}.blend"
    assert await found(ann, "q=25999 BLEND") == ([last], 14)
    assert await found(ann, f"q=25999&bucket=projects&id={LARGE}&path=rigs") == ([last], 14)
    assert await found(ann, f"q=mine&bucket=projects&id={OWN}&path=") == (["mine.txt"], 1)
    assert (await found(ann, "q=none"))[0] == []
    # Of each piece, an answer shows 5 of about 6.
    assert sorted((await found(ann, "q=123&limit=5"))[0]) == [
        f"rigs/{number:05}.blend" for number in range(FILES) if "123" in f"{number:05}"
    ]


async def next_cursor(person: AsyncClient, q: str, limit: int) -> str:
    answer = (await person.get(f"/api/storage/search?q={q}&limit={limit}")).raise_for_status().json()
    assert answer["warnings"] == ["partial_answer"]
    cursor: str = answer["next_cursor"]
    return cursor


async def found(person: AsyncClient, query: str) -> tuple[list[str], int]:
    """The paths that a search finds, answer by answer, and how many answers."""
    paths: list[str] = []
    cursor: str | None = ""
    answers = 0
    while cursor is not None:
        answer = (await person.get(f"/api/storage/search?cursor={cursor}&{query}")).raise_for_status().json()
        paths += [file["logical_path"] for file in answer["files"]]
        cursor = answer["next_cursor"]
        answers += 1
    return paths, answers
