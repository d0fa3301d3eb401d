"""An external service that decides about projects (document contract, section 13)."""

from __future__ import annotations

import asyncio
import json
import time
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from threading import Event, Semaphore
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import delete, insert

from tests.documents.envelope import refused, succeeded
from tests.kernel.parts import Start
from tests.servers.crib import Crib, Person
from tests.servers.fake_service import FakeService
from tests.servers.process import free_port
from toolcrib.documents.models import Folder
from toolcrib.documents.paths import Bucket, Place
from toolcrib.kernel.clock import system_clock
from toolcrib.kernel.identity.models import Project
from toolcrib.kernel.long_answers import PAGE

pytestmark = pytest.mark.databases("sqlite")


class ProjectService(FakeService):
    """A small fake: allows what `allowed` holds, and has its bad days by `mode`."""

    def __init__(self) -> None:
        self.allowed: set[tuple[str, str]] = set()
        self.role: str | None = None
        self.reason: str | None = None
        self.mode = "answer"
        # In the mode "stop" so many questions about reading a project are answered, and later ones not until `go_on`
        # is set.
        self.answers_each = 0
        self.go_on, self.stopped = Event(), Semaphore(0)
        super().__init__()

    def answer(self, body: Any) -> tuple[int, bytes]:
        if self.mode == "slow":
            time.sleep(3)  # a service that is slower than the server waits for it
        if self.mode == "stop" and self._is_one_too_many(body):
            self.stopped.release()
            self.go_on.wait(30)
        if self.mode == "error":
            return 500, b'{"allowed": true}'
        if self.mode == "redirect":
            return 302, b'{"allowed": true}'
        if self.mode == "rubbish":
            return 200, b"<html>allowed</html>"
        if self.mode == "list":
            return 200, b"[true]"
        if self.mode == "empty":
            return 200, b"{}"
        if self.mode == "string":
            return 200, b'{"allowed": "yes"}'
        if "checks" in body:
            results = [{**each, "allowed": self._may(each)} for each in body["checks"]]
            return 200, json.dumps({"results": results}).encode()
        allowed = self._may(body)
        return 200, json.dumps({"allowed": allowed, "role": self.role, "reason": self.reason}).encode()

    def reads_asked(self, project: str) -> int:
        read = {"project_id": project, "action": "read"}
        return sum(read.items() <= body.items() for _, body, _ in self.asked)

    def _is_one_too_many(self, body: Any) -> bool:
        return body["action"] == "read" and self.reads_asked(body["project_id"]) > self.answers_each

    def _may(self, body: Any) -> bool:
        return (body["project_id"], body["action"]) in self.allowed


@pytest.fixture(scope="module")
def service() -> Iterator[ProjectService]:
    one = ProjectService()
    yield one
    one.close()


@pytest.fixture(scope="module")
def outside(tmp_path_factory: pytest.TempPathFactory, service: ProjectService) -> Iterator[Crib]:
    """A server that asks the service."""
    one = Crib.start(tmp_path_factory.mktemp("outside"), PROJECT_SERVICE_URL=service.url + "/")
    yield one
    one.close()


@pytest.fixture
def dora(outside: Crib, service: ProjectService) -> Person:
    service.mode, service.allowed, service.role, service.reason = "answer", set(), None, None
    service.asked.clear()
    return outside.person()


def test_the_service_is_asked_with_the_callers_token(dora: Person, service: ProjectService) -> None:
    project = str(uuid4())
    service.allowed = {(project, "write"), (project, "read")}
    succeeded(dora.put("a.txt", bucket="projects", owner=project), 201)
    assert dora.fetch("a.txt", bucket="projects", owner=project).content == b"hello"
    path, body, cookie = service.asked[0]
    assert path == "/check-file-access"
    assert body["project_id"] == project
    assert body["action"] == "write"
    assert cookie == f"access_token={dora.client.cookies['access_token']}"
    data = dora.metadata("a.txt", bucket="projects", owner=project)["file"]
    refused(dora.post("/lock", file_id=data["id"]), 403, "access_denied")
    assert service.asked[-1][1] == {"project_id": project, "action": "lock", "file_id": data["id"]}


def test_every_upload_asks_once_before_the_bytes_and_once_after(
    dora: Person, service: ProjectService
) -> None:
    project = str(uuid4())
    service.allowed = {(project, "write"), (project, "read")}
    authorization = {"Authorization": f"Bearer {dora.client.cookies['access_token']}"}
    upload = {"Tus-Resumable": "1.0.0", "Content-Type": "application/offset+octet-stream"}
    described = dora.at("c.txt", bucket="projects", owner=project)
    metadata = ",".join(f"{name} {b64encode(value.encode()).decode()}" for name, value in described.items())

    def writes_asked() -> int:
        asked: int = sum(body["action"] == "write" for _, body, _ in service.asked if "action" in body)
        service.asked.clear()
        return asked

    succeeded(dora.put("a.txt", bucket="projects", owner=project), 201)
    assert writes_asked() == 2
    saved = dora.client.put(f"/dav/projects/{project}/b.txt", content=b"hello", headers=authorization)
    assert saved.status_code == 201, saved.text
    assert writes_asked() == 2
    begun = dora.client.post(
        "/api/storage/uploads", headers={**upload, "Upload-Length": "5", "Upload-Metadata": metadata}
    )
    assert begun.status_code == 201, begun.text
    assert writes_asked() == 1  # no bytes yet
    service.allowed = {(project, "read")}
    refused(dora.put("a.txt", bucket="projects", owner=project), 403, "access_denied")
    assert writes_asked() == 1  # refused before the bytes


def test_an_api_key_is_forwarded_as_a_token_the_service_can_read(
    outside: Crib, dora: Person, service: ProjectService
) -> None:
    key = dora.client.post("/api/users/me/keys", json={"name": "k"}).json()["key"]
    client = outside.client(headers={"X-API-Key": key})
    client.get("/api/storage/list", params={"bucket": "projects", "id": str(uuid4())})
    cookie = service.asked[-1][2]
    assert cookie is not None
    assert cookie.startswith("access_token=ey")
    assert key not in cookie


@pytest.mark.parametrize("mode", ["slow", "error", "redirect", "rubbish", "list"])
def test_whatever_goes_wrong_means_no(dora: Person, service: ProjectService, mode: str) -> None:
    project = str(uuid4())
    service.allowed = {(project, action) for action in ("read", "write", "lock", "delete", "validate")}
    file_id = dora.stored("a.txt", bucket="projects", owner=project)["file_id"]
    succeeded(dora.post("/lock", file_id=file_id))
    service.mode = mode
    asked = len(service.asked)
    refused(dora.fetch("a.txt", bucket="projects", owner=project), 403, "project_service_unavailable")
    assert len(service.asked) == asked + 1  # no second try
    refused(dora.put("a.txt", bucket="projects", owner=project), 403, "project_service_unavailable")
    own = dora.stored(f"own-{mode}.txt")["file_id"]
    succeeded(dora.post("/lock", file_id=own))
    here = {"bucket": "projects", "id": project}
    for narrowed in (
        dora.get("/locks", **here),
        dora.get("/locks", **here, path="a.txt"),
        dora.get("/locks", file_id=file_id),
        dora.get("/search", **here, q="a"),
        dora.get("/search", bucket="projects", path=f"/projects/{project}/", q="a"),
        dora.get("/list", **here),
        dora.get("/versions", file_id=file_id),
        dora.get("/folders", **here),
    ):
        refused(narrowed, 403, "project_service_unavailable")
    everywhere = dora.get("/locks").json()
    assert [lock["file_id"] for lock in everywhere["data"]["locks"]] == [own]
    found = dora.get("/search", q="txt").json()
    assert [file["id"] for file in found["files"]] == [own]
    buckets = dora.get("/buckets").json()
    left_out = ["project_service_unavailable"]
    assert everywhere["warnings"] == found["warnings"] == buckets["warnings"] == left_out
    assert dora.get("/locks", file_id=own).json()["warnings"] == []
    service.mode = "answer"
    everywhere = dora.get("/locks").json()
    assert (everywhere["data"]["total"], everywhere["warnings"]) == (2, [])


@pytest.mark.parametrize(
    ("reason", "shown"),
    [
        (None, "insufficient_permissions"),
        ("project_closed", "project_closed"),
        ("ask jane@example.com (x)", "insufficient_permissions"),
    ],
)
def test_a_list_of_a_refused_project_says_why(
    dora: Person, service: ProjectService, reason: str | None, shown: str
) -> None:
    project = str(uuid4())
    service.allowed = {(project, "write"), (project, "lock")}
    file_id = dora.stored("a.txt", bucket="projects", owner=project)["file_id"]
    succeeded(dora.post("/lock", file_id=file_id))
    service.reason = reason
    here = {"bucket": "projects", "id": project}
    for answer in (
        dora.get("/locks", **here),
        dora.get("/locks", file_id=file_id),
        dora.get("/search", **here, q="a"),
        dora.get("/versions", file_id=file_id),
        dora.get("/list", **here),
    ):
        assert refused(answer, 403, "access_denied")["reason"] == shown
    found = dora.get("/locks").json()
    assert (found["data"]["total"], found["warnings"]) == (0, [])


@pytest.mark.parametrize("mode", ["answer", "error"])
def test_nobody_learns_from_the_list_of_locks_which_files_there_are(
    outside: Crib, dora: Person, service: ProjectService, mode: str
) -> None:
    project = str(uuid4())
    service.allowed = {(project, action) for action in ("read", "write", "lock")}
    inside = dora.stored("a.txt", bucket="projects", owner=project)["file_id"]
    free = dora.stored("b.txt", bucket="projects", owner=project)["file_id"]
    own = dora.stored("own.txt")["file_id"]
    for file_id in (inside, own):
        succeeded(dora.post("/lock", file_id=file_id))
    service.allowed, service.mode = set(), mode
    word = "access_denied" if mode == "answer" else "project_service_unavailable"
    stranger, colleague = outside.person(), outside.person(company=dora.company)
    for who in (stranger, colleague):
        told = set()
        for file_id in (inside, free, own, str(uuid4())):
            answer = who.get("/locks", file_id=file_id)
            details = refused(answer, 403, word)
            assert project not in answer.text
            told.add(json.dumps(details, sort_keys=True))
        assert len(told) == 1, "every id is answered with the same words"
        refused(
            outside.client().get("/api/storage/locks", params={"file_id": inside}), 401, "missing_jwt_token"
        )
    assert dora.get("/locks", file_id=own).json()["data"]["total"] == 1


def test_where_memberships_decide_other_peoples_locks_are_left_out(
    crib: Crib, ann: Person, ben: Person
) -> None:
    hidden = ann.stored("a.txt", bucket="projects", owner=crib.project(ann))["file_id"]
    succeeded(ann.post("/lock", file_id=hidden))
    own = ann.stored("own.txt")["file_id"]
    succeeded(ann.post("/lock", file_id=own))
    for file_id in (hidden, own, str(uuid4())):
        body = ben.get("/locks", file_id=file_id).json()
        assert (body["data"], body["warnings"]) == ({"locks": [], "total": 0}, [])


def test_the_list_of_waiting_versions_says_that_projects_are_missing(
    outside: Crib, dora: Person, service: ProjectService
) -> None:
    project = str(uuid4())
    service.allowed = {(project, action) for action in ("read", "write", "validate")}
    file_id = dora.stored("a.txt", bucket="projects", owner=project)["file_id"]
    version = dora.committed(file_id)
    own = dora.committed(dora.stored("own.txt", bucket="companies", owner=dora.company)["file_id"])
    colleague = outside.person(company=dora.company)

    def waiting() -> tuple[set[str], list[str]]:
        body = colleague.get("/versions/waiting").json()
        assert body["total"] == len(body["waiting"])
        return {each["version"]["id"] for each in body["waiting"]}, body["warnings"]

    assert waiting() == ({version, own}, [])
    service.mode = "error"
    assert waiting() == ({own}, ["project_service_unavailable"])
    service.mode, service.allowed = "answer", {(project, "read"), (project, "write")}
    assert waiting() == ({own}, [])  # who may not decide is not asked to


@pytest.mark.parametrize("mode", ["empty", "string"])
def test_only_a_plain_yes_is_a_yes(dora: Person, service: ProjectService, mode: str) -> None:
    service.mode = mode
    refused(dora.put("a.txt", bucket="projects", owner=str(uuid4())), 403, "access_denied")


def test_locks_are_filtered_with_one_question(dora: Person, service: ProjectService) -> None:
    projects = [str(uuid4()) for _ in range(3)]
    service.allowed = {(project, action) for project in projects for action in ("read", "write", "lock")}
    for project in projects:
        file_id = dora.stored("a.txt", bucket="projects", owner=project)["file_id"]
        succeeded(dora.post("/lock", file_id=file_id))
    service.allowed.discard((projects[1], "read"))
    service.asked.clear()
    found = dora.get("/locks").json()["data"]["locks"]
    assert {lock["bucket_id"] for lock in found} == {projects[0], projects[2]}
    assert [path for path, _, _ in service.asked] == ["/check-file-access/batch"]


def test_the_service_is_asked_about_a_few_hundred_projects_at_a_time(
    outside: Crib, dora: Person, service: ProjectService
) -> None:
    now, word, projects = system_clock(), uuid4().hex, [str(uuid4()) for _ in range(1_100)]
    rows = [{"id": id_, "name": f"{word}-{id_}", "created_at": now} for id_ in projects]

    async def run(statement: Any, rows: list[dict[str, Any]] | None = None) -> None:
        async with outside.app.kernel.database.write() as session:
            await session.execute(statement, rows)

    outside.run(run(insert(Project), rows))
    service.allowed = {(projects[0], "read"), (projects[-1], "read")}
    service.asked.clear()
    admin = outside.admin().client
    shown = {each["id"] for each in admin.get("/api/storage/buckets").json()["buckets"]}
    sizes = [len(body["checks"]) for path, body, _ in service.asked if path.endswith("/batch")]
    service.mode, without = "error", []
    for question in ("buckets", "buckets?limit=1000", "search?q=a"):
        service.asked.clear()
        without.append((admin.get(f"/api/storage/{question}").json()["warnings"], len(service.asked)))
    outside.run(run(delete(Project).where(Project.name.startswith(word))))
    # Each answer waits only once for a service that does not answer.
    assert without == [(["project_service_unavailable"], 1)] * 3
    assert shown & set(projects) == {projects[0], projects[-1]}
    assert sum(sizes) >= 1_100
    assert max(sizes) <= 500


def test_the_services_role_gives_authority(outside: Crib, dora: Person, service: ProjectService) -> None:
    project = str(uuid4())
    service.allowed = {(project, action) for action in ("read", "write", "lock")}
    file_id = dora.stored("a.txt", bucket="projects", owner=project)["file_id"]
    succeeded(dora.post("/lock", file_id=file_id))
    other = outside.person()
    service.role = "member"
    refused(other.post("/unlock", file_id=file_id, force=True, reason="x"), 403, "access_denied")
    service.role = "owner"
    succeeded(other.post("/unlock", file_id=file_id, force=True, reason="x"))


@pytest.mark.parametrize("path", ["/api/storage/folders?bucket=projects&id={}", "/dav/projects/{}/"])
async def test_a_service_that_does_not_answer_stops_nobody_elses_long_answers(
    app_server: Start, service: ProjectService, path: str
) -> None:
    crib = await app_server(PROJECT_SERVICE_URL=service.url, PROJECT_SERVICE_SECONDS=30)
    projects = [str(uuid4()), str(uuid4())]
    async with crib.kernel.database.write() as session:
        for project in projects:
            root = Place(Bucket("projects", project), "")
            for number in range(PAGE):  # after a full page the next one is asked for
                place = Place(root.bucket, f"{number:03}")
                session.add(
                    Folder(
                        bucket_type="projects",
                        bucket_id=project,
                        path=place.path,
                        location=place.location,
                        parent=root.location,
                        name=place.name,
                        created_at=crib.clock(),
                    )
                )
    service.mode, service.allowed = "answer", {(project, "read") for project in projects}
    ann, ben, cid = [await crib.user(name) for name in ("ann", "ben", "cid")]
    method, headers = ("PROPFIND", {"Depth": "1"}) if path.startswith("/dav") else ("GET", {})
    service.asked.clear()
    await ann.request(method, path.format(projects[0]), headers=headers)
    # For the second page of folders; the last is for the files.
    service.answers_each = service.reads_asked(projects[0]) - 2
    service.asked.clear()
    service.mode = "stop"
    service.go_on, service.stopped = Event(), Semaphore(0)
    asked = [
        asyncio.create_task(client.request(method, path.format(project), headers=headers))
        for client, project in zip((ann, ben), projects, strict=True)
    ]
    try:
        for _ in asked:
            assert await asyncio.to_thread(service.stopped.acquire, timeout=20)
        async with asyncio.timeout(10):
            answer = await cid.get("/api/events.csv")
        assert answer.text.startswith("seq,")
        assert not any(each.done() for each in asked)
    finally:
        service.go_on.set()
    answers = await asyncio.gather(*asked)
    assert [answer.text.count(f"{PAGE - 1:03}") > 0 for answer in answers] == [True, True]


def test_other_buckets_do_not_need_it(dora: Person, service: ProjectService) -> None:
    service.mode = "error"
    succeeded(dora.put("a.txt"), 201)
    assert service.asked == []


def test_a_service_that_is_down_means_no(tmp_path: Path) -> None:
    crib = Crib.start(tmp_path, PROJECT_SERVICE_URL=f"http://127.0.0.1:{free_port()}")
    try:
        person = crib.person()
        refused(
            person.put("a.txt", bucket="projects", owner=str(uuid4())), 403, "project_service_unavailable"
        )
    finally:
        crib.close()


def test_the_service_can_be_switched_off(tmp_path: Path) -> None:
    crib = Crib.start(tmp_path, PROJECT_SERVICE_URL="http://127.0.0.1:1", USE_PROJECT_SERVICE="false")
    try:
        succeeded(crib.person().put("a.txt", bucket="projects", owner=str(uuid4())), 201)
    finally:
        crib.close()


def test_projects_nobody_registered_can_be_refused(tmp_path: Path) -> None:
    crib = Crib.start(tmp_path, UNKNOWN_PROJECTS="refuse")
    try:
        person = crib.person()
        refused(person.put("a.txt", bucket="projects", owner=str(uuid4())), 403, "access_denied")
        succeeded(person.put("a.txt", bucket="projects", owner=crib.project(person)), 201)
    finally:
        crib.close()
