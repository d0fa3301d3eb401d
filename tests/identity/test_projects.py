"""Registered projects: who sees them, who manages them, and what a name is worth."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.identity.conftest import StartApp
from tests.servers.environment import ADMIN
from tests.servers.inprocess import AppServer

Client = httpx.AsyncClient


async def register(client: Client, name: str = "studio/game", **more: Any) -> dict[str, Any]:
    answer = await client.post("/api/projects", json={"name": name} | more)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def let_in(client: Client, project: dict[str, Any], username: str, role: str) -> httpx.Response:
    return await client.put(f"/api/projects/{project['id']}/members/{username}", json={"role": role})


async def lock(client: Client, project: str, path: str = "a.uasset") -> int:
    body = {"asset_path": path, "branch": "main", "project": project}
    return (await client.post("/api/locks", json=body)).status_code


async def test_whoever_registers_a_project_owns_it(crib: AppServer) -> None:
    ann = await crib.user("ann")
    project = await register(ann)
    assert (project["name"], project["role"], project["members"], project["company_id"]) == (
        "studio/game",
        "owner",
        1,
        None,
    )
    assert (await ann.get("/api/projects")).json() == [project]
    assert (await ann.get(f"/api/projects/{project['id']}")).json() == project
    (member,) = (await ann.get(f"/api/projects/{project['id']}/members")).json()
    assert (member["username"], member["role"]) == ("ann", "owner")


async def test_a_stranger_cannot_tell_a_project_from_none(crib: AppServer) -> None:
    ann, ben = await crib.user("ann"), await crib.user("ben")
    project = await register(ann)
    assert (await ben.get("/api/projects")).json() == []
    for method, path, body in (
        ("GET", "", None),
        ("DELETE", "", None),
        ("GET", "/members", None),
        ("PUT", "/members/ben", {"role": "owner"}),
        ("DELETE", "/members/ann", None),
        ("DELETE", "/members/ben", None),
    ):
        real = await ben.request(method, f"/api/projects/{project['id']}{path}", json=body)
        none = await ben.request(method, f"/api/projects/{uuid4()}{path}", json=body)
        bad = await ben.request(method, f"/api/projects/not-an-id{path}", json=body)
        assert real.status_code == none.status_code == bad.status_code == 404, (method, path)
        assert real.json() == none.json()
        anonymous = await crib.client.request(method, f"/api/projects/{project['id']}{path}", json=body)
        assert anonymous.status_code == 401
    assert (await crib.client.get("/api/projects")).status_code == 401
    assert (await crib.client.post("/api/projects", json={"name": "x"})).status_code == 401
    # The system's administrators see everything.
    listed = (await (await crib.admin()).get("/api/projects")).json()
    assert [each["name"] for each in listed] == ["studio/game"]


async def test_a_registered_project_is_closed_to_others_at_once(crib: AppServer) -> None:
    ann, ben = await crib.user("ann"), await crib.user("ben")
    assert await lock(ben, "studio/other") == 201  # nobody registered it: open to all
    project = await register(ann)
    assert await lock(ben, "studio/game") == 403
    for role, wanted in (("viewer", 403), ("member", 201)):
        assert (await let_in(ann, project, "ben", role)).status_code == 200
        assert await lock(ben, "studio/game") == wanted
    assert (await ann.delete(f"/api/projects/{project['id']}/members/ben")).status_code == 204
    assert await lock(ben, "studio/game", "b.uasset") == 403


@pytest.mark.every_database
async def test_another_process_closes_it_within_a_second(app_server: StartApp, database_url: str) -> None:
    here, there = await app_server(database_url=database_url), await app_server(database_url=database_url)
    ann = await here.user("ann")
    await here.user("ben")
    ben = await there.sign_in("ben")
    assert await lock(ben, "studio/game") == 201
    admin = await here.admin()
    await register(admin)
    async with asyncio.timeout(1):
        while await lock(ben, "studio/game", "b.uasset") != 403:
            await asyncio.sleep(0.02)
    assert await lock(ann, "studio/game", "c.uasset") == 403


async def test_unknown_projects_may_be_refused(app_server: StartApp) -> None:
    server = await app_server(unknown_projects="refuse")
    ann = await server.user("ann")
    assert await lock(ann, "studio/game") == 403
    await register(ann)
    assert await lock(ann, "studio/game") == 201


async def test_each_role_may_do_its_own(crib: AppServer) -> None:
    ann = await crib.user("ann")
    project = await register(ann)
    url = f"/api/projects/{project['id']}"
    clients = {"ann": ann}
    for name, role in (("adam", "admin"), ("mia", "member"), ("vera", "viewer")):
        clients[name] = await crib.user(name)
        assert (await let_in(ann, project, name, role)).status_code == 200
    await crib.user("new")
    for name in ("adam", "mia", "vera"):
        assert (await clients[name].get(f"{url}/members")).status_code == 200
        assert (await clients[name].delete(url)).status_code == 403
    for name in ("mia", "vera"):
        assert (await let_in(clients[name], project, "new", "viewer")).status_code == 403
        assert (await clients[name].delete(f"{url}/members/adam")).status_code == 403
    adam = clients["adam"]
    assert (await let_in(adam, project, "new", "admin")).status_code == 200
    assert (await adam.delete(f"{url}/members/new")).status_code == 204
    # Owners are made and unmade by owners only.
    assert (await let_in(adam, project, "adam", "owner")).status_code == 403
    assert (await let_in(adam, project, "ann", "member")).status_code == 403
    assert (await adam.delete(f"{url}/members/ann")).status_code == 403
    # Everybody may leave.
    assert (await clients["vera"].delete(f"{url}/members/vera")).status_code == 204
    assert (await clients["vera"].get(url)).status_code == 404


async def test_a_project_keeps_an_owner(crib: AppServer) -> None:
    ann, ben = await crib.user("ann"), await crib.user("ben")
    project = await register(ann)
    url = f"/api/projects/{project['id']}/members"
    assert (await ann.delete(f"{url}/ann")).status_code == 409
    assert (await let_in(ann, project, "ann", "member")).status_code == 409
    assert (await let_in(ann, project, "ben", "owner")).status_code == 200
    answers = await asyncio.gather(ann.delete(f"{url}/ann"), ben.delete(f"{url}/ben"))
    assert sorted(answer.status_code for answer in answers) == [204, 409]


async def test_members_must_be_people_with_a_role(lite: AppServer) -> None:
    ann = await lite.user("ann")
    project = await register(ann)
    assert (await let_in(ann, project, "nobody", "member")).status_code == 404
    for role in ("king", "", None, 1):
        answer = await ann.put(f"/api/projects/{project['id']}/members/ann", json={"role": role})
        assert answer.status_code == 400


async def test_names_that_make_addresses_are_names(lite: AppServer) -> None:
    ann = await lite.user("ann")
    for name in ("game", "studio/game", "a/b/c", "A.b_c-1", "_x", "-", "x" * 255, "a.gitx"):
        assert (await register(ann, name))["name"] == name


async def test_names_that_make_none_are_refused(lite: AppServer) -> None:
    ann = await lite.user("ann")
    names = [
        "",
        "/",
        "/a",
        "a/",
        "a//b",
        ".",
        "..",
        "a/../b",
        ".a",
        "a/.b",
        "a..b",
        "a.git",
        "a.GIT/b",
        "a b",
        "a%2Fb",
        "ä",
        "a\n",
        "a\0",
        "a:b",
        "a?b",
        "x" * 256,
        None,
        7,
    ]
    for name in names:
        assert (await ann.post("/api/projects", json={"name": name})).status_code == 400, name


@pytest.mark.every_database
async def test_a_name_is_registered_once(crib: AppServer) -> None:
    ann, ben = await crib.user("ann"), await crib.user("ben")
    answers = await asyncio.gather(
        *(client.post("/api/projects", json={"name": "game"}) for client in (ann, ben, ann, ben))
    )
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
    assert (await ben.post("/api/projects", json={"name": "Game"})).status_code == 409  # the same name


async def test_nobody_takes_over_a_name_that_others_use(crib: AppServer) -> None:
    ann, ben, admin = await crib.user("ann"), await crib.user("ben"), await crib.admin()
    assert await lock(ben, "studio/game") == 201
    for name in ("studio/game", "default"):
        refused = await ann.post("/api/projects", json={"name": name})
        assert (refused.status_code, refused.json()["code"]) == (409, "name_reserved")
    await register(ben)  # their own locks do not stand in the way
    await register(admin, "default")


async def test_registering_may_be_left_to_administrators(app_server: StartApp) -> None:
    server = await app_server(project_creation="admin")
    ann = await server.user("ann")
    assert (await ann.post("/api/projects", json={"name": "game"})).status_code == 403
    await register(await server.admin(), "game")


async def test_a_deleted_project_opens_to_nobody(crib: AppServer) -> None:
    ann, ben, admin = await crib.user("ann"), await crib.user("ben"), await crib.admin()
    project = await register(ann)
    assert await lock(ann, "studio/game") == 201
    url = f"/api/projects/{project['id']}"
    held = await ann.delete(url)
    assert (held.status_code, held.json()["code"]) == (409, "project_in_use")
    for claim in (await ann.get("/api/claims", params={"mine": 1})).json()["claims"]:
        assert (await ann.post(f"/api/claims/{claim['fence']}/release")).status_code == 200
    assert (await ann.delete(url)).status_code == 204
    for client in (ann, ben):
        assert (await client.get(url)).status_code == 404
        assert await lock(client, "studio/game") == 403
        history = (await client.get("/api/events", params={"scope": "project:studio/game"})).json()
        assert history["events"] == []
        refused = await client.post("/api/projects", json={"name": "studio/game"})
        assert (refused.status_code, refused.json()["code"]) == (409, "name_reserved")
    again = await register(admin)
    assert again["id"] != project["id"]
    assert (await admin.get(f"/api/projects/{again['id']}/members")).json()[0]["username"] == ADMIN


async def test_the_log_of_a_project_is_for_its_members(crib: AppServer) -> None:
    ann, ben = await crib.user("ann"), await crib.user("ben")
    cleo = await crib.user("cleo")
    project = await register(ann)
    await let_in(ann, project, "ben", "viewer")
    await let_in(ann, project, "ben", "viewer")  # nothing changed: nothing happened
    seen = (await ben.get("/api/events", params={"kind": "project", "order": "asc"})).json()["events"]
    assert [(event["verb"], event["key"], event["actor"]) for event in seen] == [
        ("created", "studio/game", "ann"),
        ("member_set", "studio/game", "ann"),
    ]
    assert seen[1]["data"] == {"username": "ben", "role": "viewer"}
    assert (await cleo.get("/api/events", params={"kind": "project"})).json()["events"] == []
