"""A project's bucket is named by the project's name wherever it is by its id."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.documents.envelope import refused
from tests.servers.crib import Crib, Person


def names_of(person: Person, project: str) -> Iterator[str]:
    name = person.client.get(f"/api/projects/{project}").json()["name"]
    yield from (name, name.upper(), project, project.upper())


def test_every_address_of_documents_takes_the_name(crib: Crib, ann: Person) -> None:
    project = crib.project(ann)
    for number, named in enumerate(names_of(ann, project)):
        path = f"d{number}/a.txt"
        place: dict[str, Any] = {"bucket": "projects", "owner": named}
        stored = ann.stored(path, **place)
        assert stored["path"] == f"/projects/{project}/{path}"
        assert ann.get("/metadata", **ann.at(path, **place)).status_code == 200
        assert ann.fetch(path, **place).content == b"hello"
        assert ann.sent(b"x", f"d{number}/b.txt", **place)
        assert ann.post("/lock", **ann.at(path, **place)).status_code == 200
        assert ann.post("/lock/renew", **ann.at(path, **place)).status_code == 200
        assert ann.get("/locks", bucket_type="projects", bucket_id=named).json()["data"]["total"] == 1
        assert ann.post("/unlock", **ann.at(path, **place)).status_code == 200
        copy = {"source_bucket": "projects", "source_id": named, "source_path": path}
        copy |= {"target_bucket": "projects", "target_path": f"/projects/{named}/d{number}/c.txt"}
        assert ann.post("/copy", **copy).status_code == 201
        assert ann.get("/folders", bucket="projects", id=named, path=f"d{number}").json()["files"]
        assert ann.get("/list", bucket="projects", path=f"/projects/{named}/d{number}/").json()["files"]
        assert ann.get("/search", q="a.txt", bucket="projects", id=named).json()["files"]
        assert ann.get("/folders/zip", bucket="projects", id=named).content[:2] == b"PK"
        assert ann.get("/versions", **ann.at(path, **place)).json()["total_count"] == 1
        check = {"project_id": named, "action": "read"}
        assert ann.client.post("/api/check-file-access", json=check).json()["allowed"]
        gone = ann.call("DELETE", "/delete", json=ann.at(path, **place))
        assert gone.status_code == 200


def test_a_name_tells_strangers_nothing(crib: Crib, ann: Person, ben: Person) -> None:
    project = crib.project(ann)
    name = next(names_of(ann, project))
    for named in (name, f"{name}s"):
        unknown = refused(ben.get("/list", bucket="projects", id=named), 400, "validation_error")
        assert unknown["id"] == ["must be a UUID, or the name of a project of yours"]
        check = {"project_id": named, "action": "read"}
        answer = ben.client.post("/api/check-file-access", json=check).json()
        assert answer == {"allowed": False, "reason": "unknown_project"}
