"""The short way of the hottest routes answers to the byte what the ordinary way answers, whatever is sent."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING, Any

import pytest

from toolcrib.kernel.fast_routes import FastRoutes

if TYPE_CHECKING:
    from tests.servers.inprocess import AppServer

Start = Callable[..., Awaitable["AppServer"]]
pytestmark = pytest.mark.databases("sqlite")


@pytest.fixture
async def both(app_server: Start) -> tuple[AppServer, AppServer]:
    """The server as it is, and one whose fast routes are met like all others."""
    ordinary = await app_server()
    layer: Any = ordinary.app.middleware_stack
    while not isinstance(layer, FastRoutes):
        layer = layer.app
    assert layer.routes, "the test compares nothing"
    layer.routes, layer.below = {}, []
    return await app_server(), ordinary


async def pieces(content: bytes) -> AsyncIterator[bytes]:
    for at in range(0, len(content), 7):
        yield content[at : at + 7]


Answer = tuple[int, list[tuple[bytes, bytes]], str]
UUID = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
VIEW = re.compile(b'[0-9a-f]{18}"')  # the part of a validator that stands for the person


async def ask(server: AppServer, method: str, path: str, content: Any, headers: dict[str, str]) -> Answer:
    """Status, headers and body, without what differs from server to server."""
    client = await server.user("ann")
    token = client.headers["Authorization"].removeprefix("Bearer ")
    headers = {name: value.replace("{token}", token) for name, value in headers.items()}
    got = await client.request(method, path, content=content, headers=headers)
    shown = [(name, VIEW.sub(b'view"', value)) for name, value in got.headers.raw]
    text = UUID.sub("somebody", got.text.replace(server.url, "http://here"))
    return got.status_code, [each for each in shown if each[0] != b"x-request-id"], text


GOOD = {"asset_path": "a/b.uasset", "branch": "main"}
BODIES: list[bytes] = [
    json.dumps(body).encode()
    for body in (
        GOOD,
        GOOD,  # held by now
        GOOD | {"wait": True},  # by oneself
        GOOD | {"asset_path": "\\x//y/", "comment": "", "project": "films/one"},
        GOOD | {"asset_path": "ä/ß?#%2F .uasset", "comment": "ünï 🎈", "branch": "ä" * 255},
        GOOD | {"asset_path": "later", "expires_at": "2031-01-01T00:00:00"},
        GOOD | {"asset_path": "later/too", "expires_at": "2031-01-01T00:00:00.123456+05:30"},
        GOOD | {"asset_path": "soon", "expires_in": 60},
        GOOD | {"asset_path": "taken", "wait": True},
        GOOD | {"asset_path": "taken", "wait": True, "comment": "again"},
        GOOD | {"asset_path": "taken"},
        GOOD | {"asset_path": "both", "expires_in": 60, "expires_at": "2031-01-01T00:00:00"},
        GOOD | {"asset_path": "past", "expires_at": "2001-01-01T00:00:00Z"},
        GOOD | {"asset_path": "far", "expires_at": "9999-12-31T23:59:59-23:00"},
        GOOD | {"asset_path": "x" * 1025},
        GOOD | {"asset_path": "a\x7fb"},
        GOOD | {"asset_path": "a\u0085b"},
        GOOD | {"asset_path": "/"},
        GOOD | {"asset_path": 5},
        GOOD | {"asset_path": None},
        GOOD | {"branch": ""},
        GOOD | {"branch": "b" * 256},
        GOOD | {"branch": "null\0"},
        GOOD | {"comment": "c" * 2001},
        GOOD | {"comment": ["c"]},
        GOOD | {"project": "no spaces"},
        GOOD | {"wait": "yes"},
        GOOD | {"wait": 1},
        GOOD | {"expires_in": 0},
        GOOD | {"expires_in": "60"},
        GOOD | {"asset_path": "more", "unknown": {"keys": [1, 2]}, "locked_by": "ben"},
        {"asset_path": "alone"},
        [GOOD],
        "text",
        None,
    )
] + [
    b"",
    b"{",
    b"\xff\xfe",
    b'{"asset_path": "\\ud800", "branch": "main"}',
    b'{"asset_path": "twice", "asset_path": "twice/over", "branch": "main"}',
    b'{"asset_path": "nan", "branch": "main", "expires_in": NaN}',
    b"[" * 10_000,
]
HEADERS: list[dict[str, str]] = [
    {},
    {"Content-Type": "text/plain"},
    {"Authorization": ""},
    {"Authorization": "Bearer nonsense"},
    {"Authorization": "", "Cookie": "access_token=nonsense"},
    {"Authorization": "", "Cookie": "access_token={token}", "Origin": "https://elsewhere.example"},
    {"Authorization": "", "Cookie": "access_token={token}"},
    {"X-Request-ID": "mine", "Origin": "https://elsewhere.example"},
]
QUERIES = [
    "",
    "?",
    "?project=films%2Fone",
    "?project=a%20b",
    "?project=",
    "?branch=main&holder=ann&mine=true",
    "?mine=perhaps",
    "?limit=2",
    "?limit=2&cursor=3",
    "?limit=0",
    "?limit=x",
    "?cursor=-1",
    "?prefix=a/&path=a//b.uasset",
    "?path=",
    "?q=%25_",
    "?q=%00",
    "?unknown=1&limit=1&limit=2",
]


async def prepare(server: AppServer) -> None:
    ben = await server.user("ben")
    (await ben.post("/api/locks", json=GOOD | {"asset_path": "taken"})).raise_for_status()


async def test_taking_a_lock(both: tuple[AppServer, AppServer]) -> None:
    statuses = set()
    for server in both:
        await prepare(server)
    for body in BODIES:
        fast, ordinary = [await ask(each, "POST", "/api/locks", body, {}) for each in both]
        assert fast == ordinary, body[:200]
        statuses.add(fast[0])
    assert statuses == {201, 202, 400, 409}


async def test_whoever_asks_and_however_it_comes(both: tuple[AppServer, AppServer]) -> None:
    statuses = set()
    body = json.dumps(GOOD).encode()
    for headers in HEADERS:
        for method, content in (("POST", body), ("POST", None), ("GET", None), ("PUT", body), ("HEAD", None)):
            fast, ordinary = [await ask(each, method, "/api/locks", content, headers) for each in both]
            assert fast == ordinary, (method, headers)
            statuses.add(fast[0])
        fast, ordinary = [await ask(each, "POST", "/api/locks", pieces(body), headers) for each in both]
        assert fast == ordinary, headers
    assert statuses == {200, 201, 400, 401, 403, 405, 409}


async def test_giving_a_lock_back(both: tuple[AppServer, AppServer]) -> None:
    paths = ["a/b.uasset", "with space", "50%25", "what?", "what?project=films%2Fone", "ä", "new\u00df"]
    for server in both:
        await prepare(server)
        ann = await server.user("ann")
        for path in ("a/b.uasset", "with space", "50%25", "what?", "ä", "again"):
            (await ann.post("/api/locks", json=GOOD | {"asset_path": path})).raise_for_status()
        film = GOOD | {"asset_path": "what", "project": "films/one"}
        (await ann.post("/api/locks", json=film)).raise_for_status()
    statuses = set()
    asked = [
        *paths,
        *paths,  # free by now
        *(
            "with%20space",
            "50%2525",
            "%3F",
            "taken",
            "taken?project=films%2Fone",
            "",
            "/",
            "//",
            "%00",
            "a%7Fb",
        ),
        *("x" * 1_025, "again?project=nobody%20has", "a\\b", "what?project=films/one"),
    ]
    for path in asked:
        fast, ordinary = [await ask(each, "DELETE", f"/api/locks/{path}", None, {}) for each in both]
        assert fast == ordinary, path[:200]
        statuses.add(fast[0])
    for headers in HEADERS:
        fast, ordinary = [await ask(each, "DELETE", "/api/locks/again", b"{}", headers) for each in both]
        assert fast == ordinary, headers
        statuses.add(fast[0])
    assert statuses == {200, 400, 401, 403, 404}


async def test_the_list(both: tuple[AppServer, AppServer]) -> None:
    statuses = set()
    for server in both:
        await prepare(server)
    for query in QUERIES:
        plain = [await (await server.user("ann")).get(f"/api/locks{query}") for server in both]
        tags = [answer.headers.get("etag", '"none"') for answer in plain]
        for condition in ("", "*", "nonsense", "{tag}", "W/{tag}", '"1-0-x", {tag}', '{tag}, "1-0-x"'):
            found = []
            for server, own in zip(both, tags, strict=True):
                tag = condition.format(tag=own)
                headers = {"If-None-Match": tag} if tag else {}
                found.append(await ask(server, "GET", f"/api/locks{query}", None, headers))
            assert found[0] == found[1], (query, condition)
            statuses.add(found[0][0])
    assert statuses == {200, 304, 400}


MACHINE = {
    "name": "m1",
    "host": "127.0.0.1",
    "user": "root",
    "password": "secret",
    "tags": ["fast"],
}
WISH = {"tags": "fast", "certificate": True}
WISHES: list[bytes] = [
    json.dumps(body).encode()
    for body in (
        WISH | {"count": 2},
        WISH | {"count": 2, "at_least": 1, "minutes": 30, "purpose": "ünï 🎈", "login": "bench"},
        WISH,  # none is left
        WISH | {"wait": True, "wait_minutes": 10},
        WISH | {"wait": True, "program": True},
        WISH | {"tags": "fast && (", "wait": True},
        WISH | {"tags": "unknown"},
        WISH | {"names": ["m2"], "tags": None},
        WISH | {"names": "m1"},
        WISH | {"count": 0},
        WISH | {"minutes": 10**9},
        WISH | {"starts_at": "2001-01-01T00:00:00Z"},
        WISH | {"login": "root"},
        WISH | {"certificate": False},
        WISH | {"public_keys": ["no key"]},
        WISH | {"unknown": {"keys": [1, 2]}, "password": "p" * 200},
        [WISH],
        None,
    )
] + [b"", b"{", b"\xff\xfe", b'{"tags": "\\ud800"}', b"[" * 10_000]


async def test_reserving_machines(both: tuple[AppServer, AppServer], silent_port: int) -> None:
    statuses = set()
    for server in both:
        admin = await server.admin()
        (await admin.post("/api/machines", json=MACHINE | {"port": silent_port})).raise_for_status()
    for body in WISHES:
        fast, ordinary = [await ask(each, "POST", "/api/reservations", body, {}) for each in both]
        assert fast == ordinary, body[:200]
        statuses.add(fast[0])
    for headers in HEADERS:
        content = json.dumps(WISH | {"wait": True}).encode()
        fast, ordinary = [await ask(each, "POST", "/api/reservations", content, headers) for each in both]
        assert fast == ordinary, headers
        statuses.add(fast[0])
    assert statuses == {201, 202, 400, 401, 403, 404, 409}
