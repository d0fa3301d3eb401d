"""Lists of claims look at no more of them than a bound, however many are held; what a text search leaves out is found
by going on."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import insert, text, update

from tests.servers.rows_read import rows_read
from toolcrib.kernel.claims.models import Ref, claims
from toolcrib.kernel.events.writer import event_counter

if TYPE_CHECKING:
    from tests.servers.inprocess import AppServer

Start = Callable[..., Awaitable["AppServer"]]
pytestmark = pytest.mark.every_database

HELD = 24_000
CHUNK = 2_000
# A list looks at 2,000 twice, and asks the indexes whether few match. SQLite takes more steps for each text that it
# searches.
MOST = 11_000
SCOPE = "project:grown"
LAST = f"maps/{HELD - 1:05}.umap"


def held(now: Any) -> list[dict[str, Any]]:
    rows = []
    for number in range(HELD):
        ref = Ref("asset", SCOPE, f"maps/{number:05}.umap", folds=True)
        rows.append(
            {
                "digest": ref.digest,
                "folded": ref.folded,
                "kind": "asset",
                "scope": SCOPE,
                "key": ref.key,
                "holder": "once" if number == HELD - 1 else f"person-{number % 7}",
                "holder_uuid": f"00000000-0000-4000-8000-{number % 7:012}",
                "branch": "main",
                "acquired_at": now,
                "renewed_at": now,
                "heartbeat": False,
                "fence": 1_000 + number,
                "data": {},
            }
        )
    return rows


async def test_no_list_looks_at_all_that_is_held(app_server: Start, database_url: str) -> None:
    crib = await app_server(database_url=database_url)
    database = crib.kernel.database
    too_many = []
    async with rows_read(database) as read:
        async with database.writes.begin() as connection:  # as a project that has grown
            rows = held(crib.clock())
            for start in range(0, HELD, CHUNK):
                await connection.execute(insert(claims), rows[start : start + CHUNK])
            await connection.execute(update(event_counter).values(seq=1_000 + HELD))
            if database.dialect == "postgresql":
                await connection.execute(text("ANALYZE"))
        admin, ben = await crib.admin(), await crib.user("ben")
        newest = {"asset_path": "newest", "project": "grown", "branch": "main"}
        (await admin.post("/api/locks", json=newest)).raise_for_status()
        await read.settled()
        for question in (
            "locks?project=grown",
            "locks?project=grown&branch=none",
            "locks?project=grown&prefix=none/",
            "locks?project=grown&prefix=maps/23999",
            "locks?project=grown&q=none",
            "locks?project=grown&branch=main&prefix=maps/&q=none",
            "locks?project=none&branch=main",
            "claims?kind=asset",
            "claims?kind=none",
            "claims?project=none",
            "claims?branch=none",
            "claims?prefix=none/",
            "claims?prefix=maps/23999",
            "claims?q=none",
            "claims?kind=asset&branch=main&q=none",
        ):
            before = await read.so_far()
            (await admin.get(f"/api/{question}&limit=100")).raise_for_status()
            if (looked := await read.so_far() - before) > MOST:
                too_many.append((question, looked))
        before = await read.so_far()
        (await ben.get("/api/claims?limit=100")).raise_for_status()
        if (looked := await read.so_far() - before) > MOST:
            too_many.append(("claims, as one who is no administrator", looked))
    assert not too_many

    # Complete, although nothing but the last one matches.
    assert await found(admin, "prefix=maps/23999") == ([LAST], 1)
    assert await found(admin, "q=MAPS/23999") == ([LAST], 12)
    assert await found(admin, "q=once&branch=main") == ([LAST], 12)
    assert (await found(admin, "q=none"))[0] == []
    whole = (await admin.get("/api/locks?project=grown&q=23999")).json()  # as clients ask that know no pages
    assert [lock["asset_path"] for lock in whole] == [LAST]


async def found(admin: Any, query: str) -> tuple[list[str], int]:
    """The keys that `locks` and `claims` both list, page by page, and how many pages."""
    locks: list[str] = []
    cursor: str | None = "0"
    pages = 0
    while cursor is not None:
        answer = await admin.get(f"/api/locks?project=grown&limit=100&cursor={cursor}&{query}")
        locks += [lock["asset_path"] for lock in answer.raise_for_status().json()]
        cursor = answer.headers.get("X-Next-Cursor")
        pages += 1
    listed: list[str] = []
    cursor = "0"
    while cursor is not None:
        page = (await admin.get(f"/api/claims?limit=100&cursor={cursor}&{query}")).raise_for_status().json()
        listed += [claim["key"] for claim in page["claims"]]
        cursor = page["next_cursor"]
    assert listed == locks
    return locks, pages
