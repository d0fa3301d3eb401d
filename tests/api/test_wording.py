"""Refusals are written for the clients of their path, chosen by method and path; no other path is touched."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.servers.inprocess import AppServer

Start = Callable[..., Awaitable["AppServer"]]

pytestmark = pytest.mark.databases("sqlite")

BEARER = 'Bearer realm="Toolcrib"'


@pytest.fixture
async def crib(app_server: Start) -> AppServer:
    return await app_server()


def is_default(body: dict[str, Any]) -> bool:
    return bool(body["error"] == body["message"] == body["msg"] and body["code"] != body["error"])


def is_pool(body: dict[str, Any]) -> bool:
    return bool(body["error"] == body["code"] and body["message"] == body["msg"])


async def test_the_pool_s_clients_read_the_code_in_error_on_their_routes_alone(crib: AppServer) -> None:
    theirs = [
        ("GET", "/api/users"),
        ("POST", "/api/users"),
        ("DELETE", "/api/users/ann"),
        ("GET", "/api/whoami"),
        ("GET", "/api/machines/m1"),
        ("GET", "/api/reserve"),
    ]
    others = [
        ("PUT", "/api/users/me/password"),
        ("DELETE", "/api/users/me/keys/1"),
        ("GET", "/api/users/ann"),
        ("PUT", "/api/users"),
        ("GET", "/api/currentuser"),
        ("GET", "/api/loginx"),
    ]
    for method, path in theirs:
        answer = await crib.client.request(method, path)
        assert answer.status_code in {401, 404, 405}, path
        assert is_pool(answer.json()), (method, path, answer.text)
    for method, path in others:
        answer = await crib.client.request(method, path)
        assert answer.status_code in {401, 404, 405}, path
        assert is_default(answer.json()), (method, path, answer.text)


async def test_a_401_asks_for_credentials_as_the_client_of_the_path_gives_them(crib: AppServer) -> None:
    plain = await crib.client.get("/api/claims")
    assert (plain.status_code, plain.headers["www-authenticate"]) == (401, BEARER)
    storage = await crib.client.get("/api/storage/buckets")
    assert (storage.status_code, storage.headers["www-authenticate"]) == (401, BEARER)
    assert storage.json()["status"] == "error"
    files = await crib.client.request("PROPFIND", "/dav/")
    assert files.status_code == 401
    assert files.headers["www-authenticate"] == 'Basic realm="Toolcrib", charset="UTF-8"'
    lfs = await crib.client.get("/game.git/info/lfs/locks")
    assert lfs.status_code == 401
    assert lfs.headers["www-authenticate"] == lfs.headers["lfs-authenticate"] == 'Basic realm="Toolcrib"'
    assert lfs.headers["content-type"] == "application/vnd.git-lfs+json"
    assert set(lfs.json()) == {"message", "request_id"}


@pytest.mark.parametrize("path", ["/game.git/info/lfs", "/game.git/info/lfs/nothing", "/api/storage/nothing"])
async def test_an_address_of_a_protocol_is_never_the_page(crib: AppServer, path: str) -> None:
    answer = await crib.client.get(path)
    assert answer.status_code == 404
    assert "json" in answer.headers["content-type"]


async def test_a_refusal_before_the_routes_is_in_the_path_s_wording_too(crib: AppServer) -> None:
    large = b"x" * (crib.settings.max_body_bytes + 1)
    lfs = await crib.client.post("/game.git/info/lfs/locks", content=large)
    users = await crib.client.post("/api/users", content=large)
    assert (lfs.status_code, users.status_code) == (413, 413)
    assert set(lfs.json()) == {"message", "request_id"}
    assert is_pool(users.json())
