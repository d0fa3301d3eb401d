"""Groups at the OpenID provider give roles here, at each sign-in, and take them away again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.identity.conftest import StartApp
from tests.identity.provider import Provider, provider
from tests.identity.test_oidc import sign_in
from tests.servers.inprocess import AppServer
from toolcrib.settings import Settings

ROLES = {
    "crib-admins": "admin",
    "artists": ["project:Engine", "company:Acme"],
    "leads": ["project:Engine:admin", "company:Acme:owner"],
    "watchers": "project:Engine:viewer",
    "owners": "project:Engine:owner",
    "others": "company:Other",
    "lost": ["project:Nowhere", "company:Nobody"],
}


@pytest.fixture
def idp() -> Iterator[Provider]:
    with provider() as one:
        yield one


def settings(idp: Provider, claim: str = "groups") -> dict[str, Any]:
    return {**idp.settings, "OIDC_GROUPS_CLAIM": claim, "OIDC_GROUP_ROLES": json.dumps(ROLES)}


@pytest.fixture
async def sso(app_server: StartApp, database_url: str, idp: Provider) -> AppServer:
    return await prepared(await app_server(database_url=database_url, **settings(idp)))


@pytest.fixture
async def lite(app_server: StartApp, idp: Provider) -> AppServer:
    return await prepared(await app_server(**settings(idp)))


async def prepared(server: AppServer) -> AppServer:
    admin = await server.admin()
    for name in ("Acme", "Other"):
        assert (await admin.post("/api/companies", json={"name": name})).status_code == 201
    assert (await admin.post("/api/projects", json={"name": "Engine"})).status_code == 201
    return server


async def come(server: AppServer, idp: Provider, *groups: Any) -> dict[str, Any]:
    """Zoe signs in, in these groups."""
    idp.person["groups"] = list(groups)
    answer = await sign_in(server, idp)
    assert answer.status_code == 200, answer.text
    token = answer.json()["token"]
    me = await server.client.get("/api/currentuser", headers={"Authorization": f"Bearer {token}"})
    return dict(me.json())


async def members(server: AppServer) -> dict[str, tuple[str, bool]]:
    found = (await (await server.admin()).get("/api/projects/Engine/members")).json()
    return {each["username"]: (each["role"], each["from_provider"]) for each in found}


async def company_of(server: AppServer, name: str) -> str:
    found = (await (await server.admin()).get("/api/companies")).json()
    return str(next(each["id"] for each in found if each["name"] == name))


async def test_groups_give_roles_and_leaving_them_takes_the_roles_away(sso: AppServer, idp: Provider) -> None:
    me = await come(sso, idp)
    assert (me["is_admin"], me["company_name"]) == (False, None)
    me = await come(sso, idp, "crib-admins", "artists", "unknown to us")
    assert (me["is_admin"], me["company_name"], me["company_role"]) == (True, "Acme", "member")
    assert (await members(sso))["zoe"] == ("member", True)
    me = await come(sso, idp, "leads", "artists")
    assert (me["is_admin"], me["company_role"]) == (False, "owner")
    assert (await members(sso))["zoe"] == ("admin", True)
    me = await come(sso, idp, "watchers")
    assert me["company_name"] is None
    assert (await members(sso))["zoe"] == ("viewer", True)
    me = await come(sso, idp)
    assert "zoe" not in await members(sso)
    events = (await (await sso.admin()).get("/api/events", params={"kind": "project"})).json()["events"]
    about = [each for each in events if each["data"].get("username") == "zoe"]
    assert len(about) == 4
    assert all(each["data"]["by"] == "provider" and not each["actor"] for each in about)


async def test_what_was_given_by_hand_stays(sso: AppServer, idp: Provider) -> None:
    zoe = await come(sso, idp)
    admin = await sso.admin()
    await admin.put("/api/projects/Engine/members/zoe", json={"role": "member"})
    acme = await company_of(sso, "Acme")
    await admin.put(f"/api/companies/{acme}/members/zoe", json={"role": "member"})
    await admin.put(f"/api/admin/users/{zoe['id']}/status", json={"is_admin": True})
    # A lower role of a group changes nothing, a higher one counts while it lasts.
    await come(sso, idp, "watchers")
    assert (await members(sso))["zoe"] == ("member", False)
    me = await come(sso, idp, "leads", "crib-admins")
    assert (await members(sso))["zoe"] == ("admin", True)
    assert (me["company_role"], me["is_admin"]) == ("owner", True)
    link = (await admin.get(f"/api/admin/users/{zoe['id']}/provider")).json()
    assert link["subject"] == "sub-1"
    roles = [
        (each["what"], each["name"], each["role"], each["own_role"], each["group"]) for each in link["roles"]
    ]
    assert roles == [
        ("admin", "", "admin", "admin", "crib-admins"),
        ("company", "Acme", "owner", "member", "leads"),
        ("project", "Engine", "admin", "member", "leads"),
    ]
    me = await come(sso, idp)
    assert (await members(sso))["zoe"] == ("member", False)
    assert (me["company_role"], me["is_admin"]) == ("member", True)


async def test_what_is_done_by_hand_is_no_longer_the_groups(lite: AppServer, idp: Provider) -> None:
    zoe = await come(lite, idp, "leads", "crib-admins")
    admin = await lite.admin()
    acme = await company_of(lite, "Acme")
    await admin.put("/api/projects/Engine/members/zoe", json={"role": "admin"})
    await admin.put(f"/api/companies/{acme}/members/zoe", json={"role": "owner"})
    await admin.put(f"/api/admin/users/{zoe['id']}/status", json={"is_admin": True})
    assert (await admin.get(f"/api/admin/users/{zoe['id']}/provider")).json()["roles"] == []
    me = await come(lite, idp)
    assert (await members(lite))["zoe"] == ("admin", False)
    assert (me["company_role"], me["is_admin"]) == ("owner", True)
    # Taken by hand, it comes again with the group.
    assert (await admin.delete("/api/projects/Engine/members/zoe")).status_code == 204
    await come(lite, idp, "artists")
    assert (await members(lite))["zoe"] == ("member", True)


async def test_nobody_is_moved_out_of_a_company_they_were_put_into(lite: AppServer, idp: Provider) -> None:
    await come(lite, idp)
    other = await company_of(lite, "Other")
    await (await lite.admin()).put(f"/api/companies/{other}/members/zoe", json={"role": "member"})
    me = await come(lite, idp, "artists")
    assert me["company_name"] == "Other"
    # But from one group's company to another group's.
    await (await lite.admin()).delete(f"/api/companies/{other}/members/zoe")
    assert (await come(lite, idp, "artists"))["company_name"] == "Acme"
    assert (await come(lite, idp, "others"))["company_name"] == "Other"
    assert (await come(lite, idp, "others", "artists"))["company_name"] == "Acme"  # the first in the setting


async def test_the_last_administrator_stays_one(app_server: StartApp, idp: Provider) -> None:
    server = await app_server(**settings(idp))
    zoe = await come(server, idp, "crib-admins")
    admin = await server.admin()
    me = (await admin.get("/api/currentuser")).json()
    idp.person["groups"] = ["crib-admins"]
    token = (await sign_in(server, idp)).json()["token"]
    as_zoe = {"Authorization": f"Bearer {token}"}
    body = {"is_active": False}
    path = f"/api/admin/users/{me['id']}/status"
    assert (await server.client.put(path, json=body, headers=as_zoe)).status_code == 200
    assert (await come(server, idp))["is_admin"] is True
    # With another one there, it goes.
    assert (await server.client.put(path, json={"is_active": True}, headers=as_zoe)).status_code == 200
    assert (await come(server, idp))["is_admin"] is False
    assert zoe["username"] == "zoe"


async def test_the_last_owner_of_a_project_stays_one(lite: AppServer, idp: Provider) -> None:
    await come(lite, idp, "owners")
    admin = await lite.admin()
    assert (await admin.delete("/api/projects/Engine/members/admin")).status_code == 204
    await come(lite, idp)
    assert await members(lite) == {"zoe": ("owner", True)}
    await admin.put("/api/projects/Engine/members/admin", json={"role": "owner"})
    await come(lite, idp)
    assert "zoe" not in await members(lite)


@pytest.mark.parametrize(
    "groups",
    [["artists"], "artists", "x artists y", "x, artists", ["x", 7, None, {"artists": 1}, " artists "]],
)
async def test_groups_are_a_list_or_text(lite: AppServer, idp: Provider, groups: Any) -> None:
    idp.person["groups"] = groups
    assert (await sign_in(lite, idp)).status_code == 200
    assert (await members(lite))["zoe"] == ("member", True)


@pytest.mark.parametrize("groups", [7, None, {"artists": True}, "artist", ["ARTISTS"], [["artists"]]])
async def test_what_are_no_groups_give_nothing(lite: AppServer, idp: Provider, groups: Any) -> None:
    idp.person["groups"] = groups
    assert (await sign_in(lite, idp)).status_code == 200
    assert "zoe" not in await members(lite)


@pytest.mark.parametrize(
    ("path", "claims"),
    [
        ("realm_access.roles", {"realm_access": {"roles": ["artists"]}}),
        ("resource_access.crib.example.roles", {"resource_access": {"crib.example": {"roles": ["artists"]}}}),
        ("https://crib.example/groups", {"https://crib.example/groups": "artists"}),
    ],
)
async def test_the_claim_may_lie_deeper(
    app_server: StartApp, idp: Provider, path: str, claims: dict[str, Any]
) -> None:
    server = await prepared(await app_server(**settings(idp, path)))
    idp.person |= claims
    assert (await sign_in(server, idp)).status_code == 200
    assert (await members(server))["zoe"] == ("member", True)


async def test_the_userinfo_endpoint_may_tell_the_groups(lite: AppServer, idp: Provider) -> None:
    idp.userinfo = {"groups": ["artists"]}
    assert (await sign_in(lite, idp)).status_code == 200
    assert (await members(lite))["zoe"] == ("member", True)
    # While it cannot be read, nobody knows that she has left the group.
    idp.userinfo_fails = True
    assert (await sign_in(lite, idp)).status_code == 200
    assert (await members(lite))["zoe"] == ("member", True)
    idp.userinfo_fails = False
    idp.userinfo = {"_claim_names": {"groups": "elsewhere"}}  # too many to be in the token
    assert (await sign_in(lite, idp)).status_code == 200
    assert (await members(lite))["zoe"] == ("member", True)
    idp.userinfo = {}
    assert (await sign_in(lite, idp)).status_code == 200
    assert "zoe" not in await members(lite)


async def test_many_groups_are_no_trouble(lite: AppServer, idp: Provider) -> None:
    await come(lite, idp, *(f"group-{number}" for number in range(5_000)), "artists")
    assert (await members(lite))["zoe"] == ("member", True)


async def test_groups_of_what_is_not_there_are_passed_over(lite: AppServer, idp: Provider) -> None:
    me = await come(lite, idp, "lost", "artists")
    assert me["company_name"] == "Acme"


async def test_only_administrators_see_where_roles_come_from(lite: AppServer, idp: Provider) -> None:
    zoe = await come(lite, idp, "artists")
    path = f"/api/admin/users/{zoe['id']}/provider"
    assert (await (await lite.user("ann")).get(path)).status_code == 403
    assert (await lite.client.get(path)).status_code == 401
    assert (await (await lite.admin()).get("/api/admin/users/999999/provider")).status_code == 404


@pytest.mark.parametrize(
    "roles",
    ['["a"]', '{"g": "root"}', '{"g": "project:"}', '{"g": 7}', '{"g": "company:"}', "{", '{"g": null}'],
)
def test_a_mapping_that_cannot_be_read_fails_the_start(roles: str) -> None:
    with pytest.raises(ValueError, match=r"(?i)write|needs a role|expecting"):
        Settings(OIDC_GROUP_ROLES=roles)


def test_names_in_the_mapping_may_hold_colons() -> None:
    roles = Settings(OIDC_GROUP_ROLES='{"g": ["project:a:b", "project:a:b:viewer"]}')
    found = [(each.name, each.role) for each in roles.oidc_group_roles["g"]]
    assert found == [("a:b", "member"), ("a:b", "viewer")]
