"""Refusals on the routes of the desktops contract, in its words; those of other contracts keep theirs."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import pytest

from tests.api.test_every_route import PUBLIC, address, operations
from tests.identity.conftest import bearer

if TYPE_CHECKING:
    import httpx

    from tests.servers.inprocess import AppServer

Start = Callable[..., Awaitable["AppServer"]]

pytestmark = pytest.mark.databases("sqlite")

THEIRS = re.compile(
    r"(GET|POST|PUT|DELETE) "
    r"/api/(connections|desktop-config|storage-pvcs|tokens?|auth/(oidc|refresh|register|login))(/|$)"
    r"|(GET|POST) /api/users/(?!me/)"
)
JSON = {"Content-Type": "application/json"}


@pytest.fixture
async def crib(app_server: Start) -> AppServer:
    return await app_server()


def said(answer: httpx.Response) -> tuple[int, str]:
    body = answer.json()
    assert body["error"] == body["message"], answer.text
    return answer.status_code, body["error"]


async def _routes(crib: AppServer) -> list[tuple[str, str]]:
    document = await crib.description()
    found = [each for each in operations(document) if THEIRS.match(" ".join(each)) and each not in PUBLIC]
    assert len(found) >= 5
    return found


async def test_who_is_not_signed_in_reads_why(crib: AppServer) -> None:
    ann = await crib.user("ann")
    head, payload, signature = ann.headers["Authorization"].removeprefix("Bearer ").split(".")
    forged = f"{head}.{payload}.{signature[::-1]}"
    for method, path in await _routes(crib):
        where = address(path)
        for headers, text in (
            (JSON, "Token is missing!"),
            (JSON | {"Authorization": "Token abc"}, "Token is missing!"),
            (JSON | {"Authorization": "Bearer"}, "Token is missing!"),
            (JSON | bearer("nonsense"), "Token is invalid!"),
            (JSON | bearer(forged), "Token is invalid!"),
        ):
            answer = await crib.client.request(method, where, headers=headers)
            assert said(answer) == (401, text), (method, path, headers)


async def test_a_token_of_somebody_who_is_gone(crib: AppServer) -> None:
    admin, ann = await crib.admin(), await crib.user("ann")
    assert (await admin.post("/api/users/removeuser", json={"username": "ann"})).is_success
    assert said(await ann.get("/api/users/list")) == (401, "User not found!")


async def test_an_expired_token_is_an_invalid_one(app_server: Start) -> None:
    crib = await app_server(JWT_EXPIRES_MINUTES="5")
    ann = await crib.user("ann")
    crib.clock.advance(minutes=6)
    assert said(await ann.get("/api/users/list")) == (401, "Token is invalid!")


async def test_only_administrators_and_in_these_words(crib: AppServer) -> None:
    ann = await crib.user("ann")
    for method, path in (("GET", "list"), ("GET", "ann"), ("POST", "createuser"), ("POST", "removeuser")):
        answer = await ann.request(method, f"/api/users/{path}", json={"username": "ann", "sub": "s-1"})
        assert said(answer) == (403, "Admin privilege required!"), path


async def test_bodies_that_are_no_json(crib: AppServer) -> None:
    admin = await crib.admin()
    for path in ("users/createuser", "users/removeuser", "auth/oidc/callback"):
        for content in (b"{", b"nonsense", b'{"username": }', b"\xff\xfe"):
            answer = await admin.post(f"/api/{path}", content=content, headers=JSON)
            assert said(answer) == (400, "Invalid JSON body"), (path, content)
        for content in (b"[]", b'"text"', b"7", b"null"):
            answer = await admin.post(f"/api/{path}", content=content, headers=JSON)
            assert answer.status_code == 400
            assert isinstance(answer.json()["details"], dict)
        for content in (b"", b"{}", b" { } "):
            answer = await admin.post(f"/api/{path}", content=content, headers=JSON)
            assert said(answer) == (400, "Missing request data"), (path, content)


async def test_an_empty_json_body_is_no_body(crib: AppServer) -> None:
    admin = await crib.admin()
    for method, path in (
        ("GET", "users/list"),
        ("POST", "auth/refresh"),
        ("GET", "health"),
    ):
        answer = await admin.request(method, f"/api/{path}", content=b"", headers=JSON)
        assert answer.status_code == 200, path


async def test_the_pool_s_clients_keep_their_words_where_the_contracts_meet(crib: AppServer) -> None:
    ann = await crib.user("ann")
    for method, path in (("GET", "users"), ("POST", "users"), ("DELETE", "users/ben")):
        anonymous = await crib.client.request(method, f"/api/{path}", json={})
        assert anonymous.json()["error"] == "unauthorized"
        assert anonymous.json()["message"] == "Missing Bearer token"
        refused = await ann.request(method, f"/api/{path}", json={})
        assert refused.json()["error"] == "forbidden"
        assert refused.json()["message"] == "Missing required role: admin"
    own = await crib.client.put("/api/users/me/password", json={})
    assert own.json()["error"] == "Missing Bearer token"
