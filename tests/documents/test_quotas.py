"""Quotas: what people, companies and projects store is counted, and no way in stores more than they may."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from typing import Any
from uuid import uuid4
from xml.etree import ElementTree

import httpx
import pytest
from sqlalchemy import event, update

from tests.documents.envelope import refused
from tests.documents.resumable import begin, begun, end, send
from tests.documents.webdav import Dav, body_of
from tests.servers.crib import Crib, Person
from toolcrib.kernel.blobs.accounts import count_all
from toolcrib.kernel.blobs.models import Blob, StorageAccount

QUOTA = 1_000


def allow(crib: Crib, family: str, owner: str, allowed: int | None = QUOTA) -> None:
    answer = crib.admin().client.put(f"/api/admin/quotas/{family}/{owner}", json={"allowed_bytes": allowed})
    assert answer.status_code == 200, answer.text


def own(person: Person, family: str = "user") -> dict[str, Any]:
    found = person.client.get("/api/quotas").json()
    return next(each for each in found if each["account"].startswith(f"{family}:"))


def used(person: Person, family: str = "user") -> int:
    count: int = own(person, family)["used_bytes"]
    return count


def bytes_of(size: int) -> bytes:
    """Never the same twice."""
    return uuid4().bytes + bytes(size - 16)


def over_quota(answer: httpx.Response, *, needed: int, stored: int) -> None:
    details = refused(answer, 507, "quota_exceeded")
    assert details["used_bytes"] == stored
    assert details["allowed_bytes"] == QUOTA
    assert details["needed_bytes"] == needed


@pytest.fixture
def ann(crib: Crib) -> Person:
    person = crib.person()
    allow(crib, "users", person.uuid)
    return person


def test_what_is_stored_counts_until_it_is_destroyed(ann: Person) -> None:
    file = ann.stored("a.bin", bytes_of(600))
    assert used(ann) == 600
    over_quota(ann.put("b.bin", bytes_of(500)), needed=500, stored=600)
    assert ann.put("b.bin", bytes_of(400)).status_code == 201
    assert used(ann) == QUOTA

    assert ann.call("DELETE", "/delete", json={"file_id": file["file_id"]}).status_code == 200
    assert used(ann) == QUOTA, "an archived file can be restored, so it counts"
    assert ann.post("/restore", file_id=file["file_id"]).status_code == 200
    answer = ann.call("DELETE", "/delete", json={"file_id": file["file_id"], "physical": True})
    assert answer.status_code == 200, answer.text
    assert used(ann) == 400
    assert ann.put("c.bin", bytes_of(600)).status_code == 201


def test_versions_count_and_equal_content_counts_once(ann: Person) -> None:
    content = bytes_of(400)
    first = ann.stored("a.bin", content)
    ann.stored("b.bin", content)
    assert used(ann) == 400
    ann.stored("a.bin", bytes_of(500))
    assert used(ann) == 900
    assert ann.post(f"/versions/{first['version_id']}/restore").status_code == 201
    assert used(ann) == 900


@pytest.mark.every_database
def test_of_uploads_at_once_as_many_are_kept_as_fit(crib: Crib, ann: Person) -> None:
    others = [ann.client.cookies.get("access_token") or "" for _ in range(8)]
    clients = [crib.client(cookies={"access_token": token}) for token in others]

    def put(number: int) -> int:
        return Person(ann.uuid, ann.company, clients[number]).put(f"{number}.bin", bytes_of(400)).status_code

    with ThreadPoolExecutor(8) as pool:
        statuses = sorted(pool.map(put, range(8)))
    assert statuses == [201, 201, *[507] * 6]
    assert used(ann) == 800
    assert crib.run(count_all(crib.app.kernel)).corrected == 0


def test_a_form_whose_fields_come_last_is_refused_too(ann: Person) -> None:
    file = ("file", ("a.bin", bytes_of(1_100), "text/plain"))
    fields = [(name, (None, value)) for name, value in ann.at("a.bin").items()]
    answer = ann.client.post("/api/storage/upload/proxy", files=[file, *fields])
    over_quota(answer, needed=1_100, stored=0)
    assert used(ann) == 0


@pytest.mark.moves_bytes
def test_a_direct_upload_counts_from_the_time_it_is_announced(crib: Crib, ann: Person) -> None:
    over_quota(ann.post("/upload/presign", **ann.at("a.bin"), size=1_001), needed=1_001, stored=0)
    content = bytes_of(700)
    crib.person().stored()  # the first file of a new bucket makes it
    reserved = ann.post("/upload/presign", **ann.at("a.bin"), size=700).json()
    assert used(ann) == 700
    over_quota(ann.post("/upload/presign", **ann.at("b.bin"), size=400), needed=400, stored=700)
    assert httpx.put(reserved["url"], content=content).status_code == 200
    assert ann.post("/upload/confirm", object_key=reserved["object_key"]).status_code == 201
    assert used(ann) == 700

    # Whatever was announced, the last word is said when it becomes a version.
    allow(crib, "users", ann.uuid, None)
    ann.stored("c.bin", b"")  # what is sent for a file that exists waits for its confirmation
    key = ann.sent(bytes_of(600), "c.bin")
    allow(crib, "users", ann.uuid)
    over_quota(ann.post("/upload/confirm", object_key=key), needed=600, stored=700)


def test_a_direct_upload_takes_no_more_than_is_left(crib: Crib, ann: Person) -> None:
    reserved = ann.post("/upload/presign", **ann.at("a.bin")).json()
    assert httpx.put(reserved["url"], content=bytes_of(QUOTA + 1)).status_code == 413
    assert used(ann) == 0


@pytest.mark.databases("sqlite")
def test_a_direct_upload_takes_no_more_than_was_announced(ann: Person) -> None:
    reserved = ann.post("/upload/presign", **ann.at("a.bin"), size=20).json()
    assert httpx.put(reserved["url"], content=bytes_of(21)).status_code == 413
    assert httpx.put(reserved["url"], content=bytes_of(20)).status_code == 200
    assert used(ann) == 20


@pytest.mark.every_database
@pytest.mark.databases("sqlite", "postgresql", "mariadb")  # not on S3, where addresses lead past the server
def test_of_direct_uploads_at_once_as_many_are_kept_as_fit(crib: Crib, ann: Person) -> None:
    reserved = [ann.post("/upload/presign", **ann.at(f"{number}.bin")).json() for number in range(8)]

    def send_one(each: dict[str, Any]) -> int:
        return httpx.put(each["url"], content=bytes_of(400), timeout=60).status_code

    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(send_one, reserved))
    assert sorted(statuses) == [200, 200, *[507] * 6]
    assert used(ann) == 800, "before they are confirmed"
    there = [ann.fetch(f"{number}.bin").status_code == 200 for number in range(8)]
    assert there == [status == 200 for status in statuses]
    assert crib.run(count_all(crib.app.kernel)).corrected == 0
    kept = [each for each, status in zip(reserved, statuses, strict=True) if status == 200]
    for each in kept:
        assert ann.post("/upload/confirm", object_key=each["object_key"]).status_code == 201
    assert used(ann) == 800


def test_a_resumable_upload_counts_while_it_is_under_way(crib: Crib, ann: Person) -> None:
    over_quota(begin(ann, 1_001), needed=1_001, stored=0)
    upload = begun(ann, 700)
    assert used(ann) == 700
    over_quota(begin(ann, 400, "b.bin"), needed=400, stored=700)
    assert crib.run(count_all(crib.app.kernel)).corrected == 0
    assert end(ann, upload).status_code == 204
    assert used(ann) == 0

    upload = begun(ann, QUOTA)
    content = bytes_of(QUOTA)
    assert send(ann, upload, 0, content[:300]).status_code == 204
    assert send(ann, upload, 300, content[300:]).status_code == 204
    assert used(ann) == QUOTA


def test_an_upload_that_nothing_comes_for_is_given_back(crib: Crib, ann: Person, flying_clock: Any) -> None:
    begun(ann, 500)
    ann.post("/upload/presign", **ann.at("b.bin"), size=300)
    assert used(ann) == 800
    flying_clock.advance(hours=25)
    crib.run(crib.app.kernel.jobs.run_due())
    assert used(ann) == 0


def test_over_webdav(crib: Crib, ann: Person) -> None:
    dav = Dav(crib, ann)
    assert dav.put("a.bin", bytes_of(600)).status_code == 201
    refusal = dav.put("b.bin", bytes_of(401))
    assert refusal.status_code == 507
    assert body_of(refusal).find("{DAV:}quota-not-exceeded") is not None
    assert body_of(refusal).findtext("{urn:toolcrib}code") == "quota_exceeded"
    unannounced = dav.put("b.bin", iter([bytes_of(300), bytes(200)]))
    assert unannounced.status_code == 507
    assert used(ann) == 600

    ben = crib.person(company=ann.company)
    ben.stored("big.bin", bytes_of(500), bucket="companies")
    source = f"/companies/{ann.company}/big.bin"
    assert dav.send("COPY", source, "/users/me/big.bin").status_code == 507
    assert dav.send("MOVE", source, "/users/me/big.bin").status_code == 507
    # What is in the bucket already takes no room, and moving it neither.
    assert dav.send("MOVE", "a.bin", "/users/me/moved.bin").status_code == 201
    assert dav.send("COPY", "moved.bin", "/users/me/again.bin").status_code == 201
    assert used(ann) == 600


def _quota_properties(dav: Dav, path: str, depth: str = "0") -> list[dict[str, tuple[str, str]]]:
    asked = "<D:prop><D:quota-available-bytes/><D:quota-used-bytes/></D:prop>"
    body = f'<D:propfind xmlns:D="DAV:">{asked}</D:propfind>'
    answer = dav("PROPFIND", path, body, Depth=depth)
    assert answer.status_code == 207, answer.text
    found = []
    for response in ElementTree.fromstring(answer.content).findall("{DAV:}response"):
        one = {}
        for propstat in response.findall("{DAV:}propstat"):
            status = (propstat.findtext("{DAV:}status") or "").split()[1]
            for each in propstat.find("{DAV:}prop") or ():
                one[each.tag.removeprefix("{DAV:}")] = status, each.text or ""
        found.append(one)
    return found


def test_webdav_tells_the_quota_as_numbers(crib: Crib, ann: Person) -> None:
    dav = Dav(crib, ann)
    dav("MKCOL", "folder")
    dav.put("folder/a.bin", bytes_of(600))
    numbers = {"quota-available-bytes": ("200", "400"), "quota-used-bytes": ("200", "600")}
    none = {"quota-available-bytes": ("404", ""), "quota-used-bytes": ("404", "")}
    assert _quota_properties(dav, "") == [numbers]
    assert _quota_properties(dav, "folder", "1") == [numbers, none]
    assert _quota_properties(dav, "/") == [none]
    everything = dav("PROPFIND", "", Depth="0").text
    assert "quota-" not in everything, "RFC 4331, 3: not among all properties"
    allow(crib, "users", ann.uuid, None)
    assert _quota_properties(dav, "") == [none]


def test_a_company_and_a_project_have_quotas_of_their_own(crib: Crib, ann: Person) -> None:
    project = crib.project(ann)
    allow(crib, "companies", ann.company)
    allow(crib, "projects", project)
    for bucket, owner, family in (("companies", None, "company"), ("projects", project, "project")):
        ann.stored("a.bin", bytes_of(900), bucket=bucket, owner=owner)
        answer = ann.put("b.bin", bytes_of(101), bucket=bucket, owner=owner)
        over_quota(answer, needed=101, stored=900)
        assert used(ann, family) == 900
    assert used(ann) == 0


def test_documents_and_lfs_objects_of_a_project_share_its_quota(crib: Crib, ann: Person) -> None:
    project = crib.project(ann)
    allow(crib, "projects", project)
    name = own(ann, "project")["name"]
    ann.stored("a.bin", bytes_of(300), bucket="projects", owner=project)
    objects = [lfs_object(600), lfs_object(200)]
    told = lfs_batch(ann, name, objects)
    assert "upload" in told[0]["actions"]
    assert told[1]["error"]["code"] == 507
    assert lfs_put(ann, name, objects[0]).status_code == 200
    late = lfs_put(ann, name, objects[1])
    assert late.status_code == 507
    assert "200 more" in late.json()["message"]
    assert used(ann, "project") == 900
    assert lfs_put(ann, name, objects[0]).status_code == 200, "it is there already"


def test_an_lfs_object_without_a_length_is_refused_while_it_is_received(crib: Crib, ann: Person) -> None:
    project = crib.project(ann)
    allow(crib, "projects", project)
    name = own(ann, "project")["name"]
    there, size = lfs_object(900), 8 * 2**20
    assert lfs_put(ann, name, there).status_code == 200
    url = f"/{name}.git/info/lfs/objects/"
    late = ann.client.put(url + "0" * 64, content=iter([bytes(size // 64)] * 64))
    assert late.status_code == 507, late.text
    needed = int(late.json()["message"].partition("this needs ")[2].split()[0])
    assert needed < size, "not all of it was received"
    assert ann.client.put(url + _oid(there), content=iter([there])).status_code == 200, "it is there already"


def test_a_project_that_nobody_registered_counts_for_whoever_stores_there(ann: Person) -> None:
    name = f"nobodys-{uuid4().hex}"
    assert lfs_put(ann, name, lfs_object(700)).status_code == 200
    assert used(ann) == 700
    assert lfs_put(ann, name, lfs_object(400)).status_code == 507
    over_quota(ann.put("a.bin", bytes_of(400), bucket="projects", owner=str(uuid4())), needed=400, stored=700)


def lfs_object(size: int) -> bytes:
    return bytes_of(size)


def _oid(content: bytes) -> str:
    return sha256(content).hexdigest()


def lfs_batch(person: Person, project: str, objects: list[bytes]) -> list[dict[str, Any]]:
    named = [{"oid": _oid(content), "size": len(content)} for content in objects]
    body = {"operation": "upload", "transfers": ["basic"], "objects": named}
    answer = person.client.post(f"/{project}.git/info/lfs/objects/batch", json=body)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["objects"]
    return found


def lfs_put(person: Person, project: str, content: bytes) -> httpx.Response:
    return person.client.put(f"/{project}.git/info/lfs/objects/{_oid(content)}", content=content)


def test_a_copy_into_another_bucket_counts_there(crib: Crib, ann: Person) -> None:
    project = crib.project(ann)
    ann.stored("a.bin", bytes_of(800), bucket="projects", owner=project)
    target = {"target_bucket": "users", "target_id": ann.uuid}
    source = {"source_bucket": "projects", "source_id": project, "source_path": "a.bin"}
    assert ann.post("/copy", **source, **target, target_path="a.bin").status_code == 201
    assert used(ann) == 800
    over_quota(ann.post("/copy", **source, **target, target_path="b.bin"), needed=800, stored=800)


def test_numbers_that_are_wrong_are_corrected(crib: Crib, ann: Person) -> None:
    account = f"user:{ann.uuid}"
    ann.stored("a.bin", bytes_of(600))
    begun(ann, 100)

    async def spoil(*statements: Any) -> None:
        async with crib.app.kernel.database.write() as session:
            for statement in statements:
                await session.execute(statement)

    row = update(StorageAccount).where(StorageAccount.account == account)
    crib.run(spoil(row.values(used_bytes=5)))
    assert crib.run(count_all(crib.app.kernel)).corrected == 1
    assert used(ann) == 700

    # As a release without quotas leaves it.
    crib.run(
        spoil(row.values(used_bytes=100), update(Blob).where(Blob.account == account).values(account=None))
    )
    assert crib.run(count_all(crib.app.kernel)).new_blobs == 1
    assert used(ann) == 700


def test_only_administrators_give_quotas(crib: Crib, ann: Person) -> None:
    route = f"/api/admin/quotas/users/{ann.uuid}"
    for method in ("PUT", "DELETE"):
        assert ann.client.request(method, route, json={"allowed_bytes": 5}).status_code == 403
        assert crib.client().request(method, route, json={"allowed_bytes": 5}).status_code == 401
    assert ann.client.get("/api/admin/quotas").status_code == 403
    assert crib.client().get("/api/admin/quotas").status_code == 401
    assert crib.client().get("/api/quotas").status_code == 401
    assert own(ann)["allowed_bytes"] == QUOTA

    admin = crib.admin().client
    nobody = admin.put("/api/admin/quotas/users/nobody", json={"allowed_bytes": 5})
    assert (nobody.status_code, nobody.json()["code"]) == (404, "owner_not_found")
    assert admin.put(route, json={"allowed_bytes": -1}).status_code == 400
    listed = admin.get("/api/admin/quotas").json()
    assert own(ann) in listed
    assert own(ann) == {
        "account": f"user:{ann.uuid}",
        "name": ann.username,
        "used_bytes": 0,
        "allowed_bytes": QUOTA,
        "is_set": True,
    }
    assert admin.delete(route).json()["allowed_bytes"] is None
    assert own(ann)["is_set"] is False


def test_ones_own_quotas_take_as_many_queries_for_many_projects_as_for_one(crib: Crib, ann: Person) -> None:
    asked: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if "storage_accounts" in statement:
            asked.append(statement)

    engine = crib.app.kernel.database.reads.sync_engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        counts = []
        for projects in (1, 5):
            for _ in range(projects):
                allow(crib, "projects", crib.project(ann))
            asked.clear()
            found = ann.client.get("/api/quotas").json()
            counts.append((len(asked), sum(each["account"].startswith("project:") for each in found)))
    finally:
        event.remove(engine, "before_cursor_execute", note)
    assert counts == [(1, 1), (1, 6)]


def test_the_account_of_a_deleted_project_has_no_name_and_can_be_reset(crib: Crib, ann: Person) -> None:
    project = crib.project(ann)
    name = next(each["name"] for each in ann.client.get("/api/projects").json() if each["id"] == project)
    allow(crib, "projects", project)
    admin, route = crib.admin().client, f"/api/admin/quotas/projects/{name}"
    assert ann.client.delete(f"/api/projects/{project}").is_success

    def listed() -> dict[str, Any]:
        found = admin.get("/api/admin/quotas").json()
        return next(each for each in found if each["account"] == f"project:{name}")

    assert (listed()["name"], listed()["is_set"]) == (None, True)
    refused = admin.put(route, json={"allowed_bytes": 5})
    assert (refused.status_code, refused.json()["code"]) == (404, "owner_not_found")
    reset = admin.delete(route)
    assert (reset.status_code, reset.json()["name"], reset.json()["is_set"]) == (200, None, False)
    assert listed() == reset.json()
    assert admin.delete(f"{route}-other").status_code == 404


def test_a_name_like_the_id_of_another_takes_nothing_from_them(crib: Crib) -> None:
    ann = crib.person(username=f"ann{uuid4().hex}")
    other = crib.person(username=ann.uuid)
    assert other.username == ann.uuid
    for person in (ann, other):
        answer = crib.admin().client.put(f"/api/admin/quotas/users/{person.uuid}", json={"allowed_bytes": 7})
        assert (answer.json()["account"], answer.json()["name"]) == (f"user:{person.uuid}", person.username)
