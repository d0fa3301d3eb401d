"""What an attacker would try first."""

from __future__ import annotations

import asyncio
import hmac
from base64 import urlsafe_b64encode
from collections.abc import Awaitable, Callable
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest

from tests.api.test_every_route import address

if TYPE_CHECKING:
    from tests.servers.inprocess import AppServer

Start = Callable[..., Awaitable["AppServer"]]


@pytest.fixture
async def crib(app_server: Start, database_url: str) -> AppServer:
    return await app_server(database_url=database_url)


PIECE = b"10000\r\n" + b" " * 65_536 + b"\r\n"


async def answer_to_endless(url: str, method: str, path: str, token: str) -> int:
    """The status a server gives while a body that never ends is still arriving. httpx would send on for ever."""
    reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
    head = f"{method} {path} HTTP/1.1\r\nHost: x\r\nAuthorization: {token}\r\nTransfer-Encoding: chunked\r\n"
    writer.write(head.encode() + b"Content-Type: application/json\r\n\r\n" + PIECE * 64)
    status = int((await reader.readline()).split()[1])
    writer.close()
    return status


ENDLESS = [
    ("PUT", "/api/projects/x/members/info/lfs/objects/x"),
    ("PUT", "/api/companies/x/members/info/lfs/objects/" + "0" * 64),
    ("POST", "/x.git/info/lfs/objects/" + "0" * 64 + "/verify"),
    ("POST", "/api/locks/path/info/lfs/objects/x/notify"),
    ("POST", "/api/locks"),
    ("DELETE", "/api/locks/x"),
    ("POST", "/nothing"),
]


@pytest.mark.databases("sqlite")
async def test_no_address_takes_a_body_without_end(crib: AppServer) -> None:
    ann = await crib.user("ann")
    for method, path in ENDLESS:
        async with asyncio.timeout(20):
            status = await answer_to_endless(crib.url, method, path, ann.headers["Authorization"])
        assert 400 <= status < 500, (method, path)


NUMBERS = ["9223372036854775808", "9" * 5_000, "-1"]


@pytest.mark.every_database
async def test_numbers_no_database_keeps_are_refused(crib: AppServer) -> None:
    ann = await crib.user("ann")
    for number in NUMBERS:
        for path in (
            f"/api/claims/{number}",
            f"/api/claims?cursor={number}",
            f"/api/locks?cursor={number}",
            f"/api/events?after={number}",
            f"/api/events?before={number}",
            f"/api/lock-history?path=a&before={number}",
            f"/api/events/stream?after={number}",
        ):
            assert (await ann.get(path)).status_code in {400, 404}, path
        stream = await ann.get("/api/events/stream", headers={"Last-Event-ID": number})
        assert stream.status_code == 400, number
        assert (await ann.post(f"/api/claims/{number}/release")).status_code in {400, 404}, number


@pytest.mark.every_database
async def test_no_number_in_an_address_is_a_crash(crib: AppServer) -> None:
    admin = await crib.admin()
    asked = 0
    for path, operations in (await admin.get("/api/openapi.json", timeout=60)).json()["paths"].items():
        for method, operation in operations.items():
            named: dict[str, dict[str, bool]] = {"path": {}, "query": {}}
            for each in operation.get("parameters", []):
                named.get(each["in"], {})[each["name"]] = each["schema"].get("type") == "integer"
            for number in NUMBERS[:2]:
                filled = path
                for name, is_number in named["path"].items():
                    filled = filled.replace(f"{{{name}}}", number if is_number else "none")
                query = {name: number for name, is_number in named["query"].items() if is_number}
                if not query and not any(named["path"].values()):
                    continue
                answer = await admin.request(
                    method, filled, params=query, json={} if method != "get" else None
                )
                assert answer.status_code < 500, (method, filled[:80], query, answer.text)
                asked += 1
    assert asked > 150


LONG = "9" * 5_000


async def test_numbers_of_any_length_in_headers_are_no_crash(crib: AppServer) -> None:
    ann = await crib.user("ann")
    tag = (await ann.get("/api/locks")).headers["etag"]
    first, _, last = tag.strip('"').split("-")
    answer = await ann.get("/api/locks", headers={"If-None-Match": f'"{first}-{LONG}-{last}"'})
    assert answer.status_code == 200
    batch = f'{{"operation":"upload","objects":[{{"oid":"{"0" * 64}","size":{LONG}}}]}}'
    assert (await ann.post("/info/lfs/objects/batch", content=batch)).status_code == 400
    assert (await ann.get(f"/info/lfs/locks?limit={LONG}&cursor=1")).status_code in {200, 400}
    assert (await ann.post(f"/info/lfs/locks/{LONG}/unlock", json={})).status_code == 404


def part_of_token(content: str) -> str:
    return urlsafe_b64encode(content.encode()).decode().rstrip("=")


async def test_numbers_of_any_length_in_tokens_are_no_crash(crib: AppServer) -> None:
    secret = crib.kernel.secrets.signing
    head = part_of_token('{"alg":"HS256","typ":"JWT"}')
    for bad in (f'{{"alg":"HS256","x":{LONG}}}', "[" * 20_000):
        answer = await crib.client.get(
            "/api/currentuser", headers={"Authorization": f"Bearer {part_of_token(bad)}.e30.x"}
        )
        assert answer.status_code == 401, bad[:30]
    for claims in (f'"exp":{LONG}', '"exp":' + "9" * 400, '"iat":' + "9" * 400, '"nbf":1e400', f'"x":{LONG}'):
        signed = head + "." + part_of_token('{"sub":"ann",' + claims + "}")
        seal = urlsafe_b64encode(hmac.new(secret.encode(), signed.encode(), sha256).digest())
        answer = await crib.client.get(
            "/api/currentuser", headers={"Authorization": f"Bearer {signed}.{seal.decode().rstrip('=')}"}
        )
        assert answer.status_code == 401, claims[:30]


@pytest.mark.parametrize("half", [rb"\ud800", rb"x\uDFFFx", b"\xed\xa0\x80"])
async def test_half_characters_are_refused_wherever_json_is_read(crib: AppServer, half: bytes) -> None:
    """Lone surrogates: no database keeps them, and no answer can hold them."""
    admin = await crib.admin()
    document = await crib.description()
    body = b'{"name":"%s","key":"%s","reason":"%s"}' % (half, half, half)
    read = 0
    for path, item in document["paths"].items():
        for method, operation in item.items():
            kinds = operation.get("requestBody", {}).get("content", {})
            if "application/json" not in kinds and "application/vnd.git-lfs+json" not in kinds:
                continue
            if path.startswith("/api/parts/{part_id}/"):
                continue  # a body that is not JSON counts as none (parts contract, section 5)
            answer = await admin.request(
                method, address(path), content=body, headers={"Content-Type": "application/json"}
            )
            assert answer.status_code == 400, f"{method} {path} -> {answer.status_code} {answer.text[:200]}"
            read += 1
    assert read > 40
    named = await admin.post(
        "/api/projects", content=b'{"name":"%s"}' % half, headers={"Content-Type": "application/json"}
    )
    assert named.status_code == 400


TIMES = ["9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59", "9999-01-01T00:00:00Z", "x", 7e300]


@pytest.mark.every_database
async def test_times_nobody_can_keep_are_refused(crib: AppServer) -> None:
    ann = await crib.user("ann")
    for end in TIMES:
        body = {"asset_path": "a", "branch": "b", "expires_at": end}
        assert (await ann.post("/api/locks", json=body)).status_code == 400, end
        assert (await ann.get("/api/events", params={"since": str(end)})).status_code in {200, 400}, end


@pytest.mark.every_database
async def test_text_no_database_keeps_is_refused(crib: AppServer) -> None:
    ann, ben = await crib.user("ann"), await crib.user("ben")
    made = await ann.post("/api/locks", json={"asset_path": "a", "branch": "b"})
    fence = made.json()["lock"]["fence"]
    for path in (
        "/api/locks?branch",
        "/api/locks?q",
        "/api/claims?q",
        "/api/claims?holder",
        "/api/events?actor",
    ):
        assert (await ann.get(f"{path}=%00")).status_code == 400, path
    assert (await ann.post(f"/api/claims/{fence}/transfer", json={"to": "\0"})).status_code == 400
    assert (await ben.post(f"/api/claims/{fence}/queue", json={"comment": "\0"})).status_code == 400


async def test_an_origin_that_is_no_address_is_another_site(crib: AppServer) -> None:
    await crib.user("ann")
    person = {"username": "ann", "password": "correct horse battery"}
    cookie = (await crib.client.post("/api/session", json=person)).cookies
    answer = await crib.client.post(
        "/api/locks",
        json={"asset_path": "a", "branch": "b"},
        headers={"Origin": "http://[x", "Cookie": f"access_token={cookie['access_token']}"},
    )
    assert answer.status_code == 403


@pytest.mark.every_database
async def test_many_releases_at_once_do_not_wait_for_each_other(crib: AppServer) -> None:
    """Each needs a connection to look and the writer needs one to write: nobody may keep the first meanwhile."""
    ann = await crib.user("ann")
    paths = [f"p{number}" for number in range(60)]
    await ann.post("/api/locks/bulk", json={"action": "lock", "paths": paths})
    async with asyncio.timeout(25):
        answers = await asyncio.gather(*(ann.delete(f"/api/locks/{path}") for path in paths))
    assert {answer.status_code for answer in answers} == {200}


@pytest.mark.every_database
async def test_who_lost_the_right_is_not_given_what_they_waited_for(crib: AppServer) -> None:
    ann, ben, admin = await crib.user("ann"), await crib.user("ben"), await crib.admin()
    project = (await ann.post("/api/projects", json={"name": "game"})).json()
    for name in ("ben", "cem"):
        await crib.user(name)
        await ann.put(f"/api/projects/{project['id']}/members/{name}", json={"role": "member"})
    cem = await crib.user("cem")
    body = {"asset_path": "a", "branch": "b", "project": "game"}
    await ann.post("/api/locks", json=body)
    for client in (ben, cem):
        assert (await client.post("/api/locks", json={**body, "wait": True})).status_code == 202
    await ann.delete(f"/api/projects/{project['id']}/members/ben")
    people = (await admin.get("/api/admin/users")).json()
    ident = next(user["id"] for user in people if user["username"] == "cem")
    await admin.put(f"/api/admin/users/{ident}/status", json={"is_active": False, "is_admin": False})
    assert (await ann.delete("/api/locks/a?project=game")).status_code == 200
    assert (await ann.get("/api/locks?project=game")).json() == []


@pytest.mark.every_database
async def test_the_next_in_line_for_what_is_over_can_be_deleted(crib: AppServer) -> None:
    ann, ben, admin = await crib.user("ann"), await crib.user("ben"), await crib.admin()
    body = {"asset_path": "a", "branch": "b", "expires_in": 60}
    await ann.post("/api/locks", json=body)
    await ben.post("/api/locks", json={**body, "wait": True})
    crib.clock.advance(seconds=61)
    people = (await admin.get("/api/admin/users")).json()
    ident = next(user["id"] for user in people if user["username"] == "ben")
    assert (await admin.delete(f"/api/admin/users/{ident}")).status_code == 204
    assert (await admin.get("/api/locks")).json() == []


async def test_the_current_password_cannot_be_guessed(crib: AppServer) -> None:
    ann = await crib.user("ann")
    order = {"current_password": "wrong", "new_password": "another long one"}
    statuses = [(await ann.put("/api/users/me/password", json=order)).status_code for _ in range(12)]
    assert statuses[0] == 401
    assert statuses[-1] == 429


async def test_a_name_in_use_is_not_registered_by_a_stranger(crib: AppServer) -> None:
    ann, ben = await crib.user("ann"), await crib.user("ben")
    await ann.post("/api/locks", json={"asset_path": "a", "branch": "b", "project": "team"})
    await ann.delete("/api/locks/a?project=team")
    assert (await ben.post("/api/projects", json={"name": "team"})).status_code in {403, 409}
    assert (await ann.post("/api/projects", json={"name": "team"})).status_code == 201
