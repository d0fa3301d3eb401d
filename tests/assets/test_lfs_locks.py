"""The Git LFS locking API over HTTP, on every database. The stock client has its own tests beside these."""

from __future__ import annotations

import asyncio
import re
import socket
import struct
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.conftest import is_full
from tests.servers.environment import ADMIN, PASSWORD, PLAIN
from tests.servers.postgresql import postgresql as run_postgresql
from tests.servers.process import wait_until
from tests.servers.toolcrib import ToolcribServer

if TYPE_CHECKING:
    from tests.servers.inprocess import AppServer

Start = Callable[..., Awaitable["AppServer"]]
LFS = "/game.git/info/lfs"
MEDIA = "application/vnd.git-lfs+json"


@pytest.fixture
async def crib(app_server: Start, database_url: str) -> AppServer:
    return await app_server(database_url=database_url)


async def lock(client: httpx.AsyncClient, path: str, base: str = LFS, **more: Any) -> httpx.Response:
    return await client.post(f"{base}/locks", json={"path": path, **more})


async def listed(client: httpx.AsyncClient, base: str = LFS, **query: Any) -> list[str]:
    found = await client.get(f"{base}/locks", params=query)
    assert found.status_code == 200, found.text
    return [each["path"] for each in found.json()["locks"]]


async def test_a_lock_has_the_shape_clients_read(crib: AppServer) -> None:
    ann = await crib.user("ann")
    made = await lock(ann, "Content/Maps/L 1.umap", ref={"name": "refs/heads/feature/x"})
    assert made.status_code == 201
    assert made.headers["content-type"] == MEDIA
    body = made.json()
    assert "message" not in body
    one = body["lock"]
    assert re.fullmatch(r"[\w-]+", one["id"])
    assert one["path"] == "Content/Maps/L 1.umap"
    assert one["owner"] == {"name": "ann"}
    assert datetime.fromisoformat(one["locked_at"]).utcoffset() is not None
    assert (await ann.get(f"{LFS}/locks")).json() == {"locks": [one]}
    verified = await ann.post(f"{LFS}/locks/verify", json={"ref": {"name": "refs/heads/main"}})
    assert verified.json() == {"ours": [one], "theirs": []}
    released = await ann.post(f"{LFS}/locks/{one['id']}/unlock", json={"force": False})
    assert (released.status_code, released.json()) == (200, {"lock": one})
    assert await listed(ann) == []


async def test_the_same_lock_through_every_door(crib: AppServer) -> None:
    ann = await crib.user("ann")
    await lock(ann, "a.psd", ref={"name": "refs/heads/feature/x"})
    (seen,) = (await ann.get("/api/locks", params={"project": "game"})).json()
    assert (seen["asset_path"], seen["branch"], seen["locked_by"]) == ("a.psd", "feature/x", "ann")
    assert (await ann.get("/api/locks", params={"project": "game", "branch": "feature/x"})).json() == [seen]

    body = {"asset_path": "b.psd", "branch": "main", "project": "game"}
    assert (await ann.post("/api/locks", json=body)).status_code == 201
    assert await listed(ann) == ["a.psd", "b.psd"]
    assert (await lock(ann, "b.psd")).status_code == 409


BRANCHES: list[tuple[dict[str, str] | None, str]] = [
    ({"name": "refs/heads/main"}, "main"),
    ({"name": "main"}, "main"),
    ({"name": "refs/tags/v1"}, "refs/tags/v1"),
    ({"name": ""}, "unknown_branch"),
    ({}, "unknown_branch"),
    (None, "unknown_branch"),
]


@pytest.mark.databases("sqlite")
async def test_branches_are_recorded_as_the_rest_api_writes_them(crib: AppServer) -> None:
    ann = await crib.user("ann")
    for number, (ref, _) in enumerate(BRANCHES):
        assert (await lock(ann, f"{number}.psd", ref=ref)).status_code == 201, ref
    seen = (await ann.get("/api/locks", params={"project": "game"})).json()
    assert {each["asset_path"]: each["branch"] for each in seen} == {
        f"{number}.psd": branch for number, (_, branch) in enumerate(BRANCHES)
    }


async def test_a_lock_holds_on_every_branch(crib: AppServer) -> None:
    """The client sends the branch it is on with every list; a lock of another branch must not look free."""
    ann, ben = await crib.user("ann"), await crib.user("ben")
    await lock(ann, "a.psd", ref={"name": "refs/heads/feature/x"})
    assert await listed(ben, refspec="refs/heads/main") == ["a.psd"]
    verified = await ben.post(f"{LFS}/locks/verify", json={"ref": {"name": "refs/heads/main"}})
    assert [each["path"] for each in verified.json()["theirs"]] == ["a.psd"]
    assert (await lock(ben, "a.psd", ref={"name": "refs/heads/main"})).status_code == 409


async def test_a_refusal_says_all_there_is_to_say(crib: AppServer) -> None:
    ann, ben = await crib.user("ann"), await crib.user("ben")
    body = {
        "asset_path": "Maps/L 1.umap",
        "branch": "main",
        "project": "game",
        "comment": "moving the river",
        "expires_in": 3600,
    }
    held = (await ann.post("/api/locks", json=body)).json()["lock"]
    refused = await lock(ben, "Maps/L 1.umap")
    assert refused.status_code == 409
    assert refused.headers["content-type"] == MEDIA
    answer = refused.json()
    assert answer["lock"]["owner"]["name"] == "ann"
    text = answer["message"]
    since = held["timestamp"][:16].replace("T", " ")
    until = held["expires_at"][:16].replace("T", " ")
    for part in ("Maps/L 1.umap", "ann", since, until, "moving the river", f"{crib.url}/assets?"):
        assert part in text, text
    assert "by you" in (await lock(ann, "Maps/L 1.umap")).json()["message"]


@pytest.mark.every_database
async def test_pages_and_filters(crib: AppServer) -> None:
    ann, ben = await crib.user("ann"), await crib.user("ben")
    names = [f"f{number:03}.bin" for number in range(250)]
    for client, part in ((ann, names[:125]), (ben, names[125:])):
        bulk = {"action": "lock", "paths": part, "project": "game"}
        assert (await client.post("/api/locks/bulk", json=bulk)).status_code == 201

    found: list[str] = []
    cursor, pages = "", 0
    while True:
        query = {"limit": "100", **({"cursor": cursor} if cursor else {})}
        page = (await ann.get(f"{LFS}/locks", params=query)).json()
        found += [each["path"] for each in page["locks"]]
        pages += 1
        cursor = page.get("next_cursor", "")
        if not cursor:
            break
    assert (sorted(found), pages) == (names, 3)

    ours: list[str] = []
    theirs: list[str] = []
    cursor = ""
    while True:
        body = {"limit": 100, **({"cursor": cursor} if cursor else {})}
        page = (await ann.post(f"{LFS}/locks/verify", json=body)).json()
        assert len(page["ours"]) + len(page["theirs"]) <= 100
        ours += [each["path"] for each in page["ours"]]
        theirs += [each["path"] for each in page["theirs"]]
        cursor = page.get("next_cursor", "")
        if not cursor:
            break
    assert (sorted(ours), sorted(theirs)) == (names[:125], names[125:])

    (one,) = (await ann.get(f"{LFS}/locks", params={"path": "f007.bin"})).json()["locks"]
    assert await listed(ann, id=one["id"]) == ["f007.bin"]
    assert await listed(ann, id=one["id"], path="f008.bin") == []
    assert await listed(ann, id="no-such") == []
    assert await listed(ann, path="nothing.bin") == []
    assert len(await listed(ann)) == 250


async def test_a_lock_that_is_over_is_not_listed(crib: AppServer) -> None:
    ann = await crib.user("ann")
    body = {"asset_path": "a.psd", "branch": "main", "project": "game", "expires_in": 60}
    await ann.post("/api/locks", json=body)
    crib.clock.advance(seconds=61)
    assert await listed(ann) == []
    assert (await lock(await crib.user("ben"), "a.psd")).status_code == 201


async def test_unlocking(crib: AppServer) -> None:
    admin, ann, ben = await crib.admin(), await crib.user("ann"), await crib.user("ben")
    project = (await ann.post("/api/projects", json={"name": "game"})).json()
    members = f"/api/projects/{project['id']}/members"
    for name, role in (("ben", "member"), ("cid", "admin")):
        await crib.user(name)
        assert (await ann.put(f"{members}/{name}", json={"role": role})).status_code < 300
    cid = await crib.user("cid")

    async def locked(path: str) -> str:
        identity: str = (await lock(ann, path)).json()["lock"]["id"]
        return identity

    async def unlock(
        client: httpx.AsyncClient, identity: str, force: bool, base: str = LFS
    ) -> httpx.Response:
        return await client.post(f"{base}/locks/{identity}/unlock", json={"force": force})

    identity = await locked("a.psd")
    for force in (False, True):
        refused = await unlock(ben, identity, force)
        assert refused.status_code == 403, "no authority over the project"
        assert refused.json()["message"]
    assert (await unlock(cid, identity, False)).status_code == 403, "not asked to use force"
    assert (await unlock(cid, identity, True)).status_code == 200, "an admin of the project"
    assert (await unlock(cid, identity, True)).status_code == 404, "it has ended"
    (event,) = (
        await ann.get("/api/events", params={"verb": "force_released", "scope": "project:game"})
    ).json()["events"]
    assert (event["actor"], event["data"]["holder"]) == ("cid", "ann")

    identity = await locked("b.psd")
    assert (await unlock(admin, identity, True)).status_code == 200, "an administrator"
    identity = await locked("c.psd")
    assert (await unlock(ann, identity, True)).status_code == 200, "one's own, by force or not"
    identity = await locked("d.psd")
    assert (await unlock(ann, identity, False, "/other.git/info/lfs")).status_code == 404, (
        "of another project"
    )
    for nonsense in ("0", "-1", "x", "9" * 30, "1.5", "%00"):
        assert (await unlock(ann, nonsense, False)).status_code == 404
    assert await listed(ann) == ["d.psd"]


async def test_projects_by_address(crib: AppServer) -> None:
    ann = await crib.user("ann")
    await lock(ann, "a.psd", "/studio/team/game.git/info/lfs")
    await lock(ann, "b.psd", "/info/lfs")
    for base in ("/studio/team/game.git/info/lfs", "/studio/team/game/info/lfs"):
        assert await listed(ann, base) == ["a.psd"]
    assert [each["asset_path"] for each in (await ann.get("/api/locks")).json()] == ["b.psd"]
    assert await listed(ann, "/default.git/info/lfs") == ["b.psd"]


@pytest.mark.databases("sqlite")
async def test_who_may(crib: AppServer) -> None:
    ann, ben, eve = [await crib.user(name) for name in ("ann", "ben", "eve")]
    project = (await ann.post("/api/projects", json={"name": "game"})).json()
    await ann.put(f"/api/projects/{project['id']}/members/ben", json={"role": "viewer"})
    await lock(ann, "a.psd")

    assert await listed(ben) == ["a.psd"]
    assert (await ben.post(f"{LFS}/locks/verify", json={})).status_code == 200
    refused = await lock(ben, "b.psd")
    assert (refused.status_code, refused.headers["content-type"]) == (403, MEDIA)
    for attempt in (
        eve.get(f"{LFS}/locks"),
        eve.post(f"{LFS}/locks/verify", json={}),
        eve.post(f"{LFS}/locks", json={"path": "b.psd"}),
        eve.post(f"{LFS}/locks/1/unlock", json={}),
    ):
        refused = await attempt
        assert refused.status_code == 403
        assert refused.json()["message"]
        assert "www-authenticate" not in refused.headers


@pytest.mark.databases("sqlite")
async def test_verify_is_403_where_another_server_might_say_404(app_server: Start, database_url: str) -> None:
    """One 404 or 501 here switches lock checking off for good in that clone."""
    crib = await app_server(database_url=database_url, unknown_projects="refuse")
    ann = await crib.user("ann")
    for base in ("/unknown", "/a b", "/", "/x%2F..%2Fy", f"/{'x' * 300}"):
        answer = await ann.post(f"{base}.git/info/lfs/locks/verify", json={})
        assert answer.status_code == 403, base


# What an `lfs.url` may be by mistake, as git-lfs asks there for the locks.
MISTYPED = [
    "/locks/verify",
    "//locks/verify",
    "/locks//verify",
    "/locks/verify/",
    "/x/locks/verify",
    "/x.git/locks/verify",
    "/x.git//locks/verify",
    "/x.git/info/locks/verify",
    "/x.git/info/lf/locks/verify",
    "/x.git/info/lfs//locks/verify",
    "/x.git//info/lfs/locks/verify",
    "/x.git/info//lfs/locks/verify",
    "//x.git/info/lfs/locks/verify",
    "/studio//x.git/info/lfs/locks/verify",
    "/x.git/info/lfs/locks/verify/",
    "/x.git/info/lfs/info/lfs/locks/verify",
    "/x.git/info/lfs/locks/locks/verify",
    "/x.git/info/lfs/objects/locks/verify",
    "/x.git/info/lfs%2Flocks%2Fverify/",
    "/x.git%2Flocks%2Fverify",
    "/x%252Flocks/verify",
    "/x%0A/locks/verify",
    "/\u00fc/locks/verify",
    "/%FF/locks/verify",
    "/../locks/verify",
    "/api/locks/verify",
    "/api/x/locks/verify",
    "/api/projects/1/locks/verify",
    "/api/locks/path/locks/verify",
    "/dav/locks/verify",
    "/dav/projects/x/locks/verify",
    "/health/locks/verify",
    "/metrics/locks/verify",
    "/assets/locks/verify",
    "/files/locks/verify",
    "/x.git/info/lfs?/locks/verify",
]


@pytest.mark.databases("sqlite")
async def test_no_address_says_that_locks_are_unsupported(app_server: Start, database_url: str) -> None:
    """git-lfs takes a 404 for "no locks", and remembers it for every address that begins with the one it asked."""
    crib = await app_server(database_url=database_url, base_path="/crib")
    token = (await crib.user("ann")).headers["Authorization"]
    answers = {}
    async with httpx.AsyncClient(verify=PLAIN) as client:
        for top in (crib.url.removesuffix("/crib"), crib.url):
            for address in (f"{top}{path}" for path in MISTYPED):
                for headers in ({"Accept": MEDIA}, {"Accept": MEDIA, "Authorization": token}):
                    refused = await client.post(address, json={}, headers=headers)
                    answers[address, len(headers)] = refused.status_code
                    assert refused.status_code not in {401, 403} or refused.json()["message"], address
    assert set(answers.values()) <= {401, 403}, answers


@pytest.mark.databases("sqlite")
async def test_a_project_is_not_found_at_another_address(crib: AppServer) -> None:
    """With a part written twice, an address would mean another project, where nothing is locked."""
    ann = await crib.user("ann")
    await lock(ann, "a.psd")
    for base in (
        "/game.git//info/lfs",
        "//game.git/info/lfs",
        f"{LFS}/info/lfs",
        "/game.git/x.git//info/lfs",
    ):
        assert (await ann.post(f"{crib.url}{base}/locks/verify", json={})).status_code == 403, base
        assert (await ann.get(f"{crib.url}{base}/locks")).status_code == 403, base


@pytest.mark.databases("sqlite")
async def test_credentials(crib: AppServer) -> None:
    ann = await crib.user("ann")
    key = (await ann.post("/api/users/me/keys", json={"name": "git"})).json()["key"]
    async with httpx.AsyncClient(base_url=crib.url) as client:
        accepted: list[dict[str, Any]] = [
            {"auth": ("ann", PASSWORD)},
            {"auth": ("ann", key)},
            {"auth": ("whatever", key)},
            {"headers": {"Authorization": f"Bearer {key}"}},
            {"headers": dict(ann.headers)},
        ]
        for good in accepted:
            assert (await client.get(f"{LFS}/locks", **good)).status_code == 200, good
        rejected: list[dict[str, Any]] = [
            {},
            {"auth": ("ann", "wrong")},
            {"auth": ("nobody", PASSWORD)},
            {"auth": ("ann", key + "x")},
            {"headers": {"Authorization": "Bearer x.y.z"}},
            {"headers": {"Authorization": "Basic !!!"}},
        ]
        for bad in rejected:
            refused = await client.get(f"{LFS}/locks", **bad)
            assert refused.status_code == 401, bad
            assert refused.headers["lfs-authenticate"].startswith('Basic realm="')
            assert refused.headers["content-type"] == MEDIA
            assert set(refused.json()) == {"message", "request_id"}


MALFORMED = [
    b"",
    b"nonsense",
    b"[]",
    b"null",
    b'{"path": 7}',
    b'{"path": ""}',
    b'{"path": "a\\u0000b"}',
    b'{"path": "\\ud800"}',
    b'{"path": "a", "ref": "main"}',
    b'{"path": "a", "ref": {"name": "%b"}}' % (b"x" * 300),
    b'{"path": "%b"}' % (b"x" * 1025),
]


@pytest.mark.databases("sqlite")
async def test_malformed_bodies_and_queries(crib: AppServer) -> None:
    ann = await crib.user("ann")
    for body in MALFORMED:
        refused = await ann.post(f"{LFS}/locks", content=body, headers={"Content-Type": MEDIA})
        assert (refused.status_code, refused.headers["content-type"]) == (400, MEDIA), body
        assert refused.json()["message"], body
    for query in ("limit=-1", "limit=x", "cursor=x", "cursor=-1", "path=", "path=a%00b"):
        assert (await ann.get(f"{LFS}/locks?{query}")).status_code == 400, query


@pytest.mark.databases("sqlite")
async def test_older_clients_send_no_body(crib: AppServer) -> None:
    ann = await crib.user("ann")
    identity = (await lock(ann, "a.psd")).json()["lock"]["id"]
    assert (await ann.post(f"{LFS}/locks/verify")).status_code == 200
    assert (await ann.post(f"{LFS}/locks/{identity}/unlock")).status_code == 200


@pytest.mark.every_database
async def test_of_many_at_once_one_wins(pytestconfig: pytest.Config, crib: AppServer) -> None:
    people = [await crib.user(f"user{number}") for number in range(8)]
    for turn in range(10 if is_full(pytestconfig) else 4):
        answers = await asyncio.gather(*(lock(person, f"f{turn}") for person in people for _ in range(3)))
        assert sorted(each.status_code for each in answers) == [201] + [409] * 23
        winner = next(each.json()["lock"] for each in answers if each.status_code == 201)
        for each in answers:
            assert each.json()["lock"] == winner


@pytest.mark.every_database
def test_a_database_that_is_down_is_503_and_nothing_else(server: Callable[..., ToolcribServer]) -> None:
    with run_postgresql(durable=True) as database:
        crib = server(DATABASE_URL=database.fresh("bare").url)
        auth = (ADMIN, PASSWORD)

        def verify() -> int:
            return httpx.post(
                f"{crib.url}{LFS}/locks/verify", json={}, auth=auth, timeout=60, verify=PLAIN
            ).status_code

        assert verify() == 200
        database.stop()
        for _ in range(3):
            down = httpx.post(f"{crib.url}{LFS}/locks/verify", json={}, auth=auth, timeout=60, verify=PLAIN)
            assert (down.status_code, down.headers["content-type"]) == (503, MEDIA)
            assert down.json()["message"]
            locking = httpx.post(
                f"{crib.url}{LFS}/locks", json={"path": "a"}, auth=auth, timeout=60, verify=PLAIN
            )
            assert locking.status_code == 503
        database.start()
        wait_until(lambda: verify() == 200, "the server to find its database again", 30)
        crib.close()


def test_an_answer_is_one_piece_on_the_wire(server: Callable[..., ToolcribServer]) -> None:
    """Head and body in one segment: two small ones in a row can cost a client 40 ms."""
    crib = server()
    request = (
        f"GET {LFS}/locks HTTP/1.1\r\nHost: x\r\nAuthorization: {crib.admin.headers['Authorization']}\r\n\r\n"
    ).encode()
    with socket.create_connection(("127.0.0.1", crib.port)) as connection:
        for expected in (1, 2, 3):
            connection.sendall(request)
            answer = connection.recv(65_536)
            assert answer.startswith(b"HTTP/1.1 200")
            assert answer.endswith(b'{"locks":[]}')
            # struct tcp_info, tcpi_data_segs_in
            info = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 256)
            assert struct.unpack_from("I", info, 152)[0] == expected
