"""A project is named by its id or its name, and a 404 says what was not found."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import quote
from uuid import uuid4

import pytest

if TYPE_CHECKING:
    from tests.servers.inprocess import AppServer

Start = Callable[..., Awaitable["AppServer"]]


@pytest.mark.databases("sqlite")
@pytest.mark.parametrize("name", ["gears-2.x", "studio/team/game", "members/a"])
async def test_every_address_of_a_project_takes_its_name(
    app_server: Start, database_url: str, name: str
) -> None:
    crib = await app_server(database_url=database_url)
    boss, ann, eve = [await crib.user(each) for each in ("boss", "ann", "eve")]
    made = (await boss.post("/api/projects", json={"name": name})).json()
    for named in (quote(name), quote(name, safe=""), made["id"], made["id"].upper()):
        at = f"/api/projects/{named}"
        assert (await boss.get(at)).json() == {**made, "members": 1}
        assert (await boss.put(f"{at}/members/ann", json={"role": "member"})).status_code == 200
        assert [each["username"] for each in (await ann.get(f"{at}/members")).json()] == ["ann", "boss"]
        assert (await ann.put(f"{at}/members/eve", json={"role": "member"})).status_code == 403
        for refused in (
            await eve.get(at),
            await eve.get(f"{at}/members"),
            await eve.put(f"{at}/members/eve", json={"role": "owner"}),
            await eve.delete(f"{at}/members/ann"),
            await eve.delete(at),
        ):
            assert refused.status_code == 404
            assert "There is no such project" in refused.json()["message"]
        assert (await crib.client.get(at)).status_code == 401
        assert (await boss.delete(f"{at}/members/ann")).status_code == 204
    assert (await boss.delete(f"/api/projects/{quote(name)}")).status_code == 204
    assert (await boss.get(f"/api/projects/{quote(name)}")).status_code == 404


@pytest.mark.databases("sqlite")
async def test_a_person_whose_name_has_slashes_is_a_member(app_server: Start, database_url: str) -> None:
    crib = await app_server(database_url=database_url)
    boss = await crib.user("boss")
    made = (await boss.post("/api/projects", json={"name": "gears"})).json()
    absent = await boss.put(f"/api/projects/{made['id']}/members/corp/members/ann", json={"role": "member"})
    assert (absent.status_code, absent.json()["message"]) == (404, "user not found")


@pytest.mark.databases("sqlite")
async def test_a_404_says_what_was_not_found(app_server: Start, database_url: str) -> None:
    crib = await app_server(database_url=database_url)
    admin = await crib.admin()
    wrong: dict[str, Any] = {
        "/api/projects/gears": "There is no such project, or you have no role in it.",
        f"/api/projects/{uuid4()}": "There is no such project, or you have no role in it.",
        "/api/companies/acme": "There is no such company.",
        "/api/admin/users/abc": "There is no user abc.",
        "/api/claims/abc": "There is no claim abc.",
    }
    for address, text in wrong.items():
        refused = await admin.get(address)
        assert (refused.status_code, refused.json()["message"]) == (404, text), address
    refused = await admin.put("/api/admin/quotas/projects/gears", json={"allowed_bytes": 1})
    assert (refused.status_code, refused.json()["message"]) == (404, "There is no project gears.")


@pytest.mark.databases("sqlite")
async def test_locks_are_of_the_project_that_an_id_names(app_server: Start, database_url: str) -> None:
    crib = await app_server(database_url=database_url)
    boss, eve = await crib.user("boss"), await crib.user("eve")
    made = (await boss.post("/api/projects", json={"name": "Gears"})).json()
    for named in (made["id"], made["id"].upper(), "gears"):
        body = {"asset_path": "a.uasset", "project": named, "branch": "main"}
        assert (await boss.post("/api/locks", json=body)).json()["lock"]["project"] == "Gears"
        (lock,) = (await boss.get("/api/locks", params={"project": named, "limit": 9})).json()
        assert lock["project"] == "Gears"
        (claim,) = (await boss.get("/api/claims", params={"project": named})).json()["claims"]
        assert claim["scope"] == "project:Gears"
        (found,) = (await boss.get(f"/{named}.git/info/lfs/locks")).json()["locks"]
        assert found["path"] == "a.uasset"
        assert (await boss.get("/api/lock-history", params={"project": named, "path": "a.uasset"})).json()[
            "events"
        ]
        for form in ("events", "events.csv"):
            told = await boss.get(f"/api/{form}", params={"scope": f"project:{named}"})
            assert "a.uasset" in told.text
        watch = {"kind": "asset", "scope": f"project:{named}", "path": "a.uasset"}
        assert (await boss.post("/api/watches", json=watch)).json()["scope"] == "project:Gears"
        assert (await eve.post("/api/locks", json=body)).status_code == 403
        assert (await eve.get(f"/{named}.git/info/lfs/locks")).status_code == 403
        unlocked = await boss.delete("/api/locks/a.uasset", params={"project": named})
        assert unlocked.status_code == 200
    taken = await eve.post("/api/projects", json={"name": made["id"]})
    assert (taken.status_code, taken.json()["code"]) == (409, "name_taken")


@pytest.mark.databases("sqlite")
async def test_a_company_is_named_by_its_name_or_id(app_server: Start, database_url: str) -> None:
    crib = await app_server(database_url=database_url)
    admin, ann, eve = await crib.admin(), await crib.user("ann"), await crib.user("eve")
    made = (await admin.post("/api/companies", json={"name": "Acme & Söhne"})).json()
    for named in (quote("Acme & Söhne"), made["id"], made["id"].upper()):
        at = f"/api/companies/{named}"
        assert (await admin.put(f"{at}/members/ann", json={"role": "owner"})).status_code == 200
        assert (await ann.get(at)).json()["id"] == made["id"]
        assert [each["username"] for each in (await ann.get(f"{at}/members")).json()] == ["ann"]
        for refused in (await eve.get(at), await eve.get(f"{at}/members"), await eve.delete(at)):
            assert refused.status_code in {403, 404}
        assert (await crib.client.get(at)).status_code == 401
        assert (await admin.delete(f"{at}/members/ann")).status_code == 204
