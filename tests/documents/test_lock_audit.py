"""Whatever changes a document's lock, by any door, is in the file's audit."""

from __future__ import annotations

from typing import Any

import pytest

from tests.clock import FakeClock
from tests.documents.envelope import succeeded
from tests.documents.webdav import Dav
from tests.servers.crib import Crib, Person
from toolcrib.kernel.claims.sweep import announce_ends

LOCK = """<?xml version="1.0"?><D:lockinfo xmlns:D="DAV:"><D:lockscope><D:exclusive/></D:lockscope>
<D:locktype><D:write/></D:locktype></D:lockinfo>"""


@pytest.fixture
def file_id(ann: Person) -> str:
    """A file of Ann's company."""
    made: str = ann.stored("a.txt", bucket="companies")["file_id"]
    return made


def audit(person: Person) -> list[dict[str, Any]]:
    """The file's lines about locks, oldest first."""
    shown = person.metadata("a.txt", "companies", include_audit="1")["audit_logs"]
    return [entry for entry in reversed(shown) if entry["action"] in ("lock", "unlock")]


def locked(person: Person, file_id: str, **more: Any) -> str:
    """The path of the claim on the file, which the person has now."""
    return f"/api/claims/{succeeded(person.post('/lock', file_id=file_id, **more))['fence']}"


def did(entry: dict[str, Any]) -> tuple[str, str]:
    return entry["action"], entry["details"]["action"]


def test_a_release_by_the_generic_route_is_an_unlock(ann: Person, file_id: str) -> None:
    claim = locked(ann, file_id, lock_type="review")
    answer = ann.client.post(f"{claim}/release", headers={"User-Agent": "board/1"})
    assert answer.status_code == 200
    taken, given = audit(ann)
    assert (taken["action"], taken["details"]["lock_type"]) == ("lock", "review")
    assert (given["action"], given["user_id"], given["username"]) == ("unlock", ann.uuid, ann.username)
    assert (given["ip_address"], given["user_agent"]) == (taken["ip_address"], "board/1")
    assert given["details"] == {
        "action": "unlock",
        "fence": taken["details"]["fence"],
        "force": False,
        "reason": None,
    }


def test_handing_over_and_renewing_are_there(ann: Person, carla: Person, file_id: str) -> None:
    claim = locked(ann, file_id)
    assert ann.client.post(f"{claim}/renew", json={"ttl_seconds": 600}).status_code == 200
    succeeded(ann.post("/lock/renew", file_id=file_id, expires_in=900))
    given = ann.client.post(f"{claim}/transfer", json={"to": carla.username, "comment": "yours"})
    assert given.status_code == 200, given.text
    lines = audit(ann)
    assert [did(line) for line in lines] == [
        ("lock", "lock"),
        ("lock", "renew"),
        ("lock", "renew"),
        ("lock", "transfer"),
    ]
    assert {line["user_id"] for line in lines} == {ann.uuid}
    assert all(line["ip_address"] and line["user_agent"] for line in lines)
    passed = lines[-1]["details"]
    assert (passed["from"], passed["to"], passed["comment"]) == (ann.username, carla.username, "yours")
    assert passed["fence"] == given.json()["claim"]["fence"]


def test_an_end_by_authority_says_who_and_why(crib: Crib, ann: Person, file_id: str) -> None:
    claim, admin = locked(ann, file_id), crib.admin()
    ended = admin.client.post(f"{claim}/force-release", json={"reason": "on holiday"})
    assert ended.status_code == 200, ended.text
    line = audit(ann)[-1]
    assert (line["action"], line["user_id"]) == ("unlock", admin.uuid)
    assert (line["details"]["force"], line["details"]["reason"]) == (True, "on holiday")
    assert line["details"]["holder"] == ann.username


def test_an_own_unlock_keeps_the_reason_given(ann: Person, file_id: str) -> None:
    locked(ann, file_id)
    succeeded(ann.post("/unlock", file_id=file_id, reason="finished"))
    assert audit(ann)[-1]["details"]["reason"] == "finished"


def test_a_lock_that_runs_out_passes_to_the_queue(
    crib: Crib, ann: Person, carla: Person, file_id: str, flying_clock: FakeClock
) -> None:
    claim = locked(ann, file_id, expires_in=60)
    assert carla.client.post(f"{claim}/queue", json={}).status_code == 201
    flying_clock.advance(seconds=61)
    crib.run(announce_ends(crib.app.kernel, flying_clock()))
    over, passed = audit(carla)[-2:]
    assert (over["action"], over["user_id"], over["details"]["cause"]) == ("unlock", ann.uuid, "expired")
    assert (passed["action"], passed["user_id"], passed["details"]["cause"]) == ("lock", carla.uuid, "queue")
    assert over["ip_address"] is passed["ip_address"] is None


def test_giving_the_lock_back_with_an_upload_is_there_once(ann: Person, file_id: str) -> None:
    locked(ann, file_id)
    ann.stored("a.txt", b"next", bucket="companies", release="true")
    shown = ann.metadata("a.txt", "companies", include_audit="1")["audit_logs"]
    assert [entry["action"] for entry in shown] == ["unlock", "upload", "lock", "upload"]


def test_a_file_that_moved_is_told_of_under_its_new_name(ann: Person, file_id: str) -> None:
    locked(ann, file_id)
    succeeded(ann.post("/move", **ann.at("a.txt", "companies"), target_path="b.txt"))
    succeeded(ann.post("/unlock", file_id=file_id))
    shown = ann.metadata("b.txt", "companies", include_audit="1")["audit_logs"]
    assert [entry["action"] for entry in shown] == ["unlock", "move", "lock", "upload"]


def test_a_program_s_heartbeats_are_one_line(crib: Crib, ann: Person, file_id: str) -> None:
    dav = Dav(crib, ann, "companies")
    taken = dav("LOCK", "a.txt", LOCK, Timeout="Second-600")
    assert taken.status_code == 200, taken.text
    token = taken.headers["Lock-Token"]
    for _ in range(3):
        again = dav("LOCK", "a.txt", If=f"({token})", Timeout="Second-900")
        assert again.status_code == 200, again.text
    assert dav("UNLOCK", "a.txt", Lock_Token=token).status_code == 204
    lines = audit(ann)
    assert [did(line) for line in lines] == [("lock", "lock"), ("lock", "renew"), ("unlock", "unlock")]
    kept = lines[1]
    assert kept["details"]["times"] == 3
    assert kept["details"]["last_at"] >= kept["created_at"]
