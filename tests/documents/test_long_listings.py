"""Listings over WebDAV take bounded room: too long a one is refused, and the room is free again when one was sent."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from sqlalchemy import insert

from toolcrib.documents.errors import ListingsBusy
from toolcrib.documents.models import File, location_of
from toolcrib.documents.service.listing_room import Listing, ListingRoom
from toolcrib.documents.service.lookup import KIND
from toolcrib.kernel.claims.commands import Acquire
from toolcrib.kernel.claims.models import Holder, Ref
from toolcrib.kernel.long_work import pieces

if TYPE_CHECKING:
    from tests.servers.inprocess import AppServer

Start = Callable[..., Awaitable["AppServer"]]
FILES = 3_000
NAMES = b"<propfind xmlns='DAV:'><prop><getetag/></prop></propfind>"


def _rows(uuid: str, count: int, now: datetime) -> list[dict[str, Any]]:
    """Rows of files in a person's bucket."""
    return [
        {
            "bucket_type": "users",
            "bucket_id": uuid,
            "logical_path": f"{number}.txt",
            "location": location_of("users", uuid, f"{number}.txt"),
            "folder": location_of("users", uuid, ""),
            "name": f"{number}.txt",
            "filename": f"{number}.txt",
            "owner_id": uuid,
            "status": "validated",
            "settled_status": "validated",
            "current_version_id": str(uuid4()),
            "tags": {},
            "created_at": now,
            "updated_at": now,
        }
        for number in range(count)
    ]


async def test_a_listing_that_would_take_too_much_room_is_refused(app_server: Start) -> None:
    crib = await app_server(WEBDAV_LISTINGS_MIB=4)
    ann = await crib.user("ann")
    uuid = (await ann.get("/api/currentuser")).json()["uuid"]
    rows = _rows(uuid, FILES, crib.clock())
    async with crib.kernel.database.write() as session:
        await session.execute(insert(File), rows)
    home = "/dav/users/me/"
    for _ in range(2):
        refused = await ann.request("PROPFIND", home, headers={"Depth": "1"})
        assert refused.status_code == 507, refused.text[:300]
        assert "listing_too_large" in refused.text
    for _ in range(8):  # together more than there is room for
        answer = await ann.request("PROPFIND", home, headers={"Depth": "1"}, content=NAMES)
        assert answer.status_code == 207, answer.text[:300]
        assert answer.content.count(b"<D:response ") == FILES + 1
        assert 600_000 < len(answer.content) < 2**20
    assert (await ann.request("PROPFIND", home, headers={"Depth": "0"})).status_code == 207


def test_one_person_does_not_take_the_room_of_all() -> None:
    room = ListingRoom(400)
    first = Listing(room, "ann")
    first.write(b"x" * 90)
    with pytest.raises(ListingsBusy), Listing(room, "ann") as another:
        another.write(b"x" * 20)
    others = [Listing(room, name) for name in ("ben", "cleo", "dora")]
    for each in others:
        each.write(b"x" * 100)
    with pytest.raises(ListingsBusy), Listing(room, "emil") as another:
        another.write(b"x" * 20)
    first.close()
    with Listing(room, "ann") as another:
        another.write(b"x" * 100)


async def test_long_lists_of_locks_come_in_pages(app_server: Start) -> None:
    """Of which none but the one that is sent is kept in memory."""
    crib = await app_server()
    ann, ben = await crib.user("ann"), await crib.user("ben")
    uuids = [(await each.get("/api/currentuser")).json()["uuid"] for each in (ann, ben)]
    rows = _rows(uuids[0], FILES, crib.clock()) + _rows(uuids[1], 10, crib.clock())
    for row in rows:
        row["id"] = str(uuid4())
    async with crib.kernel.database.write() as session:
        await session.execute(insert(File), rows)
    locks = [
        Acquire(
            Ref(KIND, f"user:{row['bucket_id']}", row["id"]),
            Holder("ann", uuids[0]),
            data={"lock_type": "edit"},
        )
        for row in rows
    ]
    for piece in pieces(locks, 500):
        await crib.kernel.claims.submit(piece)
    ids = [row["id"] for row in rows]
    for offset, limit in ((0, 5), (2_998, 5), (1_500, 1_200), (FILES, 5)):
        answer = await ann.get("/api/storage/locks", params={"offset": offset, "limit": limit})
        found = answer.json()["data"]
        assert [each["file_id"] for each in found["locks"]] == ids[:FILES][offset : offset + limit]
        assert found["total"] == FILES
    assert (await ben.get("/api/storage/locks", params={"limit": 2})).json()["data"]["total"] == 10
