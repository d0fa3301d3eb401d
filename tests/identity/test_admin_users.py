"""Accounts as administrators manage them: asset-locks contract rows 14 to 19, machine-pool contract section 4."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from tests.clock import FakeClock
from tests.identity.conftest import StartApp
from tests.servers.environment import ADMIN, PASSWORD
from tests.servers.inprocess import AppServer


async def create(admin: httpx.AsyncClient, username: str, /, **changes: Any) -> httpx.Response:
    person = {"username": username, "password": PASSWORD, "email": f"{username}@example.com"} | changes
    return await admin.post("/api/admin/users", json=person)


async def id_of(client: httpx.AsyncClient) -> int:
    return int((await client.get("/api/currentuser")).json()["id"])


async def test_an_account_is_created_listed_and_shown(crib: AppServer) -> None:
    admin = await crib.admin()
    made = await create(admin, "ann", is_admin=True)
    assert made.status_code == 201
    ann = made.json()
    assert (ann["username"], ann["email"], ann["is_admin"], ann["is_active"]) == (
        "ann",
        "ann@example.com",
        True,
        True,
    )
    listed = (await admin.get("/api/admin/users")).json()
    assert [person["username"] for person in listed] == [ADMIN, "ann"]
    assert listed[1] == ann == (await admin.get(f"/api/admin/users/{ann['id']}")).json()
    assert "password" not in made.text.replace("password_", "")
    assert "argon2" not in (await admin.get("/api/admin/users")).text
    assert (await crib.sign_in("ann")).headers["Authorization"]


ROUTES = [
    ("GET", ""),
    ("POST", ""),
    ("GET", "/1"),
    ("DELETE", "/1"),
    ("PUT", "/1/password"),
    ("PUT", "/1/username"),
    ("PUT", "/1/email"),
    ("PUT", "/1/status"),
    ("PUT", "/1/company"),
]


async def test_only_administrators_manage_accounts(lite: AppServer) -> None:
    ann = await lite.user("ann")
    for method, path in ROUTES:
        for body in ({}, {"username": "x"}):  # whatever the body: rights come first
            content = None if method in {"GET", "DELETE"} else body
            url = f"/api/admin/users{path}"
            assert (await lite.client.request(method, url, json=content)).status_code == 401, (method, path)
            refused = await ann.request(method, url, json=content)
            assert refused.status_code == 403, (method, path)
            assert refused.json()["msg"], (method, path)
            assert refused.json()["message"], (method, path)


UNUSABLE: list[dict[str, Any]] = [
    {"username": ""},
    {"username": None},
    {"username": 7},
    {"username": "x" * 300},
    {"username": "a:b"},
    {"username": " ann"},
    {"username": "a\0b"},
    {"username": "a\nb"},
    {"password": ""},
    {"password": None},
    {"password": "short"},
    {"email": "no address"},
    {"email": ""},
    {"email": None},
    {"email": "x" * 300 + "@example.com"},
    {"is_admin": "false"},
    {"is_admin": 1},
]


async def test_accounts_that_cannot_be_are_not_created(crib: AppServer) -> None:
    admin = await crib.admin()
    for changes in UNUSABLE:
        answer = await create(admin, "ann", **changes)
        assert answer.status_code == 400, changes
        assert PASSWORD not in answer.text, changes
        assert len((await admin.get("/api/admin/users")).json()) == 1, changes


@pytest.mark.every_database
async def test_names_of_all_kinds_can_sign_in(crib: AppServer) -> None:
    admin = await crib.admin()
    names = ["x" * 80, "Ann Émile Ünï", "日本", "a/b", "a%2Fb", "ann@example.com"]
    for number, username in enumerate(names):
        assert (await create(admin, username, email=f"{number}@example.com")).status_code == 201, username
        ann = await crib.sign_in(username)
        assert (await ann.get("/api/whoami")).json()["user"] == username


@pytest.mark.every_database
async def test_names_are_compared_exactly(crib: AppServer) -> None:
    admin = await crib.admin()
    for number, name in enumerate(("ann", "Ann", "änn")):
        assert (await create(admin, name, email=f"{number}@example.com")).status_code == 201
    assert (await create(admin, "ann", email="other@example.com")).status_code == 409
    refused = await crib.client.post("/api/login", json={"username": "ANN", "password": PASSWORD})
    assert refused.status_code == 401


@pytest.mark.every_database
async def test_two_accounts_never_share_a_name_or_an_address(crib: AppServer) -> None:
    admin = await crib.admin()
    answers = await asyncio.gather(
        *(create(admin, "ann", email=f"{number}@example.com") for number in range(5)),
        *(create(admin, f"ann{number}", email="Shared@example.com") for number in range(5)),
    )
    for half in (answers[:5], answers[5:]):
        assert sorted(answer.status_code for answer in half) == [201, 409, 409, 409, 409]


async def test_only_numbers_are_ids(crib: AppServer) -> None:
    admin = await crib.admin()
    for id_ in ("0", "-1", "abc", "1.0", "+1", "999999", "9" * 30, "%20", "１"):
        for method, path, body in (
            ("GET", "", None),
            ("DELETE", "", None),
            ("PUT", "/password", {"new_password": PASSWORD}),
            ("PUT", "/email", {"new_email": "x@example.com"}),
            ("PUT", "/status", {"is_admin": True}),
        ):
            answer = await admin.request(method, f"/api/admin/users/{id_}{path}", json=body)
            assert answer.status_code == 404, (method, id_, path)
            assert answer.json()["message"], (method, id_, path)


async def test_an_administrator_sets_password_and_address(crib: AppServer) -> None:
    admin = await crib.admin()
    ann, ben = await crib.user("ann"), await crib.user("ben")
    url = f"/api/admin/users/{await id_of(ann)}"
    for path, body in (
        ("/password", {"new_password": "set by an admin"}),
        ("/email", {"new_email": "set@example.com"}),
    ):
        answer = await admin.put(url + path, json=body)
        assert answer.status_code == 200
        assert answer.json()["msg"]
    assert (await ann.get("/api/currentuser")).status_code == 401
    again = await crib.sign_in("ann", "set by an admin")
    assert (await again.get("/api/currentuser")).json()["email"] == "set@example.com"
    assert (await admin.put(url + "/email", json={"new_email": "BEN@example.com"})).status_code == 409
    malformed: list[tuple[str, dict[str, Any]]] = [
        ("/password", {"new_password": "short"}),
        ("/password", {}),
        ("/email", {"new_email": "x"}),
        ("/status", {}),
        ("/status", {"is_admin": "true"}),
        ("/status", {"is_admin": 1}),
        ("/status", {"is_admin": None}),
    ]
    for path, body in malformed:
        assert (await admin.put(url + path, json=body)).status_code == 400, (path, body)
    assert (await ben.get("/api/currentuser")).status_code == 200


async def test_status_changes_and_is_answered_with_the_account(crib: AppServer) -> None:
    admin, ann = await crib.admin(), await crib.user("ann")
    url = f"/api/admin/users/{await id_of(ann)}/status"
    for change in ({"is_admin": True}, {"is_admin": False}, {"is_active": False}, {"is_active": True}):
        answer = await admin.put(url, json=change)
        assert answer.status_code == 200
        assert answer.json() | change == answer.json()


async def test_nobody_ends_their_own_account_or_rights(crib: AppServer) -> None:
    admin = await crib.admin()
    await crib.user("ben", is_admin=True)
    id_ = await id_of(admin)
    assert (await admin.delete(f"/api/admin/users/{id_}")).status_code == 403
    assert (await admin.put(f"/api/admin/users/{id_}/status", json={"is_admin": False})).status_code == 403
    assert (await admin.put(f"/api/admin/users/{id_}/status", json={"is_active": False})).status_code == 403
    refused = await admin.delete(f"/api/users/{ADMIN}")
    assert (refused.status_code, refused.json()["error"]) == (400, "bad_request")
    assert (await admin.get("/api/whoami")).json()["roles"] == ["admin"]


@pytest.mark.every_database
@pytest.mark.parametrize("how", ["demote", "disable", "delete"])
async def test_of_administrators_who_end_each_other_one_remains(crib: AppServer, how: str) -> None:
    names = [ADMIN, "ben", "cleo"]
    admins = [await crib.admin(), *[await crib.user(name, is_admin=True) for name in names[1:]]]
    ids = [await id_of(each) for each in admins]

    async def end(actor: httpx.AsyncClient, id_: int) -> int:
        if how == "delete":
            return (await actor.delete(f"/api/admin/users/{id_}")).status_code
        change = {"is_admin": False} if how == "demote" else {"is_active": False}
        return (await actor.put(f"/api/admin/users/{id_}/status", json=change)).status_code

    statuses = await asyncio.gather(
        *(end(actor, id_) for actor, own in zip(admins, ids, strict=True) for id_ in ids if id_ != own)
    )
    assert set(statuses) <= {200, 204, 401, 403, 404, 409}
    left = [each for each in admins if (await each.get("/api/admin/users")).status_code == 200]
    assert left


@pytest.mark.every_database
async def test_two_processes_do_not_end_the_last_administrator(
    app_server: StartApp, database_url: str
) -> None:
    here, there = await app_server(database_url=database_url), await app_server(database_url=database_url)
    ann = await here.admin()
    ben = await here.user("ben", is_admin=True)
    elsewhere = await there.sign_in("ben")
    ids = [await id_of(ann), await id_of(ben)]
    answers = await asyncio.gather(
        ann.put(f"/api/admin/users/{ids[1]}/status", json={"is_admin": False}),
        elsewhere.put(f"/api/admin/users/{ids[0]}/status", json={"is_admin": False}),
    )
    assert sorted(answer.status_code for answer in answers) == [200, 403]


async def test_a_deleted_person_holds_and_waits_for_nothing(crib: AppServer, clock: FakeClock) -> None:
    admin, ann, ben = await crib.admin(), await crib.user("ann"), await crib.user("ben")
    for path in ("a.uasset", "b.uasset"):
        body = {"asset_path": path, "branch": "main"}
        assert (await ann.post("/api/locks", json=body)).status_code == 201
    until = {"asset_path": "c.uasset", "branch": "main", "expires_in": 60}
    assert (await ann.post("/api/locks", json=until)).status_code == 201
    assert (
        await ben.post("/api/locks", json={"asset_path": "d.uasset", "branch": "main"})
    ).status_code == 201
    claims = (await admin.get("/api/claims")).json()["claims"]
    fences = {claim["label"]: claim["fence"] for claim in claims}
    assert (await ann.post(f"/api/claims/{fences['d.uasset']}/queue", json={})).status_code == 201
    assert (await ben.post(f"/api/claims/{fences['b.uasset']}/queue", json={"take": True})).status_code == 201
    clock.advance(minutes=2)  # the third lock is over, swept or not
    assert (await admin.delete(f"/api/admin/users/{await id_of(ann)}")).status_code == 204
    left = (await admin.get("/api/claims")).json()["claims"]
    assert {claim["label"]: claim["holder"] for claim in left} == {"b.uasset": "ben", "d.uasset": "ben"}
    queue = await admin.get(f"/api/claims/{fences['d.uasset']}/queue")
    assert queue.json() == []
    events = (await admin.get("/api/events", params={"verb": "force_released"})).json()["events"]
    assert {event["key"]: event["data"]["reason"] for event in events} == {
        "a.uasset": "account deleted",
        "b.uasset": "account deleted",
    }


async def test_the_log_of_accounts_is_for_administrators(crib: AppServer) -> None:
    admin, ann = await crib.admin(), await crib.user("ann")
    id_ = await id_of(ann)
    await admin.put(f"/api/admin/users/{id_}/status", json={"is_admin": True})
    await admin.put(f"/api/admin/users/{id_}/status", json={"is_admin": False})
    ben = await crib.user("ben")
    kinds = {"kind": "user", "order": "asc"}
    everything = (await admin.get("/api/events", params=kinds)).json()["events"]
    assert [(event["verb"], event["key"]) for event in everything] == [
        ("created", ADMIN),
        ("created", "ann"),
        ("admin_granted", "ann"),
        ("admin_revoked", "ann"),
        ("created", "ben"),
    ]
    own = (await ann.get("/api/events", params=kinds)).json()["events"]
    assert [event["verb"] for event in own] == ["admin_granted", "admin_revoked"]
    assert (await ben.get("/api/events", params=kinds)).json()["events"] == []


async def test_a_list_goes_on_after_the_longest_name(crib: AppServer) -> None:
    admin = await crib.admin()
    names = ["\U0001f600" * 255, "\U0001f601" * 255]
    for name in names:
        (await admin.post("/api/companies", json={"name": name})).raise_for_status()
    first = await admin.get("/api/companies", params={"limit": 1})
    following = await admin.get("/api/companies", params={"cursor": first.headers["X-Next-Cursor"]})
    assert [company["name"] for company in first.json() + following.json()] == names


@pytest.mark.every_database
async def test_people_are_found_by_a_piece_of_their_name(crib: AppServer) -> None:
    admin, ann = await crib.admin(), await crib.user("ann")
    await crib.user("Joanna")
    ben = await crib.user("100%")
    disabled = await id_of(ben)
    everybody = (await ann.get("/api/people")).json()
    assert {person["username"] for person in everybody} == {ADMIN, "ann", "Joanna", "100%"}
    assert all(set(person) == {"username", "uuid"} for person in everybody)
    for text, names in (("ANN", {"ann", "Joanna"}), ("%", {"100%"}), ("_", set())):
        found = (await ann.get("/api/people", params={"q": text})).json()
        assert {person["username"] for person in found} == names
    assert (await ann.get("/api/people", params={"q": "\0"})).status_code == 400
    assert (await ann.get("/api/people", params={"cursor": "\0"})).status_code == 400
    await admin.put(f"/api/admin/users/{disabled}/status", json={"is_active": False})
    assert (await ann.get("/api/people", params={"q": "%"})).json() == []
    assert (await crib.client.get("/api/people")).status_code == 401


# The machine pool's words


async def test_pool_clients_list_create_and_delete_accounts(crib: AppServer) -> None:
    admin = await crib.admin()
    made = await admin.post("/api/users", json={"username": "alice", "password": PASSWORD})
    assert made.status_code == 201
    assert set(made.json()) == {"username", "is_admin", "created_at"}
    assert (made.json()["username"], made.json()["is_admin"]) == ("alice", False)
    assert "+" not in made.json()["created_at"]
    assert made.json() in (await admin.get("/api/users")).json()
    again = await admin.post("/api/users", json={"username": "alice", "password": PASSWORD})
    assert again.status_code == 409
    assert (again.json()["error"], again.json()["message"]) == ("conflict", "User already exists")
    alice = await crib.sign_in("alice")
    gone = await admin.delete("/api/users/alice")
    assert (gone.status_code, gone.json()) == (200, {"message": "deleted"})
    missing = await admin.delete("/api/users/alice")
    assert missing.status_code == 404
    assert (missing.json()["error"], missing.json()["message"]) == ("not_found", "user not found")
    assert (await alice.get("/api/whoami")).status_code == 401


async def test_pool_clients_delete_names_with_slashes(crib: AppServer) -> None:
    admin = await crib.admin()
    for name, sent in (("a/b", "a%2Fb"), ("a b%", "a%20b%25")):
        await admin.post("/api/users", json={"username": name, "password": PASSWORD})
        assert (await admin.delete(f"/api/users/{sent}")).status_code == 200


async def test_pool_clients_are_told_what_is_missing(lite: AppServer) -> None:
    admin, ann = await lite.admin(), await lite.user("ann")
    for body in ({}, {"username": "x"}, {"password": PASSWORD}, {"username": "", "password": ""}):
        answer = await admin.post("/api/users", json=body)
        assert answer.status_code == 400
        assert answer.json()["error"] == "invalid_request"
        assert answer.json()["message"] == "username and password are required"
    sneaky = {"username": "x", "password": PASSWORD, "is_admin": "false"}
    assert (await admin.post("/api/users", json=sneaky)).status_code == 400
    for method in ("GET", "POST"):
        refused = await ann.request(method, "/api/users", json={} if method == "POST" else None)
        assert (refused.status_code, refused.json()["error"]) == (403, "forbidden")
    assert (await ann.delete(f"/api/users/{ADMIN}")).status_code == 403


async def test_pool_accounts_need_no_address(crib: AppServer) -> None:
    admin = await crib.admin()
    for name in ("alice", "bob"):
        await admin.post("/api/users", json={"username": name, "password": PASSWORD})
    listed = (await admin.get("/api/admin/users")).json()
    assert [person["email"] for person in listed if person["username"] in {"alice", "bob"}] == ["", ""]
