"""What ends a sign-in ends it at once here, and within a second in other processes."""

from __future__ import annotations

import asyncio
import base64
import time
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from tests.clock import FakeClock
from tests.identity.conftest import StartApp, bearer, whoami
from tests.servers.environment import ADMIN, PASSWORD
from tests.servers.inprocess import AppServer
from toolcrib.kernel.identity.users import get_by_name, set_password

Mint = Callable[..., str]
NEW = "an entirely new password"


async def me(client: httpx.AsyncClient) -> dict[str, Any]:
    found: dict[str, Any] = (await client.get("/api/currentuser")).json()
    return found


def token_of(client: httpx.AsyncClient) -> str:
    return client.headers["Authorization"].removeprefix("Bearer ")


async def deletes(server: AppServer, id_: int) -> None:
    assert (await (await server.admin()).delete(f"/api/admin/users/{id_}")).status_code == 204


async def disables(server: AppServer, id_: int) -> None:
    change = {"is_active": False}
    assert (
        await (await server.admin()).put(f"/api/admin/users/{id_}/status", json=change)
    ).status_code == 200


async def resets_password(server: AppServer, id_: int) -> None:
    change = {"new_password": NEW}
    answer = await (await server.admin()).put(f"/api/admin/users/{id_}/password", json=change)
    assert answer.status_code == 200


ENDS = [deletes, disables, resets_password]


@pytest.mark.parametrize("end", ENDS)
async def test_a_sign_in_ends_at_once(
    crib: AppServer, mint: Mint, clock: FakeClock, end: Callable[[AppServer, int], Awaitable[None]]
) -> None:
    ann = await crib.user("ann")
    older = mint(sub="ann")  # no version: it counts by its age
    id_ = (await me(ann))["id"]
    assert (await whoami(crib, **bearer(older))).status_code == 200
    await end(crib, id_)
    assert (await ann.get("/api/currentuser")).status_code == 401
    assert (await whoami(crib, **bearer(older))).status_code == 401


@pytest.mark.every_database
@pytest.mark.parametrize("end", ENDS)
async def test_another_process_hears_of_it_within_a_second(
    app_server: StartApp, database_url: str, end: Callable[[AppServer, int], Awaitable[None]]
) -> None:
    here = await app_server(database_url=database_url)
    there = await app_server(database_url=database_url)
    ann = await here.user("ann")
    headers = bearer(token_of(ann))
    id_ = (await me(ann))["id"]
    assert (await whoami(there, **headers)).status_code == 200
    await end(here, id_)
    deadline = time.monotonic() + 1
    while (await whoami(there, **headers)).status_code != 401:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)


async def test_a_demotion_acts_at_once(crib: AppServer) -> None:
    ben = await crib.user("ben", is_admin=True)
    assert (await ben.get("/api/admin/users")).status_code == 200
    id_ = (await me(ben))["id"]
    admin = await crib.admin()
    assert (await admin.put(f"/api/admin/users/{id_}/status", json={"is_admin": False})).status_code == 200
    assert (await ben.get("/api/admin/users")).status_code == 403
    assert (await ben.get("/api/whoami")).json() == {"user": "ben", "roles": []}


async def test_nobody_inherits_the_tokens_of_a_name(crib: AppServer, mint: Mint, clock: FakeClock) -> None:
    ann = await crib.user("ann")
    tokens = [token_of(ann), mint(sub="ann"), mint(sub="ann", iat=None, nbf=None)]
    await deletes(crib, (await me(ann))["id"])
    clock.advance(seconds=5)
    admin = await crib.admin()
    person = {"username": "ann", "password": PASSWORD, "email": "ann@example.com"}
    assert (await admin.post("/api/admin/users", json=person)).status_code == 201
    for token in tokens:
        assert (await whoami(crib, **bearer(token))).status_code == 401
    clock.advance(seconds=1)
    assert (await whoami(crib, **bearer(mint(sub="ann")))).status_code == 200


async def test_an_account_enabled_again_gets_no_token_back(crib: AppServer) -> None:
    ann = await crib.user("ann")
    id_ = (await me(ann))["id"]
    await disables(crib, id_)
    refused = await crib.client.post("/api/login", json={"username": "ann", "password": PASSWORD})
    assert (refused.status_code, refused.json()["message"]) == (401, "This account is disabled.")
    admin = await crib.admin()
    assert (await admin.put(f"/api/admin/users/{id_}/status", json={"is_active": True})).status_code == 200
    assert (await ann.get("/api/currentuser")).status_code == 401
    assert (await (await crib.sign_in("ann")).get("/api/currentuser")).status_code == 200


async def test_basic_credentials_end_with_the_password_and_are_not_hashed_each_time(
    crib: AppServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann = await crib.user("ann")
    id_ = (await me(ann))["id"]
    headers = {"Authorization": "Basic " + base64.b64encode(f"ann:{PASSWORD}".encode()).decode()}
    verified = 0
    passwords = crib.kernel.auth.passwords
    verify = passwords.verify

    async def counting(stored: str | None, password: str, *queue: Any) -> Any:
        nonlocal verified
        verified += 1
        return await verify(stored, password, *queue)

    monkeypatch.setattr(passwords, "verify", counting)
    await asyncio.gather(*(whoami(crib, **headers) for _ in range(20)))
    assert verified == 1
    # Somebody else's change empties the memory of answers, but proves nothing about this password.
    await (await crib.admin()).post("/api/users/me/keys", json={"name": "k"})
    assert (await whoami(crib, **headers)).json()["user"] == "ann"
    assert verified == 1
    await resets_password(crib, id_)
    assert (await whoami(crib, **headers)).status_code == 401
    assert verified == 2


@pytest.mark.every_database
async def test_a_lagging_tail_is_not_believed(lite: AppServer, monkeypatch: pytest.MonkeyPatch) -> None:
    ann = await lite.user("ann")
    principal = (await ann.get("/api/currentuser")).json()
    assert principal["username"] == "ann"
    auth = lite.kernel.auth
    scope = {"headers": [(b"authorization", ann.headers["Authorization"].encode())], "method": "GET"}
    known = auth.cached(scope)
    assert known is not None
    assert auth.is_current(known)
    monkeypatch.setattr(lite.kernel.tail, "is_fresh", lambda: False)
    assert auth.cached(scope) is None
    assert not auth.is_current(known)
    assert (await ann.get("/api/currentuser")).status_code == 200  # asked of the database instead


@pytest.mark.every_database
async def test_what_ends_here_ends_at_once_even_while_others_write(
    app_server: StartApp, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tail must first read what the other process wrote: the sign-in does not wait for that."""
    here = await app_server(database_url=database_url, tail_seconds=0.5)
    there = await app_server(database_url=database_url)
    ann = await here.user("ann")
    headers = [(b"authorization", ann.headers["Authorization"].encode())]
    scope = {"headers": headers, "method": "GET"}
    assert (await ann.get("/api/currentuser")).status_code == 200
    monkeypatch.setattr(here.kernel.tail, "is_fresh", lambda: True)
    assert here.kernel.auth.cached(scope) is not None
    body = {"asset_path": "a.uasset", "branch": "main"}
    assert (await (await there.admin()).post("/api/locks", json=body)).status_code == 201
    async with here.kernel.database.write() as session:
        user = await get_by_name(session, "ann")
        await set_password(session, user, "none", actor=None, now=here.clock())
    assert here.kernel.auth.cached(scope) is None


async def test_answers_do_not_pile_up(app_server: StartApp, mint: Mint) -> None:
    lite = await app_server(credentials_kept=2)
    tokens = [mint(sub=ADMIN, jti=str(number)) for number in range(4)]
    for token in tokens:
        assert (await whoami(lite, **bearer(token))).status_code == 200

    def is_known(token: str) -> bool:
        scope = {"headers": [(b"authorization", f"Bearer {token}".encode())], "method": "GET"}
        return lite.kernel.auth.cached(scope) is not None

    assert [is_known(token) for token in tokens] == [False, False, True, True]
    assert (await whoami(lite, **bearer(tokens[0]))).status_code == 200


async def test_a_stream_learns_that_its_reader_is_gone(app_server: StartApp, database_url: str) -> None:
    crib = await app_server(database_url=database_url, stream_heartbeat_seconds=0.2)
    ann = await crib.user("ann")
    id_ = (await me(ann))["id"]
    async with ann.stream("GET", "/api/events/stream") as stream:
        lines = stream.aiter_lines()
        assert await anext(lines) == "event: hello"
        await deletes(crib, id_)
        async with asyncio.timeout(20):
            async for _ in lines:
                pass  # it ends, where that of somebody who may stay would not
