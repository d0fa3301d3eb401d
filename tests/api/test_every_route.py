"""What holds for every route there is, found by walking the OpenAPI document."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterator
from itertools import product
from typing import TYPE_CHECKING, Any

import httpx
import pytest

if TYPE_CHECKING:
    from tests.servers.inprocess import AppServer

Start = Callable[..., Awaitable["AppServer"]]

# What anybody may ask without saying who they are, and why.
PUBLIC = {
    ("GET", "/health"),
    ("GET", "/healthz"),
    ("GET", "/api/health"),
    ("GET", "/api/healthz"),
    ("GET", "/api/storage/health"),
    ("POST", "/api/login"),  # that is where one says it
    ("POST", "/api/session"),
    ("DELETE", "/api/session"),  # signing out twice does no harm
    ("GET", "/api/auth/providers"),  # what the sign-in page offers
    ("GET", "/api/auth/oidc/login"),
    ("GET", "/api/auth/oidc/callback"),
    ("POST", "/api/auth/oidc/callback"),
    ("POST", "/api/auth/logout"),  # as DELETE /api/session
    ("POST", "/api/auth/oidc/backchannel-logout"),  # the provider's signature is the credential
    # The state is the credential; for somebody's own connection, with their cookie.
    ("GET", "/api/auth/onshape/callback"),
    ("GET", "/api/parts/auth/onshape/callback"),
    ("POST", "/api/auth/login"),  # always 400
    ("POST", "/api/tokens/api-login"),  # the body has the credential
    ("GET", "/api/users/verify"),  # 404 outside debug mode
    ("GET", "/api/confirm-email/{token}"),  # the mailed link is the credential
    ("GET", "/api/confirm-password/{token}"),
    ("GET", "/api/pool/calendar/{token}.ics"),  # so is the secret address
}
# Their addresses are signed: without the signature they refuse in their own way.
SIGNED = re.compile(r"^/api/files/")

MISSING = {
    "fence": "999999999",
    "token": "nothing",
    "project": "nobody-knows",
    "oid": "0" * 64,
}


@pytest.fixture
async def crib(app_server: Start) -> AppServer:
    return await app_server()


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for path, item in document["paths"].items():
        for method in item:
            if method in {"get", "post", "put", "patch", "delete"}:
                yield method.upper(), path


def address(path: str) -> str:
    return re.sub(r"\{(\w+)(:path)?\}", lambda found: MISSING.get(found[1], "0"), path)


def check_shape(method: str, path: str, answer: httpx.Response) -> None:
    where = f"{method} {path} -> {answer.status_code}"
    body = answer.json()
    assert isinstance(body, dict), where
    if "/info/lfs" in path:
        assert answer.headers["content-type"].startswith("application/vnd.git-lfs+json"), where
        assert body["message"], where
        assert "request_id" in body, where
    elif path.startswith("/api/storage/"):
        assert body["status"] == "error", where
        assert body["error"] == body["message"].upper(), where
        assert body["timestamp"], where
    else:
        assert body["msg"] == body["message"] != "", where
        assert re.fullmatch(r"[a-z_]+", body["code"]), where
        assert body["error"] in {body["message"], body["code"]}, where
        assert "details" in body, where
    assert "Traceback" not in answer.text, where
    assert "SELECT" not in answer.text, where


async def test_every_route_refuses_an_anonymous_caller_in_the_one_shape(crib: AppServer) -> None:
    document = await crib.description()
    found = list(operations(document))
    assert len(found) > 50
    for method, path in found:
        if (method, path) in PUBLIC or SIGNED.match(path):
            continue
        answer = await crib.client.request(method, address(path), json={} if method != "GET" else None)
        assert answer.status_code == 401, f"{method} {path} -> {answer.status_code} {answer.text[:200]}"
        check_shape(method, path, answer)


async def test_every_route_refuses_a_tampered_token(crib: AppServer) -> None:
    ann = await crib.user("ann")
    token = ann.headers["Authorization"]
    head, payload, signature = token.split(".")
    bad = ".".join([head, payload, signature[:-4] + ("AAAA" if signature[-4:] != "AAAA" else "BBBB")])
    document = await crib.description()
    for method, path in operations(document):
        if (method, path) in PUBLIC or SIGNED.match(path):
            continue
        body: dict[str, Any] | None = {} if method != "GET" else None
        answer = await crib.client.request(method, address(path), json=body, headers={"Authorization": bad})
        assert answer.status_code == 401, f"{method} {path} -> {answer.status_code}"


async def test_no_admin_route_opens_to_others(crib: AppServer) -> None:
    ann = await crib.user("ann")
    document = await crib.description()
    found = [(method, path) for method, path in operations(document) if path.startswith("/api/admin")]
    assert len(found) > 8
    for method, path in found:
        answer = await ann.request(method, address(path), json={} if method != "GET" else None)
        assert answer.status_code == 403, f"{method} {path} -> {answer.status_code}"
        check_shape(method, path, answer)


async def test_no_body_makes_any_route_crash(crib: AppServer) -> None:
    admin = await crib.admin()
    taking = [
        (method, path)
        for method, path in operations(await crib.description())
        if method not in {"GET", "DELETE"} and not SIGNED.match(path)
    ]
    bodies = [b"nonsense", b"[]", b"null", b'"text"', b"\xff\xfe", b"[" * 5_000]
    for (method, path), body in product(taking, bodies):
        answer = await admin.request(
            method, address(path), content=body, headers={"Content-Type": "application/json"}
        )
        where = f"{method} {path} {body[:9]!r} -> {answer.status_code} {answer.text[:200]}"
        assert answer.status_code < 500, where
        if answer.status_code >= 400:
            check_shape(method, path, answer)


async def test_unknown_routes_and_methods_have_the_shape_too(crib: AppServer) -> None:
    ann = await crib.user("ann")
    for method, path, status in (
        ("GET", "/api/nothing", 404),
        ("POST", "/api/nothing/at/all", 404),
        ("GET", "/api/storage/nothing", 404),
        ("PATCH", "/api/login", 405),
        ("GET", "/api/login", 405),
        ("DELETE", "/api/locks", 405),
        ("GET", "/api/locks/", 400),
        ("GET", "/info/lfs/nothing", 404),
    ):
        answer = await ann.request(method, path)
        assert answer.status_code == status, f"{method} {path} -> {answer.status_code}"
        check_shape(method, path, answer)


async def test_api_routes_never_redirect(crib: AppServer) -> None:
    ann = await crib.user("ann")
    for path in ("/api/locks/", "/api//locks", "/api/currentuser/", "/api/admin/users/"):
        assert not (await ann.get(path)).is_redirect
