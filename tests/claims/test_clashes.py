"""All names held in several spellings are told, a bounded piece of the claims at a time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import insert, text, update

from tests.servers.rows_read import rows_read
from toolcrib.kernel.claims.models import Ref, claims
from toolcrib.kernel.events.writer import event_counter
from toolcrib.kernel.search import SCAN_LIMIT

if TYPE_CHECKING:
    from tests.servers.inprocess import AppServer

Start = Callable[..., Awaitable["AppServer"]]

CHUNK = 2_000
CLAIMS_MAX = GROUPS_MAX = 100
ADDRESS = "/api/admin/claim-clashes"
# How many claims each name has, in the order in which they are looked at. Some names are at the borders of pieces.
SPELLINGS = [
    *[1] * (SCAN_LIMIT - 4),
    6,  # begins in one piece and ends in the next
    *[1] * (SCAN_LIMIT - 3),
    3,  # the last of a piece
    *[2] * 250,
    SCAN_LIMIT + 1_000,
    SCAN_LIMIT,
    *[1] * 700,
    2,
]
# A piece is looked at twice, and the claims that are shown. SQLite takes more steps for each group.
MOST = 4 * SCAN_LIMIT


def rows(spellings: list[int], now: datetime) -> list[dict[str, Any]]:
    """Claims of names, each with its number and as many spellings."""
    made: list[dict[str, Any]] = []
    for name, count in enumerate(spellings):
        for spelling in range(count):
            key = f"{name}/{spelling}"  # what is equal but for its case has the same `folded`
            made.append(
                {
                    "digest": Ref("asset", "project:grown", key).digest,
                    "folded": f"{name:040x}",
                    "kind": "asset",
                    "scope": "project:grown",
                    "key": key,
                    "holder": "ann",
                    "holder_uuid": f"{0:036}",
                    "branch": "main",
                    "acquired_at": now,
                    "renewed_at": now,
                    "heartbeat": False,
                    # Not in the order of names.
                    "fence": 1_000 + (len(made) * 7_919) % 1_000_003,
                    "data": {},
                }
            )
    return made


async def hold(crib: AppServer, made: list[dict[str, Any]]) -> None:
    database = crib.kernel.database
    async with database.writes.begin() as connection:
        for start in range(0, len(made), CHUNK):
            await connection.execute(insert(claims), made[start : start + CHUNK])
        await connection.execute(update(event_counter).values(seq=2_000_000))
        if database.dialect == "postgresql":
            await connection.execute(text("ANALYZE"))


@pytest.mark.every_database
async def test_every_clash_is_told_once_and_no_answer_looks_at_all_claims(
    app_server: Start, database_url: str
) -> None:
    crib = await app_server(database_url=database_url)
    looked = []
    told: dict[str, list[int]] = {}
    async with rows_read(crib.kernel.database) as read:
        await hold(crib, rows(SPELLINGS, crib.clock()))
        admin = await crib.admin()
        await read.settled()
        cursor: str | None = ""
        while cursor is not None:
            before = await read.so_far()
            answer = (await admin.get(ADDRESS + (f"?cursor={cursor}" if cursor else ""))).raise_for_status()
            looked.append(await read.so_far() - before)
            page = answer.json()
            cursor = page["next_cursor"]
            assert page["more"] is (cursor is not None)
            assert len(page["clashes"]) <= GROUPS_MAX
            for clash in page["clashes"]:
                (name,) = {claim["key"].partition("/")[0] for claim in clash["claims"]}
                assert name not in told
                told[name] = [claim["fence"] for claim in clash["claims"]]
            assert len(looked) < 20
    assert not [rows for rows in looked if rows > MOST], str(looked)
    expected = {str(name): count for name, count in enumerate(SPELLINGS) if count > 1}
    assert {name: len(fences) for name, fences in told.items()} == {
        name: min(count, CLAIMS_MAX) for name, count in expected.items()
    }
    assert all(fences == sorted(fences) for fences in told.values())


async def test_what_is_over_or_allowed_is_left_out_and_looking_goes_on(app_server: Start) -> None:
    crib = await app_server()
    ann, admin = await crib.user("ann"), await crib.admin()
    (await ann.post("/api/projects", json={"name": "free"})).raise_for_status()
    (await ann.patch("/api/projects/free", json={"case_clashes": "allow"})).raise_for_status()
    made = rows([*[2] * (GROUPS_MAX + 50), *[2] * SCAN_LIMIT, 3], crib.clock())
    for row in made[2 * (GROUPS_MAX + 50) : -3]:
        row["scope"] = "project:free"
    # Of the last one, and of none before, two are live.
    for row in [*made[0 : 2 * GROUPS_MAX : 2], made[-1]]:
        row["expires_at"] = crib.clock() + timedelta(seconds=1)
    for row in made:
        row.setdefault("expires_at", None)
    await hold(crib, made)
    crib.clock.advance(seconds=2)
    names: list[str] = []
    cursor = ""
    pages = 0
    while cursor is not None:
        page = (await admin.get(ADDRESS + (f"?cursor={cursor}" if cursor else ""))).raise_for_status().json()
        names += [clash["claims"][0]["key"].partition("/")[0] for clash in page["clashes"]]
        cursor = page["next_cursor"]
        pages += 1
    last = GROUPS_MAX + 50 + SCAN_LIMIT
    assert names == [*(str(name) for name in range(GROUPS_MAX, GROUPS_MAX + 50)), str(last)]
    assert pages == 3


@pytest.mark.parametrize("cursor", ["0", "g" * 40, "0" * 41, "%00", "A" * 40])
async def test_only_a_cursor_of_an_answer_is_taken(app_server: Start, cursor: str) -> None:
    admin = await (await app_server()).admin()
    assert (await admin.get(f"{ADDRESS}?cursor={cursor}")).status_code == 400
