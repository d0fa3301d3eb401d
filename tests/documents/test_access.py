"""Who may do what in projects: by memberships kept here, and asked for by other services
(document contract, sections 3 and 13)."""

from __future__ import annotations

from uuid import uuid4

import pytest

from tests.documents.envelope import refused, succeeded
from tests.servers.crib import Crib, Person, token

# What each role may do: read, write, delete, lock, validate.
ROLES = {
    "viewer": {"read"},
    "member": {"read", "write", "delete", "lock"},
    "admin": {"read", "write", "delete", "lock", "validate"},
    None: set(),
}


def _attempts(person: Person, project: str, file_id: str, version: str) -> dict[str, list[int]]:
    """Every route that touches a file, by the action it takes; the answers' statuses."""
    place = person.at("a.txt", "projects", project)
    read = person.read_at("a.txt", "projects", project)
    new = f"{uuid4().hex}.txt"
    copy = {"source_bucket": "projects", "source_id": project, "source_path": "a.txt"}
    copy |= {"target_bucket": "companies", "target_id": person.company, "target_path": new}
    onto = {"source_bucket": "users", "source_id": person.uuid, "source_path": "own.txt"}
    onto |= {"target_bucket": "projects", "target_id": project, "target_path": new}
    person.stored("own.txt")
    own_key = person.stored("own.txt")["object_key"]
    answers = {
        "read": [
            person.get("/list", bucket="projects", id=project),
            person.get("/metadata", **read),
            person.get("/download/proxy", **place),
            person.get("/download/presign", **place),
            person.post("/download/presign", **place),
            person.get("/versions", file_id=file_id),
            person.get("/folders", bucket="projects", id=project),
            person.post("/copy", **copy),
        ],
        "write": [
            person.put(new, bucket="projects", owner=project),
            person.post("/upload/presign", **person.at(new, "projects", project)),
            person.call("PATCH", "/metadata", params=read, json={"tags": {}}),
            person.post("/copy", **{**onto, "target_path": f"c{new}"}),
            person.post("/folders", **person.at(f"d{new}", "projects", project)),
            person.post("/move", **person.at(new, "projects", project), target_path=f"m{new}"),
            person.post("/versions/commit", file_id=file_id, object_key=own_key),
        ],
        "lock": [
            person.post("/lock", file_id=file_id),
            person.post("/lock/renew", file_id=file_id),
            person.post("/unlock", file_id=file_id),
        ],
        "validate": [person.post(f"/versions/{version}/reject")],
        "delete": [
            person.call("DELETE", "/delete", json=place),
            person.call("DELETE", "/delete", json={"file_id": file_id}),
        ],
    }
    return {action: [answer.status_code for answer in found] for action, found in answers.items()}


@pytest.mark.parametrize("role", list(ROLES))
def test_roles_decide_on_every_route(crib: Crib, ann: Person, ben: Person, role: str | None) -> None:
    project = crib.project(ann, **({role: ben} if role else {}))
    file_id = ann.stored("a.txt", bucket="projects", owner=project)["file_id"]
    version = ann.committed(file_id)
    for action, statuses in _attempts(ben, project, file_id, version).items():
        if action in ROLES[role]:
            assert all(status in {200, 201} for status in statuses), (action, statuses)
        else:
            assert set(statuses) == {403}, (action, statuses)


def test_owners_of_a_company_own_its_projects(crib: Crib) -> None:
    admin, boss = crib.admin(), crib.person()
    role = admin.client.put(f"/api/companies/{boss.company}/members/{boss.username}", json={"role": "owner"})
    assert role.is_success, role.text
    made = admin.client.post("/api/projects", json={"name": f"p{uuid4().hex}", "company_id": boss.company})
    assert made.status_code == 201, made.text
    project = made.json()["id"]
    file_id = boss.stored("a.txt", bucket="projects", owner=project)["file_id"]
    succeeded(crib.admin().post("/lock", file_id=file_id))
    succeeded(boss.post("/unlock", file_id=file_id, force=True, reason="mine"))


def test_a_company_owner_ends_locks_in_the_companys_bucket(crib: Crib, ann: Person, carla: Person) -> None:
    role = crib.admin().client.put(
        f"/api/companies/{ann.company}/members/{ann.username}", json={"role": "owner"}
    )
    assert role.is_success, role.text
    file_id = carla.stored("a.txt", bucket="companies")["file_id"]
    succeeded(carla.post("/lock", file_id=file_id))
    succeeded(ann.post("/unlock", file_id=file_id, force=True, reason="audit"))
    succeeded(ann.post("/lock", file_id=file_id))
    refused(carla.post("/unlock", file_id=file_id, force=True, reason="x"), 403, "access_denied")


def test_a_company_is_that_of_the_requests_token(crib: Crib) -> None:
    """(contract, section 17)"""
    zoe = crib.person()
    second = str(uuid4())
    moved = Person(
        zoe.uuid, second, crib.client(cookies={"access_token": token(zoe.uuid, second)}), zoe.username
    )
    colleague = crib.person(second)
    zoe.stored("old.txt", bucket="companies")
    colleague.stored("new.txt", bucket="companies")
    for _ in range(2):  # the second time both answers are in memory
        assert moved.fetch("new.txt", "companies").content == b"hello"
        refused(moved.get("/list", bucket="companies", id=zoe.company), 403, "access_denied")
        assert zoe.fetch("old.txt", "companies").content == b"hello"
        refused(zoe.get("/list", bucket="companies", id=second), 403, "access_denied")
    people = crib.admin().client.get("/api/admin/users").json()
    assert [each["company_id"] for each in people if each["uuid"] == zoe.uuid] == [second]


def test_a_project_nobody_registered_is_open(ann: Person, ben: Person) -> None:
    project = str(uuid4())
    file_id = ann.stored("a.txt", bucket="projects", owner=project)["file_id"]
    version = ann.committed(file_id)
    succeeded(ben.post(f"/versions/{version}/approve"))
    assert ben.fetch("a.txt", bucket="projects", owner=project).content == b"next"


def test_a_removed_member_is_out_at_once(crib: Crib, ann: Person, ben: Person) -> None:
    project = crib.project(ann, member=ben)
    succeeded(ben.put("a.txt", bucket="projects", owner=project), 201)
    ann.client.delete(f"/api/projects/{project}/members/{ben.username}")
    refused(ben.put("a.txt", bucket="projects", owner=project), 403, "access_denied")


def test_refusals_are_remembered(crib: Crib, ann: Person, ben: Person) -> None:
    data = ann.stored("a.txt")
    refused(ben.post("/lock", file_id=data["file_id"]), 403, "access_denied")
    entry = ann.metadata("a.txt", include_audit="1")["audit_logs"][0]
    assert entry["action"] == "access_denied"
    assert entry["user_id"] == ben.uuid
    assert entry["details"]["action"] == "access_denied" or entry["details"]["action"] == "lock"


def test_events_of_a_bucket_reach_only_those_who_may_see_it(ann: Person, ben: Person) -> None:
    data = ann.stored("a.txt")

    def seen(person: Person) -> list[str]:
        page = person.client.get("/api/events", params={"kind": "document", "key": data["file_id"]}).json()
        return [event["verb"] for event in page["events"]]

    assert seen(ann) == ["uploaded"]
    assert seen(ben) == []


@pytest.mark.parametrize("base", ["", "/api"])
def test_other_services_ask_us(crib: Crib, ann: Person, ben: Person, base: str) -> None:
    project = crib.project(ann, viewer=ben)
    question = {"project_id": project, "action": "read"}
    assert ben.client.post(f"{base}/check-file-access", json=question).json() == {
        "allowed": True,
        "role": "viewer",
    }
    denied = ben.client.post(f"{base}/check-file-access", json={**question, "action": "write"}).json()
    assert denied == {"allowed": False, "reason": "insufficient_permissions"}
    assert ann.client.post(f"{base}/check-file-access", json=question).json()["role"] == "owner"
    checks = [{"project_id": project, "action": action} for action in ("validate", "read", "lock")]
    batch = ben.client.post(f"{base}/check-file-access/batch", json={"checks": checks}).json()["results"]
    assert [(each["project_id"], each["action"], each["allowed"]) for each in batch] == [
        (project, "validate", False),
        (project, "read", True),
        (project, "lock", False),
    ]
    assert crib.client().post(f"{base}/check-file-access", json=question).status_code == 401
    assert ben.client.post(f"{base}/check-file-access", json={"project_id": project}).status_code == 400
    odd = ben.client.post(f"{base}/check-file-access", json={"project_id": "x", "action": "read"}).json()
    assert odd["allowed"] is False
