"""People who come from the sign-in provider, as administrators manage them (desktops contract, section 7), and the
exchange of tokens."""

from __future__ import annotations

from collections.abc import Callable
from email.utils import parsedate_to_datetime
from typing import Any

import pytest

from tests.identity.conftest import StartApp, bearer, whoami
from tests.servers.environment import ADMIN, PASSWORD
from tests.servers.inprocess import AppServer


async def _login(crib: AppServer, username: str) -> str:
    answer = await crib.client.post("/api/login", json={"username": username, "password": PASSWORD})
    token: str = answer.json()["access_token"]
    return token


async def test_people_are_listed_shown_made_and_removed(crib: AppServer) -> None:
    admin = await crib.admin()
    made = await admin.post("/api/users/createuser", json={"username": "zoe", "sub": "s-1", "id": 7})
    assert made.status_code == 201
    assert made.json()["message"].startswith("User created successfully.")
    assert made.json()["is_admin"] is False
    await crib.user("ann")
    await _login(crib, "ann")
    people = (await admin.get("/api/users/list")).json()["users"]
    assert [one["username"] for one in people] == sorted([ADMIN, "ann", "zoe"])
    ann, zoe = (next(one for one in people if one["username"] == name) for name in ("ann", "zoe"))
    assert parsedate_to_datetime(ann["last_login"]) >= parsedate_to_datetime(ann["created_at"])
    assert (zoe["sub"], zoe["last_login"], zoe["email"]) == ("s-1", None, None)
    shown = (await admin.get("/api/users/zoe")).json()["user"]
    assert shown["auth_providers"][0] | {"created_at": ""} == {
        "provider": "oidc",
        "provider_user_id": "s-1",
        "provider_name": None,
        "created_at": "",
        "last_used": None,
    }
    assert (await admin.get("/api/users/ann")).json()["user"]["auth_providers"] == []
    removed = await admin.post("/api/users/removeuser", json={"username": "zoe"})
    assert removed.json() == {"message": "User removed successfully"}
    assert (await admin.get("/api/users/zoe")).json()["error"] == "User not found"


@pytest.mark.databases("sqlite")
async def test_what_is_refused(crib: AppServer) -> None:
    admin = await crib.admin()
    assert (await admin.post("/api/users/createuser", json={"username": "zoe", "sub": "s-1"})).is_success
    wrong: list[tuple[str, Any, int, str]] = [
        ("createuser", None, 400, "Missing request data"),
        ("createuser", {}, 400, "Missing request data"),
        ("createuser", {"username": "bob"}, 400, "Username and sub are required"),
        ("createuser", {"username": "bo", "sub": "s-2"}, 400, "Username must be at least 3 characters long"),
        ("createuser", {"username": "zoe", "sub": "s-2"}, 400, "Username already exists"),
        ("createuser", {"username": "bob", "sub": "s-1"}, 400, "User with this OIDC subject already exists"),
        ("removeuser", {}, 400, "Missing request data"),
        ("removeuser", {"other": 1}, 400, "Missing username in request data"),
        ("removeuser", {"username": ADMIN}, 403, "You cannot remove your own account"),
        ("removeuser", {"username": "nobody"}, 404, "User not found"),
    ]
    for path, body, status, text in wrong:
        answer = await admin.post(f"/api/users/{path}", json=body)
        assert (answer.status_code, answer.json()["error"], answer.json()["message"]) == (status, text, text)
    for sub in ("s" * 256, r"a\u0000b", r"\ud800"):
        content = f'{{"username": "bob", "sub": "{sub}"}}'
        headers = {"Content-Type": "application/json"}
        answer = await admin.post("/api/users/createuser", content=content, headers=headers)
        assert answer.status_code == 400, sub
    assert (await admin.get("/api/users/verify", params={"sub": "s-1"})).status_code == 404


@pytest.mark.databases("sqlite")
async def test_only_administrators_manage_people(crib: AppServer) -> None:
    ann = await crib.user("ann")
    calls = [
        ("GET", "list"),
        ("GET", "ann"),
        ("POST", "createuser"),
        ("POST", "removeuser"),
    ]
    for method, path in calls:
        body = {"username": "mallory", "sub": "s-9"} if method == "POST" else None
        assert (await ann.request(method, f"/api/users/{path}", json=body)).status_code == 403
        assert (await crib.client.request(method, f"/api/users/{path}", json=body)).status_code == 401


@pytest.mark.databases("sqlite")
async def test_whether_somebody_exists_is_told_in_debug_mode(app_server: StartApp) -> None:
    server = await app_server(FLASK_DEBUG="1")
    admin = await server.admin()
    made = (await admin.post("/api/users/createuser", json={"username": "zoe", "sub": "s-1"})).json()
    known = await server.client.get("/api/users/verify", params={"sub": "s-1"})
    assert known.json() == {"exists": True, "user_id": made["id"], "username": "zoe"}
    unknown = await server.client.get("/api/users/verify", params={"sub": "s-2"})
    assert (unknown.status_code, unknown.json()["message"]) == (404, "User not found")
    missing = await server.client.get("/api/users/verify")
    assert (missing.status_code, missing.json()["error"]) == (400, "Missing sub parameter")


@pytest.mark.databases("sqlite")
async def test_a_debug_page_with_the_same_secret_signs_people_in(
    app_server: StartApp, mint: Callable[..., str]
) -> None:
    """By the subject at the provider (desktops contract, section 8); what it says of rights does not count."""
    server = await app_server(FLASK_DEBUG="1")
    admin = await server.admin()
    await admin.post("/api/users/createuser", json={"username": "zoe", "sub": "auth0|zoe@example.com"})
    now = int(server.clock().timestamp())
    token = mint(sub="auth0|zoe@example.com", name="zoe", exp=now + 86_400, admin=True, nbf=None, type=None)
    assert (await whoami(server, **bearer(token))).json() == {"user": "zoe", "roles": []}
    renewed = await server.client.post("/api/auth/refresh", headers=bearer(token))
    assert (await whoami(server, **bearer(renewed.json()["token"]))).json()["user"] == "zoe"
    unknown = mint(sub="auth0|nobody", exp=now + 60)
    refused = await server.client.post("/api/auth/refresh", headers=bearer(unknown))
    assert (refused.status_code, refused.json()["error"]) == (401, "User not found!")


@pytest.mark.databases("sqlite")
async def test_a_token_is_exchanged_for_a_new_one(crib: AppServer) -> None:
    ann = await crib.user("ann")
    token = await _login(crib, "ann")
    crib.clock.advance(minutes=1)
    answer = await crib.client.post("/api/auth/refresh", headers=bearer(token))
    assert list(answer.json()) == ["token"]
    assert (await whoami(crib, **bearer(answer.json()["token"]))).status_code == 200
    key = (await ann.post("/api/users/me/keys", json={"name": "ci", "scopes": ["read"]})).json()["key"]
    for headers in ({"X-API-Key": key}, bearer(key)):
        assert (await crib.client.post("/api/auth/refresh", headers=headers)).status_code == 403
    opened = await crib.client.post("/api/session", json={"username": "ann", "password": PASSWORD})
    cookie = opened.cookies["access_token"]
    crib.client.cookies.clear()
    for headers in ({"Cookie": f"access_token={cookie}"}, bearer(cookie)):
        assert (await crib.client.post("/api/auth/refresh", headers=headers)).status_code == 403
    assert (await crib.client.post("/api/auth/refresh", headers=bearer("x"))).status_code == 401
    assert (await crib.client.post("/api/auth/refresh")).status_code == 401
