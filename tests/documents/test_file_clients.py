"""Libraries by which other programs read and write documents: tus-js-client, npm's webdav, webdav4 with fsspec."""

from __future__ import annotations

import os
from collections.abc import Callable

import httpx
from webdav4.fsspec import WebdavFileSystem

from tests.servers.crib import BASE
from tests.servers.environment import PASSWORD
from tests.servers.node import run_client
from tests.servers.toolcrib import ToolcribServer

Start = Callable[..., ToolcribServer]


def test_file_clients(server: Start) -> None:
    crib = server()
    ann = crib.user("ann")
    _parallel_upload(crib, ann)
    _npm_webdav(crib, ann)
    _fsspec(crib, ann)


def _parallel_upload(crib: ToolcribServer, ann: httpx.Client) -> None:
    content = os.urandom(300_000).hex()
    me = ann.get("/api/currentuser").json()["uuid"]
    done = run_client(
        "parallel_upload.mjs",
        endpoint=f"{crib.url}{BASE}/uploads",
        token=ann.headers["Authorization"].removeprefix("Bearer "),
        metadata={"bucket_type": "users", "bucket_id": me, "logical_path": "parallel.bin"},
        content=content,
        connections=4,
        chunk=100_000,
    )
    made = ann.head(done["url"], headers={"Tus-Resumable": "1.0.0"}).headers
    assert (made["X-Version-Number"], made["Upload-Offset"]) == ("1", str(len(content)))
    assert made["Upload-Concat"].count("/uploads/") == 4
    assert ann.get("/dav/users/me/parallel.bin").text == content


def _npm_webdav(crib: ToolcribServer, ann: httpx.Client) -> None:
    seen = run_client("webdav.mjs", address=f"{crib.url}/dav/users/me", username="ann", password=PASSWORD)
    assert seen["names"] == [
        *("/drawings", "/drawings/a b+ü.txt", "/drawings/old", "/drawings/old/moved.txt", "/parallel.bin")
    ]
    assert (seen["content"], seen["size"], seen["overwritten"], seen["moved"]) == ("three", 5, False, False)
    me = ann.get("/api/currentuser").json()["uuid"]
    place = {"bucket_type": "users", "bucket_id": me, "logical_path": "drawings/a b+ü.txt"}
    versions = ann.get(f"{BASE}/versions", params=place).json()["versions"]
    assert [each["version_number"] for each in versions] == [3, 2, 1]


def _fsspec(crib: ToolcribServer, ann: httpx.Client) -> None:
    files = WebdavFileSystem(f"{crib.url}/dav/users/me", auth=("ann", PASSWORD))
    files.makedirs("data/2026", exist_ok=True)
    files.pipe("data/2026/a.csv", b"x,y\n1,2\n")
    with files.open("data/2026/a.csv", "rb") as source:
        source.seek(4)
        assert source.read(3) == b"1,2"
    with files.open("data/2026/b.csv", "wb") as target:
        target.write(b"new")
    assert sorted(files.find("data")) == ["data/2026/a.csv", "data/2026/b.csv"]
    assert files.glob("data/*/b.*") == ["data/2026/b.csv"]
    assert files.cat_file("data/2026/a.csv", 0, 3) == b"x,y"
    files.mv("data/2026/b.csv", "data/c.csv")
    files.copy("data/c.csv", "data/d.csv")
    assert files.info("data/d.csv")["size"] == 3
    assert files.exists("data/c.csv")
    assert not files.exists("data/2026/b.csv")
    files.rm("data", recursive=True)
    assert not files.exists("data")
    archived = ann.get(f"{BASE}/list", params={"bucket": "users", "id": "me"})
    assert "data/c.csv" not in archived.text
