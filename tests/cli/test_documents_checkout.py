"""Check-out and check-in: the lock, the copy, the new version, and what happens when the lock is lost."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from tests.cli.conftest import Person, answer_of
from tests.cli.documents import content, new_project, put, write
from tests.servers.toolcrib import ToolcribServer

STATE = ".toolcrib-docs.json"


@pytest.fixture
def gears(ann: Person, ben: Person) -> str:
    """A project of Ann's, with a document in it; Ben is an admin there."""
    name = new_project(ann, admin=ben)
    put(ann, f"{name}:part.step", "one")
    return name


def test_a_document_is_checked_out_changed_and_checked_in(ann: Person, ben: Person, gears: str) -> None:
    at = f"{gears}:part.step"
    out = ann.run("docs", "checkout", at, "work", "-m", "flange", "--expires", "2h").out
    assert out.startswith(f"Checked out {at} version 1 (3 B) as work/part.step. It is locked for you until ")
    state = ann.cwd / "work" / STATE
    assert state.stat().st_mode & 0o777 == 0o600
    assert "held by ann" in ben.run("docs", "checkout", at, code=3).err
    assert not (ben.cwd / "part.step").exists()
    write(ann, "work/part.step", "two")
    done = ann.run("docs", "checkin", "work/part.step", "-m", "thicker")
    assert done.out == f"Checked in work/part.step as {at} version 2 (3 B). Unlocked.\n"
    assert not state.exists()
    assert content(ben, at) == "two"
    assert ben.json("docs", "locks", at) == []
    newest = ben.json("docs", "versions", at)["versions"][0]
    assert (newest["changelog"], newest["created_by_name"]) == ("thicker", "ann")
    assert "not checked out" in ann.run("docs", "checkin", "work/part.step", code=2).err


def test_what_did_not_change_is_only_unlocked(ann: Person, gears: str) -> None:
    ann.run("docs", "checkout", f"{gears}:part.step")
    assert ann.run("docs", "checkin").out == f"part.step did not change. Unlocked {gears}:part.step.\n"
    assert len(ann.json("docs", "versions", f"{gears}:part.step")["versions"]) == 1
    assert ann.json("docs", "locks", f"{gears}:") == []
    assert ann.run("docs", "checkin").out == "Nothing is checked out here.\n"


def test_one_goes_on_working_with_keep_lock(ann: Person, gears: str) -> None:
    at = f"{gears}:part.step"
    ann.run("docs", "checkout", at)
    for number, text in ((2, "two"), (3, "three")):
        write(ann, "part.step", text)
        (row,) = ann.json("docs", "checkin", "--keep-lock")
        assert (row["version_number"], row["sent"]) == (number, True)
    assert "stays locked" in ann.run("docs", "checkin", "--keep-lock").out
    assert len(ann.json("docs", "locks", at)) == 1
    ann.run("docs", "checkin")
    assert ann.json("docs", "locks", at) == []


def test_status_says_what_is_here(ann: Person, ben: Person, gears: str) -> None:
    put(ann, f"{gears}:b.txt", "b")
    assert ann.run("docs", "status").out == "Nothing is checked out here.\n"
    ann.run("docs", "checkout", f"{gears}:part.step", "--expires", "2h")
    ann.run("docs", "checkout", f"{gears}:b.txt")
    write(ann, "b.txt", "changed")
    rows = {row["file"]: row for row in ann.json("docs", "status")}
    assert (rows["part.step"]["state"], rows["b.txt"]["state"]) == ("unchanged", "changed")
    assert all(row["is_locked"] for row in rows.values())
    ben.run("docs", "unlock", "--force", "-m", "now", f"{gears}:b.txt")
    assert "lost" in ann.run("docs", "status", "b.txt").out
    ben.run("docs", "lock", f"{gears}:b.txt")
    table = ann.run("docs", "status").out
    assert "lost to ben" in table
    assert "yours" in table
    (ann.cwd / "part.step").unlink()
    assert "gone" in ann.run("docs", "status", "part.step").out
    assert "docs cancel" in ann.run("docs", "checkin", "part.step", code=2).err


def test_a_lock_that_somebody_else_holds_now_keeps_the_file_and_says_who(
    ann: Person, ben: Person, gears: str
) -> None:
    at = f"{gears}:part.step"
    ann.run("docs", "checkout", at)
    write(ann, "part.step", "mine")
    ben.run("docs", "unlock", "--force", "-m", "urgent", at)
    ben.run("docs", "lock", at, "-m", "urgent")
    done = ann.run("docs", "checkin", code=3)
    assert f"{at} is held by ben" in done.err
    assert "urgent" in done.err
    assert "your file is kept: part.step" in done.err
    assert (ann.cwd / "part.step").read_text() == "mine"
    assert answer_of(ann.run("docs", "checkin", "--json", code=3))["details"]["holder"] == "ben"
    assert content(ben, at) == "one"


def test_a_document_that_moved_on_is_not_overwritten(ann: Person, ben: Person, gears: str) -> None:
    at = f"{gears}:part.step"
    ann.run("docs", "checkout", at)
    write(ann, "part.step", "mine")
    ben.run("docs", "unlock", "--force", "-m", "urgent", at)
    put(ben, at, "theirs")
    done = ann.run("docs", "checkin", code=1)
    assert "at version 2 now; you have version 1" in done.err
    assert f"toolcrib docs get {at} part.step.theirs" in done.err
    ann.run("docs", "lock", at)
    ann.run("docs", "checkin", code=1)
    assert content(ben, at) == "theirs"
    assert (ann.cwd / "part.step").read_text() == "mine"


def test_a_lock_that_ended_can_be_taken_again_where_nobody_was_in_between(
    ann: Person, ben: Person, gears: str
) -> None:
    at = f"{gears}:part.step"
    ann.run("docs", "checkout", at)
    write(ann, "part.step", "mine")
    ben.run("docs", "unlock", "--force", "-m", "urgent", at)
    refused = ann.run("docs", "checkin", code=1)
    assert f"toolcrib docs lock {at}" in refused.err
    ann.run("docs", "lock", at)
    assert "yours, taken again" in ann.run("docs", "status").out
    assert "version 2" in ann.run("docs", "checkin").out
    assert content(ben, at) == "mine"
    assert ben.json("docs", "locks", at) == []


def test_unlocking_an_unchanged_file_spares_a_later_lock(ann: Person, ben: Person, gears: str) -> None:
    at = f"{gears}:part.step"
    ann.run("docs", "checkout", at)
    ben.run("docs", "unlock", "--force", "-m", "urgent", at)
    ann.run("docs", "lock", at)  # for something else, perhaps on another machine
    ann.run("docs", "checkin")
    assert len(ann.json("docs", "locks", at)) == 1


def test_a_copy_that_fails_leaves_no_lock(ann: Person, gears: str) -> None:
    at = f"{gears}:part.step"
    write(ann, "part.step", "something else")
    assert "--force" in ann.run("docs", "checkout", at, code=1).err
    assert ann.json("docs", "locks", at) == []
    (ann.cwd / "part.step").unlink()
    write(ann, "part.step.part", "in the way")
    assert "in the way" in ann.run("docs", "checkout", at, code=2).err
    assert ann.json("docs", "locks", at) == []
    assert (ann.cwd / "part.step.part").read_text() == "in the way"
    assert not (ann.cwd / STATE).exists()


def test_a_lock_of_ones_own_will_do_and_outlives_a_copy_that_fails(ann: Person, gears: str) -> None:
    at = f"{gears}:part.step"
    ann.run("docs", "lock", at, "-m", "mine")
    write(ann, "part.step.part", "in the way")
    ann.run("docs", "checkout", at, code=2)
    assert len(ann.json("docs", "locks", at)) == 1
    (ann.cwd / "part.step.part").unlink()
    ann.run("docs", "checkout", at)
    write(ann, "part.step", "two")
    ann.run("docs", "checkin")
    assert ann.json("docs", "locks", at) == []


def test_a_checkout_is_given_up(ann: Person, gears: str) -> None:
    at = f"{gears}:part.step"
    ann.run("docs", "checkout", at)
    write(ann, "part.step", "mine")
    assert "--force" in ann.run("docs", "cancel", code=1).err
    assert "Gave up" in ann.run("docs", "cancel", "--force", "part.step").out
    assert (ann.cwd / "part.step").read_text() == "mine"
    assert ann.json("docs", "locks", at) == []
    assert content(ann, at) == "one"


def test_a_second_checkout_into_the_same_place_is_refused(ann: Person, gears: str) -> None:
    put(ann, f"{gears}:other/part.step", "other")
    ann.run("docs", "checkout", f"{gears}:part.step")
    assert "already" in ann.run("docs", "checkout", f"{gears}:part.step", code=1).err
    assert "another folder" in ann.run("docs", "checkout", f"{gears}:other/part.step", code=2).err
    assert ann.json("docs", "locks", f"{gears}:other/") == []


def test_one_refused_file_does_not_keep_the_others(ann: Person, ben: Person, gears: str) -> None:
    for name in ("a", "b", "c"):
        put(ann, f"{gears}:{name}", name)
        ann.run("docs", "checkout", f"{gears}:{name}")
        write(ann, name, name * 2)
    ben.run("docs", "unlock", "--force", "-m", "urgent", f"{gears}:b")
    ben.run("docs", "lock", f"{gears}:b")
    done = ann.run("docs", "checkin", code=3)
    assert done.out.count("Checked in") == 2
    assert "held by ben" in done.err
    assert [row["file"] for row in ann.json("docs", "status")] == ["b"]


@pytest.mark.parametrize(
    "change",
    [
        {"name": "../../.ssh/id_rsa"},
        {"name": "/etc/passwd"},
        {"file_id": "x"},
        {"bucket": "elsewhere"},
        {"path": "../x"},
        {"fence": "1"},
    ],
)
def test_a_state_file_that_somebody_made_up_is_not_believed(
    ann: Person, gears: str, change: dict[str, str]
) -> None:
    ann.run("docs", "checkout", f"{gears}:part.step")
    state = ann.cwd / STATE
    content = json.loads(state.read_text())
    content["files"][0] |= change
    state.write_text(json.dumps(content))
    for command in ("status", "checkin"):
        done = ann.run("docs", command, code=2)
        assert done.out == ""
    assert len(ann.json("docs", "versions", f"{gears}:part.step")["versions"]) == 1


def test_a_checkout_knows_its_server(
    server: Callable[..., ToolcribServer], person: Callable[..., Person], ann: Person, gears: str
) -> None:
    ann.run("docs", "checkout", f"{gears}:part.step")
    other = server()
    token = other.user("ann").headers["Authorization"].removeprefix("Bearer ")
    env = {"TOOLCRIB_URL": other.url, "TOOLCRIB_TOKEN": token}
    done = ann.run("docs", "checkin", code=2, env=env)
    assert f"--url {ann.server.url}" in done.err


def test_sending_it_all_the_same_ends_a_checkout_whose_lock_was_lost(
    ann: Person, ben: Person, gears: str
) -> None:
    at = f"{gears}:part.step"
    ann.run("docs", "checkout", at)
    write(ann, "part.step", "mine")
    ben.run("docs", "unlock", "--force", "-m", "urgent", at)
    put(ben, at, "theirs")
    assert f"docs put part.step {at}" in ann.run("docs", "checkin", code=1).err
    ann.run("docs", "put", "part.step", at)
    assert ann.run("docs", "status").out == "Nothing is checked out here.\n"
    assert content(ben, at) == "mine"


def test_sending_a_checked_out_file_with_put_keeps_the_checkout(ann: Person, gears: str) -> None:
    at = f"{gears}:part.step"
    ann.run("docs", "checkout", at)
    write(ann, "part.step", "two")
    ann.run("docs", "put", "part.step", f"{gears}:elsewhere.step")
    assert ann.json("docs", "status")[0]["state"] == "changed"
    ann.run("docs", "put", "part.step", at)
    (row,) = ann.json("docs", "status")
    assert (row["state"], row["version_number"], row["lock"]) == ("unchanged", 2, "yours")
    assert ann.run("docs", "checkin").out == f"part.step did not change. Unlocked {at}.\n"


def test_what_is_there_already_is_not_sent_again(ann: Person, ben: Person, gears: str) -> None:
    """Somebody sent it on the page, or with another copy."""
    at = f"{gears}:part.step"
    ann.run("docs", "checkout", at)
    write(ann, "part.step", "two")
    put(ann, at, "two")
    assert "stays locked" in ann.run("docs", "checkin", "--keep-lock").out
    assert ann.json("docs", "status")[0]["version_number"] == 2
    write(ann, "part.step", "three")
    put(ann, at, "three")
    assert ann.run("docs", "checkin").out == f"part.step is version 3 of {at} already. Unlocked {at}.\n"
    ann.run("docs", "checkout", at)
    write(ann, "part.step", "four")
    ben.run("docs", "unlock", "--force", "-m", "urgent", at)
    put(ben, at, "four")
    ann.run("docs", "cancel")
    assert ann.run("docs", "status").out == "Nothing is checked out here.\n"
    assert len(ann.json("docs", "versions", at)["versions"]) == 4
