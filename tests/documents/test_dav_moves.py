"""COPY and MOVE over WebDAV: nothing is lost, and nobody waits, while bytes go from bucket to bucket."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from tests.documents.envelope import refused, succeeded
from tests.documents.webdav import Dav, hrefs, message, numbers, pieces
from tests.servers.crib import Crib, Person
from tests.servers.process import wait_until

pytestmark = [pytest.mark.databases("sqlite", "postgresql", "mariadb"), pytest.mark.timeout(300)]

LARGE = 128 * 2**20
LONG = "n" * 240


@pytest.fixture
def dav(crib: Crib, ann: Person) -> Dav:
    return Dav(crib, ann)


@pytest.fixture
def colleague(crib: Crib, carla: Person) -> Dav:
    return Dav(crib, carla, "companies")


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(12) as one:
        yield one


def large(dav: Dav, path: str) -> None:
    answer = dav.put(path, pieces(LARGE), Content_Length=str(LARGE))
    assert answer.status_code == 201, answer.text


def drafts(crib: Crib) -> set[str]:
    return set(os.listdir(crib.folder / "files" / "drafts"))


def begun(crib: Crib, count: int = 1) -> None:
    wait_until(lambda: len(drafts(crib)) >= count, "bytes to be on their way", 60)


def blob(crib: Crib, stored: dict[str, str]) -> Path:
    return crib.folder / "files" / stored["object_key"]


# What a move takes away


def test_a_move_onto_a_file_keeps_what_waits_for_approval(ann: Person, carla: Person, shared: Dav) -> None:
    file_id = ann.stored("src.txt", b"one", bucket="companies")["file_id"]
    ann.stored("dst.txt", b"old", bucket="companies")
    carla.committed(file_id)
    assert shared.send("MOVE", "src.txt", "dst.txt").status_code == 204
    assert shared.text("dst.txt") == b"one"
    assert shared("GET", "src.txt").status_code == 404
    assert ann.metadata("src.txt", "companies")["file"]["status"] == "archived"
    assert numbers(ann, "src.txt", "companies") == [2, 1]


def test_a_move_onto_a_file_leaves_work_copies_what_they_came_from(
    ann: Person, carla: Person, shared: Dav
) -> None:
    file_id = ann.stored("src.txt", b"one", bucket="companies")["file_id"]
    ann.stored("dst.txt", b"old", bucket="companies")
    origin, copy = ann.at("src.txt", "companies"), carla.at("mine.txt")
    named = {f"source_{name.removeprefix('logical_')}": value for name, value in origin.items()}
    named |= {f"target_{name.removeprefix('logical_')}": value for name, value in copy.items()}
    succeeded(carla.post("/copy", **named), 201)
    assert shared.send("MOVE", "src.txt", "dst.txt").status_code == 204
    assert carla.metadata("mine.txt")["file"]["source_file_id"] == file_id


def test_a_version_saved_while_a_move_copies_is_not_lost(
    crib: Crib, ann: Person, shared: Dav, colleague: Dav, pool: ThreadPoolExecutor
) -> None:
    large(shared, "src.bin")
    moving = pool.submit(shared.send, "MOVE", "src.bin", "/users/me/dst.bin")
    begun(crib)
    assert colleague.put("src.bin", b"mine").status_code == 204
    answer = moving.result()
    assert answer.status_code == 412
    assert "changed while" in message(answer)
    assert colleague.text("src.bin") == b"mine"
    assert numbers(ann, "src.bin", "companies") == [2, 1]
    assert shared("GET", "/users/me/dst.bin").status_code == 404


def test_a_file_that_comes_while_its_folder_moves_away_stays_where_it_is(
    crib: Crib, shared: Dav, colleague: Dav, pool: ThreadPoolExecutor
) -> None:
    assert shared("MKCOL", "src").status_code == 201
    large(shared, "src/a.bin")
    moving = pool.submit(shared.send, "MOVE", "src", "/users/me/dst")
    begun(crib)
    assert colleague.put("src/new.txt", b"new").status_code == 201
    assert moving.result().status_code == 412
    assert colleague.text("src/new.txt") == b"new"
    assert colleague("HEAD", "src/a.bin").headers["Content-Length"] == str(LARGE)
    assert shared("PROPFIND", "/users/me/dst", Depth="0").status_code == 404


# What stays if it fails


def test_what_is_in_the_way_of_a_move_that_fails_stays(ann: Person, dav: Dav) -> None:
    ann.stored(f"src/{LONG}/{LONG}/{LONG}/a.txt")
    ann.stored(f"{LONG}/{LONG}/dst/keep.txt", b"kept")
    ann.stored(f"{LONG}/{LONG}/.DS_Store", b"kept")
    for target in ("dst", ".DS_Store"):
        answer = dav.send("MOVE", "src", f"{LONG}/{LONG}/{target}")
        assert answer.status_code == 400
        assert "longer than" in message(answer)
    assert dav.text(f"{LONG}/{LONG}/dst/keep.txt") == b"kept"
    assert dav.text(f"{LONG}/{LONG}/.DS_Store") == b"kept"
    assert dav.text(f"src/{LONG}/{LONG}/{LONG}/a.txt") == b"hello"


def test_what_is_in_the_way_of_a_copy_that_fails_stays(crib: Crib, ann: Person, dav: Dav) -> None:
    blob(crib, ann.stored("src/lost.txt", b"lost")).unlink()
    ann.stored("src/sound.txt", b"sound")
    for where in ("", f"/companies/{ann.company}/"):
        there = Dav(crib, ann, "companies") if where else dav
        there("MKCOL", "dst")
        assert there.put("dst/keep.txt", b"kept").status_code == 201
        for method in ("COPY", "MOVE"):
            if where or method == "COPY":
                answer = dav.send(method, "src", f"{where}dst")
                assert hrefs(answer) == ["/dav/users/me/src/lost.txt"]
                assert "404" in answer.text
            answer = dav.send(method, "src/lost.txt", f"{where}dst/keep.txt")
            assert answer.status_code == 404
        assert dav.send("COPY", "src/lost.txt", f"{where}dst").status_code == 404
        assert there.text("dst/keep.txt") == b"kept"
        assert there("GET", "dst/sound.txt").status_code == 404
    assert dav.text("src/sound.txt") == b"sound"


@pytest.mark.every_database
def test_what_replaces_something_comes_in_its_place_at_once(ann: Person, dav: Dav) -> None:
    for number, method in enumerate(("COPY", "MOVE")):
        for home in ("", f"/companies/{ann.company}/{number}-"):
            ann.stored(f"{method}/sub/a.txt", b"a")
            ann.stored(f"{method}.txt", b"file")
            dav("MKCOL", f"{home}dst")
            dav.put(f"{home}dst/gone.txt")
            dav.put(f"{home}file.txt", b"gone")
            assert dav.send(method, f"{method}.txt", f"{home}dst").status_code == 204
            assert dav.text(f"{home}dst") == b"file"
            assert dav.send(method, method, f"{home}file.txt").status_code == 204
            assert dav.text(f"{home}file.txt/sub/a.txt") == b"a"
            assert dav("GET", f"{home}dst/gone.txt").status_code == 404
            assert (dav("GET", f"{method}.txt").status_code == 404) is (method == "MOVE")
            assert (dav("GET", f"{method}/sub/a.txt").status_code == 404) is (method == "MOVE")
            dav("DELETE", "dst")
            dav("DELETE", "file.txt")


def test_nothing_goes_over_what_may_not_be_moved(ann: Person, carla: Person, shared: Dav) -> None:
    ann.stored("dst/theirs.txt", b"kept", bucket="companies")
    ann.stored("src/a.txt", bucket="companies")
    ann.stored("mine/a.txt")
    succeeded(carla.post("/lock", **carla.at("dst/theirs.txt", "companies")))
    for method in ("COPY", "MOVE"):
        for source in ("src", "src/a.txt", "/users/me/mine", "/users/me/mine/a.txt"):
            assert shared.send(method, source, "dst").status_code == 423
    assert shared.text("dst/theirs.txt") == b"kept"
    assert shared.text("src/a.txt") == shared.text("/users/me/mine/a.txt") == b"hello"


def test_empty_folders_do_not_move_deeper_than_paths_go(ann: Person, dav: Dav) -> None:
    deep = f"src/{LONG}/{LONG}/{LONG}"
    succeeded(ann.post("/folders", **ann.at(deep)), 201)
    dav("MKCOL", LONG)
    dav("MKCOL", f"{LONG}/{LONG}")
    far = f"/companies/{ann.company}/{LONG}"
    dav("MKCOL", far)
    dav("MKCOL", f"{far}/{LONG}")
    for target in (f"{LONG}/{LONG}/dst", f"{far}/{LONG}/dst"):
        for method in ("COPY", "MOVE"):
            assert dav.send(method, "src", target).status_code == 400
        assert dav("PROPFIND", target, Depth="0").status_code == 404
    assert dav("PROPFIND", deep, Depth="0").status_code == 207
    answer = ann.post("/folders/move", **ann.at("src"), target_path=f"{LONG}/{LONG}/dst")
    assert "longer than" in refused(answer, 400, "validation_error")["target_path"][0]


def test_a_tree_of_many_is_not_copied_at_once(tmp_path: Path) -> None:
    crib = Crib.start(tmp_path, STORAGE_COPY_FILES=10)
    try:
        ann = crib.person()
        dav = Dav(crib, ann)
        for letter in "xy":
            succeeded(ann.post("/folders", **ann.at("/".join(["src", *letter * 5]))), 201)
        ann.stored("src/a.txt")
        targets = (("COPY", "dst"), ("MOVE", f"/companies/{ann.company}/dst"))
        for method, target in targets:
            answer = dav.send(method, "src", target)
            assert answer.status_code == 413
            assert "At most 10 files" in message(answer)
            assert dav("PROPFIND", target, Depth="0").status_code == 404
        assert dav.send("MOVE", "src", "dst").status_code == 201
        assert dav("DELETE", "dst/a.txt").status_code == 204
        for method, target in targets:  # ten are allowed
            assert dav.send(method, "dst", f"{target}2").status_code == 201
    finally:
        crib.close()


def test_a_whole_bucket_is_copied_into_a_folder(ann: Person, dav: Dav) -> None:
    ann.stored("a.txt", b"a")
    ann.stored("sub/b.txt", b"b")
    target = f"/companies/{ann.company}/all"
    assert dav.send("COPY", "", target).status_code == 201
    assert (dav.text(f"{target}/a.txt"), dav.text(f"{target}/sub/b.txt")) == (b"a", b"b")


# Who waits


def test_copies_under_way_keep_nobody_waiting(
    crib: Crib, ann: Person, ben: Person, carla: Person, pool: ThreadPoolExecutor
) -> None:
    under_way: list[Future[httpx.Response]] = []
    people = [ann, ben, carla]
    for person in people:
        large(Dav(crib, person), "big.bin")
    for person in people:
        for number in range(3):
            target = f"/companies/{person.company}/{person.uuid}-{number}.bin"
            under_way.append(pool.submit(Dav(crib, person).send, "COPY", "big.bin", target))
    begun(crib, len(under_way))
    somebody = Dav(crib, crib.person())
    assert somebody.put("a.txt").status_code == 201
    assert not any(each.done() for each in under_way)
    assert [each.result().status_code for each in under_way] == [201] * len(under_way)


def test_a_person_has_few_copies_under_way(
    crib: Crib, ann: Person, dav: Dav, pool: ThreadPoolExecutor
) -> None:
    large(dav, "big.bin")
    dav.put("small.txt")
    shelf = f"/companies/{ann.company}"
    under_way = [
        pool.submit(Dav(crib, ann).send, "COPY", "big.bin", f"{shelf}/{number}.bin") for number in range(4)
    ]
    begun(crib, len(under_way))
    answer = dav.send("COPY", "small.txt", f"{shelf}/small.txt")
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) > 0
    assert "4 of your copies are running" in message(answer)
    assert dav.send("MOVE", "small.txt", "moved.txt").status_code == 201
    assert [each.result().status_code for each in under_way] == [201] * 4
    assert dav.send("COPY", "moved.txt", f"{shelf}/small.txt").status_code == 201


@pytest.mark.parametrize("method", ["COPY", "MOVE"])
def test_nobody_copies_for_clients_that_hung_up(crib: Crib, ann: Person, dav: Dav, method: str) -> None:
    large(dav, "big.bin")
    url = urlsplit(crib.url)
    with socket.create_connection((url.hostname or "", url.port or 0)) as asking:
        head = f"{method} /dav/users/me/big.bin HTTP/1.1\r\nHost: {url.netloc}\r\n"
        head += f"Authorization: {dav.client.headers['Authorization']}\r\n"
        asking.sendall(f"{head}Destination: /dav/companies/{ann.company}/gone.bin\r\n\r\n".encode())
        begun(crib)
    wait_until(lambda: not drafts(crib), "the copy to end", 60)
    # Ours comes after whatever that one still does to the same file.
    assert dav.send(method, "big.bin", f"/companies/{ann.company}/again.bin").status_code == 201
    assert dav("HEAD", f"/companies/{ann.company}/gone.bin").status_code == 404


def test_rights_that_end_on_the_way_count(
    crib: Crib, ann: Person, ben: Person, pool: ThreadPoolExecutor
) -> None:
    project = crib.project(ann, member=ben)
    dav = Dav(crib, ben)
    dav("MKCOL", "src")
    large(dav, "src/a.bin")
    dav.put("src/b.txt")
    copying = pool.submit(dav.send, "COPY", "src", f"/projects/{project}/dst")
    begun(crib)
    assert ann.client.delete(f"/api/projects/{project}/members/{ben.username}").is_success
    assert not copying.done()
    assert copying.result().status_code == 403
    assert Dav(crib, ann)("PROPFIND", f"/projects/{project}/dst", Depth="0").status_code == 404
