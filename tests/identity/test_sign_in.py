"""Signing in by password: asset-locks contract rows 1 and 2, machine-pool contract sections 2 and 3."""

from __future__ import annotations

import asyncio
from typing import Any

import jwt
import pytest

from tests.clock import FakeClock
from tests.identity.conftest import SECRET, StartApp, bearer, seconds, whoami
from tests.servers.environment import ADMIN, PASSWORD
from tests.servers.inprocess import AppServer
from toolcrib.kernel.identity.password_queue import LONGEST_QUEUE


async def log_in(server: AppServer, **body: Any) -> Any:
    return await server.client.post("/api/login", json=body)


async def test_a_password_buys_a_token_that_says_who_one_is(crib: AppServer) -> None:
    ann = await crib.user("ann")
    answer = await log_in(crib, username="ann", password=PASSWORD)
    assert answer.status_code == 200
    body = answer.json()
    assert {name: body[name] for name in ("username", "token_type", "expires_in")} == {
        "username": "ann",
        "token_type": "Bearer",
        "expires_in": None,
    }
    me = (await ann.get("/api/currentuser")).json()
    assert (me["username"], me["email"], me["is_admin"], type(me["id"])) == (
        "ann",
        "ann@example.com",
        False,
        int,
    )
    assert me["created_at"].endswith("+00:00")
    assert (await whoami(crib, **bearer(body["access_token"]))).json() == {"user": "ann", "roles": []}
    assert (await (await crib.admin()).get("/api/whoami")).json() == {"user": ADMIN, "roles": ["admin"]}


async def test_a_token_carries_the_claims_other_services_read(lite: AppServer, clock: FakeClock) -> None:
    token = (await log_in(lite, username=ADMIN, password=PASSWORD)).json()["access_token"]
    claims = jwt.decode(token, SECRET, ["HS256"])
    me = (await (await lite.admin()).get("/api/currentuser")).json()
    assert claims.pop("jti")
    assert claims == {
        "iss": "toolcrib",
        "sub": ADMIN,
        "user_id": me["uuid"],
        "company_id": None,
        "is_admin": True,
        "roles": ["admin"],
        "iat": seconds(clock()),
        "nbf": seconds(clock()),
        "type": "access",
        "fresh": False,
        "token_version": 1,
    }


async def test_tokens_expire_when_the_administrator_says_so(lite: AppServer, clock: FakeClock) -> None:
    forever = (await log_in(lite, username=ADMIN, password=PASSWORD)).json()["access_token"]
    change = {"jwt_expiry_enabled": True, "jwt_expiry_minutes": 5}
    assert (await (await lite.admin()).put("/api/admin/config", json=change)).status_code == 200
    answer = (await log_in(lite, username=ADMIN, password=PASSWORD)).json()
    assert answer["expires_in"] == 300
    headers = bearer(answer["access_token"])
    assert (await whoami(lite, **headers)).status_code == 200
    clock.advance(seconds=299)
    assert (await whoami(lite, **headers)).status_code == 200
    clock.advance(seconds=1)  # the answer was in memory: its time counts all the same
    refused = await whoami(lite, **headers)
    assert (refused.status_code, refused.json()["message"]) == (401, "Token expired")
    assert (await whoami(lite, **bearer(forever))).status_code == 200


WITHOUT_BOTH: list[Any] = [
    {},
    {"username": ADMIN},
    {"password": PASSWORD},
    {"username": None, "password": PASSWORD},
    {"username": "", "password": ""},
    {"username": 1, "password": PASSWORD},
    {"username": ADMIN, "password": ["x"]},
    [],
    "text",
    None,
]


async def test_a_sign_in_without_both_words_is_malformed(lite: AppServer) -> None:
    for body in WITHOUT_BOTH:
        answer = await lite.client.post("/api/login", json=body)
        assert answer.status_code == 400, body
        assert answer.json()["error"] == "invalid_request", body
        assert PASSWORD not in answer.text, body


WRONG = [
    (ADMIN, "wrong"),
    (ADMIN, PASSWORD + " "),
    (ADMIN.upper(), PASSWORD),
    ("nobody", PASSWORD),
    ("a\0b", PASSWORD),
    (ADMIN, "\0"),
    ("x" * 5000, PASSWORD),
    ("\ud800", "\udfff"),
]


@pytest.mark.every_database
async def test_nobody_is_told_which_word_was_wrong(crib: AppServer) -> None:
    for username, password in WRONG:
        answer = await crib.client.post(
            "/api/login",
            content=f'{{"username": {_json(username)}, "password": {_json(password)}}}',
            headers={"Content-Type": "application/json"},
        )
        if "\ud800" in username and answer.status_code == 400:
            continue  # text that is no text may also be refused as such
        assert answer.status_code == 401, (username, password)
        body = answer.json()
        assert (body["error"], body["msg"]) == ("invalid_grant", "Wrong username or password.")


async def test_an_unknown_name_costs_as_much_as_a_known_one(
    lite: AppServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    passwords = lite.kernel.auth.passwords
    verify, tried = passwords.verify, []

    async def watched(stored: str | None, password: str, *queue: Any) -> Any:
        tried.append(stored)
        return await verify(stored, password, *queue)

    monkeypatch.setattr(passwords, "verify", watched)
    for username in (ADMIN, "nobody", "a\0b", "x" * 5000):
        assert (await log_in(lite, username=username, password="wrong")).status_code == 401
    assert [stored is None for stored in tried] == [False, True, True, True]
    # What an unknown name's password is held against asks for the same work as a real hash.
    assert tried[0] is not None
    assert tried[0].split("$")[:4] == passwords.nobody.split("$")[:4]


def _json(text: str) -> str:
    return '"' + "".join(f"\\u{ord(letter):04x}" for letter in text) + '"'


async def test_a_password_too_long_for_anybody_is_no_crash(lite: AppServer) -> None:
    assert (await log_in(lite, username=ADMIN, password="x" * 2000)).status_code == 400


async def test_attempts_are_limited_by_address_whatever_became_of_them(app_server: StartApp) -> None:
    server = await app_server(login_rate="3/minute")
    for body in ({"username": ADMIN, "password": PASSWORD}, {"username": ADMIN, "password": "no"}, {}):
        assert (await log_in(server, **body)).status_code != 429
    refused = await log_in(server, username=ADMIN, password=PASSWORD)
    assert refused.status_code == 429
    assert 0 < int(refused.headers["Retry-After"]) <= 60
    assert refused.json()["error"] == "rate_limited"
    # The proxy in front names another client; what that client claims itself does not count.
    for forwarded, status in (("203.0.113.1, 198.51.100.7", 200), ("203.0.113.9, nobody", 429)):
        answer = await server.client.post(
            "/api/login",
            json={"username": ADMIN, "password": PASSWORD},
            headers={"X-Forwarded-For": forwarded},
        )
        assert answer.status_code == status


async def test_a_burst_of_sign_ins_is_served_or_asked_to_wait(lite: AppServer) -> None:
    burst = (log_in(lite, username=ADMIN, password=PASSWORD) for _ in range(2 * LONGEST_QUEUE))
    answers = await asyncio.gather(*burst)
    assert {answer.status_code for answer in answers} == {200, 503}
    for answer in answers:
        if answer.status_code == 503:
            assert (answer.json()["code"], answer.headers["Retry-After"]) == ("busy", "2")


# The browser's cookie


async def open_session(server: AppServer, **headers: str) -> Any:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await server.client.post(
        "/api/session", json={"username": ADMIN, "password": PASSWORD}, headers=named
    )


async def test_a_browser_signs_in_with_a_cookie_that_pages_cannot_read(lite: AppServer) -> None:
    answer = await open_session(lite)
    assert answer.status_code == 200
    assert answer.json()["username"] == ADMIN
    cookie = answer.headers["Set-Cookie"]
    assert all(each in cookie for each in ("access_token=", "HttpOnly", "SameSite=lax", "Path=/"))
    assert "Secure" not in cookie
    assert (await lite.client.get("/api/currentuser")).status_code == 200  # the client kept it
    closed = await lite.client.delete("/api/session")
    assert (closed.status_code, closed.content) == (204, b"")
    assert (await lite.client.get("/api/currentuser")).status_code == 401


async def test_the_cookie_of_a_site_behind_tls_stays_on_tls(lite: AppServer) -> None:
    assert "Secure" in (await open_session(lite, X_Forwarded_Proto="https")).headers["Set-Cookie"]


PUBLIC_URLS = [
    ("https://crib.example.com:8443/tools/crib", "https://crib.example.com:8443"),
    ("https://Crib.Example.com:443/", "https://crib.example.com"),
    ("http://crib.example.com:80", "http://crib.example.com"),
]


@pytest.mark.parametrize(("public_url", "origin"), PUBLIC_URLS)
async def test_the_public_address_is_compared_as_an_origin(
    app_server: StartApp, public_url: str, origin: str
) -> None:
    server = await app_server(public_url=public_url, cors_origins="https://other.example.com/")
    for ours in (origin, "https://other.example.com"):
        assert (await open_session(server, Origin=ours)).status_code == 200, ours
    assert (await open_session(server, Origin=f"{origin}1")).status_code == 403
    answer = await server.client.get("/health", headers={"Origin": "https://other.example.com"})
    assert answer.headers["Access-Control-Allow-Origin"] == "https://other.example.com"


COOKIE_WRITES: list[tuple[dict[str, str], int]] = [
    ({}, 201),
    ({"Sec-Fetch-Site": "same-origin"}, 201),
    ({"Sec-Fetch-Site": "none"}, 201),
    ({"Origin": "{own}"}, 201),
    ({"Origin": "https://crib.example.com"}, 201),
    ({"Origin": "https://other.example.com"}, 403),
    ({"Origin": "null"}, 403),
    ({"Origin": "{own}0"}, 403),
    ({"Origin": "https://crib.example.com.evil.org"}, 403),
    ({"Sec-Fetch-Site": "cross-site"}, 403),
    ({"Sec-Fetch-Site": "same-site"}, 403),
    ({"Origin": "https://other.example.com", "Sec-Fetch-Site": "same-origin"}, 403),
]


async def test_writes_on_the_cookie_come_from_our_own_pages(app_server: StartApp) -> None:
    server = await app_server(public_url="https://crib.example.com")
    await open_session(server)
    admin = await server.admin()
    for headers, status in COOKIE_WRITES:
        sent = {name: value.format(own=server.url) for name, value in headers.items()}
        for _ in range(2):  # the second time the answer is in memory
            answer = await server.client.post("/api/users/me/keys", json={"name": "k"}, headers=sent)
            assert answer.status_code == status, sent
        if status == 403:
            assert answer.json()["code"] == "cross_site_write", sent
            # Reading does no harm, and a token is not sent by a browser on its own.
            assert (await server.client.get("/api/users/me/keys", headers=sent)).status_code == 200, sent
            made = await admin.post("/api/users/me/keys", json={"name": "k"}, headers=sent)
            assert made.status_code == 201, sent


async def test_another_site_cannot_sign_a_browser_in_or_out(lite: AppServer) -> None:
    assert (await open_session(lite, Origin="https://evil.example.org")).status_code == 403
    assert (await open_session(lite)).status_code == 200
    out = await lite.client.delete("/api/session", headers={"Sec-Fetch-Site": "cross-site"})
    assert out.status_code == 403


async def test_the_ways_to_sign_in_are_listed(app_server: StartApp) -> None:
    server = await app_server()
    assert (await server.client.get("/api/auth/providers")).json() == {"oidc": [], "password": True}
    assert (await server.client.get("/api/auth/oidc/login")).status_code == 404
