"""Companies, and the power of their owners over their projects."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.servers.inprocess import AppServer

Client = httpx.AsyncClient


async def found(admin: Client, name: str = "ACME") -> dict[str, Any]:
    answer = await admin.post("/api/companies", json={"name": name})
    assert answer.status_code == 201, answer.text
    company: dict[str, Any] = answer.json()
    return company


async def take_in(
    client: Client, company: dict[str, Any], username: str, role: str = "member"
) -> httpx.Response:
    return await client.put(f"/api/companies/{company['id']}/members/{username}", json={"role": role})


async def test_a_company_and_its_people(crib: AppServer) -> None:
    admin, ann = await crib.admin(), await crib.user("ann")
    acme = await found(admin)
    assert (acme["name"], acme["role"], acme["members"]) == ("ACME", None, 0)
    assert (await take_in(admin, acme, "ann", "owner")).status_code == 200
    me = (await ann.get("/api/currentuser")).json()
    assert (me["company_id"], me["company_name"], me["company_role"]) == (acme["id"], "ACME", "owner")
    (listed,) = (await ann.get("/api/companies")).json()
    assert (listed["role"], listed["members"]) == ("owner", 1)
    (member,) = (await ann.get(f"/api/companies/{acme['id']}/members")).json()
    assert (member["username"], member["role"]) == ("ann", "owner")
    renamed = await ann.patch(f"/api/companies/{acme['id']}", json={"name": "ACME Ltd."})
    assert (renamed.status_code, renamed.json()["name"]) == (200, "ACME Ltd.")


async def test_a_stranger_cannot_tell_a_company_from_none(crib: AppServer) -> None:
    admin, ann, ben = await crib.admin(), await crib.user("ann"), await crib.user("ben")
    acme = await found(admin)
    other = await found(admin, "Other")
    await take_in(admin, acme, "ann", "owner")
    await take_in(admin, other, "ben", "owner")
    assert [each["name"] for each in (await ben.get("/api/companies")).json()] == ["Other"]
    for method, path, body in (
        ("GET", "", None),
        ("PATCH", "", {"name": "Mine"}),
        ("GET", "/members", None),
        ("PUT", "/members/ben", {"role": "owner"}),
        ("DELETE", "/members/ann", None),
    ):
        real = await ben.request(method, f"/api/companies/{acme['id']}{path}", json=body)
        none = await ben.request(method, f"/api/companies/{uuid4()}{path}", json=body)
        assert real.status_code == none.status_code == 404, (method, path)
        assert real.json() == none.json()
        anonymous = await crib.client.request(method, f"/api/companies/{acme['id']}{path}", json=body)
        assert anonymous.status_code == 401
    for client, status in ((crib.client, 401), (ben, 403), (ann, 403)):
        assert (await client.post("/api/companies", json={"name": "New"})).status_code == status
        assert (await client.delete(f"/api/companies/{acme['id']}")).status_code == status


async def test_members_look_and_owners_manage(crib: AppServer) -> None:
    admin = await crib.admin()
    ann, ben = await crib.user("ann"), await crib.user("ben")
    await crib.user("cleo")
    acme = await found(admin)
    await take_in(admin, acme, "ann", "owner")
    assert (await take_in(ann, acme, "ben")).status_code == 200
    assert (await ben.get(f"/api/companies/{acme['id']}/members")).status_code == 200
    assert (await take_in(ben, acme, "cleo")).status_code == 403
    assert (await ben.delete(f"/api/companies/{acme['id']}/members/ann")).status_code == 403
    assert (await ben.patch(f"/api/companies/{acme['id']}", json={"name": "Ben's"})).status_code == 403
    assert (await ben.delete(f"/api/companies/{acme['id']}/members/ben")).status_code == 204
    assert (await ben.get("/api/currentuser")).json()["company_id"] is None
    assert (await ann.delete(f"/api/companies/{acme['id']}/members/ben")).status_code == 404


async def test_only_administrators_move_people_between_companies(crib: AppServer) -> None:
    admin, ann = await crib.admin(), await crib.user("ann")
    await crib.user("ben")
    acme, other = await found(admin), await found(admin, "Other")
    await take_in(admin, acme, "ann", "owner")
    await take_in(admin, other, "ben")
    stolen = await take_in(ann, acme, "ben")
    assert (stolen.status_code, stolen.json()["code"]) == (409, "other_company")
    assert (await take_in(admin, acme, "ben")).status_code == 200
    assert (await admin.get(f"/api/companies/{other['id']}/members")).json() == []
    people = (await admin.get("/api/admin/users")).json()
    ben = next(person for person in people if person["username"] == "ben")
    url = f"/api/admin/users/{ben['id']}/company"
    moved = await admin.put(url, json={"company_id": other["id"], "role": "owner"})
    assert (moved.json()["company_name"], moved.json()["company_role"]) == ("Other", "owner")
    assert (await admin.put(url, json={"company_id": None})).json()["company_id"] is None
    assert (await admin.put(url, json={"company_id": str(uuid4())})).status_code == 404
    assert (await admin.put(url, json={"company_id": "ACME"})).status_code == 400


async def test_owners_of_a_company_own_its_projects(crib: AppServer) -> None:
    admin = await crib.admin()
    ann, ben, cleo = await crib.user("ann"), await crib.user("ben"), await crib.user("cleo")
    acme = await found(admin)
    await take_in(admin, acme, "ann", "owner")
    await take_in(admin, acme, "ben")
    made = await ben.post("/api/projects", json={"name": "game", "company_id": acme["id"]})
    assert made.status_code == 201
    assert made.json()["company_id"] == acme["id"]
    (seen,) = (await ann.get("/api/projects")).json()
    assert seen["role"] == "owner"
    url = f"/api/projects/{seen['id']}"
    assert (await ann.put(f"{url}/members/cleo", json={"role": "owner"})).status_code == 200
    # Belonging to the company is no way in.
    await crib.user("dan")
    await take_in(admin, acme, "dan")
    dan = await crib.sign_in("dan")
    assert (await dan.get(url)).status_code == 404
    # Rights end with the role.
    await take_in(admin, acme, "ann", "member")
    assert (await ann.get(url)).status_code == 404
    outsider = await cleo.post("/api/projects", json={"name": "theirs", "company_id": acme["id"]})
    assert outsider.status_code == 404


async def test_a_company_goes_when_nothing_belongs_to_it(crib: AppServer) -> None:
    admin = await crib.admin()
    await crib.user("ann")
    acme = await found(admin)
    url = f"/api/companies/{acme['id']}"
    await take_in(admin, acme, "ann")
    refused = await admin.delete(url)
    assert (refused.status_code, refused.json()["code"]) == (409, "company_in_use")
    await admin.delete(f"{url}/members/ann")
    project = await admin.post("/api/projects", json={"name": "game", "company_id": acme["id"]})
    assert (await admin.delete(url)).status_code == 409
    await admin.delete(f"/api/projects/{project.json()['id']}")
    gone = await admin.delete(url)
    assert (gone.status_code, gone.content) == (204, b"")
    assert (await admin.get(url)).status_code == 404


async def test_companies_need_a_name(lite: AppServer) -> None:
    admin = await lite.admin()
    for name in ("", " ", "x" * 300, "a\nb", "a\0", None, 7):
        assert (await admin.post("/api/companies", json={"name": name})).status_code == 400, name


@pytest.mark.every_database
async def test_companies_have_different_names(crib: AppServer) -> None:
    admin = await crib.admin()
    await found(admin)
    other = await found(admin, "Acme")
    assert (await admin.post("/api/companies", json={"name": "ACME"})).status_code == 409
    assert (await admin.patch(f"/api/companies/{other['id']}", json={"name": "ACME"})).status_code == 409


async def test_the_log_of_a_company_is_for_its_people(crib: AppServer) -> None:
    admin, ann, ben = await crib.admin(), await crib.user("ann"), await crib.user("ben")
    acme = await found(admin)
    await take_in(admin, acme, "ann")
    seen = (await ann.get("/api/events", params={"kind": "company", "order": "asc"})).json()["events"]
    assert [event["verb"] for event in seen] == ["created", "member_set"]
    assert (await ben.get("/api/events", params={"kind": "company"})).json()["events"] == []
