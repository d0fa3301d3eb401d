"""Git LFS objects over HTTP: the batch call and its transfers."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from sqlalchemy import select

from tests.servers.environment import ADMIN, PASSWORD
from tests.servers.process import wait_until
from tests.servers.s3 import S3Server
from tests.servers.toolcrib import ToolcribServer
from toolcrib.assets.lfs.models import LfsObject
from toolcrib.kernel.blobs.models import Blob
from toolcrib.kernel.blobs.sweep import sweep

if TYPE_CHECKING:
    from tests.servers.inprocess import AppServer

Start = Callable[..., Awaitable["AppServer"]]
LFS = "/game.git/info/lfs"
MEDIA = "application/vnd.git-lfs+json"


@pytest.fixture
async def crib(app_server: Start, database_url: str) -> AppServer:
    return await app_server(database_url=database_url)


def oid_of(content: bytes) -> str:
    return sha256(content).hexdigest()


async def batch(
    client: httpx.AsyncClient, operation: str, *contents: bytes, base: str = LFS, **more: Any
) -> httpx.Response:
    objects = [{"oid": oid_of(each), "size": len(each)} for each in contents]
    body = {"operation": operation, "objects": objects, **more}
    return await client.post(f"{base}/objects/batch", json=body)


async def follow(action: dict[str, Any], method: str, **more: Any) -> httpx.Response:
    """A transfer as the client makes it: with what the action says and no credentials of its own."""
    headers = {**action["header"], **more.pop("headers", {})}
    async with httpx.AsyncClient() as client:
        return await client.request(method, action["href"], headers=headers, **more)


async def push(client: httpx.AsyncClient, content: bytes, base: str = LFS) -> None:
    (told,) = (await batch(client, "upload", content, base=base)).json()["objects"]
    assert (await follow(told["actions"]["upload"], "PUT", content=content)).status_code == 200
    verify = {"oid": told["oid"], "size": told["size"]}
    assert (await follow(told["actions"]["verify"], "POST", json=verify)).status_code == 200


async def pull(client: httpx.AsyncClient, content: bytes, base: str = LFS, **headers: str) -> httpx.Response:
    (told,) = (await batch(client, "download", content, base=base)).json()["objects"]
    return await follow(told["actions"]["download"], "GET", headers=headers)


def files(crib: AppServer) -> list[Path]:
    return [each for each in (crib.settings.data_dir / "files").rglob("*") if each.is_file()]


async def test_an_object_goes_up_and_comes_down(crib: AppServer) -> None:
    ann, ben = await crib.user("ann"), await crib.user("ben")
    content = os.urandom(300_000)
    answer = await batch(ann, "upload", content, ref={"name": "refs/heads/main"}, transfers=["basic", "ssh"])
    assert (answer.status_code, answer.headers["content-type"]) == (200, MEDIA)
    body = answer.json()
    assert (body["transfer"], body["hash_algo"]) == ("basic", "sha256")
    (told,) = body["objects"]
    assert told["authenticated"] is True
    assert told["actions"]["upload"]["href"].startswith(crib.url)
    assert 0 < told["actions"]["upload"]["expires_in"] <= 3600

    await push(ann, content)
    (known,) = (await batch(ann, "upload", content)).json()["objects"]
    assert known == {"oid": oid_of(content), "size": len(content)}, "nothing left to send"
    found = await pull(ben, content)
    assert (found.status_code, found.content) == (200, content)
    assert found.headers["etag"] == f'"{oid_of(content)}"'


async def test_a_download_can_be_resumed(crib: AppServer) -> None:
    ann = await crib.user("ann")
    content = os.urandom(5000)
    await push(ann, content)
    rest = await pull(ann, content, Range="bytes=4000-4999")
    assert (rest.status_code, rest.content) == (206, content[4000:])
    assert rest.headers["content-range"] == "bytes 4000-4999/5000"
    url = f"{LFS}/objects/{oid_of(content)}"
    head = await ann.head(url)
    assert (head.status_code, head.headers["content-length"]) == (200, "5000")
    again = await ann.get(url, headers={"If-None-Match": head.headers["etag"]})
    assert again.status_code == 304


async def test_credentials_do_as_well_as_a_ticket(crib: AppServer) -> None:
    ann = await crib.user("ann")
    url = f"{LFS}/objects/{oid_of(b'abc')}"
    assert (await ann.put(url, content=b"abc")).status_code == 200
    assert (await ann.put(url, content=b"abc")).status_code == 200, "sending it again is harmless"
    assert (await ann.get(url)).content == b"abc"
    async with httpx.AsyncClient(base_url=crib.url, auth=("ann", PASSWORD)) as basic:
        assert (await basic.get(url)).content == b"abc"
    async with httpx.AsyncClient(base_url=crib.url) as nobody:
        for method in ("GET", "PUT", "HEAD"):
            assert (await nobody.request(method, url)).status_code == 401


@pytest.mark.parametrize(
    ("content", "length", "status"),
    [(b"abd", None, 400), (b"abcd", None, 400), (b"ab", None, 400), (b"abcd", "4", 400)],
)
async def test_bytes_that_are_not_the_object_are_refused(
    crib: AppServer, content: bytes, length: str | None, status: int
) -> None:
    ann = await crib.user("ann")
    (told,) = (await batch(ann, "upload", b"abc")).json()["objects"]

    async def unannounced() -> AsyncIterator[bytes]:
        yield content

    sent = await follow(told["actions"]["upload"], "PUT", content=content if length else unannounced())
    assert (sent.status_code, sent.headers["content-type"]) == (status, MEDIA)
    assert files(crib) == []
    (missing,) = (await batch(ann, "download", b"abc")).json()["objects"]
    assert missing["error"]["code"] == 404


async def test_each_object_of_a_batch_is_told_apart(app_server: Start, database_url: str) -> None:
    crib = await app_server(database_url=database_url, lfs_max_object_bytes=1000)
    ann = await crib.user("ann")
    await push(ann, b"here")
    here = {"oid": oid_of(b"here"), "size": 4}
    asked = [
        here,
        {**here, "size": 5},
        {"oid": oid_of(b"gone"), "size": 4},
        {"oid": "../../etc/passwd", "size": 1},
        {"oid": oid_of(b"x").upper(), "size": 1},
        {"oid": oid_of(b"y"), "size": -1},
        {"oid": oid_of(b"large"), "size": 1001},
    ]

    async def told(operation: str) -> list[Any]:
        body = {"operation": operation, "objects": asked}
        objects = (await ann.post(f"{LFS}/objects/batch", json=body)).json()["objects"]
        assert [(each["oid"], each["size"]) for each in objects] == [(e["oid"], e["size"]) for e in asked]
        return [each.get("error", {}).get("code") or sorted(each.get("actions", [])) for each in objects]

    assert await told("download") == [["download"], 422, 404, 422, 422, 422, 404]
    assert await told("upload") == [[], 422, ["upload", "verify"], 422, 422, 422, 422]
    big = await ann.put(f"{LFS}/objects/{oid_of(bytes(1001))}", content=bytes(1001))
    assert big.status_code == 413


@pytest.mark.databases("sqlite")
async def test_batches_that_cannot_be_answered(crib: AppServer) -> None:
    ann = await crib.user("ann")
    one = {"oid": oid_of(b"x"), "size": 1}
    for body, status in (
        ({"operation": "upload", "objects": [one] * 1000}, 200),
        ({"operation": "upload", "objects": [one] * 1001}, 413),
        ({"operation": "upload", "objects": []}, 200),
        ({"operation": "delete", "objects": [one]}, 400),
        ({"operation": "upload"}, 400),
        ({"operation": "upload", "objects": [{"oid": 1, "size": 1}]}, 400),
        ({"operation": "upload", "objects": [{**one, "size": 2**63}]}, 400),
        ({"operation": "upload", "objects": [{**one, "size": -(10**4000)}]}, 400),
        ({"operation": "upload", "objects": [one], "hash_algo": "sha512"}, 409),
        ({"operation": "upload", "objects": [one], "transfers": ["tus"]}, 400),
        ({"operation": "upload", "objects": [one], "transfers": []}, 200),
    ):
        answer = await ann.post(f"{LFS}/objects/batch", json=body)
        assert (answer.status_code, answer.headers["content-type"]) == (status, MEDIA), body


async def test_knowing_its_name_opens_no_object_of_another_project(crib: AppServer) -> None:
    ann, eve = await crib.user("ann"), await crib.user("eve")
    await ann.post("/api/projects", json={"name": "secret"})
    content = b"the plot of part four"
    await push(ann, content, "/secret.git/info/lfs")
    name = f"objects/{oid_of(content)}"

    assert (await batch(eve, "download", content, base="/secret.git/info/lfs")).status_code == 403
    assert (await eve.get(f"/secret.git/info/lfs/{name}")).status_code == 403
    (there,) = (await batch(eve, "download", content, base="/mine.git/info/lfs")).json()["objects"]
    assert there["error"]["code"] == 404
    assert (await eve.get(f"/mine.git/info/lfs/{name}")).status_code == 404

    # A ticket is for one transfer of one object of one project.
    (told,) = (await batch(ann, "download", content, base="/secret.git/info/lfs")).json()["objects"]
    header = told["actions"]["download"]["header"]
    (up,) = (await batch(eve, "upload", content, base="/mine.git/info/lfs")).json()["objects"]
    async with httpx.AsyncClient(base_url=crib.url, headers=header) as thief:
        assert (await thief.get(f"/secret.git/info/lfs/{name}")).content == content
        assert (await thief.put(f"/secret.git/info/lfs/{name}", content=content)).status_code == 403
        assert (await thief.get(f"/secret.git/info/lfs/objects/{oid_of(b'x')}")).status_code == 403
        assert (await thief.get(f"/mine.git/info/lfs/{name}")).status_code == 403
    forged = up["actions"]["upload"]["header"]["Authorization"]
    for bad in (forged[:-1] + "0", forged.split(".")[0] + ".", "LFS-Ticket", "LFS-Ticket x.y"):
        async with httpx.AsyncClient(base_url=crib.url, headers={"Authorization": bad}) as forger:
            status = (await forger.get(f"/mine.git/info/lfs/{name}")).status_code
            assert status in {401, 403}, bad

    # Pushing what another project has neither shows it nor shares it.
    await push(eve, content, "/mine.git/info/lfs")
    assert (await pull(eve, content, "/mine.git/info/lfs")).content == content
    assert len(files(crib)) == 2


@pytest.mark.databases("sqlite")
async def test_a_ticket_expires(crib: AppServer) -> None:
    ann = await crib.user("ann")
    await push(ann, b"abc")
    (told,) = (await batch(ann, "download", b"abc")).json()["objects"]
    action = told["actions"]["download"]
    crib.clock.advance(seconds=action["expires_in"] - 1)
    assert (await follow(action, "GET")).status_code == 200
    crib.clock.advance(seconds=1)
    assert (await follow(action, "GET")).status_code == 401


async def with_key(person: httpx.AsyncClient, crib: AppServer) -> tuple[httpx.AsyncClient, str]:
    """A client that uses a new API key of this person, and the address where that is revoked."""
    made = (await person.post("/api/users/me/keys", json={"name": "ci", "scopes": ["locks"]})).json()
    client = httpx.AsyncClient(base_url=crib.url, headers={"X-API-Key": made["key"]})
    return client, f"/api/users/me/keys/{made['id']}"


async def with_session(crib: AppServer) -> httpx.AsyncClient:
    """A client that uses the token of a new session of Ann's browser, as some programs do."""
    body = {"username": "ann", "password": PASSWORD}
    token = (await crib.client.post("/api/session", json=body)).cookies["access_token"]
    crib.client.cookies.clear()
    return httpx.AsyncClient(base_url=crib.url, headers={"Authorization": f"Bearer {token}"})


@pytest.mark.databases("sqlite")
async def test_a_ticket_ends_with_the_credential_that_asked_for_it(crib: AppServer) -> None:
    ann = await crib.user("ann")
    await push(ann, b"abc")

    async def ticket(client: httpx.AsyncClient, operation: str = "download") -> dict[str, Any]:
        (told,) = (await batch(client, operation, b"abc" if operation == "download" else b"new")).json()[
            "objects"
        ]
        return dict(told["actions"][operation])

    async def status(action: dict[str, Any]) -> int:
        return (await follow(action, "GET")).status_code

    key, revoke = await with_key(ann, crib)
    other_key, _ = await with_key(ann, crib)
    session = await with_session(crib)
    tickets = [await ticket(each) for each in (key, session, ann, other_key)]
    upload = await ticket(key, "upload")
    assert [await status(each) for each in tickets] == [200, 200, 200, 200]
    await ann.delete(revoke)
    assert [await status(each) for each in tickets] == [401, 200, 200, 200]
    assert (await follow(upload, "PUT", content=b"new")).status_code == 401
    await session.post("/api/auth/logout")
    assert [await status(each) for each in tickets] == [401, 401, 200, 200]
    body = {"current_password": PASSWORD, "new_password": "an entirely new password"}
    assert (await ann.put("/api/users/me/password", json=body)).status_code == 200
    assert [await status(each) for each in tickets] == [
        401,
        401,
        401,
        200,
    ]  # keys outlast a change of the password
    await asyncio.gather(*(each.aclose() for each in (key, other_key, session)))


@pytest.mark.every_database
async def test_a_ticket_ends_in_other_processes_too(app_server: Start, database_url: str) -> None:
    here = await app_server(database_url=database_url)
    there = await app_server(here.settings.data_dir, database_url=database_url)
    ann = await here.user("ann")
    await push(ann, b"abc")
    key, revoke = await with_key(ann, here)
    (told,) = (await batch(key, "download", b"abc")).json()["objects"]
    action = told["actions"]["download"]
    elsewhere = {**action, "href": action["href"].replace(here.url, there.url)}
    assert (await follow(elsewhere, "GET")).status_code == 200
    await ann.delete(revoke)
    async with asyncio.timeout(10):
        while (await follow(elsewhere, "GET")).status_code == 200:
            pass
    assert (await follow(elsewhere, "GET")).status_code == 401
    await key.aclose()


@pytest.mark.databases("sqlite")
async def test_viewers_fetch_and_do_not_send(crib: AppServer) -> None:
    ann, ben = await crib.user("ann"), await crib.user("ben")
    project = (await ann.post("/api/projects", json={"name": "game"})).json()
    await ann.put(f"/api/projects/{project['id']}/members/ben", json={"role": "viewer"})
    await push(ann, b"abc")
    assert (await pull(ben, b"abc")).content == b"abc"
    assert (await batch(ben, "upload", b"new")).status_code == 403
    assert (await ben.put(f"{LFS}/objects/{oid_of(b'new')}", content=b"new")).status_code == 403


@pytest.mark.databases("sqlite")
async def test_another_lfs_host_can_take_over(app_server: Start) -> None:
    crib = await app_server(lfs_redirect_url="https://lfs.example.com/")
    ann = await crib.user("ann")
    sent_on = await batch(ann, "download", b"abc")
    assert sent_on.status_code == 307
    assert sent_on.headers["location"] == "https://lfs.example.com/game.git/info/lfs/objects/batch"
    odd = await batch(ann, "download", b"abc", base="/a%0DX: y.git/info/lfs")
    assert odd.headers["location"] == "https://lfs.example.com/a%0DX%3A%20y.git/info/lfs/objects/batch"
    assert (await ann.get(f"{LFS}/locks")).status_code == 200, "locks stay here"


@pytest.mark.databases("sqlite")
async def test_below_a_sub_path(app_server: Start) -> None:
    crib = await app_server(base_path="/crib")
    ann = await crib.user("ann")
    await push(ann, b"abc")
    (told,) = (await batch(ann, "download", b"abc")).json()["objects"]
    href = told["actions"]["download"]["href"]
    assert href.startswith(f"{crib.url}{LFS}/objects/")
    assert (await pull(ann, b"abc")).content == b"abc"
    assert (await ann.post(f"{LFS}/locks", json={"path": "a.psd"})).status_code == 201
    refused = (await ann.post(f"{LFS}/locks", json={"path": "a.psd"})).json()
    assert f"{crib.url}/assets?" in refused["message"]


@pytest.mark.every_database
async def test_many_senders_of_one_object(crib: AppServer) -> None:
    ann = await crib.user("ann")
    uuid = (await ann.get("/api/currentuser")).json()["uuid"]
    content = os.urandom(200_000)
    url = f"{LFS}/objects/{oid_of(content)}"
    answers = await asyncio.gather(*(ann.put(url, content=content) for _ in range(8)))
    assert {each.status_code for each in answers} == {200}
    kernel = crib.app.state.kernel
    async with kernel.database.read() as session:
        (row,) = await session.scalars(select(LfsObject))
        (blob,) = await session.scalars(select(Blob))
    assert (blob.refs, row.blob_id, row.created_by) == (1, blob.id, uuid)
    await sweep(kernel, kernel.clock())
    assert len(files(crib)) == 1
    assert (await ann.get(url)).content == content


async def test_lost_bytes_are_asked_for_again(crib: AppServer) -> None:
    ann = await crib.user("ann")
    await push(ann, b"abc")
    for file in files(crib):
        file.unlink()
    assert (await pull(ann, b"abc")).status_code == 404
    (told,) = (await batch(ann, "download", b"abc")).json()["objects"]
    assert told["error"]["code"] == 404
    await push(ann, b"abc")
    assert (await pull(ann, b"abc")).content == b"abc"


@pytest.mark.databases("sqlite")
async def test_on_s3(app_server: Start, s3_server: S3Server) -> None:
    crib = await app_server(**s3_server.settings())
    ann = await crib.user("ann")
    content = os.urandom(6_000_000)
    await push(ann, content)
    assert (await pull(ann, content)).content == content
    assert (await pull(ann, content, Range="bytes=5999000-")).content == content[5_999_000:]


@pytest.mark.databases("sqlite")
async def test_a_store_that_is_away_is_503(crib: AppServer) -> None:
    ann = await crib.user("ann")
    files_dir = crib.settings.data_dir / "files"
    files_dir.rename(files_dir.with_name("unplugged"))
    sent = await ann.put(f"{LFS}/objects/{oid_of(b'abc')}", content=b"abc")
    assert (sent.status_code, sent.headers["content-type"]) == (503, MEDIA)
    health = await (await crib.admin()).get("/api/admin/health")
    assert (health.status_code, health.json()["status"]) == (503, "unhealthy")
    assert health.json()["checks"]["storage"]["healthy"] is False
    files_dir.with_name("unplugged").rename(files_dir)
    assert (await ann.put(f"{LFS}/objects/{oid_of(b'abc')}", content=b"abc")).status_code == 200


@pytest.mark.every_database
def test_killed_in_the_middle_of_an_upload_leaves_no_row(
    server: Callable[..., ToolcribServer],
) -> None:
    crib = server()
    content = os.urandom(8_000_000)
    oid = oid_of(content)
    url = f"{crib.url}{LFS}/objects/{oid}"
    drafts = crib.data_dir / "files" / "drafts"
    auth = (ADMIN, PASSWORD)
    asked = {"operation": "download", "objects": [{"oid": oid, "size": len(content)}]}

    def half() -> Any:
        for start in range(0, 6_000_000, 500_000):
            yield content[start : start + 500_000]
        wait_until(lambda: any(draft.stat().st_size for draft in drafts.iterdir()), "bytes on the disk")
        crib.kill()
        yield content[6_000_000:]

    with pytest.raises(httpx.TransportError):
        httpx.put(url, content=half(), auth=auth, headers={"Content-Length": str(len(content))})
    assert len(list(drafts.iterdir())) == 1
    crib.start()
    told = httpx.post(f"{crib.url}{LFS}/objects/batch", json=asked, auth=auth).json()["objects"][0]
    assert told["error"]["code"] == 404
    assert httpx.put(url, content=content, auth=auth).status_code == 200
    assert httpx.get(url, auth=auth).content == content


@pytest.mark.every_database
@pytest.mark.parametrize("way", ["ticket", "credentials"])
async def test_a_member_who_is_removed_while_the_bytes_come_sends_nothing(crib: AppServer, way: str) -> None:
    ann, ben = await crib.user("ann"), await crib.user("ben")
    project = (await ann.post("/api/projects", json={"name": "game"})).json()
    member = f"/api/projects/{project['id']}/members/ben"
    assert (await ann.put(member, json={"role": "member"})).is_success
    content = os.urandom(3_000_000)
    drafts = crib.settings.data_dir / "files" / "drafts"

    async def slow() -> AsyncIterator[bytes]:
        yield content[:2_000_000]
        while not any(drafts.iterdir()):
            await asyncio.sleep(0.01)
        assert (await ann.delete(member)).is_success
        yield content[2_000_000:]

    if way == "ticket":
        (told,) = (await batch(ben, "upload", content)).json()["objects"]
        sent = await follow(told["actions"]["upload"], "PUT", content=slow())
    else:
        sent = await ben.put(f"{LFS}/objects/{oid_of(content)}", content=slow())
    assert (sent.status_code, sent.headers["content-type"]) == (403, MEDIA), sent.text
    (missing,) = (await batch(ann, "download", content)).json()["objects"]
    assert missing["error"]["code"] == 404


@pytest.mark.databases("sqlite")
async def test_a_ticket_to_fetch_ends_with_the_membership(crib: AppServer) -> None:
    ann, ben = await crib.user("ann"), await crib.user("ben")
    project = (await ann.post("/api/projects", json={"name": "game"})).json()
    member = f"/api/projects/{project['id']}/members/ben"
    assert (await ann.put(member, json={"role": "viewer"})).is_success
    await push(ann, b"abc")
    (told,) = (await batch(ben, "download", b"abc")).json()["objects"]
    fetch = told["actions"]["download"]
    assert (await follow(fetch, "GET")).content == b"abc"
    assert (await ann.delete(member)).is_success
    refused = await follow(fetch, "GET")
    assert (refused.status_code, refused.headers["content-type"]) == (403, MEDIA)


@pytest.mark.databases("sqlite")
async def test_a_ticket_ends_with_its_account(crib: AppServer) -> None:
    ben = await crib.user("ben")
    (told,) = (await batch(ben, "upload", b"abc")).json()["objects"]
    admin = await crib.admin()
    (id_,) = [
        each["id"] for each in (await admin.get("/api/admin/users")).json() if each["username"] == "ben"
    ]
    off = await admin.put(f"/api/admin/users/{id_}/status", json={"is_active": False})
    assert off.is_success, off.text
    assert (await follow(told["actions"]["upload"], "PUT", content=b"abc")).status_code == 401
