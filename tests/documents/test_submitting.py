"""A resumable upload that waits for approval instead of becoming current."""

from __future__ import annotations

import pytest

from tests.documents.envelope import refused, succeeded
from tests.documents.resumable import begin, uploaded
from tests.servers.crib import Crib, Person

pytestmark = pytest.mark.moves_bytes


def test_an_upload_to_submit_makes_a_version_that_waits(crib: Crib, ann: Person, ben: Person) -> None:
    project = crib.project(ann, member=ben)
    file_id = ann.stored("a.bin", b"one", bucket="projects", owner=project)["file_id"]
    succeeded(ben.post("/lock", file_id=file_id))
    place = {"bucket": "projects", "owner": project}
    answer = uploaded(ben, b"second", "a.bin", piece=4, submit="true", changelog="thicker walls", **place)
    assert answer.status_code == 204
    assert answer.headers["X-File-ID"] == file_id
    assert answer.headers["X-Version-Number"] == "2"
    assert ann.fetch("a.bin", bucket="projects", owner=project).content == b"one"
    waiting = ann.get("/versions/waiting").json()["waiting"]
    mine = next(one for one in waiting if one["file"]["id"] == file_id)
    assert mine["version"]["id"] == answer.headers["X-Version-ID"]
    assert mine["version"]["changelog"] == "thicker walls"
    assert mine["version"]["size"] == 6
    assert ann.get("/locks", file_id=file_id).json()["data"]["total"] == 0, "submitting gives the lock back"
    succeeded(ann.post(f"/versions/{mine['version']['id']}/approve"))
    assert ann.fetch("a.bin", bucket="projects", owner=project).content == b"second"


def test_a_version_is_submitted_of_a_file_that_is_there(ann: Person, carla: Person) -> None:
    refused(begin(ann, 3, "no.bin", bucket="companies", submit="true"), 404, "file_not_found")
    file_id = ann.stored("a.bin", bucket="companies")["file_id"]
    refused(begin(ann, 3, "a.bin", bucket="companies", submit="perhaps"), 400, "validation_error")
    succeeded(carla.post("/lock", file_id=file_id))
    refused(begin(ann, 3, "a.bin", bucket="companies", submit="true"), 409, "file_locked")
