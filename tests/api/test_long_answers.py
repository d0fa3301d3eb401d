"""Lists that are longer than a page are complete, in order, and as they are when they are short."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import pytest
from defusedxml.ElementTree import fromstring  # type: ignore[import-untyped]
from sqlalchemy import insert

from benchmarks.listing import rows_of_file
from toolcrib.documents.models import File, Folder, Version
from toolcrib.documents.paths import Bucket, Place
from toolcrib.kernel.identity.models import User

if TYPE_CHECKING:
    from tests.servers.inprocess import AppServer

Start = Callable[..., Awaitable["AppServer"]]
pytestmark = pytest.mark.every_database
MANY = 1_001


@pytest.fixture
async def crib(app_server: Start, database_url: str) -> AppServer:
    return await app_server(database_url=database_url)


async def test_everybody_is_listed(crib: AppServer) -> None:
    admin, ann = await crib.admin(), await crib.user("ann")
    rows = [
        {
            "uuid": f"00000000-0000-4000-8000-{number:012}",
            "username": f"person {number:04} ünï",
            "password_hash": None,
            "is_admin": False,
            "is_active": True,
            "token_version": 1,
            "created_at": crib.clock(),
        }
        for number in range(MANY)
    ]
    async with crib.kernel.database.write() as session:
        await session.execute(insert(User), rows)
    names = ["admin", "ann", *(row["username"] for row in rows)]
    listed: list[dict[str, Any]] = (await admin.get("/api/admin/users")).json()
    assert [user["username"] for user in listed] == names
    assert listed[0] == (await admin.get(f"/api/admin/users/{listed[0]['id']}")).json()
    assert [user["username"] for user in (await admin.get("/api/users")).json()] == names
    for path in ("/api/admin/users", "/api/users"):
        assert (await ann.get(path)).status_code == 403
        assert (await crib.client.get(path)).status_code == 401


async def test_a_large_folder_is_listed_whole(crib: AppServer) -> None:
    ann, ben = await crib.user("ann"), await crib.user("ben")
    uuid = (await ann.get("/api/currentuser")).json()["uuid"]
    bucket = Bucket("users", uuid)
    folder = {"bucket": "users", "id": uuid, "path": "large"}
    (await ann.post("/api/storage/folders", json=folder)).raise_for_status()
    files = [rows_of_file(Place(bucket, f"large/{number:05}.step"), crib.clock()) for number in range(MANY)]
    inner = [Place(bucket, f"large/folder {number:05}") for number in range(MANY)]
    async with crib.kernel.database.write() as session:
        await session.execute(insert(File), [file for file, _ in files])
        await session.execute(insert(Version), [version for _, version in files])
        await session.execute(
            insert(Folder),
            [
                {
                    "id": f"{number:036}",
                    "bucket_type": bucket.type,
                    "bucket_id": bucket.id,
                    "path": place.path,
                    "location": place.location,
                    "parent": place.parent.location,
                    "name": place.name,
                    "created_at": crib.clock(),
                }
                for number, place in enumerate(inner)
            ],
        )
    query = folder
    found = (await ann.get("/api/storage/folders", params=query)).json()
    assert [each["path"] for each in found["folders"]] == [place.path for place in inner]
    assert [each["id"] for each in found["files"]] == [file["id"] for file, _ in files]
    assert list(found) == ["path", "folders", "files", "can"]
    assert (await ben.get("/api/storage/folders", params=query)).status_code == 403

    wanted = b'<propfind xmlns="DAV:"><prop><getetag/><resourcetype/><color xmlns="urn:x"/></prop></propfind>'
    told = await ann.request("PROPFIND", "/dav/users/me/large/", headers={"Depth": "1"}, content=wanted)
    assert told.status_code == 207
    responses = list(fromstring(told.content))
    base = "/dav/users/me/large/"
    assert [unquote(each[0].text or "") for each in responses] == [
        base,
        *(f"{base}{place.name}/" for place in inner),
        *(f"{base}{file['name']}" for file, _ in files),
    ]
    tags = [each.findtext(".//{DAV:}getetag") for each in responses]
    assert tags[-MANY:] == [f'"{version["id"]}"' for _, version in files]
    refused = await ben.request("PROPFIND", f"/dav/users/{uuid}/large/", headers={"Depth": "1"})
    assert refused.status_code == 403


async def test_the_board_of_many_claims_is_complete(crib: AppServer) -> None:
    ann, ben = await crib.user("ann"), await crib.user("ben")
    paths = [f"maps/{number:05}" for number in range(MANY + 1_000)]
    (
        await ann.post("/api/locks/bulk", json={"action": "lock", "paths": paths, "branch": "main"})
    ).raise_for_status()
    wanted = {"asset_path": paths[-1], "branch": "main", "wait": True}
    assert (await ben.post("/api/locks", json=wanted)).status_code == 202
    whole = (await ben.get("/api/claims?limit=10000")).json()
    assert [claim["key"] for claim in whole["claims"]] == paths
    assert (whole["claims"][-1]["queue"], whole["next_cursor"]) == (1, None)
    part = (await ben.get("/api/claims?limit=1500")).json()
    assert part["claims"] == whole["claims"][:1_500]
    assert part["next_cursor"] == str(whole["claims"][1_499]["fence"])
