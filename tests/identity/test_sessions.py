"""Browsers that are signed in: how they are ended, listed, and what ends with them."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import httpx
import jwt
import pytest

from tests.clock import FakeClock
from tests.identity.conftest import SECRET, StartApp, bearer, whoami
from tests.servers.environment import ADMIN, PASSWORD
from tests.servers.inprocess import AppServer

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
PHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/18.5 Mobile/15E148 Safari/604.1"
)
NEW = "an entirely new password"


class Browser:
    """Somebody's browser: it sends the cookie it was given."""

    def __init__(self, server: AppServer, client: httpx.AsyncClient, cookie: str) -> None:
        self.server, self.client, self.cookie = server, client, cookie

    @classmethod
    async def signed_in(cls, server: AppServer, username: str = "ann", user_agent: str = FIREFOX) -> Browser:
        client = httpx.AsyncClient(base_url=server.url, headers={"User-Agent": user_agent})
        body = {"username": username, "password": PASSWORD}
        answer = await client.post("/api/session", json=body)
        assert answer.status_code == 200, answer.text
        cookie = answer.cookies["access_token"]
        client.cookies.clear()  # what it sends is for the test to say
        return cls(server, client, cookie)

    async def ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        headers = {"Cookie": f"access_token={self.cookie}"}
        return await self.client.request(method, path, headers=headers, **options)

    async def is_in(self, server: AppServer | None = None) -> bool:
        answer = await whoami(server or self.server, Cookie=f"access_token={self.cookie}")
        return answer.status_code == 200

    async def sessions(self) -> list[dict[str, Any]]:
        answer = await self.ask("GET", "/api/users/me/sessions")
        assert answer.status_code == 200, answer.text
        return list(answer.json())


@pytest.fixture
async def ann(crib: AppServer) -> httpx.AsyncClient:
    """Signed in by a token, as the command line is."""
    return await crib.user("ann")


async def test_signing_out_ends_the_session_and_no_other(crib: AppServer, ann: httpx.AsyncClient) -> None:
    here, there = await Browser.signed_in(crib), await Browser.signed_in(crib)
    assert await here.is_in()
    answer = await here.ask("DELETE", "/api/session")
    assert answer.status_code == 204
    assert 'access_token=""' in answer.headers["Set-Cookie"]
    assert not await here.is_in()  # a copy of the cookie is useless
    assert (await whoami(crib, **bearer(here.cookie))).status_code == 401
    assert (await here.ask("DELETE", "/api/session")).status_code == 204
    assert await there.is_in()
    assert (await ann.get("/api/whoami")).status_code == 200


@pytest.mark.every_database
async def test_other_processes_hear_of_a_sign_out_within_a_second(
    app_server: StartApp, database_url: str
) -> None:
    here = await app_server(database_url=database_url)
    elsewhere = await app_server(database_url=database_url)
    await here.user("ann")
    first, second = await Browser.signed_in(here), await Browser.signed_in(here)
    assert await first.is_in(elsewhere)
    assert await second.is_in(elsewhere)
    await first.ask("DELETE", "/api/session")
    await wait_until_out(first, elsewhere)
    assert await second.is_in(elsewhere)
    assert (await second.ask("DELETE", "/api/users/me/sessions")).status_code == 204
    await wait_until_out(second, elsewhere)


async def wait_until_out(browser: Browser, server: AppServer) -> None:
    deadline = time.monotonic() + 1
    while await browser.is_in(server):
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)


async def test_the_answer_is_from_memory_until_the_use_is_noted(
    crib: AppServer, ann: httpx.AsyncClient, clock: FakeClock
) -> None:
    browser = await Browser.signed_in(crib)
    started = clock().isoformat()
    assert await browser.is_in()
    token = {"headers": [(b"cookie", f"access_token={browser.cookie}".encode())], "method": "GET"}
    assert crib.kernel.auth.cached(token) is not None
    clock.advance(minutes=5)
    assert crib.kernel.auth.cached(token) is None
    assert await browser.is_in()
    deadline = time.monotonic() + 5
    while (await browser.sessions())[0]["last_used_at"] != clock().isoformat():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)
    assert (await browser.sessions())[0]["created_at"] == started


async def test_people_see_their_browsers_and_end_them(crib: AppServer, ann: httpx.AsyncClient) -> None:
    desk = await Browser.signed_in(crib)
    crib.clock.advance(minutes=1)
    phone = await Browser.signed_in(crib, user_agent=PHONE)
    await crib.user("ben")
    ben = await Browser.signed_in(crib, "ben")
    shown = await phone.sessions()
    assert [(each["device"], each["is_current"]) for each in shown] == [
        ("Safari on iPhone", True),
        ("Firefox on Linux", False),
    ]
    other = shown[1]["id"]
    assert not any(each["is_current"] for each in (await ann.get("/api/users/me/sessions")).json())
    # Nobody else sees or ends it, and an API key does not either.
    assert (await ben.ask("DELETE", f"/api/users/me/sessions/{other}")).status_code == 404
    assert (await crib.client.delete(f"/api/users/me/sessions/{other}")).status_code == 401
    key = (await ann.post("/api/users/me/keys", json={"name": "k"})).json()["key"]
    for path in (f"/api/users/me/sessions/{other}", "/api/users/me/sessions"):
        assert (await crib.client.delete(path, headers={"X-API-Key": key})).status_code == 403
    assert await desk.is_in()
    assert (await phone.ask("DELETE", f"/api/users/me/sessions/{other}")).status_code == 204
    assert (await phone.ask("DELETE", f"/api/users/me/sessions/{other}")).status_code == 404
    assert (await phone.ask("DELETE", "/api/users/me/sessions/none")).status_code in {400, 404}
    assert not await desk.is_in()
    assert [each["device"] for each in await phone.sessions()] == ["Safari on iPhone"]
    log = await (await crib.admin()).get("/api/events", params={"kind": "session", "order": "asc"})
    told = [(event["actor"], event["verb"], event["key"]) for event in log.json()["events"]]
    assert told[-1] == ("ann", "signed_out", "Firefox on Linux")
    assert told.count(("ann", "signed_in", "Safari on iPhone")) == 1


async def test_signing_out_everywhere_ends_all_but_api_keys(crib: AppServer, ann: httpx.AsyncClient) -> None:
    here, there = await Browser.signed_in(crib), await Browser.signed_in(crib)
    key = (await ann.post("/api/users/me/keys", json={"name": "k"})).json()["key"]
    await crib.user("ben")
    ben = await Browser.signed_in(crib, "ben")
    answer = await here.ask("DELETE", "/api/users/me/sessions")
    assert answer.status_code == 204
    assert 'access_token=""' in answer.headers["Set-Cookie"]
    assert not await here.is_in()
    assert not await there.is_in()
    assert (await ann.get("/api/whoami")).status_code == 401
    assert (await whoami(crib, X_API_Key=key)).status_code == 200
    assert await ben.is_in()
    again = await Browser.signed_in(crib)
    assert len(await again.sessions()) == 1


async def test_sessions_end_with_the_password_and_with_the_account(
    crib: AppServer, ann: httpx.AsyncClient
) -> None:
    here, there = await Browser.signed_in(crib), await Browser.signed_in(crib)
    body = {"current_password": PASSWORD, "new_password": NEW}
    answer = await here.ask("PUT", "/api/users/me/password", json=body)
    assert answer.status_code == 200
    assert not await here.is_in()
    assert not await there.is_in()
    here.cookie = answer.cookies["access_token"]
    (left,) = await here.sessions()
    assert left["is_current"]
    me = (await here.ask("GET", "/api/currentuser")).json()
    await (await crib.admin()).delete(f"/api/admin/users/{me['id']}")
    assert not await here.is_in()


async def test_a_session_lasts_so_many_days(app_server: StartApp, clock: FakeClock) -> None:
    server = await app_server(session_days=2)
    await server.user("ann")
    browser = await Browser.signed_in(server)
    clock.advance(days=2, seconds=-1)
    assert await browser.is_in()
    clock.advance(seconds=1)
    assert not await browser.is_in()
    assert await (await Browser.signed_in(server)).sessions() != []
    # Where tokens expire earlier, so do browsers' sessions.
    change = {"jwt_expiry_enabled": True, "jwt_expiry_minutes": 5}
    assert (await (await server.admin()).put("/api/admin/config", json=change)).status_code == 200
    short = await Browser.signed_in(server)
    clock.advance(minutes=5)
    assert not await short.is_in()


async def test_a_cookie_from_before_sessions_stays_good(lite: AppServer) -> None:
    token = (await lite.client.post("/api/login", json={"username": ADMIN, "password": PASSWORD})).json()
    old = Browser(lite, lite.client, token["access_token"])
    assert "exp" not in jwt.decode(old.cookie, SECRET, ["HS256"])
    assert await old.is_in()
    assert (await old.ask("DELETE", "/api/session")).status_code == 204
    assert await old.is_in()  # there is nothing to end but all of the person's tokens
    assert (await old.ask("DELETE", "/api/users/me/sessions")).status_code == 204
    assert not await old.is_in()


async def test_a_person_has_a_bounded_number_of_sessions(app_server: StartApp) -> None:
    lite = await app_server(sessions_per_person=3)
    await lite.user("ann")
    browsers = []
    for _ in range(4):
        browsers.append(await Browser.signed_in(lite))
        lite.clock.advance(minutes=1)
    assert [await each.is_in() for each in browsers] == [False, True, True, True]


async def test_a_stream_of_a_session_that_ends_is_closed(lite: AppServer) -> None:
    await lite.user("ann")
    browser = await Browser.signed_in(lite)
    headers = {"Cookie": f"access_token={browser.cookie}", "Accept": "text/event-stream"}
    async with (
        asyncio.timeout(20),
        lite.client.stream("GET", "/api/events/stream", headers=headers) as stream,
    ):
        assert stream.status_code == 200
        assert (await browser.ask("DELETE", "/api/session")).status_code == 204
        async for _ in stream.aiter_bytes():
            pass
