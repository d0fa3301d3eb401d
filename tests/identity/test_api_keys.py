"""API keys, and the ways to send them."""

from __future__ import annotations

import asyncio
import base64
from typing import Any

import httpx
import pytest
from argon2 import PasswordHasher
from sqlalchemy import select, update

from tests.clock import FakeClock
from tests.identity.conftest import StartApp, bearer, whoami
from tests.servers.environment import ADMIN, PASSWORD
from tests.servers.inprocess import AppServer
from toolcrib.kernel.identity.models import ApiKey, User


async def make_key(client: httpx.AsyncClient, **changes: Any) -> dict[str, Any]:
    answer = await client.post("/api/users/me/keys", json={"name": "build machine"} | changes)
    assert answer.status_code == 201
    found: dict[str, Any] = answer.json()
    return found


def basic(username: str, password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()}


async def test_a_key_is_shown_once_and_kept_as_a_hash(crib: AppServer) -> None:
    ann = await crib.user("ann")
    made = await make_key(ann)
    secret = made.pop("key")
    assert secret.startswith("tck_")
    assert len(secret) > 40
    assert secret.startswith(made["prefix"])
    assert made["last_used_at"] is None
    listed = await ann.get("/api/users/me/keys")
    assert listed.json() == [made]
    assert secret not in listed.text
    async with crib.kernel.database.read() as session:
        (row,) = (await session.execute(select(ApiKey))).scalars()
    assert secret not in {row.digest, row.prefix, row.name}
    log = await (await crib.admin()).get("/api/events", params={"kind": "api_key"})
    assert secret not in log.text
    assert [event["verb"] for event in log.json()["events"]] == ["key_created"]


async def test_a_key_is_taken_wherever_clients_can_put_it(crib: AppServer) -> None:
    ann = await crib.user("ann")
    secret = (await make_key(ann))["key"]
    for headers in (
        {"X-API-Key": secret},
        bearer(secret),
        {"Authorization": f"bearer {secret}"},
        basic("ann", secret),
        basic("", secret),
    ):
        for _ in range(2):  # the second answer comes from memory
            assert (await whoami(crib, **headers)).json()["user"] == "ann", headers


async def test_wrong_keys_open_nothing(lite: AppServer) -> None:
    ann = await lite.user("ann")
    secret = (await make_key(ann))["key"]
    for wrong in (secret[:-1], secret + "A", "tck_", "tck_é", secret.upper()):
        headers = {b"X-API-Key": wrong.encode()}
        assert (await lite.client.get("/api/whoami", headers=headers)).status_code == 401
    # Authorization goes before X-API-Key, and nothing makes up for a bad one.
    assert (await whoami(lite, X_API_Key=secret, Authorization="Bearer x")).status_code == 401


async def test_a_revoked_key_is_dead_at_once(crib: AppServer) -> None:
    ann, ben = await crib.user("ann"), await crib.user("ben")
    made = await make_key(ann)
    headers = {"X-API-Key": made["key"]}
    assert (await whoami(crib, **headers)).status_code == 200
    url = f"/api/users/me/keys/{made['id']}"
    assert (await ben.delete(url)).status_code == 404  # somebody else's
    assert (await whoami(crib, **headers)).status_code == 200
    revoked = await ann.delete(url)
    assert (revoked.status_code, revoked.content) == (204, b"")
    assert (await whoami(crib, **headers)).status_code == 401
    assert (await ann.delete(url)).status_code == 404
    assert (await ann.get("/api/users/me/keys")).json() == []


@pytest.mark.every_database
async def test_a_key_revoked_elsewhere_dies_within_a_second(app_server: StartApp, database_url: str) -> None:
    here, there = await app_server(database_url=database_url), await app_server(database_url=database_url)
    ann = await here.user("ann")
    made = await make_key(ann)
    headers = {"X-API-Key": made["key"]}
    assert (await whoami(there, **headers)).status_code == 200
    await ann.delete(f"/api/users/me/keys/{made['id']}")
    async with asyncio.timeout(1):
        while (await whoami(there, **headers)).status_code != 401:
            await asyncio.sleep(0.02)


async def test_a_key_outlives_a_password_but_not_its_day(lite: AppServer, clock: FakeClock) -> None:
    ann = await lite.user("ann")
    lasting = {"X-API-Key": (await make_key(ann))["key"]}
    brief = {"X-API-Key": (await make_key(ann, expires_in_days=1))["key"]}
    body = {"current_password": PASSWORD, "new_password": "an entirely new password"}
    assert (await ann.put("/api/users/me/password", json=body)).status_code == 200
    for headers in (lasting, brief):
        assert (await whoami(lite, **headers)).status_code == 200
    clock.advance(days=1)
    assert (await whoami(lite, **lasting)).status_code == 200
    assert (await whoami(lite, **brief)).status_code == 401


async def test_a_key_ends_with_its_person(crib: AppServer) -> None:
    ann = await crib.user("ann")
    headers = {"X-API-Key": (await make_key(ann))["key"]}
    admin = await crib.admin()
    id_ = (await ann.get("/api/currentuser")).json()["id"]
    status = f"/api/admin/users/{id_}/status"
    for active, wanted in ((False, 401), (True, 200)):
        await admin.put(status, json={"is_active": active})
        assert (await whoami(crib, **headers)).status_code == wanted
    await admin.delete(f"/api/admin/users/{id_}")
    assert (await whoami(crib, **headers)).status_code == 401


@pytest.mark.every_database
async def test_the_last_use_is_noted_at_most_once_a_minute(crib: AppServer, clock: FakeClock) -> None:
    ann = await crib.user("ann")
    headers = {"X-API-Key": (await make_key(ann))["key"]}

    async def last_used() -> str | None:
        for _ in range(5):  # noted behind the request
            await asyncio.sleep(0.02)
        found: str | None = (await ann.get("/api/users/me/keys")).json()[0]["last_used_at"]
        return found

    assert await last_used() is None
    await whoami(crib, **headers)
    first = await last_used()
    assert first is not None
    clock.advance(seconds=30)
    await whoami(crib, **headers)
    assert await last_used() == first
    clock.advance(seconds=40)
    await whoami(crib, **headers)
    assert (await last_used() or "") > first


UNUSABLE: list[dict[str, Any]] = [
    {},
    {"name": ""},
    {"name": None},
    {"name": "x" * 300},
    {"name": "a\nb"},
    {"name": "k", "expires_in_days": 0},
    {"name": "k", "expires_in_days": "7"},
    {"name": "k", "expires_in_days": 10**9},
]


async def test_keys_that_cannot_be_are_not_made(lite: AppServer) -> None:
    ann = await lite.user("ann")
    for body in UNUSABLE:
        assert (await ann.post("/api/users/me/keys", json=body)).status_code == 400, body
        assert (await ann.get("/api/users/me/keys")).json() == [], body


async def test_keys_are_made_by_people_and_not_by_keys(lite: AppServer) -> None:
    ann = await lite.user("ann")
    secret = (await make_key(ann))["key"]
    for headers in ({"X-API-Key": secret}, basic("ann", secret)):
        answer = await lite.client.post("/api/users/me/keys", json={"name": "k"}, headers=headers)
        assert answer.status_code == 403
    for method, path in (("GET", ""), ("POST", ""), ("DELETE", "/1")):
        body = {"name": "k"} if method == "POST" else None
        assert (await lite.client.request(method, f"/api/users/me/keys{path}", json=body)).status_code == 401


# HTTP Basic with a password


async def test_basic_takes_a_password(crib: AppServer) -> None:
    admin = await crib.admin()
    for name, password in (("ann", "päss:wörd with colon"), ("Ünï", PASSWORD)):
        person = {"username": name, "password": password, "email": "", "is_admin": False} | {
            "email": f"{len(name)}{len(password)}@example.com"
        }
        assert (await admin.post("/api/admin/users", json=person)).status_code == 201
        assert (await whoami(crib, **basic(name, password))).json()["user"] == name
        assert (await whoami(crib, **basic(name, password + "x"))).status_code == 401
        latin = base64.b64encode(f"{name}:{password}".encode("latin-1")).decode()
        assert (await whoami(crib, Authorization=f"Basic {latin}")).json()["user"] == name


async def test_basic_that_is_none_is_refused(lite: AppServer) -> None:
    for value in ("Basic", "Basic !", "Basic YQ==", "Basic OnB3", "Basic YQ==:", "basic AA=="):
        assert (await whoami(lite, Authorization=value)).status_code == 401, value


async def test_wrong_basic_passwords_use_up_the_sign_in_limit(
    app_server: StartApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = await app_server(login_rate="9/minute")
    await server.user("ann")
    for name in (ADMIN, "ann", "ann"):  # three sign-ins by password
        await server.sign_in(name)
    for _ in range(20):
        assert (await whoami(server, **basic("ann", PASSWORD))).status_code == 200
    passwords = server.kernel.auth.passwords
    verify, tried = passwords.verify, []

    async def watched(stored: str | None, password: str, *queue: Any) -> Any:
        tried.append(password)
        return await verify(stored, password, *queue)

    monkeypatch.setattr(passwords, "verify", watched)
    answers = await asyncio.gather(*(whoami(server, **basic("ann", f"guess {n}")) for n in range(15)))
    statuses = [answer.status_code for answer in answers]
    assert statuses.count(401) == 6
    assert statuses.count(429) == 9
    assert len(tried) == 6  # a volley gets no more guesses than a sequence
    # What was proved before goes on working from the same address; a right guess does not get through.
    assert (await whoami(server, **basic("ann", PASSWORD))).status_code == 200
    refused = await whoami(server, **basic("ben", PASSWORD))
    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) > 0


async def test_an_outdated_hash_is_replaced_at_the_next_sign_in(crib: AppServer) -> None:
    ann = await crib.user("ann")
    weak = PasswordHasher(1, 8, 1).hash(PASSWORD)
    async with crib.kernel.database.write() as session:
        await session.execute(update(User).where(User.username == "ann").values(password_hash=weak))
    assert (await whoami(crib, **basic("ann", PASSWORD))).status_code == 200
    async with crib.kernel.database.read() as session:
        stored = (
            await session.execute(select(User.password_hash).where(User.username == "ann"))
        ).scalar_one()
    assert stored is not None
    assert stored != weak
    assert (await ann.get("/api/currentuser")).status_code == 200  # no change of password: tokens live on
    assert await crib.sign_in("ann")
