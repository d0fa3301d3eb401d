"""Programs that rename documents: what becomes of their histories, their locks and their backups."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from tests.documents.envelope import refused, succeeded
from tests.documents.webdav import Dav, address, claims_of, message, numbers
from tests.servers.crib import Crib, Person
from toolcrib.documents.audit import entries

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.clock import FakeClock
    from toolcrib.documents.models import AuditEntry

pytestmark = pytest.mark.databases("sqlite")

OLD, NEW = b"old bytes", b"new bytes"


def id_of(person: Person, path: str) -> str:
    found: str = person.metadata(path, "companies")["file"]["id"]
    return found


@pytest.fixture
def doc(shared: Dav) -> str:
    path = f"{uuid4().hex}.odt"
    assert shared.put(path, OLD).status_code == 201
    return path


def test_a_rename_is_a_rename_at_once(
    ann: Person, flying_clock: FakeClock, shared: Dav, others: Dav, doc: str
) -> None:
    file_id = id_of(ann, doc)
    succeeded(ann.post("/lock", **ann.at(doc, "companies")))
    assert shared.send("MOVE", doc, f"2{doc}").status_code == 201
    assert id_of(ann, f"2{doc}") == file_id
    assert shared("GET", doc).status_code == 404
    assert [claim["label"] for claim in claims_of(ann)] == [address(ann, f"2{doc}")]
    assert others.put(f"2{doc}", b"theirs").status_code == 423
    flying_clock.advance(seconds=61)
    assert shared.put(doc, NEW).status_code == 201
    assert id_of(ann, f"2{doc}") == file_id
    assert (numbers(ann, doc, "companies"), numbers(ann, f"2{doc}", "companies")) == ([1], [1])


def test_a_name_that_somebody_else_fills_gets_a_new_document(
    ann: Person, shared: Dav, others: Dav, doc: str
) -> None:
    file_id = id_of(ann, doc)
    assert shared.send("MOVE", doc, f"2{doc}").status_code == 201
    assert others.put(doc, b"theirs").status_code == 201
    assert id_of(ann, f"2{doc}") == file_id
    assert shared.put(doc, NEW).status_code == 204
    assert numbers(ann, doc, "companies") == [2, 1]
    assert shared.text(f"2{doc}") == OLD


def test_a_document_that_has_changed_where_it_is_now_stays_there(ann: Person, shared: Dav, doc: str) -> None:
    file_id = id_of(ann, doc)
    assert shared.send("MOVE", doc, f"2{doc}").status_code == 201
    assert shared.put(f"2{doc}", b"more").status_code == 204
    assert shared.put(doc, NEW).status_code == 201
    assert id_of(ann, f"2{doc}") == file_id
    assert shared.text(f"2{doc}") == b"more"


def test_somebody_who_locks_the_document_meanwhile_has_it(
    ann: Person, carla: Person, shared: Dav, others: Dav, doc: str
) -> None:
    file_id = id_of(ann, doc)
    shared.send("MOVE", doc, f"2{doc}")
    succeeded(carla.post("/lock", **carla.at(f"2{doc}", "companies")))
    answer = shared.put(doc, NEW)
    assert answer.status_code == 423
    assert carla.username in message(answer)
    assert (id_of(ann, f"2{doc}"), shared("GET", doc).status_code) == (file_id, 404)


def test_nobody_locks_what_a_program_with_a_lock_saves(
    ann: Person, carla: Person, shared: Dav, others: Dav, doc: str
) -> None:
    file_id, token = id_of(ann, doc), shared.token(doc)
    shared.send("MOVE", doc, f"2{doc}", If=f"(<{token}>)")
    refused(carla.post("/lock", file_id=file_id), 409, "file_locked")
    assert others.lock(f"2{doc}").status_code == 423
    assert others("MKCOL", doc).status_code == 423
    others.put("theirs.odt", b"x")
    assert others.send("MOVE", "theirs.odt", doc).status_code == 423
    refused(carla.put(doc, b"theirs", bucket="companies", owner=ann.company), 409, "file_locked")
    assert shared.send("MOVE", f"2{doc}", doc).status_code == 201  # the program puts it back
    assert id_of(ann, doc) == file_id
    assert others.put(doc, b"theirs").status_code == 423
    assert shared.put(doc, NEW, If=f"(<{token}>)").status_code == 204
    assert shared.unlock(doc, token).status_code == 204
    assert claims_of(ann) == []


def test_a_lock_with_a_queue_is_not_passed_on_in_the_middle_of_a_save(
    ann: Person, carla: Person, shared: Dav, doc: str
) -> None:
    token = shared.token(doc)
    fence = claims_of(ann)[0]["fence"]
    assert carla.client.post(f"/api/claims/{fence}/queue", json={}).is_success
    shared.put("new.tmp", NEW)
    shared.send("MOVE", doc, "old.tmp", If=f"(<{token}>)")
    assert claims_of(carla) == []
    shared.send("MOVE", "new.tmp", doc)
    assert [claim["fence"] for claim in claims_of(ann)] == [fence]
    assert shared.unlock(doc, token).status_code == 204
    assert [claim["label"] for claim in claims_of(carla)] == [address(ann, doc)]


def test_the_lock_of_a_deleted_document_ends(
    ann: Person, flying_clock: FakeClock, shared: Dav, doc: str
) -> None:
    succeeded(ann.post("/lock", **ann.at(doc, "companies")))
    assert shared("DELETE", doc).status_code == 204
    flying_clock.advance(seconds=61)
    assert claims_of(ann) == []


def test_two_documents_that_change_their_names_keep_their_histories(ann: Person, shared: Dav) -> None:
    names = a, b, other = [f"{uuid4().hex}{each}" for each in "abt"]
    for name in (a, b):
        shared.put(name, name.encode())
        shared.put(name, name.encode() + b"2")
    ids = {name: id_of(ann, name) for name in (a, b)}
    for source, target in ((a, other), (b, a), (other, b)):
        assert shared.send("MOVE", source, target).status_code == 201
    assert shared.text(a) == b.encode() + b"2"
    assert shared.text(b) == a.encode() + b"2"
    assert {name: id_of(ann, name) for name in (a, b)} == ids
    assert [numbers(ann, name, "companies") for name in (a, b)] == [[3, 2, 1]] * 2
    assert shared("GET", names[2]).status_code == 404


def test_a_document_moved_over_its_backup_is_destroyed_later(
    crib: Crib, ann: Person, flying_clock: FakeClock, shared: Dav, doc: str
) -> None:
    from toolcrib.documents.jobs import forget_vacated_names  # noqa: PLC0415 - loads the whole server

    file_id = id_of(ann, doc)
    assert shared.put(f"{doc}.bak", b"older").status_code == 201
    assert shared.send("MOVE", doc, f"{doc}.bak").status_code == 204
    assert id_of(ann, doc) == file_id
    flying_clock.advance(seconds=61)
    crib.run(forget_vacated_names(crib.app.kernel, crib.clock()))
    answer = ann.call("GET", "/metadata", params=ann.read_at(doc, "companies"))
    refused(answer, 404, "file_not_found")
    assert shared.text(f"{doc}.bak") == OLD
    events = (
        crib.admin().client.get("/api/events", params={"key": file_id, "verb": "destroyed"}).json()["events"]
    )
    assert [(event["actor"], event["data"]["label"]) for event in events] == [(None, address(ann, doc))]
    lines = crib.run(audit_of(crib, file_id))
    assert (lines[0].action, lines[0].username, lines[0].details["physical"]) == (
        "delete",
        ann.username,
        True,
    )


async def audit_of(crib: Crib, file_id: str) -> Sequence[AuditEntry]:
    async with crib.app.kernel.database.read() as session:
        return await entries(session, file_id)


def test_a_document_that_gets_a_name_which_was_just_left_stays_itself(
    ann: Person, flying_clock: FakeClock, shared: Dav, doc: str
) -> None:
    other = f"{uuid4().hex}.odt"
    assert shared.put(other, b"another document").status_code == 201
    ids = id_of(ann, doc), id_of(ann, other)
    flying_clock.advance(seconds=61)
    assert shared.send("MOVE", doc, f"2{doc}").status_code == 201
    assert shared.send("MOVE", other, doc).status_code == 201
    assert (id_of(ann, f"2{doc}"), id_of(ann, doc)) == ids
    assert [numbers(ann, each, "companies") for each in (f"2{doc}", doc)] == [[1], [1]]
    assert shared.text(f"2{doc}") == OLD


@pytest.mark.parametrize("act", ["moves it on", "deletes it", "restores it"])
def test_what_another_does_with_the_document_is_not_undone_by_a_save(
    ann: Person, carla: Person, shared: Dav, others: Dav, doc: str, act: str
) -> None:
    file_id = id_of(ann, doc)
    if act == "restores it":
        assert shared("DELETE", doc).status_code == 204
        succeeded(carla.post("/restore", file_id=file_id))
        doc, moved = f"3{doc}", doc
        assert others.send("MOVE", moved, doc).status_code == 201
        moved, doc = doc, moved
    else:
        moved = f"2{doc}"
        assert shared.send("MOVE", doc, moved).status_code == 201
        if act == "moves it on":
            assert others.send("MOVE", moved, f"3{doc}").status_code == 201
            moved = f"3{doc}"
        else:
            assert others("DELETE", moved).status_code == 204
    assert shared.put(doc, NEW).status_code == 201
    assert id_of(ann, doc) != file_id
    if act != "deletes it":
        assert id_of(ann, moved) == file_id


def test_a_lock_that_was_ended_by_force_in_the_middle_of_a_save_stays_ended(
    crib: Crib, ann: Person, carla: Person, shared: Dav, doc: str
) -> None:
    token = shared.token(doc)
    fence = claims_of(ann)[0]["fence"]
    assert carla.client.post(f"/api/claims/{fence}/queue", json={"take": False}).is_success
    shared.put("new.tmp", NEW)
    shared.send("MOVE", doc, "old.tmp", If=f"(<{token}>)")
    assert [claim["fence"] for claim in claims_of(ann)] == [fence]
    forced = crib.admin().client.post(f"/api/claims/{fence}/force-release", json={"reason": "needed"})
    assert forced.status_code == 200
    shared.send("MOVE", "new.tmp", doc)
    assert claims_of(ann) == []
    assert shared.text(doc) == NEW


def test_a_document_that_is_used_again_is_not_destroyed_as_its_own_backup(
    crib: Crib, ann: Person, flying_clock: FakeClock, shared: Dav, doc: str
) -> None:
    from toolcrib.documents.jobs import forget_vacated_names  # noqa: PLC0415 - loads the whole server

    file_id, place = id_of(ann, doc), ann.at(doc, "companies")
    restored = f"{doc}.restored"
    restored_id = shared.put(restored, OLD) and id_of(ann, restored)
    for name in (doc, restored):
        shared.put(f"{name}.bak", b"older")
        assert shared.send("MOVE", name, f"{name}.bak").status_code == 204
    flying_clock.advance(seconds=61)
    assert ann.put(doc, NEW, bucket="companies").json()["data"]["file_id"] == file_id
    succeeded(ann.post("/restore", file_id=restored_id))
    for name in (doc, restored):
        succeeded(ann.call("DELETE", "/delete", json={**place, "logical_path": name}))
    crib.run(forget_vacated_names(crib.app.kernel, crib.clock()))
    for each in (file_id, restored_id):
        succeeded(ann.post("/restore", file_id=each))
    assert numbers(ann, doc, "companies") == [2, 1]
    assert shared.text(doc) == NEW


def test_a_backup_is_archived_if_it_holds_what_is_nowhere_else(ann: Person, shared: Dav, doc: str) -> None:
    backups = waits, last = f"{doc}.1", f"{doc}.2"
    plain = f"{uuid4().hex}.odt"
    shared.put(plain, OLD)
    for name, backup in ((doc, waits), (plain, last)):
        assert shared.send("MOVE", name, backup).status_code == 201
        assert shared.put(name, NEW).status_code == 201
    ids = [id_of(ann, name) for name in backups]
    ann.committed(ids[0], b"waits for approval")
    succeeded(ann.call("DELETE", "/delete", json={**ann.at(plain, "companies"), "physical": True}))
    for name, file_id in zip(backups, ids, strict=True):
        assert shared("DELETE", name).status_code == 204
        succeeded(ann.post("/restore", file_id=file_id))
    assert numbers(ann, waits, "companies") == [2, 1]
    assert shared.text(last) == OLD


# What is held has the name of now


def test_a_claim_has_its_files_name_of_now(ann: Person, carla: Person, shared: Dav, others: Dav) -> None:
    top = uuid4().hex
    ann.stored(f"{top}/a.txt", bucket="companies")
    succeeded(ann.post("/lock", **ann.at(f"{top}/a.txt", "companies")))
    fence = claims_of(ann)[0]["fence"]
    assert carla.client.post(f"/api/claims/{fence}/queue", json={}).is_success
    succeeded(ann.post("/move", **ann.at(f"{top}/a.txt", "companies"), target_path=f"{top}/b.txt"))
    succeeded(ann.post("/folders/move", **ann.at(top, "companies"), target_path=f"{top}2"))
    now = address(ann, f"{top}2/b.txt")
    assert [(claim["label"], claim["fence"]) for claim in claims_of(ann)] == [(now, fence)]
    problem = refused(carla.post("/lock", **carla.at(f"{top}2/b.txt", "companies")), 409, "file_locked")
    assert top + "/" not in str(problem)
    assert now in message(others.put(f"{top}2/b.txt", b"x"))
    assert shared.locks(f"{top}2/b.txt")[0]["root"] == shared.url(f"{top}2/b.txt").replace("%20", " ")
    # Also after a program has moved it, while its name waits to be filled again.
    assert shared.send("MOVE", f"{top}2/b.txt", f"{top}2/c.txt").status_code == 201
    succeeded(ann.post("/move", **ann.at(f"{top}2/c.txt", "companies"), target_path=f"{top}2/d.txt"))
    problem = refused(carla.post("/lock", **carla.at(f"{top}2/d.txt", "companies")), 409, "file_locked")
    assert problem["label"] == address(ann, f"{top}2/d.txt")
    assert f"{top}2/d.txt" in message(others.put(f"{top}2/d.txt", b"x"))
    succeeded(ann.post("/move", **ann.at(f"{top}2/d.txt", "companies"), target_path=f"{top}2/b.txt"))
    succeeded(ann.post("/unlock", **ann.at(f"{top}2/b.txt", "companies")))
    assert [claim["label"] for claim in claims_of(carla)] == [now]


def test_a_lock_on_a_folder_moves_with_it(ann: Person, carla: Person, shared: Dav, others: Dav) -> None:
    top = uuid4().hex
    for folder in (top, f"{top}/sub"):
        shared("MKCOL", folder)
    token = shared.token(f"{top}/sub", depth="infinity")
    fence = claims_of(ann)[0]["fence"]
    assert others.send("MOVE", top, f"{top}2").status_code == 423
    refused(
        carla.post("/folders/move", **carla.at(top, "companies"), target_path=f"{top}2"), 409, "file_locked"
    )
    assert (
        shared.send("MOVE", top, f"{top}2", If=f"<{shared.url(f'{top}/sub')}> (<{token}>)").status_code == 201
    )
    assert [(claim["label"], claim["fence"]) for claim in claims_of(ann)] == [
        (address(ann, f"{top}2/sub/"), fence)
    ]
    assert others.put(f"{top}2/sub/a.txt", b"theirs").status_code == 423
    shown = f"<{shared.url(f'{top}2/sub')}> (<{token}>)"
    assert shared.put(f"{top}2/sub/a.txt", b"mine", If=shown).status_code == 201
    assert (
        others("MKCOL", f"{top}/sub").status_code == 409
    )  # its old name is free: only the parent is missing
    assert shared.unlock(f"{top}2/sub", token).status_code == 204
    assert claims_of(ann) == []
