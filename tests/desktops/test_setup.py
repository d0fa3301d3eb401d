"""Configurations and volumes, as administrators set them up (desktops contract, sections 5, 6 and 16)."""

from __future__ import annotations

from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any
from uuid import uuid4

import pytest

from tests.desktops.place import Place, call, configuration, connection, desktop, error_of, scale_up, volume
from tests.servers.crib import Person


def new(what: str) -> str:
    return f"{what}{uuid4().hex[:12]}"


def create(who: Person, **body: Any) -> Any:
    return call(who, "POST", "/api/desktop-config/create", **body)


# Configurations


def test_a_configuration_s_life(place: Place) -> None:
    admin, ann, ben = place.admin(), place.person(), place.person()
    name = new("Ubuntu")
    image = f"reg/{new('x')}:1"
    made = configuration(admin, name, image=image, id=77, allowed_users=[ann.username])
    assert made == {
        "id": made["id"],
        "name": name,
        "description": "",
        "image": image,
        "created_at": made["created_at"],
        "created_by": admin.username,
        "is_public": False,
        "min_cpu": 1,
        "max_cpu": 4,
        "min_ram": "4096Mi",
        "max_ram": "16384Mi",
        "allowed_users": [ann.username],
        "network": False,
        "copy_out": False,
        "paste_in": True,
        "files": True,
    }
    assert datetime.fromisoformat(made["created_at"]).tzinfo is None
    for route in ("list", "accessible"):
        url = f"/api/desktop-config/{route}"
        assert made in call(ann, "GET", url).json()["configurations"]
        assert made["id"] not in {each["id"] for each in call(ben, "GET", url).json()["configurations"]}
    one = f"/api/desktop-config/get/{made['id']}"
    assert call(ann, "GET", one).json() == {"configuration": made}
    images = "/api/desktops/images"
    assert made["image"] in call(ann, "GET", images).json()["images"]
    assert made["image"] in call(admin, "GET", images).json()["images"]
    assert made["image"] not in call(ben, "GET", images).json()["images"]
    hidden = f"Configuration with ID {made['id']} not found or access denied"
    assert error_of(call(ben, "GET", one)) == (404, hidden)
    access = f"/api/desktop-config/access/{made['id']}"
    assert call(admin, "GET", access).json() == {"users": [ann.username]}
    update = f"/api/desktop-config/update/{made['id']}"
    changed = call(admin, "PUT", update, name=name, image="reg/x:2", max_cpu=8, is_public=True, min_cpu=2)
    assert changed.json()["configuration"] == {
        **made,
        "image": "reg/x:2",
        "is_public": True,
        "min_cpu": 2,
        "max_cpu": 8,
        "allowed_users": [],
    }
    call(admin, "PUT", update, name=name, image="reg/x:2", allowed_users=[ann.username, ben.username])
    # Only administrators see who else may.
    assert call(ben, "GET", one).json()["configuration"]["allowed_users"] == [ben.username]
    used = scale_up(ann, desktop_configuration_id=made["id"])["name"]
    assert desktop(ann, used)["copy_out"] is False
    bare = scale_up(ann)["name"]
    assert desktop(ann, bare)["copy_out"] is False
    delete = f"/api/desktop-config/delete/{made['id']}"
    in_use = f"Cannot delete configuration with ID {made['id']} because it is being used by a connection"
    assert error_of(call(admin, "DELETE", delete)) == (400, in_use)
    connection(ann, "scaledown", name=used)
    connection(ann, "permanent-delete", name=used)
    gone = call(admin, "DELETE", delete)
    assert gone.json() == {"message": f"Configuration with ID {made['id']} deleted successfully"}
    for method, url in (("DELETE", delete), ("GET", access), ("PUT", update)):
        body = {"name": name, "image": "x"} if method == "PUT" else {}
        refusal = (404, f"Configuration with ID {made['id']} not found")
        assert error_of(call(admin, method, url, **body)) == refusal
    assert call(admin, "GET", "/api/desktop-config/get/nope").status_code == 404


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({}, "No data provided"),
        ({"name": "n"}, "Missing required fields: image"),
        ({"image": "x"}, "Missing required fields: name"),
        ({"name": "n", "image": "x", "min_cpu": 5, "max_cpu": 4}, "min_cpu must not be more than max_cpu"),
        (
            {"name": "n", "image": "x", "min_ram": "2Gi", "max_ram": "1024Mi"},
            "min_ram must not be more than max_ram",
        ),
        (
            {"name": "n", "image": "x", "max_ram": "much"},
            "max_ram must be a quantity like 4096Mi, of at most 10 characters",
        ),
        ({"name": "n", "image": "x", "max_ram": "1e18"}, "max_ram must be between 64Mi and 16Ti"),
        ({"name": "n", "image": "x", "allowed_users": ["nobody-at-all"]}, "Unknown users: nobody-at-all"),
        ({"name": "n", "image": "unknown/x"}, "There is no image of this name."),
    ],
)
def test_what_a_configuration_must_be(place: Place, body: dict[str, Any], text: str) -> None:
    admin = place.admin()
    if body:
        assert error_of(create(admin, **body)) == (400, text)
    else:
        url, kind = "/api/desktop-config/create", {"Content-Type": "application/json"}
        for content in (b"{}", b""):
            assert error_of(admin.client.post(url, content=content, headers=kind)) == (400, text)


@pytest.mark.parametrize(
    "image", ["x; rm -rf /", "x\ny", "-x", "a b", "$(id)", "x:" + "t" * 200, "../x", "é"]
)
def test_images_that_are_none(place: Place, image: str) -> None:
    assert create(place.admin(), name=new("n"), image=image).status_code == 400


def test_a_configuration_s_name_is_its_own(place: Place) -> None:
    admin, name = place.admin(), new("Same")
    first, other = configuration(admin, name), configuration(admin, new("Other"))
    text = f"Configuration with name '{name}' already exists"
    assert error_of(create(admin, name=name, image="x")) == (400, text)
    url = f"/api/desktop-config/update/{other['id']}"
    assert error_of(call(admin, "PUT", url, name=name, image="x")) == (400, text)
    kept = f"/api/desktop-config/update/{first['id']}"
    assert call(admin, "PUT", kept, name=name, image="x").status_code == 200


# Volumes


def test_a_volume_s_life(place: Place) -> None:
    admin, ann, ben = place.admin(), place.person(), place.person()
    name = new("data")
    made = volume(admin, name, size="5Gi", allowed_users=[ann.username])
    assert made == {
        "id": made["id"],
        "name": name,
        "namespace": "default",
        "size": "5Gi",
        "is_public": False,
        "created_at": made["created_at"],
        "created_by": admin.username,
        "status": "Bound",
        "last_updated": made["last_updated"],
        "exclusive": False,
        "allowed_users": [ann.username],
    }
    assert made["created_at"].endswith(" GMT")
    assert parsedate_to_datetime(made["created_at"]) == place.crib.clock().replace(microsecond=0)
    listed = "/api/storage-pvcs/list"
    assert made in call(ann, "GET", listed).json()["pvcs"]
    assert made["id"] not in {each["id"] for each in call(ben, "GET", listed).json()["pvcs"]}
    for which in (made["id"], name):  # older clients ask by name
        assert call(admin, "GET", f"/api/storage-pvcs/{which}").json() == {"pvc": made}
    access = f"/api/storage-pvcs/{made['id']}/access"
    assert call(admin, "GET", access).json() == {"users": [ann.username]}
    text = "PVC access updated successfully"
    changed = call(admin, "POST", access, allowed_users=[ben.username])
    assert changed.json() == {"message": text}
    assert call(admin, "GET", access).json() == {"users": [ben.username]}
    refused = call(admin, "POST", access, allowed_users=["nobody-at-all"])
    assert error_of(refused) == (400, "Unknown users: nobody-at-all")
    call(admin, "POST", access, is_public=True, allowed_users=[ben.username]).raise_for_status()
    assert call(admin, "GET", access).json() == {"users": []}
    used = scale_up(ann, external_pvc=name)
    connections = call(admin, "GET", f"/api/storage-pvcs/connections/{made['id']}").json()["connections"]
    assert connections == [
        {
            "id": used["id"],
            "name": used["name"],
            "created_at": connections[0]["created_at"],
            "created_by": ann.username,
            "is_stopped": False,
        }
    ]
    of_it = call(ann, "GET", f"/api/storage-pvcs/connection/{used['id']}").json()["pvcs"]
    assert [each["name"] for each in of_it] == [name]
    in_use = "Cannot delete PVC that is in use by one or more connections"
    assert error_of(call(admin, "DELETE", f"/api/storage-pvcs/{made['id']}")) == (400, in_use)
    connection(ann, "detach-pvc", connection_id=used["id"])
    gone = call(admin, "DELETE", f"/api/storage-pvcs/{made['id']}")
    assert gone.json() == {"message": f"PVC '{name}' deleted successfully"}
    assert name not in place.platform.volumes()
    text = f"PVC with ID {made['id']} not found"
    for method, url in (
        ("GET", f"/api/storage-pvcs/{made['id']}"),
        ("DELETE", f"/api/storage-pvcs/{made['id']}"),
        ("GET", access),
        ("POST", access),
        ("GET", f"/api/storage-pvcs/connections/{made['id']}"),
    ):
        assert error_of(call(admin, method, url)) == (404, text)


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({"size": "1Gi"}, "Missing required field: name"),
        ({"name": "data", "size": "-1Gi"}, "size must be a quantity like 4096Mi, of at most 20 characters"),
        ({"name": "data", "size": "0"}, "size must be between 1Mi and 1024Ti"),
        ({"name": "data", "allowed_users": ["nobody-at-all"]}, "Unknown users: nobody-at-all"),
    ],
)
def test_what_a_volume_must_be(place: Place, body: dict[str, Any], text: str) -> None:
    admin = place.admin()
    asked = place.platform.calls("create_volume")
    assert error_of(call(admin, "POST", "/api/storage-pvcs/create", **body)) == (400, text)
    kind = {"Content-Type": "application/json"}
    empty = admin.client.post("/api/storage-pvcs/create", content=b"{}", headers=kind)
    assert error_of(empty) == (400, "No input data provided")
    for name in ("Data", "-a", "a b", "a/../b", "x" * 254):
        assert call(admin, "POST", "/api/storage-pvcs/create", name=name).status_code == 400
    assert place.platform.calls("create_volume") == asked


def test_a_platform_that_is_down(place: Place) -> None:
    admin = place.admin()
    made = volume(admin, new("kept"))
    text = f"PVC with name '{made['name']}' already exists"
    assert error_of(call(admin, "POST", "/api/storage-pvcs/create", name=made["name"])) == (400, text)
    place.platform.order(volumes="down", create_volume="refuse", delete_volume="down")
    try:
        from toolcrib.desktops.desk import desk_of  # noqa: PLC0415

        desk_of(place.crib.app.kernel).volumes_looked_at = float("-inf")
        listed = call(admin, "GET", "/api/storage-pvcs/list").json()["pvcs"]
        assert made in listed
        name = new("lost")
        refused = call(admin, "POST", "/api/storage-pvcs/create", name=name)
        assert error_of(refused) == (500, "Failed to create PVC: The platform's quota is used up.")
        assert call(admin, "GET", f"/api/storage-pvcs/{name}").status_code == 404
        assert call(admin, "DELETE", f"/api/storage-pvcs/{made['id']}").status_code == 200
        assert made["name"] in place.platform.volumes()
    finally:
        place.platform.order(volumes=None, create_volume=None, delete_volume=None)
    place.compare()
    assert made["name"] not in place.platform.volumes()


# Rights


def test_only_administrators_set_up(place: Place) -> None:
    admin, ann = place.admin(), place.person()
    setup, data = configuration(admin, new("c"), is_public=True), volume(admin, new("v"), is_public=True)
    for method, url in (
        ("POST", "/api/desktop-config/create"),
        ("PUT", f"/api/desktop-config/update/{setup['id']}"),
        ("DELETE", f"/api/desktop-config/delete/{setup['id']}"),
        ("GET", f"/api/desktop-config/access/{setup['id']}"),
        ("POST", "/api/storage-pvcs/create"),
        ("GET", f"/api/storage-pvcs/{data['id']}"),
        ("DELETE", f"/api/storage-pvcs/{data['id']}"),
        ("GET", f"/api/storage-pvcs/{data['id']}/access"),
        ("POST", f"/api/storage-pvcs/{data['id']}/access"),
        ("GET", f"/api/storage-pvcs/connections/{data['id']}"),
    ):
        body = {"name": "n", "image": "x"} if method in ("POST", "PUT") else {}
        assert error_of(call(ann, method, url, **body)) == (403, "Admin privilege required!"), url
        nobody = place.crib.client()
        answer = nobody.request(method, url, json=body or None)
        assert error_of(answer) == (401, "Token is missing!"), url
    assert call(ann, "POST", "/api/admin/desktops/images/prepare").status_code == 403
    assert call(admin, "POST", "/api/admin/desktops/images/prepare").json()["code"] == "not_available"


def test_our_own_routes_are_for_its_person(place: Place) -> None:
    ann, ben, admin = place.person(), place.person(), place.admin()
    name = scale_up(ann)["name"]
    routes = [
        ("GET", ""),
        ("GET", "/usage"),
        ("POST", "/stop"),
        ("POST", "/resume"),
        ("DELETE", ""),
        ("POST", "/extend"),
        ("GET", "/guests"),
        ("PUT", f"/guests/{ben.username}"),
        ("DELETE", f"/guests/{ann.username}"),
        ("GET", "/files"),
        ("GET", "/files/content?path=a"),
        ("PUT", "/files/content?path=a"),
    ]
    for method, rest in routes:
        answer = call(ben, method, f"/api/desktops/{name}{rest}")
        assert (answer.status_code, answer.json()["code"]) == (404, "desktop_not_found"), rest
        assert place.crib.client().request(method, f"/api/desktops/{name}{rest}").status_code == 401
    call(ann, "PUT", f"/api/desktops/{name}/guests/{ben.username}", may_control=True).raise_for_status()
    assert call(ben, "GET", f"/api/desktops/{name}").json()["cannot"].keys() >= {"stop", "delete", "files"}
    assert [each["name"] for each in call(ben, "GET", "/api/desktops").json()["desktops"]] == [name]
    assert call(ben, "GET", "/api/connections/list").json() == {"connections": []}
    for method, rest in routes[2:]:
        answer = call(ben, method, f"/api/desktops/{name}{rest}")
        assert answer.status_code == 403, (method, rest)
    for method, rest in routes[9:]:  # what is in a home is nobody else's to see
        assert call(admin, method, f"/api/desktops/{name}{rest}").status_code == 403
    assert call(admin, "PUT", f"/api/desktops/{name}/guests/{ben.username}").status_code == 403
    assert call(ben, "DELETE", f"/api/desktops/{name}/guests/{ben.username}").status_code == 200
    assert call(ben, "GET", f"/api/desktops/{name}").status_code == 404
    usage = call(ann, "GET", f"/api/desktops/{name}/usage").json()
    assert usage == {"cpu_seconds": 1.5, "cpu_cores": None, "memory_bytes": 74_000_000}


def test_files_of_the_home(place: Place) -> None:
    admin, ann = place.admin(), place.person()
    name = scale_up(ann)["name"]
    url = f"/api/desktops/{name}/files"
    sent = ann.client.put(f"{url}/content", params={"path": "notes é.txt"}, content=b"hello")
    assert (sent.status_code, sent.json()) == (200, {"size": 5})
    (found,) = call(ann, "GET", url).json()["files"]
    assert (found["name"], found["is_folder"], found["size"]) == ("notes é.txt", False, 5)
    fetched = ann.client.get(f"{url}/content", params={"path": "notes é.txt"})
    assert fetched.content == b"hello"
    assert fetched.headers["content-disposition"].startswith("attachment")
    assert fetched.headers["content-security-policy"] == "sandbox"
    assert [verb for verb in place.verbs(name) if verb.startswith("file_")] == ["file_sent", "file_fetched"]
    for path in ("../x", "/etc/passwd", "a/../../x", "", "a//b", "x" * 300, "a\nb"):
        assert ann.client.get(f"{url}/content", params={"path": path}).status_code == 400, path
    assert ann.client.get(f"{url}/content", params={"path": "nope"}).status_code == 404
    shut = configuration(admin, new("shut"), is_public=True, files=False)
    other = scale_up(ann, "d2", desktop_configuration_id=shut["id"])["name"]
    refused = call(ann, "GET", f"/api/desktops/{other}/files")
    assert (refused.status_code, refused.json()["code"]) == (403, "files_not_allowed")
    connection(ann, "scaledown", name=name)
    assert call(ann, "GET", url).status_code == 409
