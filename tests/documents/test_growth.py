"""Lists of buckets and searches look at no more files than a bound, however many there are."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import pytest

from tests.servers.many_files import FILES, LARGE, OWN, fill
from tests.servers.rows_read import rows_read

if TYPE_CHECKING:
    from httpx import AsyncClient

    from tests.servers.inprocess import AppServer

Start = Callable[..., Awaitable["AppServer"]]
pytestmark = pytest.mark.every_database

# A search looks at 2,000 twice. SQLite takes more steps for each text that it searches.
MOST = {"storage/buckets": 12_000, "storage/search": 18_000}


async def test_no_search_looks_at_all_files(app_server: Start, database_url: str) -> None:
    crib = await app_server(database_url=database_url)
    database = crib.kernel.database
    ann = await crib.user("ann")
    uuid = (await ann.get("/api/storage/buckets")).json()["buckets"][0]["id"]
    too_many = []
    async with rows_read(database) as read:
        await fill(database, uuid, crib.clock())
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
