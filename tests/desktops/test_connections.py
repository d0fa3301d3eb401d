"""Connections as the contract's clients use them (desktops contract, sections 4, 10, 11 and 17)."""

from __future__ import annotations

import re
from datetime import datetime
from uuid import uuid4

import pytest

from tests.desktops.place import (
    Place,
    call,
    configuration,
    connection,
    desktop,
    error_of,
    scale_up,
    volume,
)

UNIQUE = re.compile(r"d1-[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


def new(what: str) -> str:
    return f"{what}{uuid4().hex[:12]}"


def test_a_desktop_from_scale_up_to_its_deletion(place: Place) -> None:
    admin, ann = place.admin(), place.person()
    setup = configuration(admin, new("Ubuntu"), is_public=True)
    data = volume(admin, new("data"), is_public=True)
    made = scale_up(
        ann, persistent_home=True, desktop_configuration_id=str(setup["id"]), external_pvc=data["name"]
    )
    name = made["name"]
    assert UNIQUE.fullmatch(name)
    assert {key: value for key, value in made.items() if key != "id"} == {
        "name": name,
        "created_by": ann.username,
        "is_stopped": False,
        "persistent_home": True,
        "desktop_configuration_id": setup["id"],
        "status": "ready",
        "external_pvc": data["name"],
    }
    there = place.platform.desktop(name)
    assert there is not None
    assert (there["image"], there["volume"], there["max_ram"]) == ("reg/x:1", data["name"], "16384Mi")
    assert re.fullmatch(r"[A-Za-z0-9]{32}", there["password"])

    listed = call(ann, "GET", "/api/connections/list").json()["connections"]
    assert listed == [
        {
            "id": made["id"],
            "name": name,
            "created_at": listed[0]["created_at"],
            "created_by": ann.username,
            "persistent_home": True,
            "is_stopped": False,
            "desktop_configuration_id": setup["id"],
            "desktop_configuration_name": setup["name"],
            "external_pvc": data["name"],
        }
    ]
    assert datetime.fromisoformat(listed[0]["created_at"]).tzinfo is None
    one = call(ann, "GET", f"/api/connections/{name}").json()["connection"]
    assert one == {**listed[0], "guacamole_connection_id": None}
    status = call(ann, "GET", f"/api/connections/{name}/status").json()
    assert status == {"connection_name": name, "status": "running"}

    answer = connection(ann, "permanent-delete", name=name)
    assert error_of(answer) == (400, f"Connection {name} must be stopped first")
    for _ in range(2):  # repeating it is no error
        stopped = connection(ann, "scaledown", name=name)
        assert stopped.status_code == 200
        text = f"Connection {name} scaled down and preserved for future resumption"
        assert stopped.json()["message"] == text
    assert call(ann, "GET", f"/api/connections/{name}/status").json()["status"] == "stopped"
    assert call(ann, "GET", "/api/connections/list").json()["connections"][0]["is_stopped"] is True
    assert name not in place.platform.running()

    call(
        admin,
        "PUT",
        f"/api/desktop-config/update/{setup['id']}",
        name=setup["name"],
        image="reg/x:2",
        max_cpu=8,
    ).raise_for_status()
    resumed = connection(ann, "resume", name=name)
    assert resumed.status_code == 200, resumed.text
    assert resumed.json() == {
        "message": f"Connection {name} resumed successfully",
        "connection": {
            "id": made["id"],
            "name": name,
            "created_at": listed[0]["created_at"],
            "created_by": ann.username,
            "status": "ready",
            "persistent_home": True,
        },
    }
    again = place.platform.desktop(name)
    assert again is not None
    assert (again["image"], again["max_cpu"], again["volume"]) == ("reg/x:2", 8, data["name"])
    assert again["password"] != there["password"]
    assert connection(ann, "resume", name=name).json() == resumed.json()
    assert place.platform.desktop(name) == again

    connection(ann, "scaledown", name=name)
    deleted = connection(ann, "permanent-delete", name=name)
    text = f"Connection {name} permanently deleted and PVC {name}-home removed"
    assert (deleted.status_code, deleted.json()["message"]) == (200, text)
    assert name not in place.platform.homes()
    assert error_of(call(ann, "GET", f"/api/connections/{name}")) == (404, "Connection not found")
    assert call(ann, "GET", "/api/connections/list").json() == {"connections": []}


def test_absent_options_are_null(place: Place) -> None:
    made = scale_up(place.person(), "a.b-1")
    assert made["name"].startswith("a-b-1-")
    assert made["desktop_configuration_id"] is None
    assert made["external_pvc"] is None
    assert made["persistent_home"] is True
    assert "queue_position" not in made
    there = place.platform.desktop(made["name"])
    assert there is not None
    assert [there[key] for key in ("image", "min_cpu", "max_cpu", "min_ram", "max_ram")] == [
        "plain",
        1,
        4,
        "4096Mi",
        "16384Mi",
    ]


PATTERN = (
    "Connection name must start and end with an alphanumeric character and contain only lowercase letters, numbers, "
    "and hyphens"
)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (None, "Missing required field: name"),
        ("", "Missing required field: name"),
        ("Upper", PATTERN),
        ("-a", PATTERN),
        ("a-", PATTERN),
        ("a_b", PATTERN),
        ("a..b", PATTERN),
        ("ä", PATTERN),
        ("a\n", PATTERN),
        ("a b; rm x", PATTERN),
        ("a" * 13, "Connection name is too long. Maximum length is 12 characters."),
    ],
)
def test_names(place: Place, name: str | None, text: str) -> None:
    ann = place.person()
    answer = connection(ann, "scaleup", **({} if name is None else {"name": name}), persistent_home=True)
    assert error_of(answer) == (400, text)


def test_a_leading_digit_is_allowed(place: Place) -> None:
    assert scale_up(place.person(), "1abc")["name"].startswith("1abc-")


def test_bodies_are_not_needed_where_nothing_is_sent(place: Place) -> None:
    ann = place.person()
    for verb in ("scaleup", "scaledown", "resume", "permanent-delete"):
        assert error_of(connection(ann, verb)) == (400, "Missing required field: name")
    for verb, text in (
        ("attach-pvc", "Missing required fields: connection_id and pvc_id"),
        ("detach-pvc", "Missing required field: connection_id"),
    ):
        assert error_of(connection(ann, verb)) == (400, text)
    broken = ann.client.post(
        "/api/connections/scaleup", content=b"{", headers={"Content-Type": "application/json"}
    )
    assert error_of(broken) == (400, "Invalid JSON body")


def test_what_may_not_be_used(place: Place) -> None:
    admin, ann = place.admin(), place.person()
    setup, data = configuration(admin, new("Secret")), volume(admin, new("secret"))
    for body, refusal in (
        ({"external_pvc": "nope"}, (404, "PVC 'nope' not found")),
        ({"external_pvc": data["name"]}, (403, "You do not have permission to use this PVC")),
        ({"desktop_configuration_id": 999_999}, (404, "Desktop configuration not found")),
        (
            {"desktop_configuration_id": setup["id"]},
            (403, "You do not have permission to use this configuration"),
        ),
    ):
        assert error_of(connection(ann, "scaleup", name="d1", **body)) == refusal
    assert call(ann, "GET", "/api/connections/list").json() == {"connections": []}
    for body in ({"external_pvc": data["name"]}, {"desktop_configuration_id": setup["id"]}):
        scale_up(admin, **body)


def test_other_people_s_desktops(place: Place) -> None:
    ann, ben, admin = place.person(), place.person(), place.admin()
    name = scale_up(ann)["name"]
    for answer, verb in (
        (call(ben, "GET", f"/api/connections/{name}"), "access"),
        (call(ben, "GET", f"/api/connections/{name}/status"), "access"),
        (connection(ben, "scaledown", name=name), "delete"),
        (connection(ben, "permanent-delete", name=name), "delete"),
        (connection(ben, "resume", name=name), "resume"),
    ):
        assert error_of(answer) == (403, f"You do not have permission to {verb} this connection")
    assert call(ben, "GET", "/api/connections/list", params=None).json() == {"connections": []}
    named = f"/api/connections/list?created_by={ann.username}"
    assert call(ben, "GET", named).json() == {"connections": []}
    assert [each["name"] for each in call(admin, "GET", named).json()["connections"]] == [name]
    assert connection(admin, "scaledown", name=name).status_code == 200
    assert connection(admin, "resume", name=name).json()["connection"]["created_by"] == ann.username


def test_unknown_connections(place: Place) -> None:
    ann = place.person()
    for answer, text in (
        (call(ann, "GET", "/api/connections/nope"), "Connection not found"),
        (call(ann, "GET", "/api/connections/nope/status"), "Connection not found"),
        (connection(ann, "scaledown", name="nope"), "Connection nope not found"),
        (connection(ann, "permanent-delete", name="nope"), "Connection nope not found"),
        (connection(ann, "resume", name="nope"), "Stopped connection nope not found"),
    ):
        assert error_of(answer) == (404, text)


def test_one_without_a_home_is_deleted_by_scale_down(place: Place) -> None:
    ann = place.person()
    name = scale_up(ann, persistent_home=False)["name"]
    stopped = connection(ann, "scaledown", name=name)
    assert (stopped.status_code, stopped.json()["message"]) == (200, f"Connection {name} permanently deleted")
    place.settle()
    assert call(ann, "GET", "/api/connections/list").json() == {"connections": []}
    assert name not in place.platform.known() | place.platform.homes()


def test_attaching_and_detaching(place: Place) -> None:
    admin, ann, ben = place.admin(), place.person(), place.person()
    first, second = volume(admin, new("a"), is_public=True), volume(admin, new("b"), is_public=True)
    hidden = volume(admin, new("c"))
    made = scale_up(ann, persistent_home=False)
    name, number = made["name"], made["id"]
    place.platform.home(name).joinpath("kept").write_text("yes")
    before = desktop(ann, name)
    for data in (first, second):
        answer = connection(ann, "attach-pvc", connection_id=str(number), pvc_id=str(data["id"]))
        assert answer.status_code == 200, answer.text
        assert answer.json()["connection"]["external_pvc"] == data["name"]
        there = place.platform.desktop(name)
        assert there is not None
        assert (there["volume"], there["phase"]) == (data["name"], "ready")
    after = desktop(ann, name)
    assert (after["state"], after["fence"], after["ends_at"]) == (
        "running",
        before["fence"],
        before["ends_at"],
    )
    used = call(admin, "GET", f"/api/storage-pvcs/connections/{second['id']}").json()["connections"]
    assert [(each["name"], each["is_stopped"]) for each in used] == [(name, False)]
    assert place.platform.home(name).joinpath("kept").read_text() == "yes"
    for who, body, refusal in (
        (ann, {"connection_id": number}, (400, "Missing required fields: connection_id and pvc_id")),
        (ann, {"connection_id": number, "pvc_id": 999_999}, (404, "PVC with ID 999999 not found")),
        (ann, {"connection_id": 999_999, "pvc_id": first["id"]}, (404, "Connection not found")),
        (
            ann,
            {"connection_id": number, "pvc_id": hidden["id"]},
            (403, "You do not have permission to attach this PVC to this connection"),
        ),
        (
            ben,
            {"connection_id": number, "pvc_id": first["id"]},
            (403, "You do not have permission to access this connection"),
        ),
    ):
        assert error_of(connection(who, "attach-pvc", **body)) == refusal
    refusal = (403, "You do not have permission to access this connection")
    assert error_of(connection(ben, "detach-pvc", connection_id=number)) == refusal
    answer = connection(ann, "detach-pvc", connection_id=number)
    assert answer.json()["connection"]["external_pvc"] is None
    there = place.platform.desktop(name)
    assert there is not None
    assert there["volume"] is None
    assert error_of(connection(ann, "detach-pvc", connection_id=999_999)) == (404, "Connection not found")


def test_a_failed_start_leaves_nothing(place: Place) -> None:
    ann = place.person()
    place.platform.order(start="refuse")
    try:
        answer = connection(ann, "scaleup", name="d1")
    finally:
        place.platform.order(start=None)
    assert error_of(answer) == (500, "Failed to provision desktop: The platform's quota is used up.")
    place.settle()
    assert call(ann, "GET", "/api/connections/list").json() == {"connections": []}


def test_a_failed_resume_keeps_the_desktop(place: Place) -> None:
    ann = place.person()
    name = scale_up(ann)["name"]
    connection(ann, "scaledown", name=name)
    place.platform.order(start="refuse")
    try:
        answer = connection(ann, "resume", name=name)
    finally:
        place.platform.order(start=None)
    assert error_of(answer) == (500, "Failed to resume connection: The platform's quota is used up.")
    assert call(ann, "GET", f"/api/connections/{name}/status").json()["status"] == "failed"
    assert call(ann, "GET", f"/api/connections/{name}").json()["connection"]["is_stopped"] is True
    assert connection(ann, "resume", name=name).json()["connection"]["status"] == "ready"


def test_a_home_that_stays(place: Place) -> None:
    ann = place.person()
    name = scale_up(ann)["name"]
    connection(ann, "scaledown", name=name)
    place.platform.order(delete="home_stays")
    try:
        answer = connection(ann, "permanent-delete", name=name)
    finally:
        place.platform.order(delete=None)
    text = f"Connection {name} permanently deleted but failed to delete PVC {name}-home"
    assert (answer.status_code, answer.json()["message"]) == (200, text)
    place.advance(minutes=1)
    assert name not in place.platform.homes()


def test_a_missing_platform_is_said(place: Place) -> None:
    ann = place.person()
    place.crib.run(_forget_check(place))
    place.platform.order(check="missing")
    try:
        answer = connection(ann, "scaleup", name="d1")
        ours = call(ann, "POST", "/api/desktops", name="d1")
    finally:
        place.platform.order(check=None)
    assert error_of(answer) == (500, "Failed to provision desktop: Install the package fake-platform.")
    assert error_of(ours) == (503, "Install the package fake-platform.")
    assert (
        call(ann, "GET", "/api/desktops").json()["limits"]["problem"] == "Install the package fake-platform."
    )


async def _forget_check(place: Place) -> None:
    from toolcrib.desktops.desk import desk_of  # noqa: PLC0415

    desk_of(place.crib.app.kernel).checked_at = float("-inf")
