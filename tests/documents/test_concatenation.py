"""Documents whose content a client sends as several uploads at once (tus concatenation)."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.documents.envelope import refused
from tests.documents.resumable import OCTETS, TUS, begin, begun, encoded, end, look, send
from tests.servers.crib import Crib, Person

pytestmark = pytest.mark.moves_bytes

ADDRESS = "/api/storage/uploads"


def _partial(
    person: Person, content: bytes, *, sent: int | None = None, place: dict[str, str] | None = None
) -> str:
    """Upload a part, or its first `sent` bytes: its address."""
    headers = TUS | {"Upload-Concat": "partial", "Upload-Length": str(len(content))}
    if place:
        headers["Upload-Metadata"] = encoded(**place)
    answer = person.client.post(ADDRESS, headers=headers)
    assert answer.status_code == 201, answer.text
    address: str = answer.headers["Location"]
    if content[:sent]:
        last = send(person, address, 0, content[:sent])
        assert (last.status_code, last.headers["Upload-Offset"]) == (204, str(len(content[:sent])))
        assert "X-Version-ID" not in last.headers
    return address


def _final(person: Person, parts: list[str], path: str = "a.bin", **metadata: str) -> httpx.Response:
    place = {**person.at(path, "users", None), **metadata}
    concat = f"final;{' '.join(parts)}"
    headers = TUS | {"Upload-Concat": concat, "Upload-Metadata": encoded(**place)}
    return person.client.post(ADDRESS, headers=headers)


def test_uploads_become_one_document(crib: Crib, ann: Person) -> None:
    extensions = ann.client.options(ADDRESS).headers["Tus-Extension"]
    assert "concatenation" in extensions.split(",")
    contents = [b"one " * 1000, b"", b"two " * 3000, b"three"]
    parts = [_partial(ann, content) for content in contents]
    part = look(ann, parts[0])
    assert (part.headers["Upload-Concat"], part.headers["Upload-Length"]) == ("partial", "4000")
    whole = b"".join(contents)
    made = _final(ann, [parts[0], f"http://elsewhere{parts[1]}", *parts[2:]], changelog="in parallel")
    assert made.status_code == 201, made.text
    assert made.headers["X-Version-Number"] == "1"
    assert made.headers["X-Checksum-SHA256"] == hashlib.sha256(whole).hexdigest()
    assert ann.fetch("a.bin").content == whole
    final = look(ann, made.headers["Location"])
    assert final.headers["Upload-Concat"].startswith("final;/api/storage/uploads/")
    assert final.headers["Upload-Length"] == final.headers["Upload-Offset"] == str(len(whole))
    refused(send(ann, made.headers["Location"], len(whole), b""), 403, "access_denied")
    assert end(ann, made.headers["Location"]).status_code == 204
    assert ann.fetch("a.bin").content == whole


def test_the_same_request_again_makes_no_second_version(crib: Crib, ann: Person) -> None:
    parts = [_partial(ann, content) for content in (b"one", b"two")]
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: _final(ann, parts), range(4)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.headers["Location"] for answer in answers}) == 1
    assert {answer.headers["X-Version-Number"] for answer in answers} == {"1"}
    refused(_final(ann, parts[::-1]), 409, "upload_taken")
    refused(_final(ann, [parts[0]], "b.bin"), 409, "upload_taken")


@pytest.mark.databases("sqlite", "postgresql", "mariadb")
def test_two_processes_make_one_version(own_crib: Crib) -> None:
    person = own_crib.person()
    settings = own_crib.app.kernel.settings
    other = Crib.start(own_crib.folder, own_crib.clock, database_url=settings.database_url)
    try:
        elsewhere = Person(person.uuid, person.company, other.client(cookies=person.client.cookies))
        for attempt in range(3):
            parts = [_partial(person, bytes([attempt]) * 300_000) for _ in range(2)]
            with ThreadPoolExecutor(2) as pool:
                both = [pool.submit(_final, who, parts, f"{attempt}.bin") for who in (person, elsewhere)]
            answers = [each.result() for each in both]
            assert [answer.status_code for answer in answers] == [201, 201], answers[-1].text
            assert len({answer.headers["X-Version-ID"] for answer in answers}) == 1
    finally:
        other.close()


def test_parts_count_as_the_callers_until_they_are_joined(crib: Crib, ann: Person) -> None:
    before = _used(ann)
    parts = [_partial(ann, b"x" * 1000), _partial(ann, b"y" * 1000, place=ann.at("z.bin", "users", None))]
    assert _used(ann) == before + 2000
    assert _final(ann, parts).status_code == 201
    assert _used(ann) == before + 2000
    part = _partial(ann, b"x" * 500)
    assert _used(ann) == before + 2500
    assert end(ann, part).status_code == 204
    assert _used(ann) == before + 2000


def _used(person: Person) -> int:
    quotas = person.client.get("/api/quotas").json()
    return int(next(each["used_bytes"] for each in quotas if each["account"] == f"user:{person.uuid}"))


def test_refusals(crib: Crib, ann: Person, ben: Person) -> None:
    part, short = _partial(ann, b"one"), _partial(ann, b"three", sent=2)
    mine, plain = _partial(ben, b"ben"), begun(ann, 5, "plain.bin")
    unknown = f"{ADDRESS}/{uuid4().hex}"
    wrong: list[tuple[list[str], int, str]] = [
        ([], 400, "validation_error"),
        ([part, part], 400, "validation_error"),
        ([part, "/elsewhere"], 400, "validation_error"),
        ([f"{ADDRESS}/{n:032x}" for n in range(101)], 400, "validation_error"),
        ([part, plain], 400, "validation_error"),
        ([part, unknown], 404, "upload_not_found"),
        ([part, mine], 404, "upload_not_found"),
        ([part, short], 409, "upload_incomplete"),
    ]
    for parts, status, code in wrong:
        refused(_final(ann, parts), status, code)
    assert ann.fetch("a.bin").status_code == 404
    headers: dict[str, Any] = TUS | {"Upload-Concat": f"final;{part}", "Content-Type": OCTETS}
    place = {"Upload-Metadata": encoded(**ann.at("a.bin", "users", None))}
    refused(ann.client.post(ADDRESS, headers=headers | place, content=b"more"), 400, "validation_error")
    refused(ann.client.post(ADDRESS, headers=headers), 400, "validation_error")
    others = {"Upload-Metadata": encoded(**ann.at("a.bin", "users", ben.uuid))}
    refused(ann.client.post(ADDRESS, headers=headers | others), 403, "access_denied")
    refused(begin(ann, 5, headers={"Upload-Concat": "part"}), 400, "validation_error")
    for refusal in (ben.client.patch(part), crib.client().post(ADDRESS, headers=headers | place)):
        assert refusal.status_code in {401, 404, 412, 415}
    refused(_final(ann, [part], sha256="0" * 64), 400, "hash_mismatch")
    made = _final(ann, [part], sha256=hashlib.sha256(b"one").hexdigest())
    assert made.headers["X-Version-Number"] == "1"


def test_a_lock_of_somebody_else_keeps_the_parts(crib: Crib, ann: Person, carla: Person) -> None:
    path = f"{uuid4()}.bin"
    company = {"bucket": "companies", "owner": ann.company}
    begun_there = begun(carla, 1, path, content=b"a", **company)
    assert look(carla, begun_there).headers["X-Version-Number"] == "1"
    lock = carla.call("POST", "/lock", json=carla.at(path, "companies", ann.company))
    assert lock.status_code == 200, lock.text
    part = _partial(ann, b"one")
    place = encoded(**ann.at(path, "companies", ann.company))
    headers = TUS | {"Upload-Concat": f"final;{part}", "Upload-Metadata": place}
    refused(ann.client.post(ADDRESS, headers=headers), 409, "file_locked")
    unlocked = carla.call("POST", "/unlock", json=carla.at(path, "companies", ann.company))
    assert unlocked.status_code == 200, unlocked.text
    assert ann.client.post(ADDRESS, headers=headers).headers["X-Version-Number"] == "2"
