"""A WebDAV lock is the claim that REST and the command line show (RFC 4918, 6 and 7)."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from tests.documents.envelope import refused, succeeded
from tests.documents.webdav import SHARED, Dav, body_of, hrefs, message, numbers, slowly
from tests.servers.crib import Crib, Person


@pytest.fixture
def dav(crib: Crib, ann: Person) -> Dav:
    return Dav(crib, ann, "companies")


@pytest.fixture
def others(crib: Crib, carla: Person) -> Dav:
    """Ann's colleague at the same files."""
    return Dav(crib, carla, "companies")


@pytest.fixture
def path(dav: Dav) -> str:
    name = f"{uuid4().hex}.txt"
    assert dav.put(name, b"one").status_code == 201
    return name


def claims_of(person: Person) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = person.client.get("/api/claims", params={"mine": "true"}).json()["claims"]
    return found


def test_a_lock_is_a_claim(ann: Person, carla: Person, dav: Dav, others: Dav, path: str) -> None:
    token = dav.token(path, Timeout="Second-120")
    (claim,) = claims_of(ann)
    assert claim["kind"] == "document"
    assert claim["label"] == f"/companies/{ann.company}/{path}"
    place = ann.at(path, "companies")
    (shown,) = carla.get(
        "/locks", bucket_type="companies", bucket_id=ann.company, file_id=claim["key"]
    ).json()["data"]["locks"]
    assert shown["locked_by"] == ann.uuid
    (discovered,) = others.locks(path)
    assert discovered["token"] == token
    assert discovered["owner"] == "me"
    assert 100 < int(discovered["timeout"].removeprefix("Second-")) <= 120
    assert discovered["root"] == dav.url(path)
    refused(carla.post("/lock", **place), 409, "file_locked")
    refused(carla.put(path, bucket="companies", owner=ann.company), 409, "file_locked")
    assert dav.unlock(path, token).status_code == 204
    assert claims_of(ann) == []
    assert dav.unlock(path, token).status_code == 409
    succeeded(carla.post("/lock", **place))


def test_others_are_refused_on_every_method_and_told_who(
    ann: Person, dav: Dav, others: Dav, path: str
) -> None:
    token = dav.token(path)
    for answer in (
        others.put(path, b"theirs"),
        others("DELETE", path),
        others.send("MOVE", path, "elsewhere.txt"),
        others.lock(path),
        others.write(path, colour="red"),
        others.put(path, b"theirs", If=f"(<{token}>)"),
    ):
        assert answer.status_code in {412, 423}, answer.text
        if answer.status_code == 423:
            assert body_of(answer).findtext("{urn:toolcrib}holder") == ann.username
            assert ann.username in message(answer)
    assert others.unlock(path, token).status_code == 403
    assert others.text(path) == b"one"
    assert others.send("COPY", path, f"copy-{path}").status_code == 201
    assert dav.put(path, b"two", If=f"(<{token}>)").status_code == 204
    assert numbers(ann, path, "companies") == [2, 1]


def test_another_program_of_the_holder_needs_the_token(dav: Dav, path: str) -> None:
    token = dav.token(path)
    for answer in (dav.put(path), dav("DELETE", path), dav.lock(path), dav.write(path, a="b")):
        assert answer.status_code == 423
        assert "another of your own programs" in message(answer)
    assert dav("DELETE", path, If=f"(<{token}>)").status_code == 204
    assert dav("PROPFIND", path, Depth="0").status_code == 404


def test_a_lock_ends_when_its_client_dies(crib: Crib, ann: Person, dav: Dav, others: Dav, path: str) -> None:
    token = dav.token(path)  # no wish: ten minutes
    assert claims_of(ann)[0]["expires_at"] is not None
    crib.clock.advance(minutes=9)
    assert dav.refresh(path, token, Timeout="Second-600").status_code == 200
    crib.clock.advance(minutes=9)
    assert others.put(path).status_code == 423
    crib.clock.advance(minutes=2)
    assert others.locks(path) == []
    assert others.put(path, b"theirs").status_code == 204
    assert dav.refresh(path, token).status_code == 412


def test_how_long_a_lock_may_last(dav: Dav, path: str) -> None:
    for wish, seconds in (
        ("Infinite, Second-4100000000", 3600),
        ("infinite", 3600),
        ("Second-180, Second-4100000000", 180),
        ("Second-999999", 3600),
        ("Second-4294967295", 3600),
        ("Second-4100000000, Infinite", 3600),
        (f"Second-{'9' * 5_000}", 3600),
        ("soon,Second-, second-240", 240),
        ("Second-0, Second-300", 300),
        ("Second-0", 600),
        ("Second-12x, Second--5, 90", 600),
        ("", 600),
    ):
        token = dav.token(path, Timeout=wish)
        assert seconds - 5 < int(dav.locks(path)[0]["timeout"].removeprefix("Second-")) <= seconds
        dav.unlock(path, token)


def test_a_lock_taken_on_the_page_stays_when_a_program_gives_its_own_back(
    ann: Person, carla: Person, dav: Dav, others: Dav, path: str
) -> None:
    place = ann.at(path, "companies")
    fence = succeeded(ann.post("/lock", **place, reason="mine"))["fence"]
    (shown,) = others.locks(path)
    assert (shown["owner"], shown["timeout"]) == (ann.username, "Infinite")
    assert dav.put(path, b"two").status_code == 204  # no program of Ann's holds it
    token = dav.token(path)
    assert claims_of(ann)[0]["fence"] == fence
    assert dav.put(path).status_code == 423
    assert dav.put(path, b"three", If=f"(<{token}>)").status_code == 204
    assert dav.refresh(path, token).status_code == 200
    assert dav.unlock(path, token).status_code == 204
    (claim,) = claims_of(ann)
    assert (claim["fence"], claim["expires_at"], claim["comment"]) == (fence, None, "mine")
    refused(carla.post("/lock", **place), 409, "file_locked")


def test_a_program_that_died_on_a_lock_of_the_page_is_forgotten(
    crib: Crib, ann: Person, dav: Dav, path: str
) -> None:
    succeeded(ann.post("/lock", **ann.at(path, "companies")))
    dav.token(path)
    assert dav.lock(path).status_code == 423
    crib.clock.advance(minutes=11)
    assert dav.lock(path).status_code == 200
    assert len(claims_of(ann)) == 1


def test_shared_locks_are_for_programs_of_one_person(ann: Person, dav: Dav, others: Dav, path: str) -> None:
    first, second = dav.token(path, scope=SHARED), dav.token(path, scope=SHARED)
    assert {lock["scope"] for lock in dav.locks(path)} == {SHARED}
    assert others.lock(path, scope=SHARED).status_code == 423
    assert dav.lock(path).status_code == 423
    assert dav.unlock(path, first).status_code == 204
    assert len(claims_of(ann)) == 1
    assert dav.put(path, If=f"(<{second}>)").status_code == 204
    assert dav.unlock(path, second).status_code == 204
    assert claims_of(ann) == []


def test_a_lock_on_nothing_makes_an_empty_file(ann: Person, dav: Dav) -> None:
    name = f"{uuid4().hex}.txt"
    answer = dav.lock(name)
    assert answer.status_code == 201
    token = answer.headers["Lock-Token"].strip("<>")
    assert dav.text(name) == b""
    assert dav.put(name, b"x").status_code == 423
    assert dav.put(name, b"x", If=f"(<{token}>)").status_code == 204
    assert dav.unlock(name, token).status_code == 204
    assert numbers(ann, name, "companies") == [1]
    assert dav.lock(f"none/{name}").status_code == 409


# Folders


@pytest.mark.every_database
def test_a_locked_folder_is_locked_through_every_door(
    crib: Crib, ann: Person, carla: Person, dav: Dav, others: Dav
) -> None:
    top = uuid4().hex
    ann.stored(f"{top}/d/a.txt", bucket="companies")
    token = dav.token(top, depth="infinity")
    (claim,) = claims_of(ann)
    assert claim["label"] == f"/companies/{ann.company}/{top}/"

    def theirs(path: str) -> dict[str, str]:
        return carla.at(path, "companies", ann.company)

    refused(carla.put(f"{top}/d/a.txt", bucket="companies", owner=ann.company), 409, "file_locked")
    refused(carla.put(f"{top}/new.txt", bucket="companies", owner=ann.company), 409, "file_locked")
    refused(carla.post("/lock", **theirs(f"{top}/d/a.txt")), 409, "file_locked")
    refused(carla.post("/folders", **theirs(f"{top}/x")), 409, "file_locked")
    refused(carla.call("DELETE", "/delete", json=theirs(f"{top}/d/a.txt")), 409, "file_locked")
    for answer in (
        others.put(f"{top}/d/a.txt"),
        others.put(f"{top}/new.txt"),
        others("MKCOL", f"{top}/x"),
        others("DELETE", f"{top}/d/a.txt"),
        others("DELETE", top),
        others.lock(f"{top}/d/a.txt"),
        others.send("MOVE", f"{top}/d", f"{top}2"),
        dav.put(f"{top}/d/a.txt"),
    ):
        assert answer.status_code == 423, answer.text
    (seen,) = others.locks(f"{top}/d/a.txt")
    assert (seen["depth"], seen["root"]) == ("infinity", dav.url(top) + "/")
    assert dav.put(f"{top}/d/a.txt", If=f"(<{token}>)").status_code == 204
    assert dav.refresh(f"{top}/d/a.txt", token).status_code == 200
    assert dav.unlock(f"{top}/d/a.txt", token).status_code == 204
    assert others.put(f"{top}/d/a.txt").status_code == 204
    ann.stored(f"{top}/d/a.txt", bucket="companies")


def test_a_shallow_lock_on_a_folder_guards_coming_and_going(dav: Dav, others: Dav) -> None:
    top = uuid4().hex
    dav("MKCOL", top)
    dav.put(f"{top}/a.txt")
    token = dav.token(top, depth="0")
    assert others.put(f"{top}/a.txt", b"theirs").status_code == 204
    for answer in (
        others.put(f"{top}/new.txt"),
        others("DELETE", f"{top}/a.txt"),
        others("MKCOL", f"{top}/x"),
        others.send("MOVE", f"{top}/a.txt", f"{top}.txt"),
    ):
        assert answer.status_code == 423
    assert dav.put(f"{top}/new.txt", If=f"<{dav.url(top)}/> (<{token}>)").status_code == 201


def test_a_folder_cannot_be_locked_around_what_somebody_holds(dav: Dav, others: Dav) -> None:
    top = uuid4().hex
    dav("MKCOL", top)
    dav.put(f"{top}/a.txt")
    dav.put(f"{top}/b.txt")
    token = others.token(f"{top}/a.txt")
    assert dav.lock(top, depth="infinity").status_code == 423
    removed = dav("DELETE", top)
    assert hrefs(removed) == [dav.url(f"{top}/a.txt")]
    assert "423" in removed.text
    assert dav.text(f"{top}/b.txt") == b"hello"  # all or nothing
    assert dav.send("MOVE", top, f"{top}2").status_code == 423
    assert others.unlock(f"{top}/a.txt", token).status_code == 204
    assert dav("DELETE", top).status_code == 204


def test_a_lock_does_not_move_with_its_file(ann: Person, dav: Dav, path: str) -> None:
    token = dav.token(path)
    assert dav.send("MOVE", path, f"2{path}", If=f"(<{token}>)").status_code == 201
    assert claims_of(ann) == []
    assert dav.locks(f"2{path}") == []


# Saves that come too late


@pytest.mark.moves_bytes
@pytest.mark.parametrize("how", ["expired", "forced", "passed on", "deleted"])
def test_a_save_after_the_lock_was_lost_is_kept_beside_the_file(
    crib: Crib, ann: Person, carla: Person, dav: Dav, others: Dav, how: str
) -> None:
    stem = uuid4().hex
    path = f"{stem}.odt"
    dav.put(path, b"one")
    token = dav.token(path)
    place = ann.at(path, "companies")
    held = True
    if how == "expired":
        crib.clock.advance(minutes=11)
        theirs = others.token(path)
        assert others.put(path, b"theirs", If=f"(<{theirs}>)").status_code == 204
    elif how == "forced":
        succeeded(crib.admin().post("/unlock", **place, force=True, reason="urgent"))
        held = False
    elif how == "passed on":
        url = f"/api/claims/{claims_of(ann)[0]['fence']}/transfer"
        assert ann.client.post(url, json={"to": carla.username}).is_success
    else:
        succeeded(crib.admin().post("/unlock", **place, force=True, reason="urgent"))
        assert others("DELETE", path).status_code == 204
        held = False
    before = [] if how == "deleted" else numbers(ann, path, "companies")

    answer = dav.put(path, b"mine", If=f"(<{token}>)")
    assert answer.status_code == (423 if held else 412)
    draft = body_of(answer).findtext("{urn:toolcrib}draft/{DAV:}href")
    assert draft is not None
    assert dav.client.get(draft).content == b"mine"
    day = crib.clock().strftime("%Y-%m-%d")
    assert f"/{stem}%20(draft%20of%20{ann.username}%20{day}" in draft
    assert draft.endswith(".odt")
    assert "draft of" in message(answer)
    assert (carla.username in message(answer)) == held
    if before:
        assert numbers(ann, path, "companies") == before
    again = dav.put(path, b"mine too", If=f"(<{token}>)")
    second = body_of(again).findtext("{urn:toolcrib}draft/{DAV:}href")
    assert second != draft
    assert dav.client.get(second or "").content == b"mine too"


def test_a_token_that_was_never_given_keeps_nothing(dav: Dav, others: Dav, path: str) -> None:
    theirs = others.token(path)
    made_up = f"opaquelocktoken:{uuid4()}"
    for token in (theirs, made_up, "DAV:no-lock"):
        assert dav.put(path, b"x", If=f"(<{token}>)").status_code == 412
    assert len([name for name in hrefs(dav("PROPFIND", "", Depth="1")) if path[:32] in name]) == 1


@pytest.mark.moves_bytes
def test_a_draft_goes_home_where_the_folder_is_held_by_others(crib: Crib, dav: Dav, others: Dav) -> None:
    top = uuid4().hex
    dav("MKCOL", top)
    dav.put(f"{top}/a.txt")
    token = dav.token(f"{top}/a.txt")
    crib.clock.advance(minutes=11)
    others.token(top, depth="infinity")
    answer = dav.put(f"{top}/a.txt", b"mine", If=f"(<{token}>)")
    assert answer.status_code == 423
    draft = body_of(answer).findtext("{urn:toolcrib}draft/{DAV:}href") or ""
    assert draft.startswith("/dav/users/me/Drafts/a%20(draft")
    assert dav.client.get(draft).content == b"mine"


@pytest.mark.every_database
@pytest.mark.databases("sqlite", "postgresql", "mariadb")
def test_a_lock_lost_while_the_bytes_come_keeps_them_all_the_same(
    crib: Crib, ann: Person, dav: Dav, path: str
) -> None:
    token = dav.token(path)
    admin = crib.admin()
    place = ann.at(path, "companies")

    def force() -> None:
        succeeded(admin.post("/unlock", **place, force=True, reason="urgent"))

    answer = dav.put(path, slowly(crib, force), If=f"(<{token}>)")
    assert answer.status_code == 412
    draft = body_of(answer).findtext("{urn:toolcrib}draft/{DAV:}href") or ""
    assert dav.client.get(draft).content == b"mine"
    assert dav.text(path) == b"one"


def test_a_flat_lock_covers_folders_that_are_missing_still(ann: Person, carla: Person, dav: Dav) -> None:
    """What makes several levels at once adds the topmost of them to the locked folder."""
    top = uuid4().hex
    assert dav("MKCOL", top).status_code == 201
    dav.token(top, depth="0")
    place = ann.at(f"{top}/two/deep", "companies")
    refused(carla.post("/folders", **place), 409, "file_locked")
    refused(carla.put(f"{top}/three/x.txt", bucket="companies", owner=ann.company), 409, "file_locked")
    succeeded(ann.post("/folders", **place), 201)
    below = {**place, "logical_path": f"{top}/two/other/deeper"}
    succeeded(carla.post("/folders", **below), 201)


def test_who_waits_for_a_deep_lock_is_given_a_deep_one(ann: Person, carla: Person, dav: Dav) -> None:
    top = uuid4().hex
    assert dav("MKCOL", top).status_code == 201
    token = dav.token(top, depth="infinity")
    (held,) = claims_of(ann)
    queued = carla.client.post(f"/api/claims/{held['fence']}/queue", json={"ttl_seconds": 600})
    assert queued.status_code == 201, queued.text
    assert dav.unlock(top, token).status_code == 204
    (given,) = claims_of(carla)
    assert (given["label"], given["data"]["depth"]) == (held["label"], "infinity")
    refused(ann.post("/folders", **ann.at(f"{top}/below/deep", "companies")), 409, "file_locked")


@pytest.mark.parametrize(
    "path",
    ["a." + "b" * 250, "ä" * 127, "/".join(["d" * 192] * 5) + "/some.txt"],
    ids=["no ending", "long", "deep"],
)
def test_a_draft_of_a_long_name_is_kept_all_the_same(crib: Crib, ann: Person, dav: Dav, path: str) -> None:
    above = path.rpartition("/")[0]
    if above:
        succeeded(ann.post("/folders", **ann.at(above, "companies")), 201)
    token = dav.token(path)
    succeeded(crib.admin().post("/unlock", **ann.at(path, "companies"), force=True, reason="urgent"))
    for content in (b"mine", b"mine too"):
        answer = dav.put(path, content, If=f"(<{token}>)")
        assert answer.status_code == 412
        draft = body_of(answer).findtext("{urn:toolcrib}draft/{DAV:}href") or ""
        assert dav.client.get(draft).content == content
        assert draft.startswith("/dav/users/me/Drafts/") == bool(above)


@pytest.mark.every_database
@pytest.mark.databases("sqlite", "postgresql", "mariadb")
def test_a_lock_on_the_folder_lost_while_the_bytes_come_keeps_them_all_the_same(
    crib: Crib, dav: Dav, others: Dav
) -> None:
    top = uuid4().hex
    dav("MKCOL", top)
    dav.put(f"{top}/a.txt", b"one")
    for name in ("a.txt", "new.txt"):
        token = dav.token(top, depth="infinity")

        def theirs(name: str = name) -> None:
            crib.clock.advance(minutes=11)
            assert others.put(f"{top}/{name}", b"theirs").status_code in {201, 204}

        answer = dav.put(f"{top}/{name}", slowly(crib, theirs), If=f"<{crib.url}{dav.url(top)}> (<{token}>)")
        assert answer.status_code == 412
        draft = body_of(answer).findtext("{urn:toolcrib}draft/{DAV:}href") or ""
        assert dav.client.get(draft).content == b"mine"
        assert dav.text(f"{top}/{name}") == b"theirs"


# What programs keep on a lock


def test_tokens_are_for_the_programs_they_were_given_to(
    ann: Person, carla: Person, dav: Dav, path: str
) -> None:
    token = dav.token(path, owner="<D:href>mailto:ann</D:href>")
    place = ann.at(path, "companies")
    shown = [person.client.get("/api/claims").text for person in (ann, carla)]
    shown += [carla.get("/locks", bucket_type="companies", bucket_id=ann.company).text]
    shown += [carla.client.get("/api/events").text]
    shown += [carla.post("/lock", **place).text]
    for text in shown:
        assert path in text
        assert token not in text
        assert "mailto:ann" not in text
    (claim,) = claims_of(ann)
    assert claim["data"] == {"label": claim["label"], "lock_type": "edit"}


def test_a_lock_carries_only_so_much(ann: Person, dav: Dav, path: str) -> None:
    assert dav.lock(path, owner="x" * 1_000).status_code == 400
    tokens = [dav.token(path, scope=SHARED) for _ in range(10)]
    assert dav.lock(path, scope=SHARED).status_code == 423
    for token in tokens:
        assert dav.unlock(path, token).status_code == 204
    assert claims_of(ann) == []
