"""What changes while an upload's bytes are still coming: they may take hours."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from tests.documents.envelope import refused, succeeded
from tests.servers.crib import Crib, Person
from tests.servers.process import wait_until

pytestmark = [pytest.mark.databases("sqlite", "postgresql", "mariadb"), pytest.mark.every_database]

FORM = {"Content-Type": "multipart/form-data; boundary=xx"}


def slowly(crib: Crib, person: Person, place: dict[str, str], meanwhile: Callable[[], Any]) -> httpx.Response:
    """An upload in the middle of which `meanwhile()` happens."""
    drafts = crib.folder / "files" / "drafts"
    before = set(drafts.iterdir())

    def body() -> Iterator[bytes]:
        for name, value in place.items():
            yield f'--xx\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        yield b'--xx\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nfirst half'
        wait_until(lambda: bool(set(drafts.iterdir()) - before), "the upload to begin")
        meanwhile()
        yield b", second half\r\n--xx--\r\n"

    return person.call("POST", "/upload/proxy", content=body(), headers=FORM)


def test_a_member_who_is_removed_uploads_nothing(crib: Crib, ann: Person, ben: Person) -> None:
    project = crib.project(ann, member=ben)

    def remove() -> None:
        assert ann.client.delete(f"/api/projects/{project}/members/{ben.username}").is_success

    answer = slowly(crib, ben, ben.at("a.txt", "projects", project), remove)
    refused(answer, 403, "access_denied")
    assert ann.fetch("a.txt", bucket="projects", owner=project).status_code == 404


def test_somebody_who_is_shut_out_uploads_nothing(crib: Crib, ann: Person, carla: Person) -> None:
    admin = crib.admin()

    def disable() -> None:
        users = admin.client.get("/api/admin/users").json()
        (id_,) = [user["id"] for user in users if user["username"] == carla.username]
        answer = admin.client.put(f"/api/admin/users/{id_}/status", json={"is_active": False})
        assert answer.is_success, answer.text

    answer = slowly(crib, carla, carla.at("a.txt", "companies"), disable)
    refused(answer, 401, "unauthorized")
    assert ann.fetch("a.txt", bucket="companies").status_code == 404


def test_a_version_is_as_old_as_the_end_of_its_upload(crib: Crib, ann: Person) -> None:
    started = crib.clock()
    answer = slowly(crib, ann, ann.at("a.txt"), lambda: crib.clock.advance(minutes=5))
    succeeded(answer, 201)
    version = ann.metadata("a.txt")["current_version"]
    assert version["size"] == len("first half, second half")
    assert version["created_at"] > started.isoformat()


def test_a_file_that_is_destroyed_starts_anew(crib: Crib, ann: Person) -> None:
    file_id = ann.stored("a.txt")["file_id"]

    def destroy() -> None:
        succeeded(ann.call("DELETE", "/delete", json={"file_id": file_id, "physical": True}))

    data = succeeded(slowly(crib, ann, ann.at("a.txt"), destroy), 201)
    assert data["file_id"] != file_id
    assert data["version_number"] == 1
    assert ann.fetch("a.txt").content == b"first half, second half"


def test_a_folder_made_in_its_place_is_not_replaced(crib: Crib, ann: Person) -> None:
    answer = slowly(crib, ann, ann.at("a"), lambda: succeeded(ann.post("/folders", **ann.at("a")), 201))
    refused(answer, 409, "file_exists")
    assert ann.get("/folders", bucket="users", id=ann.uuid).json()["files"] == []
