"""What API keys may be used for, by their scopes."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from fastapi.routing import iter_route_contexts
from sqlalchemy import update

from tests.api.test_every_route import address, check_shape
from tests.servers.environment import PASSWORD
from tests.servers.inprocess import AppServer
from toolcrib.kernel.identity.models import ApiKey

SCOPES = ("read", "locks", "documents", "machines", "parts", "desktops", "admin")
REFUSED = {"missing_scope", "sign_in_needed"}
ANY = frozenset(SCOPES)
NONE: frozenset[str] = frozenset()

# Changes of accounts and of what people may do. No key makes them.
ACCOUNTS = {
    "PUT /api/users/me/password",
    "PUT /api/users/me/email",
    "POST /api/users/me/keys",
    "DELETE /api/users/me/keys/{key_id}",
    "DELETE /api/users/me/sessions",
    "DELETE /api/users/me/sessions/{session_id}",
    "POST /api/users/me/otp",
    "PUT /api/users/me/otp",
    "POST /api/users/me/otp/recovery-codes",
    "POST /api/users/me/otp/disable",
    "POST /api/users",
    "DELETE /api/users/{username}",
    "POST /api/users/createuser",
    "POST /api/users/removeuser",
    "POST /api/users/update/{username}",
    "POST /api/auth/register",
    "POST /api/auth/refresh",
    "POST /api/tokens",
    "POST /api/token",
    "DELETE /api/tokens/{token_id}",
    "DELETE /api/token/{token_id}",
    "POST /api/auth/logout",
    "POST /api/auth/oidc/backchannel-logout",
    "POST /api/admin/users",
    "DELETE /api/admin/users/{user_id}",
    "PUT /api/admin/users/{user_id}/username",
    "PUT /api/admin/users/{user_id}/password",
    "PUT /api/admin/users/{user_id}/email",
    "PUT /api/admin/users/{user_id}/status",
    "PUT /api/admin/users/{user_id}/company",
    "DELETE /api/admin/users/{user_id}/otp",
    "PUT /api/companies/{company_id}/members/{username}",
    "DELETE /api/companies/{company_id}/members/{username}",
    "PUT /api/projects/{project_id}/members/{username}",
    "DELETE /api/projects/{project_id}/members/{username}",
}
ADMINISTRATION = {
    "GET /metrics",
    "GET /api/users",
    "GET /api/users/list",
    "GET /api/users/verify",
    "GET /api/users/check",
    "GET /api/users/{username}",
    "GET /api/tokens",
    "GET /api/token",
    "GET /api/tokens/{token_id}",
    "GET /api/token/{token_id}",
    "GET /api/admin/users",
    "GET /api/admin/users/{user_id}",
    "GET /api/admin/users/{user_id}/provider",
    "GET /api/admin/config",
    "GET /api/admin/config/details",
    "PUT /api/admin/config",
    "GET /api/admin/claim-clashes",
    "GET /api/admin/health",
    "POST /api/admin/test-email",
    "POST /api/companies",
    "PATCH /api/companies/{company_id}",
    "DELETE /api/companies/{company_id}",
    "POST /api/projects",
    "PATCH /api/projects/{project_id}",
    "DELETE /api/projects/{project_id}",
    "GET /api/admin/quotas",
    "PUT /api/admin/quotas/{family}/{owner}",
    "DELETE /api/admin/quotas/{family}/{owner}",
}
# Written with another method than GET, though they change nothing.
READS = {
    "POST /api/locks/check",
    "POST /info/lfs/locks/verify",
    "POST /{project}/info/lfs/locks/verify",
    "POST /info/lfs/objects/batch",
    "POST /{project}/info/lfs/objects/batch",
    "POST /api/storage/download/presign",
    "POST /api/check-file-access",
    "POST /api/check-file-access/batch",
    "POST /check-file-access",
    "POST /check-file-access/batch",
    "PROPFIND /dav",
    "PROPFIND /dav/{path}",
}


# Only administrators may, so that a key needs the kind's scope and `admin`.
BOTH = {
    "POST /api/storage/verify",
    "POST /api/machines",
    "DELETE /api/machines/{name}",
    "GET /api/release_all",
    "POST /api/release_all",
    "PATCH /api/pool/machines/{name}",
    "POST /api/pool/machines/{name}/maintenance",
    "POST /api/pool/machines/{name}/quarantine",
    "POST /api/pool/machines/{name}/accept-host-key",
    "POST /api/pool/machines/{name}/check",
    "POST /api/pool/machines/{name}/enroll",
    "GET /api/pool/machines/{name}/output",
    "GET /api/pool/inventory",
    "POST /api/pool/inventory",
    "POST /api/pool/queue/{reservation_id}/move",
    "POST /api/pool/queue/{reservation_id}/priority",
    "POST /api/desktop-config/create",
    "PUT /api/desktop-config/update/{configuration_id}",
    "DELETE /api/desktop-config/delete/{configuration_id}",
    "GET /api/desktop-config/access/{configuration_id}",
    "POST /api/storage-pvcs/create",
    "GET /api/storage-pvcs/connections/{volume_id}",
    "GET /api/storage-pvcs/{volume_id}",
    "DELETE /api/storage-pvcs/{volume_id}",
    "GET /api/storage-pvcs/{volume_id}/access",
    "POST /api/storage-pvcs/{volume_id}/access",
    "POST /api/admin/desktops/images/prepare",
}
# Written with GET, though they change something or let somebody in on a machine or desktop.
WRITES = {
    "GET /api/reserve",
    "GET /api/release_all",
    "GET /api/reservations/{reservation_id}/certificate",
    "GET /api/connections/direct-connect/{connection_id}",
    "GET /api/connections/guacamole-dashboard",
    "GET /api/auth/onshape/connect",
    "GET /api/parts/auth/onshape/connect",
    "GET /api/onshape/start",
    "GET /onshape/start",
    "GET /api/parts/{part_id}/drawing",
}


def needed(method: str, path: str) -> frozenset[str]:
    """The scopes of which a key needs one."""
    route = f"{method} {path}"
    if route in ACCOUNTS:
        return NONE
    if route in ADMINISTRATION:
        return frozenset({"admin"})
    if path in {"/api/whoami", "/api/currentuser"}:
        return ANY
    reads = (method in {"GET", "HEAD", "OPTIONS"} and route not in WRITES) or route in READS
    if re.match(r"/api/(machines|available|reserve|release_all|reservations|pool)(/|$)", path):
        return frozenset({"read", "machines"} if reads else {"machines"})
    if re.match(r"/api/(admin/)?(desktops|connections|desktop-config|storage-pvcs)(/|$)", path):
        return frozenset({"read", "desktops"} if reads else {"desktops"})
    if re.match(r"/api/(parts|shop)(/|$)|(/api)?(/auth)?/onshape/", path):
        return frozenset({"read", "parts"} if reads else {"parts"})
    if re.match(r"/api/((admin/)?desktops|connections|desktop-config|storage-pvcs)(/|$)", path):
        return frozenset({"read", "desktops"} if reads else {"desktops"})
    if re.match(r"/api/lock|(/\{project\})?/info/lfs", path):
        return frozenset({"read", "locks"} if reads else {"locks"})
    if re.match(r"/api/storage(/|$)|(/api)?/check-file-access|/dav", path):
        return frozenset({"read", "documents"} if reads else {"documents"})
    if path.startswith(("/api/claims", "/api/watches")) and not reads:
        return frozenset({"locks", "documents", "machines", "parts", "desktops"})
    assert reads, f"a new way to change something: {route}"
    return frozenset({"read"})


def routes(server: AppServer) -> Iterator[tuple[str, str]]:
    for route in iter_route_contexts(server.app.routes):
        for method in sorted(route.methods or ()):
            yield method, route.path_format or ""


async def make_key(client: httpx.AsyncClient, *scopes: str, **fields: Any) -> dict[str, Any]:
    body: dict[str, Any] = {"name": "k", **({"scopes": list(scopes)} if scopes else {}), **fields}
    answer = await client.post("/api/users/me/keys", json=body)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def with_key(client: httpx.AsyncClient, *scopes: str) -> dict[str, str]:
    return {"X-API-Key": (await make_key(client, *scopes))["key"]}


async def forget_scopes(server: AppServer) -> None:
    """Make all keys such as were made before there were scopes."""
    async with server.kernel.database.write() as session:
        await session.execute(update(ApiKey).values(scopes=None))


async def refusal(
    server: AppServer, method: str, path: str, headers: dict[str, str]
) -> dict[str, Any] | None:
    """The body of a 403 because of the key; None if the key was let through."""
    body: dict[str, Any] | None = None if method in {"GET", "HEAD", "OPTIONS"} else {}
    url = address(path)
    async with server.client.stream(method, url, json=body, headers=headers) as answer:
        where = f"{method} {path} -> {answer.status_code}"
        assert answer.status_code != 401, where
        # Where it is not configured, that is Onshape's answer (parts contract, section 9).
        assert answer.status_code < 500 or path.endswith("/onshape/connect"), where
        if answer.status_code != 403 or "xml" in answer.headers["content-type"]:  # WebDAV's own refusals
            return None
        if method == "HEAD":
            return {"code": "missing_scope"}
        await answer.aread()
        check_shape(method, path, answer)
        found = answer.json()
        code = found["code"] if "code" in found else found["message"]
        return found if code in REFUSED or "/info/lfs" in path else None


async def test_every_route_of_every_kind_asks_a_key_for_its_scope(lite: AppServer) -> None:
    """It takes a key with any one of the scopes it asks for, and none with all the others."""
    admin = await lite.admin()
    old = await with_key(admin)
    await forget_scopes(lite)
    keys: dict[frozenset[str], dict[str, str]] = {}

    async def ask(method: str, path: str, *scopes: str) -> dict[str, Any] | None:
        chosen = frozenset(scopes)
        if chosen not in keys:
            keys[chosen] = await with_key(admin, *chosen)
        return await refusal(lite, method, path, keys[chosen])

    walked = 0
    for method, path in routes(lite):
        if path == "/api/openapi.json":  # takes a second to make, and is for everybody
            continue
        anonymous = await lite.client.request(method, address(path))
        if anonymous.status_code != 401:  # open to everybody, or signed
            continue
        walked += 1
        where, need = f"{method} {path}", needed(method, path)
        if need != ANY:
            refused = await ask(method, path, *(ANY - need))
            assert refused is not None, where
            if "details" in refused and "/info/lfs" not in path:
                assert set((refused["details"] or {}).get("scopes", [])) == need, where
        for scope in need:
            if where in BOTH:
                assert await ask(method, path, scope) is not None, where
            else:
                assert await ask(method, path, scope) is None, where
        if not need or where in BOTH:
            refused = await refusal(lite, method, path, old)
            assert (refused is None) == (where in BOTH), where
    assert walked > 120


async def test_a_key_without_scopes_asked_for_only_reads(lite: AppServer) -> None:
    ann = await lite.user("ann")
    made = await make_key(ann)
    assert made["scopes"] == ["read"]
    headers = {"X-API-Key": made["key"]}
    assert (await lite.client.get("/api/locks", headers=headers)).status_code == 200
    refused = await lite.client.post("/api/locks", json={"asset_path": "a", "branch": "m"}, headers=headers)
    assert refused.status_code == 403
    assert (refused.json()["code"], refused.json()["details"]) == ("missing_scope", {"scopes": ["locks"]})
    assert "locks" in refused.json()["msg"]


async def test_scopes_are_offered_with_the_least_first_and_unknown_ones_refused(lite: AppServer) -> None:
    ann = await lite.user("ann")
    offered = (await ann.get("/api/users/me/keys/scopes")).json()
    assert [each["name"] for each in offered] == list(SCOPES)
    assert all(each["text"] for each in offered)
    made = await make_key(ann, "locks", "read", "locks")
    assert made["scopes"] == ["read", "locks"]
    bad: list[Any] = [["everything"], [], ["read"] * 60, "read", [1], ["read", ""], ["read locks"]]
    for scopes in bad:
        answer = await ann.post("/api/users/me/keys", json={"name": "k", "scopes": scopes})
        assert answer.status_code == 400, scopes
    unknown = await ann.post("/api/users/me/keys", json={"name": "k", "scopes": ["everything"]})
    assert unknown.json()["code"] == "unknown_scope"
    assert len((await ann.get("/api/users/me/keys")).json()) == 1
    anonymous = await lite.client.get("/api/users/me/keys/scopes")
    assert anonymous.status_code == 401


@pytest.mark.every_database
async def test_keys_from_before_there_were_scopes_have_them_all(crib: AppServer) -> None:
    ann = await crib.user("ann")
    headers = await with_key(ann)
    await forget_scopes(crib)
    assert (await ann.get("/api/users/me/keys")).json()[0]["scopes"] is None
    locked = await crib.client.post("/api/locks", json={"asset_path": "a", "branch": "m"}, headers=headers)
    assert locked.status_code == 201
    made = await crib.client.post("/api/projects", json={"name": "new"}, headers=headers)
    assert made.status_code == 201


async def test_a_key_without_admin_is_nobody_special(lite: AppServer) -> None:
    admin, ann = await lite.admin(), await lite.user("ann")
    await ann.post("/api/projects", json={"name": "anns"})
    lock = {"asset_path": "a.psd", "branch": "main", "project": "anns"}
    fence = (await ann.post("/api/locks", json=lock)).json()["lock"]["id"]
    plain = await with_key(admin, "read", "locks")
    full = await with_key(admin, "read", "locks", "admin")
    me = await lite.client.get("/api/currentuser", headers=plain)
    assert me.json()["is_admin"] is False
    assert (await lite.client.get("/api/whoami", headers=plain)).json()["roles"] == []
    assert (await lite.client.get("/api/whoami", headers=full)).json()["roles"] == ["admin"]
    listed = "/api/locks?project=anns"
    assert (await lite.client.get(listed, headers=plain)).status_code == 403
    assert len((await lite.client.get(listed, headers=full)).json()) == 1
    events = {"kind": "user"}
    few = (await lite.client.get("/api/events", params=events, headers=plain)).json()["events"]
    many = (await lite.client.get("/api/events", params=events, headers=full)).json()["events"]
    assert len(few) < len(many)
    users = await lite.client.get("/api/users", headers=plain)
    assert (users.status_code, users.json()["details"]) == (403, {"scopes": ["admin"]})
    force = f"/api/claims/{fence}/force-release"
    why = {"reason": "gone"}
    assert (await lite.client.post(force, json=why, headers=plain)).status_code == 404
    assert (await lite.client.post(force, json=why, headers=full)).status_code == 200


async def test_the_verbs_of_all_kinds_take_the_scope_of_the_claims_kind(lite: AppServer) -> None:
    ann = await lite.user("ann")
    lock = {"asset_path": "a.psd", "branch": "main"}
    fence = (await ann.post("/api/locks", json=lock)).json()["lock"]["id"]
    keys = {scope: await with_key(ann, "read", scope) for scope in ("documents", "locks")}
    for verb, body in (("renew", {}), ("release", {}), ("transfer", {"to": "admin"}), ("queue", {})):
        refused = await lite.client.post(f"/api/claims/{fence}/{verb}", json=body, headers=keys["documents"])
        assert refused.status_code == 403, verb
        assert refused.json()["details"] == {"scopes": ["locks"]}, verb
    left = await lite.client.delete(f"/api/claims/{fence}/queue", headers=keys["documents"])
    assert left.status_code == 403
    seen = (await lite.client.get(f"/api/claims/{fence}", headers=keys["documents"])).json()
    assert "locks" in seen["cannot"]["release"]
    assert (
        "release"
        not in (await lite.client.get(f"/api/claims/{fence}", headers=keys["locks"])).json()["cannot"]
    )
    released = await lite.client.post(f"/api/claims/{fence}/release", headers=keys["locks"])
    assert released.status_code == 200


def basic(username: str, password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()}


async def test_a_key_as_a_password_has_its_scopes_too(lite: AppServer) -> None:
    ann = await lite.user("ann")
    uuid = (await ann.get("/api/currentuser")).json()["uuid"]
    keys = {
        scope: basic("ann", (await make_key(ann, scope))["key"]) for scope in ("read", "locks", "documents")
    }
    file = f"/dav/users/{uuid}/a.txt"
    for scope, status in (("read", 403), ("locks", 403), ("documents", 201)):
        sent = await lite.client.put(file, content=b"x", headers=keys[scope])
        assert sent.status_code == status, (scope, sent.text)
    for scope, status in (("read", 200), ("locks", 403), ("documents", 200)):
        assert (await lite.client.get(file, headers=keys[scope])).status_code == status, scope
        asked = await lite.client.request("PROPFIND", file, headers={"Depth": "0", **keys[scope]})
        assert asked.status_code == (207 if status == 200 else 403), scope
    wanted = {"operation": "upload", "objects": [{"oid": "a" * 64, "size": 1}]}
    batch = "/info/lfs/objects/batch"
    for scope, upload, download in (("read", 403, 200), ("locks", 200, 200), ("documents", 403, 403)):
        answer = await lite.client.post(batch, json=wanted, headers=keys[scope])
        assert answer.status_code == upload, scope
        if upload == 403:
            assert "locks" in answer.json()["message"]
        answer = await lite.client.post(batch, json={**wanted, "operation": "download"}, headers=keys[scope])
        assert answer.status_code == download, scope
        locked = await lite.client.post("/info/lfs/locks", json={"path": f"{scope}.psd"}, headers=keys[scope])
        assert locked.status_code == (201 if upload == 200 else 403), scope


async def test_keys_end_with_a_password_if_asked_for(crib: AppServer) -> None:
    ann, ben = await crib.user("ann"), await crib.user("ben")
    kept, others = await with_key(ann), await with_key(ben)
    new = "an entirely new password"
    change = {"current_password": PASSWORD, "new_password": new}
    assert (await ann.put("/api/users/me/password", json=change)).status_code == 200
    assert (await crib.client.get("/api/whoami", headers=kept)).status_code == 200
    ann = await crib.sign_in("ann", new)
    ending: dict[str, Any] = {"current_password": new, "new_password": PASSWORD, "end_api_keys": True}
    assert (await ann.put("/api/users/me/password", json=ending)).status_code == 200
    assert (await crib.client.get("/api/whoami", headers=kept)).status_code == 401
    assert (await crib.client.get("/api/whoami", headers=others)).status_code == 200
    log = await (await crib.admin()).get("/api/events", params={"kind": "api_key", "verb": "key_revoked"})
    assert [event["actor"] for event in log.json()["events"]] == ["ann"]

    admin = await crib.admin()
    id_ = (await ben.get("/api/currentuser")).json()["id"]
    reset = {"new_password": new, "end_api_keys": True}
    assert (await admin.put(f"/api/admin/users/{id_}/password", json=reset)).status_code == 200
    assert (await crib.client.get("/api/whoami", headers=others)).status_code == 401


async def test_the_description_names_the_scopes(lite: AppServer) -> None:
    document = (await lite.client.get("/api/openapi.json")).json()
    assert "`documents`" in document["components"]["securitySchemes"]["apiKey"]["description"]
    paths = document["paths"]
    assert {"apiKey": ["locks"]} in paths["/api/locks"]["post"]["security"]
    assert {"apiKey": ["read"]} in paths["/api/locks"]["get"]["security"]
    assert "`locks`" in paths["/api/locks"]["post"]["description"]
    password = paths["/api/users/me/password"]["put"]
    assert not [each for each in password["security"] if "apiKey" in each]
    assert "Not with API keys" in password["description"]
