"""Older routes of the desktops contract (section 16) about people and sign-in."""

from __future__ import annotations

from typing import Any

import pytest

from tests.servers.environment import ADMIN
from tests.servers.inprocess import AppServer

JSON = {"Content-Type": "application/json"}


async def test_a_person_is_changed(crib: AppServer) -> None:
    admin = await crib.admin()
    await crib.user("ann")
    asked = {"email": "ann@new.example", "organization": "Desks", "is_admin": True, "unknown": 1}
    changed = await admin.post("/api/users/update/ann", json=asked)
    assert changed.status_code == 200
    assert changed.json()["message"] == "User updated successfully"
    shown = (await admin.get("/api/users/ann")).json()["user"]
    assert {key: shown[key] for key in ("email", "organization", "is_admin")} == {
        "email": "ann@new.example",
        "organization": "Desks",
        "is_admin": True,
    }
    assert changed.json()["user"] == {key: shown[key] for key in changed.json()["user"]}
    verbs = [one["verb"] for one in (await admin.get("/api/events?kind=user")).json()["events"]]
    assert {"email_changed", "admin_granted"} <= set(verbs)
    cleared = await admin.post("/api/users/update/ann", json={"organization": None})
    assert cleared.json()["user"]["organization"] is None
    assert cleared.json()["user"]["email"] == "ann@new.example"


@pytest.mark.databases("sqlite")
async def test_changes_that_are_refused(crib: AppServer) -> None:
    admin = await crib.admin()
    await crib.user("ann")
    await crib.user("ben")
    wrong: list[tuple[str, Any, int]] = [
        ("ann", {}, 400),
        ("ann", {"email": "none"}, 400),
        ("ann", {"email": "ben@example.com"}, 409),
        ("ann", {"is_admin": "yes"}, 400),
        ("ann", {"organization": "x" * 256}, 400),
        ("ann", {"organization": "a\0b"}, 400),
        ("nobody", {"organization": "x"}, 404),
        (ADMIN, {"is_admin": False}, 403),
    ]
    for name, body, status in wrong:
        answer = await admin.post(f"/api/users/update/{name}", json=body)
        assert (answer.status_code, answer.json()["error"]) == (status, answer.json()["message"]), (
            name,
            body,
        )
    shown = (await admin.get("/api/users/ann")).json()["user"]
    assert (shown["email"], shown["organization"], shown["is_admin"]) == ("ann@example.com", None, False)


@pytest.mark.databases("sqlite")
async def test_whether_a_name_is_taken(crib: AppServer) -> None:
    admin = await crib.admin()
    await crib.user("ann")
    found = await admin.get("/api/users/check", params={"username": "ann"}, headers=JSON)
    assert (found.json()["exists"], found.json()["username"]) == (True, "ann")
    unknown = await admin.get("/api/users/check", params={"username": "ben"})
    assert (unknown.status_code, unknown.json()["error"]) == (404, "User not found")
    missing = await admin.get("/api/users/check")
    assert (missing.status_code, missing.json()["error"]) == (400, "Missing username parameter")


@pytest.mark.databases("sqlite")
async def test_people_are_registered_before_they_come(crib: AppServer) -> None:
    admin = await crib.admin()
    made = await admin.post("/api/auth/register", json={"username": "zoe", "sub": "s-1"})
    assert made.status_code == 201
    assert made.json()["username"] == "zoe"
    again = await admin.post("/api/auth/register", json={"username": "zoe", "sub": "s-2"})
    assert (again.status_code, again.json()["error"]) == (400, "Username already exists")
    for content, text in ((b"", "Missing request data"), (b"{", "Invalid JSON body")):
        answer = await admin.post("/api/auth/register", content=content, headers=JSON)
        assert (answer.status_code, answer.json()["error"]) == (400, text)


@pytest.mark.databases("sqlite")
async def test_nobody_signs_in_with_a_password_there(crib: AppServer) -> None:
    for content in (b"", b"{", b'{"username": "admin", "password": "x"}'):
        answer = await crib.client.post("/api/auth/login", content=content, headers=JSON)
        assert (answer.status_code, answer.json()["code"]) == (400, "passwords_disabled")


@pytest.mark.databases("sqlite")
async def test_they_are_for_administrators(crib: AppServer) -> None:
    ann = await crib.user("ann")
    for method, path in (
        ("GET", "/api/users/check?username=ann"),
        ("POST", "/api/users/update/ann"),
        ("POST", "/api/auth/register"),
    ):
        body = {"is_admin": True} if method == "POST" else None
        refused = await ann.request(method, path, json=body)
        assert (refused.status_code, refused.json()["error"]) == (403, "Admin privilege required!")
        anonymous = await crib.client.request(method, path, json=body)
        assert (anonymous.status_code, anonymous.json()["error"]) == (401, "Token is missing!")
