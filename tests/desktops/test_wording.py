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
    for route in (
        "GET users/list",
        "GET users/ann",
        "POST users/createuser",
        "POST users/removeuser",
        "POST tokens",
        "GET tokens",
        "DELETE tokens/1",
        "POST desktop-config/create",
        "PUT desktop-config/update/1",
        "DELETE desktop-config/delete/1",
        "GET desktop-config/access/1",
        "POST storage-pvcs/create",
        "GET storage-pvcs/1",
        "DELETE storage-pvcs/1",
        "GET storage-pvcs/1/access",
        "POST storage-pvcs/1/access",
        "GET storage-pvcs/connections/1",
    ):
        method, path = route.split()
        body = {"username": "ann", "sub": "s-1", "name": "x", "image": "y"}
        answer = await ann.request(
            method, f"/api/{path}", json=body if method in {"POST", "PUT"} else None, headers=JSON
        )
        assert said(answer) == (403, "Admin privilege required!"), route


# Routes that read JSON, with what they say of an empty body.
READING = {
    "POST users/createuser": "Missing request data",
    "POST users/removeuser": "Missing request data",
    "POST users/update/ann": "Missing request data",
    "POST auth/oidc/callback": "Missing request data",
    "POST auth/register": "Missing request data",
    "POST tokens": "Missing request data",
    "POST tokens/api-login": "Missing request data",
    "POST connections/scaleup": "Missing required field: name",
    "POST connections/scaledown": "Missing required field: name",
    "POST connections/resume": "Missing required field: name",
    "POST connections/permanent-delete": "Missing required field: name",
    "POST connections/attach-pvc": "Missing required fields: connection_id and pvc_id",
    "POST connections/detach-pvc": "Missing required field: connection_id",
    "POST desktop-config/create": "No data provided",
    "PUT desktop-config/update/1": "No data provided",
    "POST storage-pvcs/create": "No input data provided",
    "POST storage-pvcs/1/access": None,
}


async def test_bodies_that_are_no_json(app_server: Start) -> None:
    crib = await app_server(DESKTOP_RATE="1000/minute")
    admin = await crib.admin()
    for route, nothing in READING.items():
        method, path = route.split()

        async def ask(content: bytes, method: str = method, path: str = path) -> httpx.Response:
            return await admin.request(method, f"/api/{path}", content=content, headers=JSON)

        for content in (b"{", b"nonsense", b'{"username": }', b"\xff\xfe"):
            assert said(await ask(content)) == (400, "Invalid JSON body"), (path, content)
        for content in (b"[]", b'"text"', b"7"):
            answer = await ask(content)
            assert said(answer) == (400, "Invalid JSON body: it must be an object"), (path, content)
            assert isinstance(answer.json()["details"], dict)
        for content in (b"", b"{}", b" { } "):
            if nothing is not None:
                assert said(await ask(content)) == (400, nothing), (path, content)


async def test_an_empty_json_body_is_no_body(crib: AppServer) -> None:
    admin = await crib.admin()
    for route, status in {
        "GET users/list": 200,
        "GET users/check?username=admin": 200,
        "POST auth/refresh": 200,
        "GET tokens": 200,
        "DELETE tokens/1": 404,
        "GET connections/list": 200,
        "GET connections/none": 404,
        "GET connections/none/status": 404,
        "GET desktop-config/list": 200,
        "GET desktop-config/accessible": 200,
        "GET desktop-config/get/1": 404,
        "DELETE desktop-config/delete/1": 404,
        "GET desktop-config/access/1": 404,
        "GET storage-pvcs/list": 200,
        "GET storage-pvcs/1": 404,
        "DELETE storage-pvcs/1": 404,
        "GET storage-pvcs/1/access": 404,
        "GET storage-pvcs/connections/1": 404,
        "GET health": 200,
    }.items():
        method, path = route.split()
        answer = await admin.request(method, f"/api/{path}", content=b"", headers=JSON)
        assert answer.status_code == status, route
        assert status == 200 or said(answer)[0] == 404


async def test_the_pool_s_clients_keep_their_words_where_the_contracts_meet(crib: AppServer) -> None:
    ann = await crib.user("ann")
    for method, path in (("GET", "users"), ("POST", "users"), ("DELETE", "users/ben")):
        anonymous = await crib.client.request(method, f"/api/{path}", json={})
        assert anonymous.json()["error"] == "unauthorized"
        assert anonymous.json()["message"] == "Missing Bearer token"
        refused = await ann.request(method, f"/api/{path}", json={})
        assert refused.json()["error"] == "forbidden"
        assert refused.json()["message"] == "Missing required role: admin"
    stored = await crib.client.get("/api/storage/buckets")  # documents, which another contract has
    assert (stored.json()["status"], stored.json()["error"]) == ("error", "MISSING_JWT_TOKEN")
    own = await crib.client.put("/api/users/me/password", json={})
    assert own.json()["error"] == "Missing Bearer token"
