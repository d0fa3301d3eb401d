"""Lists of locks that are longer than a page: complete, and harmless to everybody else."""

from __future__ import annotations

import asyncio
import json
import socket
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, closing
from typing import TYPE_CHECKING, Any

import httpx
import pytest

if TYPE_CHECKING:
    from tests.servers.inprocess import AppServer

Start = Callable[..., Awaitable["AppServer"]]
# With such comments this many are more than the connection's buffers take in.
LONG = "c" * 2000
MANY = 3_500


@pytest.fixture
async def crib(app_server: Start, database_url: str) -> AppServer:
    return await app_server(database_url=database_url)


async def lock_many(client: httpx.AsyncClient, count: int, **more: Any) -> list[str]:
    paths = [f"maps/{number:05}.umap" for number in range(count)]
    body = {"action": "lock", "paths": paths, "branch": "main", **more}
    (await client.post("/api/locks/bulk", json=body)).raise_for_status()
    return paths


@asynccontextmanager
async def slow_reader(client: httpx.AsyncClient, path: str) -> AsyncIterator[asyncio.StreamReader]:
    """A connection that has asked for `path` and got the answer's head, and takes nothing more until it is read."""
    plain = socket.socket()
    plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    plain.setblocking(False)
    await asyncio.get_running_loop().sock_connect(plain, (client.base_url.host, client.base_url.port))
    reader, writer = await asyncio.open_connection(sock=plain, limit=2**20)
    sign_in = client.headers["Authorization"]
    writer.write(f"GET {path} HTTP/1.1\r\nHost: crib\r\nAuthorization: {sign_in}\r\n\r\n".encode())
    try:
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 20)
        assert head.startswith(b"HTTP/1.1 200")
        assert b"transfer-encoding: chunked" in head.lower()
        yield reader
    finally:
        writer.close()


async def rest(reader: asyncio.StreamReader) -> bytes:
    """Read chunks to the last one.

    Raises:
        IncompleteReadError: the connection was closed before.
    """
    body = bytearray()
    async with asyncio.timeout(60):
        while size := int(await reader.readuntil(b"\r\n"), 16):
            body += (await reader.readexactly(size + 2))[:-2]
    return bytes(body)


@pytest.mark.every_database
async def test_a_list_of_any_length_is_complete_and_in_order(crib: AppServer) -> None:
    ann = await crib.user("ann")
    paths = await lock_many(ann, 2_500)
    ends = {"asset_path": "ends", "branch": "main", "expires_in": 60}
    (await ann.post("/api/locks", json=ends)).raise_for_status()
    whole = await ann.get("/api/locks")
    listed = whole.json()
    assert [lock["asset_path"] for lock in listed] == [*paths, "ends"]

    pages: list[dict[str, Any]] = []
    cursor: str | None = None
    sizes = []
    while True:
        page = await ann.get("/api/locks", params={"limit": 1_700, **({"cursor": cursor} if cursor else {})})
        pages += page.json()
        sizes.append(len(page.json()))
        cursor = page.headers.get("x-next-cursor")
        if cursor is None:
            break
    assert sizes == [1_700, 801]
    assert pages == listed
    for limit, more in ((1_000, True), (2_500, True), (2_501, False), (10_000, False)):
        page = await ann.get(f"/api/locks?limit={limit}")
        assert page.json() == listed[:limit]
        assert ("x-next-cursor" in page.headers) is more
    some = await ann.get("/api/locks?prefix=maps/&holder=ann&cursor=" + str(listed[9]["fence"]))
    assert some.json() == listed[10:-1]

    for query in ("", "?limit=2501"):
        tag = {"If-None-Match": (await ann.get(f"/api/locks{query}")).headers["etag"]}
        assert (await ann.get(f"/api/locks{query}", headers=tag)).status_code == 304
        last = listed[-1]["expires_at"]
        assert last is not None
    tag = {"If-None-Match": whole.headers["etag"]}
    crib.clock.advance(seconds=61)
    later = await ann.get("/api/locks", headers=tag)
    assert [lock["asset_path"] for lock in later.json()] == paths


@pytest.mark.databases("sqlite")
async def test_a_slow_reader_holds_up_nothing_and_gets_each_path_once(app_server: Start) -> None:
    crib = await app_server()
    ann, ben = await crib.user("ann"), await crib.user("ben")
    paths = await lock_many(ann, MANY, comment=LONG)
    async with slow_reader(ben, "/api/locks") as reader:
        # What was told already, and what comes yet.
        for path in (paths[0], paths[-1]):
            (await ann.delete(f"/api/locks/{path}")).raise_for_status()
            (await ben.post("/api/locks", json={"asset_path": path, "branch": "x"})).raise_for_status()
        # It does not wait itself: the server, which is in this process, could not end its transaction meanwhile.
        with closing(sqlite3.connect(crib.settings.data_dir / "toolcrib.db", timeout=0)) as database:
            async with asyncio.timeout(
                10
            ):  # a transaction of the server's own is short; one for the reader would stay
                while database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
                    await asyncio.sleep(0.01)
        listed = [lock["asset_path"] for lock in json.loads(await rest(reader))]
    assert listed == paths[:-1]


@pytest.mark.databases("sqlite")
async def test_a_list_ends_when_its_reader_may_not_see_it_any_more(app_server: Start) -> None:
    crib = await app_server()
    ann, ben, admin = await crib.user("ann"), await crib.user("ben"), await crib.admin()
    await lock_many(ann, MANY, comment=LONG)
    users = (await admin.get("/api/admin/users")).json()
    ident = next(user["id"] for user in users if user["username"] == "ben")
    async with slow_reader(ben, "/api/locks") as reader:
        (await admin.delete(f"/api/admin/users/{ident}")).raise_for_status()
        with pytest.raises(asyncio.IncompleteReadError):
            await rest(reader)
