"""Direct transfers by signed addresses (document contract, section 7)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit
from uuid import uuid4

import httpx
import pytest

from tests.documents.envelope import refused, succeeded
from tests.servers.crib import Crib, Person
from tests.servers.environment import PLAIN

pytestmark = pytest.mark.moves_bytes

LOCAL = ("sqlite", "postgresql", "mariadb")

# Anybody who has the address.
somebody = httpx.Client(verify=PLAIN, timeout=60)


def _changed(url: str, **query: str) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(query=urlencode({**dict(parse_qsl(parts.query)), **query})))


def test_a_signed_upload_is_seen_at_once(ann: Person) -> None:
    reserved = ann.post("/upload/presign", **ann.at("d/a.txt"), content_type="text/plain", expires_in=900)
    assert reserved.status_code == 200
    body = reserved.json()
    assert body["expires_in"] == 900
    assert datetime.fromisoformat(body["expires_at"]).utcoffset() is not None
    assert "x-amz-signature" in body["url"].lower()
    assert somebody.put(body["url"], content=b"direct", headers={"X-Any": "thing"}).status_code == 200
    assert ann.fetch("d/a.txt").content == b"direct"
    data = succeeded(ann.post("/upload/confirm", object_key=body["object_key"]), 201)
    assert data["version_number"] == 1
    assert ann.fetch("d/a.txt").content == b"direct"
    assert ann.fetch("d/a.txt").headers["content-type"] == "text/plain"


def test_the_first_bytes_of_a_store_may_come_by_a_signed_upload(own_crib: Crib) -> None:
    person = own_crib.person()
    person.sent(b"the first", "a.txt")


def test_the_signed_upload_defaults_to_an_hour(ann: Person) -> None:
    assert ann.post("/upload/presign", **ann.at("a.txt")).json()["expires_in"] == 3600


def test_a_confirmed_upload_is_the_next_version_and_replaces_no_bytes(ann: Person) -> None:
    first = ann.stored("a.txt", b"one")
    reserved = ann.post("/upload/presign", **ann.at("a.txt")).json()
    somebody.put(reserved["url"], content=b"two")
    data = succeeded(ann.post("/upload/confirm", object_key=reserved["object_key"]), 201)
    assert data["version_number"] == 2
    # The address may be good for a while yet, but what it wrote is not what people get.
    somebody.put(reserved["url"], content=b"three")
    assert ann.fetch("a.txt").content == b"two"
    assert ann.fetch("a.txt", version_id=first["version_id"]).content == b"one"
    again = succeeded(ann.post("/upload/confirm", object_key=reserved["object_key"]))
    assert (again["version_id"], again["checksum"]) == (data["version_id"], data["checksum"])


def test_keys_are_new_for_every_attempt(ann: Person) -> None:
    keys = {ann.post("/upload/presign", **ann.at("a.txt")).json()["object_key"] for _ in range(5)}
    assert len(keys) == 5


def test_nothing_to_confirm(ann: Person, ben: Person) -> None:
    key = ann.post("/upload/presign", **ann.at("a.txt")).json()["object_key"]
    refused(ann.post("/upload/confirm", object_key=key), 404, "object_not_found")
    refused(ben.post("/upload/confirm", object_key=ann.sent(b"x", "a.txt")), 404, "object_not_found")
    refused(ann.post("/upload/confirm", object_key="uploads/" + "0" * 32), 404, "object_not_found")
    refused(ann.post("/upload/confirm", object_key="../../etc/passwd"), 404, "object_not_found")
    refused(ann.post("/upload/confirm"), 400, "validation_error")


def test_a_wrong_hash_is_not_confirmed(ann: Person) -> None:
    key = ann.sent(b"x", "a.txt")
    refused(ann.post("/upload/confirm", object_key=key, sha256="0" * 64), 400, "hash_mismatch")
    succeeded(ann.post("/upload/confirm", object_key=key), 201)


def test_a_wrong_size_is_not_confirmed(ann: Person) -> None:
    key = ann.sent(b"five!", "a.txt")
    for size in (4, 6, 0):
        refused(ann.post("/upload/confirm", object_key=key, size=size), 400, "size_mismatch")
    refused(ann.post("/upload/confirm", object_key=key, size=-1), 400, "validation_error")
    assert succeeded(ann.post("/upload/confirm", object_key=key, size=5), 201)["size"] == 5


def test_signing_an_upload_refuses_as_uploading_does(ann: Person, ben: Person, carla: Person) -> None:
    refused(ann.post("/upload/presign", **ann.at("../../etc/passwd")), 400, "validation_error")
    without = ann.at("a.txt")
    del without["bucket_type"]
    refused(ann.post("/upload/presign", **without), 400, "validation_error")
    refused(ann.post("/upload/presign", **{**ann.at("a"), "bucket_type": "cellars"}), 403, "bucket_not_found")
    refused(ann.post("/upload/presign", **{**ann.at("a"), "bucket_id": "7"}), 400, "validation_error")
    refused(ann.post("/upload/presign", **ann.at("a", owner=ben.uuid)), 403, "access_denied")
    refused(ann.post("/upload/presign", **ann.at("a"), expires_in="soon"), 400, "validation_error")
    refused(ann.post("/upload/presign", **ann.at("a"), size=10**15), 413, "file_too_large")
    held = carla.stored("c.txt", bucket="companies")
    carla.post("/lock", file_id=held["file_id"])
    refused(ann.post("/upload/presign", **ann.at("c.txt", "companies")), 409, "file_locked")


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_signed_download_needs_no_sign_in(ann: Person, method: str) -> None:
    data = ann.stored("a.txt", b"hello")
    fields = {**ann.at("a.txt"), "expires_in": 7200}
    where = {"params": fields} if method == "GET" else {"json": fields}
    body = ann.call(method, "/download/presign", **where).json()
    assert body["expires_in"] == 7200
    assert body["object_key"] == data["object_key"]
    assert datetime.fromisoformat(body["expires_at"]).utcoffset() is not None
    assert "minio" in body["url"] or "localhost:9000" in body["url"]
    assert body["filename"] == "a.txt"
    assert somebody.get(body["url"]).content == b"hello"


def test_signing_a_download_refuses_as_downloading_does(ann: Person, ben: Person) -> None:
    refused(ann.get("/download/presign", **ann.at("missing")), 404, "file_not_found")
    without = ann.at("a")
    del without["bucket_type"]
    refused(ann.get("/download/presign", **without), 400, "validation_error")
    refused(ann.get("/download/presign", **ann.at("a", owner=ben.uuid)), 403, "access_denied")
    ann.stored("a.txt")
    for seconds in ("soon", "1.5", "9" * 5_000):
        answer = ann.get("/download/presign", **ann.at("a.txt"), expires_in=seconds)
        refused(answer, 400, "validation_error")
    refused(
        ann.get("/download/presign", **ann.at("a.txt"), version_id=str(uuid4())), 404, "version_not_found"
    )


@pytest.mark.parametrize(
    ("asked", "given"),
    [(-1, 300), (0, 300), (299, 300), (86_401, 86_400), (604_800, 86_400), (10**30, 86_400)],
)
def test_lifetimes_lie_between_five_minutes_and_a_day(
    crib: Crib, ann: Person, asked: int, given: int
) -> None:
    ann.stored("a.txt")
    for answer in (
        ann.get("/download/presign", **ann.at("a.txt"), expires_in=asked),
        ann.post("/upload/presign", **ann.at("b.txt"), expires_in=min(asked, 2**63 - 1)),
    ):
        body = answer.json()
        assert body["expires_in"] == given
        end = datetime.fromisoformat(body["expires_at"])
        assert (end - crib.clock()).total_seconds() == pytest.approx(given, abs=5)
        assert f"X-Amz-Expires={given}" in body["url"]


def _is_ended(answer: httpx.Response) -> bool:
    if answer.is_success:
        return False
    assert (answer.status_code, answer.json()["code"]) == (403, "link_ended")
    return True


@pytest.mark.databases(*LOCAL)
def test_a_download_address_ends_with_its_version(ann: Person) -> None:
    first = ann.stored("a.txt", b"one")
    old = ann.get("/download/presign", **ann.at("a.txt")).json()["url"]
    ann.stored("a.txt", b"two")
    new = ann.get("/download/presign", **ann.at("a.txt")).json()["url"]
    assert (somebody.get(old).content, somebody.get(new).content) == (b"one", b"two")
    succeeded(ann.call("DELETE", "/delete", json={"file_id": first["file_id"]}))
    assert _is_ended(somebody.get(old))
    assert somebody.head(new).status_code == 403
    succeeded(ann.post("/restore", file_id=first["file_id"]))
    assert somebody.get(new).content == b"two"
    succeeded(ann.call("DELETE", "/delete", json={"file_id": first["file_id"], "physical": True}))
    assert _is_ended(somebody.get(new))


@pytest.mark.databases(*LOCAL)
def test_addresses_end_with_the_rights_of_whom_they_were_given_to(
    crib: Crib, ann: Person, ben: Person
) -> None:
    project = crib.project(ann, member=ben)
    ann.stored("a.txt", b"shared", bucket="projects", owner=project)
    place = ben.at("a.txt", "projects", project)
    get = ben.get("/download/presign", **place).json()["url"]
    put = ben.post("/upload/presign", **ben.at("b.txt", "projects", project)).json()["url"]
    hers = ann.get("/download/presign", **place).json()["url"]
    assert somebody.get(get).content == b"shared"
    url = f"/api/projects/{project}/members/{ben.username}"
    assert ann.client.put(url, json={"role": "viewer"}).is_success
    assert somebody.get(get).content == b"shared"
    assert _is_ended(somebody.put(put, content=b"x"))
    assert ann.client.delete(url).is_success
    assert _is_ended(somebody.get(get))
    assert somebody.get(hers).content == b"shared"


@pytest.mark.databases(*LOCAL)
@pytest.mark.parametrize("is_disabled", [True, False])
def test_addresses_end_with_the_account_they_were_given_to(
    crib: Crib, ann: Person, carla: Person, is_disabled: bool
) -> None:
    ann.stored("a.txt", b"shared", bucket="companies")
    get = carla.get("/download/presign", **carla.at("a.txt", "companies")).json()["url"]
    put = carla.post("/upload/presign", **carla.at("b.txt", "companies")).json()["url"]
    assert somebody.get(get).content == b"shared"
    admin = crib.admin()
    users = admin.client.get("/api/admin/users").json()
    number = next(user["id"] for user in users if user["username"] == carla.username)
    account = f"/api/admin/users/{number}"
    if is_disabled:
        assert admin.client.put(f"{account}/status", json={"is_active": False}).is_success
    else:
        assert admin.client.delete(account).is_success
    assert _is_ended(somebody.get(get))
    assert _is_ended(somebody.put(put, content=b"x"))
    if is_disabled:  # for good, as what was signed in does
        assert admin.client.put(f"{account}/status", json={"is_active": True}).is_success
        assert _is_ended(somebody.get(get))


@pytest.mark.databases(*LOCAL)
def test_addresses_end_with_the_key_they_were_asked_for_with(crib: Crib, ann: Person) -> None:
    ann.stored("a.txt")
    made = ann.client.post("/api/users/me/keys", json={"name": "ci", "scopes": ["documents"]}).json()
    with httpx.Client(base_url=crib.url, verify=PLAIN, headers={"X-API-Key": made["key"]}) as client:
        program = replace(ann, client=client)
        addresses = [
            address
            for who, path in ((program, "b.txt"), (ann, "c.txt"))
            for address in (
                ("GET", who.get("/download/presign", **who.at("a.txt")).json()["url"]),
                ("PUT", who.post("/upload/presign", **who.at(path)).json()["url"]),
            )
        ]
    assert somebody.get(addresses[0][1]).content == b"hello"
    assert ann.client.delete(f"/api/users/me/keys/{made['id']}").is_success
    ended = [_is_ended(somebody.request(*each, content=b"x")) for each in addresses]
    assert ended == [True, True, False, False]


@pytest.mark.databases(*LOCAL)
def test_an_upload_address_ends_with_its_upload(ann: Person) -> None:
    reserved = ann.post("/upload/presign", **ann.at("a.txt")).json()
    assert somebody.put(reserved["url"], content=b"one").status_code == 200
    succeeded(ann.post("/upload/confirm", object_key=reserved["object_key"]), 201)
    assert _is_ended(somebody.put(reserved["url"], content=b"again"))


def test_what_was_asked_once_may_be_asked_again(ann: Person, ben: Person) -> None:
    """By a client that has lost the answer: each step, before and after the next one."""
    reserved = ann.post("/upload/presign", **ann.at("a.txt")).json()
    key, url = reserved["object_key"], reserved["url"]
    tags = {somebody.put(url, content=b"one").headers["etag"] for _ in range(3)}
    assert len(tags) == 1
    made = succeeded(ann.post("/upload/confirm", object_key=key, changelog="x"), 201)
    assert made["unchanged"] is False
    for asked in ({}, {"size": 3}, {"sha256": made["checksum"].upper()}):
        again = succeeded(ann.post("/upload/confirm", object_key=key, **asked))
        assert again["version_id"] == made["version_id"]
        assert again["unchanged"] is True
    assert somebody.put(url, content=b"one").status_code == 200
    refused(ann.post("/upload/confirm", object_key=key, size=4), 400, "size_mismatch")
    refused(ann.post("/upload/confirm", object_key=key, sha256="0" * 64), 400, "hash_mismatch")
    refused(ben.post("/upload/confirm", object_key=key), 404, "object_not_found")
    ann.stored("a.txt", b"later")
    assert succeeded(ann.post("/upload/confirm", object_key=key))["version_number"] == 1
    assert ann.fetch("a.txt").content == b"later"
    numbers = [each["version_number"] for each in ann.get("/versions", **ann.at("a.txt")).json()["versions"]]
    assert numbers == [2, 1]
    assert ann.call("DELETE", "/delete", json={**ann.at("a.txt"), "physical": True}).is_success
    refused(ann.post("/upload/confirm", object_key=key), 404, "object_not_found")


def test_a_commit_may_be_asked_again(ann: Person) -> None:
    file_id = ann.stored("a.txt", b"one")["file_id"]
    other = ann.stored("b.txt", b"other")["file_id"]
    key = ann.sent(b"two", "scratch.bin")
    commits = [
        ann.post("/versions/commit", file_id=file_id, object_key=key, created_by=ann.uuid) for _ in range(2)
    ]
    ids = {answer.json()["data"]["version_id"] for answer in commits}
    assert len(ids) == 1
    refused(
        ann.post("/versions/commit", file_id=other, object_key=key, created_by=ann.uuid),
        404,
        "object_not_found",
    )
    refused(ann.post("/upload/confirm", object_key="uploads/" + "0" * 32, size=1), 404, "object_not_found")


@pytest.mark.databases(*LOCAL)
def test_other_content_at_a_used_address_is_refused(ann: Person) -> None:
    reserved = ann.post("/upload/presign", **ann.at("a.txt"), size=3).json()
    assert somebody.put(reserved["url"], content=b"one").status_code == 200
    for other in (b"two", b"on", b"", b"ones"):
        answer = somebody.put(reserved["url"], content=other)
        assert answer.status_code == (413 if len(other) > 3 else 403), answer.text
    succeeded(ann.post("/upload/confirm", object_key=reserved["object_key"]), 201)
    assert somebody.put(reserved["url"], content=b"one").status_code == 200
    for other in (b"two", b"on", b""):
        assert _is_ended(somebody.put(reserved["url"], content=other))
    assert ann.fetch("a.txt").content == b"one"


@pytest.mark.databases(*LOCAL)
def test_of_two_contents_sent_at_once_one_is_taken(ann: Person) -> None:
    ann.stored("there.bin", b"old")
    for path in ("new.bin", "there.bin"):  # one appears by itself, the other waits
        address = ann.post("/upload/presign", **ann.at(path)).json()
        contents = [bytes([number]) * 300_000 for number in range(6)]
        with ThreadPoolExecutor(len(contents)) as pool:
            sent = [pool.submit(somebody.put, address["url"], content=each) for each in contents]
        answers = [each.result() for each in sent]
        taken = [each for each, answer in zip(contents, answers, strict=True) if answer.status_code == 200]
        assert {answer.status_code for answer in answers} <= {200, 403, 409}
        ann.post("/upload/confirm", object_key=address["object_key"]).raise_for_status()
        assert taken == [ann.fetch(path).content], path


@pytest.mark.every_database
@pytest.mark.databases(*LOCAL)
def test_two_confirmations_at_once_make_one_version(ann: Person) -> None:
    key = ann.sent(b"one", "a.txt")
    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(lambda _: ann.post("/upload/confirm", object_key=key), range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 200, 200, 201]
    assert len({answer.json()["data"]["version_id"] for answer in answers}) == 1


@pytest.mark.databases(*LOCAL)
def test_our_own_signed_addresses_cannot_be_changed(crib: Crib, ann: Person) -> None:
    data = ann.stored("a.txt", b"hello")
    other = ann.stored("b.txt", b"secret")
    url = ann.get("/download/presign", **ann.at("a.txt")).json()["url"]
    assert somebody.get(url).content == b"hello"
    for tampered in (
        url.replace(data["object_key"], other["object_key"]),
        _changed(url, **{"X-Amz-Expires": "604800"}),
        _changed(url, filename="other.html"),
        _changed(url, **{"X-Amz-Signature": "0" * 64}),
        _changed(url, extra="1"),
        url.split("?")[0],
    ):
        assert somebody.get(tampered).status_code == 403, tampered
    assert somebody.put(url, content=b"x").status_code == 403
    assert somebody.delete(url).status_code in {403, 405}
    upload = ann.post("/upload/presign", **ann.at("c.txt")).json()
    assert somebody.get(upload["url"]).status_code == 403
    onto_live = upload["url"].replace(upload["object_key"], data["object_key"])
    assert somebody.put(onto_live, content=b"x").status_code == 403
    assert ann.fetch("a.txt").content == b"hello"


@pytest.mark.databases(*LOCAL)
def test_our_own_signed_addresses_expire(crib: Crib, ann: Person) -> None:
    ann.stored("a.txt")
    url = ann.get("/download/presign", **ann.at("a.txt"), expires_in=600).json()["url"]
    upload = ann.post("/upload/presign", **ann.at("b.txt"), expires_in=600).json()["url"]
    assert somebody.get(url).status_code == 200
    crib.clock.advance(seconds=601)
    assert somebody.get(url).status_code == 403
    assert somebody.put(upload, content=b"x").status_code == 403


def test_an_upload_nobody_confirms_is_swept(crib: Crib, ann: Person) -> None:
    from toolcrib.documents.jobs import sweep_uploads  # noqa: PLC0415

    old = ann.sent(b"forgotten", "a.txt")
    crib.clock.advance(hours=23)
    crib.run(sweep_uploads(crib.app.kernel, crib.clock()))
    fresh = ann.sent(b"fresh", "b.txt")
    crib.clock.advance(hours=2)
    crib.run(sweep_uploads(crib.app.kernel, crib.clock()))
    refused(ann.post("/upload/confirm", object_key=old), 404, "object_not_found")
    succeeded(ann.post("/upload/confirm", object_key=fresh), 201)
