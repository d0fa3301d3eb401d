"""Approval: a version is submitted by one person and decided about by another."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.cli.conftest import Person, answer_of
from tests.cli.documents import content, new_project, put, write
from tests.servers.process import free_port
from tests.servers.toolcrib import ToolcribServer


@pytest.fixture
def gears(ann: Person, ben: Person) -> str:
    """A project of Ben's, with a document in it; Ann is a member there."""
    name = new_project(ben, member=ann)
    put(ben, f"{name}:part.step", "one")
    return name


def test_a_version_is_submitted_and_approved(ann: Person, ben: Person, gears: str) -> None:
    at = f"{gears}:part.step"
    write(ann, "mine.step", "two")
    done = ann.run("docs", "commit", "mine.step", at, "-m", "thicker")
    assert done.out == f"Submitted {at} version 2. It waits for approval.\n"
    assert content(ben, at) == "one"
    assert ann.run("docs", "waiting").out.find(at) == -1
    row = ben.run("docs", "waiting").out.splitlines()
    assert next(line for line in row if at in line).split()[:3] == [at, "2", "3"]
    assert [one["version"]["changelog"] for one in ben.json("docs", "waiting") if one["file"]["name"]].count(
        "thicker"
    )
    assert f"may not approve or reject versions in {gears}:" in ann.run("docs", "approve", at, code=1).err
    assert ben.run("docs", "approve", at, "-m", "good").out == (
        f"Approved {at} version 2, which is the current one now.\n"
    )
    assert content(ann, at) == "two"
    newest = ann.run("docs", "versions", at).out.splitlines()[1]
    assert newest.startswith("2 *")
    assert "ben: good" in newest
    assert "waits for approval" in ben.run("docs", "approve", at, code=1).err


def test_nothing_of_it_passes_through_ones_own_bucket(ann: Person, gears: str) -> None:
    done = ann.json("docs", "commit", write(ann, "x", "two"), f"{gears}:part.step", "-m", "thicker")
    assert (done["version_number"], done["status"]) == (2, "pending_validation")
    told = ann.client.get("/api/events", params={"kind": "document", "limit": 100}).text
    assert "part.step" in told
    assert ".submitting" not in told


def test_the_list_says_what_was_approved_and_what_waits(ann: Person, ben: Person, gears: str) -> None:
    at = f"{gears}:part.step"

    def state() -> str:
        return ann.run("docs", "ls", "-l", f"{gears}:").out.splitlines()[1].split()[-1]

    assert state() == "ben", "nobody approved the first version: the owner is the last thing told"
    ann.run("docs", "commit", write(ann, "x", "two"), at)
    assert state() == "waiting"
    ben.run("docs", "approve", at)
    assert state() == "approved"
    put(ben, at, "three")
    assert state() == "ben"
    ann.run("docs", "rm", at)
    assert "archived" in ann.run("docs", "ls", "-l", "--archived", f"{gears}:").out


def test_a_version_is_rejected_with_a_reason(ann: Person, ben: Person, gears: str) -> None:
    at = f"{gears}:part.step"
    ann.run("docs", "commit", write(ann, "x", "two"), at)
    assert "--message" in ben.run("docs", "reject", at, code=2).err
    assert ben.json("docs", "reject", at, "-m", "too thick")["status"] == "rejected"
    assert content(ann, at) == "one"
    newest = ann.json("docs", "versions", at)["versions"][0]
    assert (newest["status"], newest["validation_comment"]) == ("rejected", "too thick")


def test_where_several_wait_one_is_chosen_by_number_or_id(ann: Person, ben: Person, gears: str) -> None:
    at = f"{gears}:part.step"
    for text in ("two", "three", "four"):
        ann.run("docs", "commit", write(ann, "x", text), at)
    refused = ben.run("docs", "approve", at, code=2)
    assert "--version N" in refused.err
    ben.run("docs", "reject", at, "--version", "4", "-m", "no")
    by_number = {row["version_number"]: row["id"] for row in ben.json("docs", "versions", at)["versions"]}
    assert ben.run("docs", "approve", by_number[3]).out.startswith(f"Approved {at}")
    assert content(ben, at) == "three"
    already = ben.run("docs", "approve", at, "--version", "3", "--json", code=1)
    assert answer_of(already)["code"] == "version_conflict"


def test_a_checked_out_document_is_submitted_without_saying_which(
    ann: Person, ben: Person, gears: str
) -> None:
    at = f"{gears}:part.step"
    ann.run("docs", "checkout", at)
    assert "already" in ann.run("docs", "commit", "part.step", code=1).err
    write(ann, "part.step", "two")
    ann.run("docs", "commit", "part.step", "-m", "thicker")
    assert ann.run("docs", "status").out == "Nothing is checked out here.\n"
    assert ben.json("docs", "locks", at) == []
    assert content(ben, at) == "one"


def test_a_submission_from_an_old_checkout_is_refused(ann: Person, ben: Person, gears: str) -> None:
    at = f"{gears}:part.step"
    ann.run("docs", "checkout", at)
    write(ann, "part.step", "mine")
    ben.run("docs", "unlock", "--force", "-m", "urgent", at)
    ben.run("docs", "lock", at)
    assert "held by ben" in ann.run("docs", "commit", "part.step", code=3).err
    put(ben, at, "theirs")
    ben.run("docs", "unlock", at)
    assert "at version 2 now" in ann.run("docs", "commit", "part.step", code=1).err
    assert ben.json("docs", "waiting") == [] or at not in ben.run("docs", "waiting").out
    assert (ann.cwd / "part.step").read_text() == "mine"


def test_a_work_copy_is_made_and_submitted(ann: Person, ben: Person, gears: str) -> None:
    at, copy = f"{gears}:part.step", f"me:{gears}/part.step"
    out = ann.run("docs", "cp", at, f"me:{gears}/").out
    assert out == f"Copied {at} to {copy} to work on. {at} is locked for you.\n"
    assert "already exists" in ann.run("docs", "cp", at, copy, code=1).err
    assert "held by ann" in ben.run("docs", "put", write(ben, "y", "2"), at, code=3).err
    put(ann, copy, "two")
    assert ann.json("docs", "commit", copy, "-m", "done")["version_number"] == 2
    ben.run("docs", "approve", at)
    assert content(ben, at) == "two"
    assert ben.json("docs", "locks", at) == []
    put(ann, f"me:{gears}/own", "x")
    assert "not a work copy" in ann.run("docs", "commit", f"me:{gears}/own", code=1).err


def test_a_first_version_needs_no_approval(ann: Person, gears: str) -> None:
    refused = ann.run("docs", "commit", write(ann, "x", "1"), f"{gears}:new.step", code=1)
    assert "docs put" in refused.err
    assert "say of which document" in ann.run("docs", "commit", "x", code=2).err
    assert "no file nowhere here" in ann.run("docs", "commit", "nowhere", code=2).err


def test_neither_authors_nor_members_nor_strangers_decide(
    ann: Person, ben: Person, gears: str, person: object
) -> None:
    at = f"{gears}:part.step"
    ben.run("docs", "commit", write(ben, "x", "two"), at)
    assert "Another person must decide" in ben.run("docs", "approve", at, code=1).err
    version = ben.json("docs", "versions", at)["versions"][0]["id"]
    carl: Person = person("carl")  # type: ignore[operator]
    for who in (ann, carl):  # a member, and somebody who is not even that
        assert answer_of(who.run("docs", "approve", version, "--json", code=1))["code"] == "access_denied"
        assert at not in who.run("docs", "waiting").out


def test_lists_say_that_projects_are_missing(
    server: Callable[..., ToolcribServer], person: Callable[..., Person]
) -> None:
    one = server(PROJECT_SERVICE_URL=f"http://127.0.0.1:{free_port()}")
    ann = person("ann", server=one)
    new_project(ann)
    put(ann, "me:own.txt", "one")
    done = ann.run("docs", "find", "own")
    assert (done.out, done.err.partition(":")[0]) == ("me:own.txt\n", "Projects may be missing")
