"""What programs leave beside documents is kept for them, and nobody else sees it."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from tests.documents.envelope import succeeded
from tests.documents.webdav import Dav, hrefs, numbers
from tests.servers.crib import Crib, Person

pytestmark = pytest.mark.databases("sqlite")

NAMES = (
    ".DS_Store",
    "._plan.odt",
    "Thumbs.db",
    "DESKTOP.INI",
    "~$plan.docx",
    ".~lock.plan.odt#",
    ".plan.txt.swp",
)


def events_of(person: Person, top: str) -> list[tuple[str, str]]:
    events: list[dict[str, Any]] = person.client.get("/api/events", params={"limit": 200}).json()["events"]
    labelled = [(each["verb"], str(each["data"].get("label", ""))) for each in events]
    return [(verb, label) for verb, label in labelled if top in label]


def test_litter_is_there_for_programs_alone(crib: Crib, ann: Person) -> None:
    dav, top = Dav(crib, ann), uuid4().hex
    dav("MKCOL", top)
    for number, name in enumerate(NAMES):
        for content in (b"one", b"two"):
            if number % 2:
                assert dav.put(f"{top}/{name}", content).is_success
            else:
                ann.stored(f"{top}/{name}", content)
        assert dav.text(f"{top}/{name}") == b"two"
        assert numbers(ann, f"{top}/{name}") == [1]
        assert ann.metadata(f"{top}/{name}", include_audit="true")["audit_logs"] == []
    token = dav.token(f"{top}/{NAMES[0]}")
    assert dav.put(f"{top}/{NAMES[0]}", b"x").status_code == 423
    for person in (ann, crib.admin()):  # nor is its lock shown
        assert top not in person.client.get("/api/claims").text
        assert top not in person.get("/locks").text
    assert dav.unlock(f"{top}/{NAMES[0]}", token).status_code == 204
    assert len(hrefs(dav("PROPFIND", top, Depth="1"))) == 1 + len(NAMES)
    here = {"bucket": "users", "id": ann.uuid, "path": top}
    assert ann.get("/list", **here).json()["files"] == []
    assert ann.get("/folders", **here).json()["files"] == []
    assert ann.get("/search", q="plan").json()["files"] == []
    for person in (ann, crib.admin()):
        assert all(label.endswith(top) for _, label in events_of(person, top))
    for name in NAMES[:2]:
        assert dav("DELETE", f"{top}/{name}").status_code == 204
    succeeded(ann.call("DELETE", "/delete", json=ann.at(f"{top}/{NAMES[2]}")))
    archived = ann.get("/list", **here, status="archived").json()["files"]
    assert archived == []
    assert [dav("GET", f"{top}/{name}").status_code for name in NAMES[:3]] == [404] * 3
    succeeded(ann.call("DELETE", "/folders", json=ann.at(top)))  # to people it is empty
    assert dav("PROPFIND", top, Depth="0").status_code == 404


def test_a_document_is_no_litter_by_its_name(crib: Crib, ann: Person) -> None:
    dav, top = Dav(crib, ann), uuid4().hex
    ann.stored(f"{top}/plan.odt", b"one")
    ann.stored(f"{top}/~$large", b"x" * (2**20 + 1))
    assert dav.send("MOVE", f"{top}/plan.odt", f"{top}/~$plan.odt").status_code == 201
    ann.stored(f"{top}/~$plan.odt", b"two")
    assert numbers(ann, f"{top}/~$plan.odt") == [2, 1]
    ann.stored(f"{top}/._a.txt", b"three")
    assert dav.send("MOVE", f"{top}/._a.txt", f"{top}/a.txt").status_code == 201
    listed = ann.get("/list", bucket="users", id=ann.uuid, path=top).json()["files"]
    assert {each["logical_path"] for each in listed} == {
        f"{top}/{name}" for name in ("~$large", "~$plan.odt", "a.txt")
    }


def test_the_lock_of_litter_that_becomes_a_document_is_shown(crib: Crib, ann: Person) -> None:
    dav, top = Dav(crib, ann), uuid4().hex
    dav("MKCOL", top)
    token = dav.token(f"{top}/~$large", Timeout="Second-600")
    for size in (3, 2**20 + 1, 2):
        assert dav.put(f"{top}/~$large", b"x" * size, If=f"(<{token}>)").status_code == 204
    (held,) = ann.get("/locks").json()["data"]["locks"]
    assert held["logical_path"] == f"{top}/~$large"
    assert dav.unlock(f"{top}/~$large", token).status_code == 204
    ann.stored(f"{top}/._a.txt", b"three")
    succeeded(ann.post("/lock", **ann.at(f"{top}/._a.txt")))
    succeeded(ann.post("/move", **ann.at(f"{top}/._a.txt"), target_path=f"{top}/a.txt"))
    (held,) = ann.get("/locks").json()["data"]["locks"]
    assert held["logical_path"] == f"{top}/a.txt"
    assert top in ann.client.get("/api/claims").text
    succeeded(ann.post("/unlock", **ann.at(f"{top}/a.txt")))
