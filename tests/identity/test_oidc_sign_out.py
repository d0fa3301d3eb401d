"""Signing out at the OpenID provider: sent there by us (RP-initiated), and told by it (back-channel)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from joserfc import jwt

from tests.clock import FakeClock
from tests.identity.conftest import StartApp, bearer, whoami
from tests.identity.provider import CLIENT_ID, Provider, provider
from tests.identity.test_oidc import sign_in
from tests.servers.environment import PASSWORD
from tests.servers.inprocess import AppServer

BACK_CHANNEL = "/api/auth/oidc/backchannel-logout"
LOGOUT = "/api/auth/logout"


@pytest.fixture
def idp() -> Iterator[Provider]:
    with provider() as one:
        one.ends_sessions = True
        yield one


@pytest.fixture
async def sso(app_server: StartApp, database_url: str, idp: Provider) -> AppServer:
    return await app_server(database_url=database_url, **idp.settings)


@pytest.fixture
async def lite(app_server: StartApp, idp: Provider) -> AppServer:
    return await app_server(**idp.settings)


async def come(server: AppServer, idp: Provider, sid: str | None = None, **person: Any) -> str:
    """Somebody signs in through a client, in session `sid` of the provider; the token."""
    idp.person = {**idp.person, **person}
    idp.person.pop("sid", None)
    if sid is not None:
        idp.person["sid"] = sid
    answer = await sign_in(server, idp)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["token"])


async def come_by_browser(server: AppServer, idp: Provider, sid: str) -> httpx.AsyncClient:
    browser = httpx.AsyncClient(base_url=server.url, headers={"User-Agent": "Firefox/1 Linux"})
    idp.person["sid"] = sid
    left = await browser.get("/api/auth/oidc/login", params={"redirect": 1})
    back = await browser.get("/api/auth/oidc/callback", params=idp.sign_in(left.headers["location"]))
    assert back.headers["location"] == "/"
    return browser


async def tell(server: AppServer, token: str) -> httpx.Response:
    return await server.client.post(BACK_CHANNEL, data={"logout_token": token})


async def is_in(server: AppServer, token: str) -> bool:
    return (await whoami(server, Authorization=f"Bearer {token}")).status_code == 200


async def test_signing_out_here_leads_to_the_providers_sign_out(lite: AppServer, idp: Provider) -> None:
    browser = await come_by_browser(lite, idp, "s1")
    answer = await browser.post(LOGOUT)
    assert answer.status_code == 200
    url = answer.json()["redirect_url"]
    assert url.startswith(f"{idp.url}/end?")
    query = parse_qs(urlsplit(url).query)
    assert query["client_id"] == [CLIENT_ID]
    assert query["post_logout_redirect_uri"] == [f"{lite.url}/login"]
    hint = jwt.decode(query["id_token_hint"][0], idp.key)
    assert (hint.claims["sub"], hint.claims["sid"]) == ("sub-1", "s1")
    assert "access_token" not in browser.cookies
    assert (await browser.get("/api/whoami")).status_code == 401
    # Again, or from nowhere, does no harm.
    assert (await browser.post(LOGOUT)).json() == {"redirect_url": None}
    await browser.aclose()


async def test_a_client_signs_out_with_its_token(lite: AppServer, idp: Provider) -> None:
    token, other = await come(lite, idp, "s1"), await come(lite, idp, "s2")
    answer = await lite.client.post(LOGOUT, headers=bearer(token))
    assert answer.json()["redirect_url"].startswith(f"{idp.url}/end?")
    assert not await is_in(lite, token)
    assert await is_in(lite, other)
    assert (await lite.client.post(LOGOUT, headers=bearer(token))).json() == {"redirect_url": None}


async def test_who_signed_in_with_a_password_stays_here(lite: AppServer) -> None:
    ann = await lite.user("ann")
    assert (await ann.post(LOGOUT)).json() == {"redirect_url": None}
    refused = await lite.client.post(LOGOUT, headers={"Origin": "https://evil.example"})
    assert refused.status_code == 403


@pytest.mark.parametrize(
    ("settings", "start"),
    [
        ({"OIDC_SIGN_OUT": "here"}, None),
        ({"OIDC_END_SESSION_URL": "https://sso.example/out?x=1"}, "https://sso.example/out?x=1&client_id="),
    ],
)
async def test_settings_say_where_to_sign_out(
    app_server: StartApp, idp: Provider, settings: dict[str, str], start: str | None
) -> None:
    server = await app_server(**idp.settings, **settings, OIDC_SIGNED_OUT_URL="https://crib.example/bye")
    token = await come(server, idp)
    url = (await server.client.post(LOGOUT, headers=bearer(token))).json()["redirect_url"]
    if start is None:
        assert url is None
    else:
        assert url.startswith(start)
        assert parse_qs(urlsplit(url).query)["post_logout_redirect_uri"] == ["https://crib.example/bye"]


async def test_a_provider_without_sign_out_or_that_is_down_keeps_nobody_in(
    app_server: StartApp, idp: Provider, clock: FakeClock
) -> None:
    idp.ends_sessions = False
    server = await app_server(**idp.settings)
    token = await come(server, idp)
    assert (await server.client.post(LOGOUT, headers=bearer(token))).json() == {"redirect_url": None}
    token = await come(server, idp)
    idp.down = True
    clock.advance(hours=2)
    assert (await server.client.post(LOGOUT, headers=bearer(token))).json() == {"redirect_url": None}
    assert not await is_in(server, token)


async def test_the_provider_ends_the_session_that_it_names(sso: AppServer, idp: Provider) -> None:
    browser = await come_by_browser(sso, idp, "s1")
    client, other = await come(sso, idp, "s1"), await come(sso, idp, "s2")
    refreshed = await sso.client.post("/api/auth/refresh", headers=bearer(client))
    assert refreshed.status_code == 200
    ann = await sso.user("ann")
    answer = await tell(sso, idp.logout_token(sid="s1", sub="sub-1"))
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    assert (await browser.get("/api/whoami")).status_code == 401
    assert not await is_in(sso, client)
    assert not await is_in(sso, refreshed.json()["token"])
    assert await is_in(sso, other)
    assert (await ann.get("/api/whoami")).status_code == 200
    assert (await tell(sso, idp.logout_token(sid="s2"))).status_code == 200
    assert not await is_in(sso, other)
    await browser.aclose()


async def test_the_provider_ends_all_sessions_of_a_person(sso: AppServer, idp: Provider) -> None:
    mine = [await come(sso, idp, "s1"), await come(sso, idp, "s2"), await come(sso, idp)]
    theirs = await come(sso, idp, sub="sub-2", preferred_username="yan")
    assert (await tell(sso, idp.logout_token(sub="sub-1"))).status_code == 200
    assert [await is_in(sso, token) for token in mine] == [False, False, False]
    assert await is_in(sso, theirs)
    # People whom nobody knows here, and sessions, are no fault of the provider's.
    assert (await tell(sso, idp.logout_token(sub="nobody"))).status_code == 200
    assert (await tell(sso, idp.logout_token(sid="nothing"))).status_code == 200


async def test_a_session_of_which_the_provider_never_told_us_ends_by_its_person(
    lite: AppServer, idp: Provider
) -> None:
    theirs = await come(lite, idp, sub="sub-2", preferred_username="yan")
    unnamed, named = await come(lite, idp, sub="sub-1"), await come(lite, idp, "s2")
    assert (await tell(lite, idp.logout_token(sid="s1", sub="sub-1"))).status_code == 200
    assert not await is_in(lite, unnamed)
    assert await is_in(lite, named)
    assert await is_in(lite, theirs)
    # Another person's session is not ended by naming it.
    assert (await tell(lite, idp.logout_token(sid="s2", sub="sub-9"))).status_code == 200
    assert await is_in(lite, named)


async def test_a_live_stream_ends_with_its_session(lite: AppServer, idp: Provider) -> None:
    token = await come(lite, idp, "s1")
    async with lite.client.stream("GET", "/api/events/stream", headers=bearer(token)) as stream:
        lines = stream.aiter_lines()
        assert await anext(lines) == "event: hello"
        assert (await tell(lite, idp.logout_token(sid="s1"))).status_code == 200
        async with asyncio.timeout(30):
            async for _ in lines:
                pass


LIES: dict[str, Callable[[Provider], str]] = {
    "no event": lambda idp: idp.logout_token(sid="s1", events=None),
    "another event": lambda idp: idp.logout_token(sid="s1", events={"http://example/other": {}}),
    "an event that is no object": lambda idp: idp.logout_token(
        sid="s1", events={"http://schemas.openid.net/event/backchannel-logout": True}
    ),
    "a nonce": lambda idp: idp.logout_token(sid="s1", nonce="n"),
    "another issuer": lambda idp: idp.logout_token(sid="s1", iss="https://evil.example"),
    "another audience": lambda idp: idp.logout_token(sid="s1", aud="somebody else"),
    "no audience": lambda idp: idp.logout_token(sid="s1", aud=None),
    "no time": lambda idp: idp.logout_token(sid="s1", iat=None),
    "an old time": lambda idp: idp.logout_token(sid="s1", iat=1_000_000_000),
    "a time to come": lambda idp: idp.logout_token(sid="s1", iat=4_000_000_000),
    "a time that is a word": lambda idp: idp.logout_token(sid="s1", iat="now"),
    "an end that is past": lambda idp: idp.logout_token(sid="s1", exp=1_000_000_000),
    "an end that is a word": lambda idp: idp.logout_token(sid="s1", exp="never"),
    "no id": lambda idp: idp.logout_token(sid="s1", jti=None),
    "nobody": lambda idp: idp.logout_token(),
    "a long session": lambda idp: idp.logout_token(sid="s" * 256),
    "another type": lambda idp: idp.logout_token(
        sid="s1", header={"alg": "RS256", "kid": "k1", "typ": "at+jwt"}
    ),
    "nonsense": lambda _: "nonsense",
    "empty": lambda _: "",
}


async def test_a_message_that_does_not_fit_ends_nothing(lite: AppServer, idp: Provider) -> None:
    token = await come(lite, idp, "s1")
    for what, lie in LIES.items():
        answer = await tell(lite, lie(idp))
        assert answer.status_code == 400, what
        assert answer.json()["message"], what
    for sign in (idp.sign_with_another_key, idp.sign_with_the_client_secret):
        sign()
        answer = await tell(lite, idp.logout_token(sid="s1"))
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_logout_token")
    assert await is_in(lite, token)
    too_long = await tell(lite, "x" * 20_000)
    assert too_long.status_code == 400
    assert (await lite.client.post(BACK_CHANNEL)).status_code == 400
    assert (await lite.client.post(BACK_CHANNEL, json={"logout_token": "x"})).status_code == 400


async def test_an_id_token_is_no_logout_token(lite: AppServer, idp: Provider) -> None:
    told: list[dict[str, Any]] = []
    idp.claims = lambda claims: told.append(claims) or claims  # type: ignore[func-returns-value]
    token = await come(lite, idp, "s1")
    id_token = jwt.encode({"alg": "RS256", "kid": "k1"}, told[0], idp.key, ["RS256"])
    assert (await tell(lite, id_token)).status_code == 400
    assert await is_in(lite, token)


@pytest.mark.every_database
async def test_a_message_counts_once(sso: AppServer, idp: Provider) -> None:
    message = idp.logout_token(sid="s1")
    answers = await asyncio.gather(*(tell(sso, message) for _ in range(6)))
    assert sorted(answer.status_code for answer in answers) == [200] + [400] * 5
    token = await come(sso, idp, "s1")
    assert (await tell(sso, message)).json()["code"] == "invalid_logout_token"
    assert await is_in(sso, token)


async def test_without_a_provider_there_is_nothing_to_hear(app_server: StartApp) -> None:
    server = await app_server()
    answer = await server.client.post(BACK_CHANNEL, data={"logout_token": "x"})
    assert (answer.status_code, answer.json()["code"]) == (404, "oidc_not_configured")


async def test_a_clients_session_is_listed_and_refreshed_and_ended(
    app_server: StartApp, idp: Provider, clock: FakeClock
) -> None:
    server = await app_server(**idp.settings, JWT_EXPIRES_MINUTES=60)
    token = await come(server, idp, "s1")
    clock.advance(minutes=50)
    fresh = await server.client.post("/api/auth/refresh", headers=bearer(token))
    assert fresh.status_code == 200
    clock.advance(minutes=50)
    await server.user("ann")
    body = {"username": "ann", "password": PASSWORD}
    assert (
        await server.client.post("/api/session", json=body)
    ).status_code == 200  # which removes old sessions
    server.client.cookies.clear()
    assert not await is_in(server, token)
    token = fresh.json()["token"]
    (listed,) = (await server.client.get("/api/users/me/sessions", headers=bearer(token))).json()
    assert listed["is_current"] is True
    path = f"/api/users/me/sessions/{listed['id']}"
    assert (await server.client.delete(path, headers=bearer(token))).status_code == 204
    assert not await is_in(server, token)


async def test_the_id_token_is_not_stored_in_clear(lite: AppServer, idp: Provider) -> None:
    await come(lite, idp, "s1")
    stored = b"".join(path.read_bytes() for path in lite.settings.data_dir.glob("*.db*"))
    assert b"provider_sessions" in stored
    assert b"eyJ" not in stored  # how every JWT begins
