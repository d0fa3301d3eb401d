"""Documents from the command line: places, listing, getting and putting, arranging."""

from __future__ import annotations

import json
from uuid import uuid4

import pytest

from tests.cli.conftest import Person, answer_of
from tests.cli.documents import company_of, content, new_project, put, write


@pytest.fixture
def place() -> str:
    """A folder of this test alone in one's own bucket."""
    return f"me:{uuid4().hex[:10]}"


@pytest.mark.installed
def test_a_file_goes_there_and_comes_back(ann: Person, place: str) -> None:
    write(ann, "todo.txt", "milk\n")
    done = ann.run("docs", "put", "todo.txt", f"{place}/notes/", "-m", "first")
    assert done.out == f"Sent todo.txt as {place}/notes/todo.txt version 1 (5 B)\n"
    assert ann.run("docs", "get", f"{place}/notes/todo.txt", "back.txt").out == (
        f"Got {place}/notes/todo.txt version 1 (5 B) as back.txt\n"
    )
    assert (ann.cwd / "back.txt").read_text() == "milk\n"
    (version,) = ann.json("docs", "versions", f"{place}/notes/todo.txt")["versions"]
    assert (version["changelog"], version["mime_type"]) == ("first", "text/plain")


def test_every_way_to_write_a_place_leads_to_the_same_file(ann: Person, ben: Person, admin: Person) -> None:
    company_of(admin, ann)
    gears = new_project(ann)
    me = ann.client.get("/api/currentuser").json()
    projects = {row["name"]: row["id"] for row in ann.client.get("/api/projects").json()}
    same = {
        "me:x/a b.txt": ["me:/x//a b.txt", "users/me/x/a b.txt", f"/users/{me['uuid']}/x/a b.txt"],
        "company:x/a.txt": [
            f"/companies/{me['company_id']}/x/a.txt",
            f"companies/{me['company_name']}/x/a.txt",
        ],
        f"{gears}:x/a:b.txt": [
            f"projects/{gears}/x/a:b.txt",
            f"/projects/{projects[gears]}/x/a:b.txt",
            f"{projects[gears]}:x/a:b.txt",
        ],
    }
    for one, others in same.items():
        sent = put(ann, one, one)
        assert sent["place"] == one
        for other in others:
            assert content(ann, other) == one
    assert content(ann, ":x/a:b.txt", "--project", gears) == f"{gears}:x/a:b.txt"


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("notes.txt", "is not a place on the server. Write me:FILE"),
        ("/etc/passwd", "is not a place on the server"),
        ("me:../x", "are not supported here"),
        ("me:a/./x", "are not supported here"),
        ("me:a\\b", "no backslashes"),
        ("me:a\nb", "no backslashes or control characters"),
        ("nosuch:x", "There is no project nosuch that you are in"),
        ("projects/nosuch/x", "There is no project nosuch that you are in"),
        ("/users/ann/x", "after users/ comes me, or"),
        ("/companies/nosuch/x", "after companies/ comes your company's name, or"),
        ("company:x", "You belong to no company"),
        (":x", "which project?"),
    ],
)
def test_what_is_no_place_is_a_usage_error_that_says_what_would_be(
    person: object, ann: Person, typed: str, told: str
) -> None:
    if typed == "company:x":
        ann = person("carl")  # type: ignore[operator]
    env = {"TOOLCRIB_PROJECT": ""}
    assert told in ann.run("docs", "ls", typed, code=2, env=env).err
    assert answer_of(ann.run("docs", "ls", typed, "--json", code=2, env=env))["error"]


def test_what_is_missing_or_not_ones_own_is_told_by_name(ann: Person, ben: Person, place: str) -> None:
    assert ann.run("docs", "get", f"{place}/x", code=1).err == f"toolcrib: There is no file {place}/x.\n"
    assert f"no file or folder {place}/x" in ann.run("docs", "ls", f"{place}/x", code=1).err
    assert f"no folder {place}/x" in ann.run("docs", "ls", f"{place}/x/", code=1).err
    put(ann, f"{place}/x", "secret")
    theirs = f"/users/{ann.client.get('/api/currentuser').json()['uuid']}/{place[3:]}/x"
    for command in (["get", theirs], ["ls", theirs], ["versions", theirs], ["lock", theirs], ["rm", theirs]):
        assert "You may not " in ben.run("docs", *command, code=1).err
    assert answer_of(ben.run("docs", "put", write(ben, "y", "y"), theirs, "--json", code=1))["code"] == (
        "access_denied"
    )
    assert content(ann, f"{place}/x") == "secret"


def test_folders_and_files_are_listed_short_long_deep_and_as_json(ann: Person, place: str) -> None:
    put(ann, f"{place}/b.txt", "12345")
    put(ann, f"{place}/cad/deep/a.step", "x" * 2000)
    assert ann.run("docs", "ls", place).out == "cad/\nb.txt\n"
    assert ann.run("docs", "ls", "-R", place).out == "b.txt\ncad/deep/a.step\n"
    assert ann.run("docs", "ls", f"{place}/b.txt").out == "b.txt\n"
    head, folder, file = ann.run("docs", "ls", "-l", place).out.splitlines()
    assert head.split() == ["NAME", "VERSION", "SIZE", "CHANGED", "OWNER"]
    assert folder == "cad/"
    assert file.split()[:4] == ["b.txt", "1", "5", "B"]
    assert "cad/deep/a.step" in ann.run("docs", "ls", "-lR", place).out
    listed = ann.json("docs", "ls", place)
    assert [row["name"] for row in listed["folders"] + listed["files"]] == ["cad", "b.txt"]
    ann.run("docs", "lock", f"{place}/b.txt")
    assert "HELD BY" in ann.run("docs", "ls", "-l", place).out


def test_without_a_place_the_places_are_listed(ann: Person, admin: Person) -> None:
    company_of(admin, ann)
    gears = new_project(ann)
    out = ann.run("docs", "ls").out
    assert "me:" in out
    assert "company:" in out
    assert f"{gears}:  " in out
    assert {"me:", "company:", f"{gears}:"} <= {row["place"] for row in ann.json("docs", "ls")}


def test_long_folders_are_listed_whole(ann: Person, place: str) -> None:
    for number in range(3):
        write(ann, f"many/{number}.txt", str(number))
    ann.run("docs", "put", "-r", "many", f"{place}/")
    assert ann.run("docs", "ls", "-R", place).out == "many/0.txt\nmany/1.txt\nmany/2.txt\n"


def test_files_are_found_by_words(ann: Person, ben: Person, place: str) -> None:
    word = f"w{uuid4().hex[:8]}"
    put(ann, f"{place}/{word}.txt", "x")
    assert ann.run("docs", "find", word).out == f"{place}/{word}.txt\n"
    assert [row["name"] for row in ann.json("docs", "find", word)] == [f"{word}.txt"]
    assert word in ben.run("docs", "find", word, code=1).err


def test_several_files_and_folders_are_sent_at_once(ann: Person, place: str) -> None:
    write(ann, "a.txt", "a")
    write(ann, "b.txt", "b")
    ann.run("docs", "put", "a.txt", "b.txt", place)
    write(ann, "tree/deep/c.txt", "c")
    ann.run("docs", "put", "-r", "tree", "a.txt", f"{place}/in")
    assert ann.run("docs", "ls", "-R", place).out.split() == [
        "a.txt",
        "b.txt",
        "in/a.txt",
        "in/tree/deep/c.txt",
    ]
    out = ann.run("docs", "get", "-r", place, "copy").out
    assert out.count("Got ") == 4
    assert (ann.cwd / "copy/in/tree/deep/c.txt").read_text() == "c"
    assert "is a folder" in ann.run("docs", "put", "tree", place, code=2).err


def test_an_existing_folder_takes_a_file_under_its_name(ann: Person, place: str) -> None:
    ann.run("docs", "mkdir", f"{place}/deep/er")
    write(ann, "a.txt", "a")
    assert f"as {place}/deep/er/a.txt" in ann.run("docs", "put", "a.txt", f"{place}/deep/er").out
    assert f"as {place}/deep/new version 1" in ann.run("docs", "put", "a.txt", f"{place}/deep/new").out


def test_standard_input_and_output(ann: Person, place: str) -> None:
    ann.run("docs", "put", "-", f"{place}/in.bin", stdin=bytes(range(256)))
    ann.run("docs", "put", "-", f"{place}/empty", stdin=b"")
    done = ann.run("docs", "get", f"{place}/in.bin", "-")
    assert done.out.encode(errors="surrogateescape") == bytes(range(256))
    assert content(ann, f"{place}/empty") == ""
    assert "has no name" in ann.run("docs", "put", "-", f"{place}/", code=2).err


def test_only_a_new_file_is_sent_with_new(ann: Person, place: str) -> None:
    put(ann, f"{place}/x", "1", "--new")
    refused = ann.run("docs", "put", write(ann, "y", "2"), f"{place}/x", "--new", "--json", code=1)
    assert answer_of(refused)["code"] == "version_conflict"
    assert content(ann, f"{place}/x") == "1"


def test_versions_are_listed_and_got_and_brought_back(ann: Person, place: str) -> None:
    for text in ("one", "two", "three"):
        put(ann, f"{place}/x", text, "-m", f"made {text}")
    head, *lines = ann.run("docs", "versions", f"{place}/x").out.splitlines()
    assert head.split()[:3] == ["VERSION", "STATE", "SIZE"]
    assert [line.split()[0] for line in lines] == ["3", "2", "1"]
    assert lines[0].split()[1] == "*"
    assert "made two" in lines[1]
    assert content(ann, f"{place}/x", "--version", "1") == "one"
    assert "no version 9" in ann.run("docs", "get", f"{place}/x", "--version", "9", code=1).err
    out = ann.run("docs", "restore", f"{place}/x", "--version", "1").out
    assert out == f"Restored {place}/x version 1 as version 4\n"
    assert content(ann, f"{place}/x") == "one"


def test_a_file_that_was_changed_here_is_not_replaced_unless_asked(ann: Person, place: str) -> None:
    put(ann, f"{place}/x", "one")
    put(ann, f"{place}/x", "two")
    ann.run("docs", "get", f"{place}/x", "--version", "1")
    assert "as x" in ann.run("docs", "get", f"{place}/x").out  # an old version is no change of ours
    assert "already" in ann.run("docs", "get", f"{place}/x").out
    write(ann, "x", "mine")
    assert "--force" in ann.run("docs", "get", f"{place}/x", code=1).err
    assert (ann.cwd / "x").read_text() == "mine"
    ann.run("docs", "get", f"{place}/x", "--force")
    assert (ann.cwd / "x").read_text() == "two"
    (ann.cwd / "dir" / "x").mkdir(parents=True)
    assert "in the way" in ann.run("docs", "get", f"{place}/x", "dir", code=2).err
    assert "no folder nowhere" in ann.run("docs", "get", f"{place}/x", "nowhere/x", code=2).err


def test_quiet_says_nothing_when_all_is_well(ann: Person, place: str) -> None:
    write(ann, "x", "1")
    assert ann.run("docs", "put", "-q", "x", f"{place}/x").text == ""
    assert ann.run("docs", "get", "-q", f"{place}/x", "y").text == ""


def test_files_are_removed_restored_and_destroyed(ann: Person, place: str) -> None:
    put(ann, f"{place}/x", "1")
    assert ann.run("docs", "rm", f"{place}/x").out == f"Removed {place}/x\n"
    assert "restore" in ann.run("docs", "get", f"{place}/x", code=1).err
    assert ann.run("docs", "ls", "--archived", place).out == "x\n"
    ann.run("docs", "restore", f"{place}/x")
    assert content(ann, f"{place}/x") == "1"
    assert "nothing to restore" in ann.run("docs", "restore", f"{place}/x", code=1).err
    (row,) = ann.json("docs", "rm", "--destroy", f"{place}/x")
    assert row["physical_delete"] is True
    assert "no file" in ann.run("docs", "versions", f"{place}/x", code=1).err
    assert "no file" in ann.run("docs", "rm", f"{place}/x", code=1).err


def test_folders_are_removed_only_with_r(ann: Person, place: str) -> None:
    put(ann, f"{place}/d/x", "1")
    put(ann, f"{place}/d/e/y", "2")
    assert "give -r" in ann.run("docs", "rm", f"{place}/d", code=2).err
    assert ann.run("docs", "rm", "-r", f"{place}/d").out == f"Removed {place}/d/ with 2 files\n"
    assert ann.run("docs", "ls", place).out == ""
    ann.run("docs", "restore", f"{place}/d/e/y")
    ann.run("docs", "rm", "-r", "--destroy", f"{place}/d")
    assert ann.run("docs", "ls", "-R", place).out == ""
    assert ann.run("docs", "ls", "--archived", place).out == "d/x\n"


def test_a_folder_is_restored_with_r(ann: Person, place: str) -> None:
    for name in ("x", "e/y", "e/z"):
        put(ann, f"{place}/d/{name}", name)
    put(ann, f"{place}/other", "o")
    ann.run("docs", "rm", "-r", f"{place}/d")
    ann.run("docs", "rm", f"{place}/other")
    assert "give -r" in ann.run("docs", "restore", f"{place}/d", code=1).err
    done = ann.run("docs", "restore", "-r", f"{place}/d")
    assert done.out.splitlines() == [f"Restored {place}/d/{name}" for name in ("e/y", "e/z", "x")]
    assert content(ann, f"{place}/d/e/y") == "e/y"
    assert ann.run("docs", "ls", "--archived", place).out == "other\n"
    assert "nothing to restore" in ann.run("docs", "restore", "-r", f"{place}/d", code=1).err
    assert "--version" in ann.run("docs", "restore", "-r", f"{place}/d", "--version", "1", code=2).err


def test_one_file_that_cannot_be_restored_does_not_stop_the_others(ann: Person, ben: Person) -> None:
    gears = new_project(ann, member=ben)
    for name in ("a", "b"):
        put(ann, f"{gears}:d/{name}", name)
    ann.run("docs", "rm", "-r", f"{gears}:d")
    put(ben, f"{gears}:d/a/in-the-way", "x")
    done = ann.run("docs", "restore", "-r", f"{gears}:d", code=1)
    assert f"Restored {gears}:d/b\n" in done.out
    assert f"{gears}:d/a" in done.err
    assert content(ben, f"{gears}:d/b") == "b"


def test_a_folder_where_a_file_is_wanted_is_called_one(ann: Person, place: str) -> None:
    put(ann, f"{place}/d/x", "1")
    for typed in (f"{place}/d", f"{place}/d/"):
        refused = ann.run("docs", "get", typed, code=2).err
        assert "is a folder" in refused
        assert "-r" in refused
        assert "is a folder" in ann.run("docs", "checkout", typed, code=2).err
    assert "no file" in ann.run("docs", "get", f"{place}/nothing", code=1).err


def test_what_is_missing_from_a_command_is_named(ann: Person, place: str) -> None:
    write(ann, "flange.step", "1")
    refused = ann.run("docs", "put", "flange.step", code=2).err
    assert "PLACE" in refused
    assert "FILE" not in refused.partition("example")[0]
    assert "FILE" in ann.run("docs", "put", f"{place}/x", code=2).err
    assert "PLACE" in ann.run("docs", "put", code=2).err
    assert "name" in ann.run("docs", "ls", "/companies/nobody/x", code=2).err


def test_the_servers_words_for_its_fields_are_not_told(ann: Person, place: str) -> None:
    put(ann, f"{place}/d/x", "1")
    into_itself = ann.run("docs", "mv", f"{place}/d", f"{place}/d/deeper", code=1).err
    assert "a folder cannot move into itself" in into_itself
    assert "target_path" not in into_itself
    dotted = ann.run("docs", "put", write(ann, "x", "1"), f"{place}/%2e%2e/x", code=1).err
    assert "must not hold" in dotted
    assert "logical_path" not in dotted
    assert f"{place}/%2e%2e/x" in dotted


def test_files_and_folders_move(ann: Person, place: str) -> None:
    put(ann, f"{place}/a/x", "1")
    ann.run("docs", "mv", f"{place}/a/x", f"{place}/y")
    ann.run("docs", "mkdir", f"{place}/b")
    assert ann.run("docs", "mv", f"{place}/y", f"{place}/b").out == f"Moved {place}/y to {place}/b/y\n"
    ann.run("docs", "mv", f"{place}/b", f"{place}/c")
    assert content(ann, f"{place}/c/y") == "1"
    put(ann, f"{place}/z", "2")
    assert f"{place}/c/y already exists" in ann.run("docs", "mv", f"{place}/z", f"{place}/c/y", code=1).err
    gears = new_project(ann)
    assert "docs cp" in ann.run("docs", "mv", f"{place}/z", f"{gears}:z", code=2).err
    assert ann.run("docs", "cp", f"{place}/z", f"{gears}:").out == f"Copied {place}/z to {gears}:z.\n"
    assert content(ann, f"{gears}:z") == "2"


def test_locks_are_taken_seen_moved_and_given_back(ann: Person, ben: Person) -> None:
    gears = new_project(ann, member=ben)
    at = f"{gears}:x"
    put(ann, at, "1")
    assert "until" in ann.run("docs", "lock", at, "-m", "new roof", "--expires", "2h").out
    assert "already" in ann.run("docs", "lock", at, code=1).err
    refused = ben.run("docs", "lock", at, code=3)
    assert f"{at} is held by ann" in refused.err
    assert "new roof" in refused.err
    assert answer_of(ben.run("docs", "lock", at, "--json", code=3))["details"]["holder"] == "ann"
    for command in (["put", write(ben, "y", "2"), at], ["rm", at], ["unlock", at], ["mv", at, f"{gears}:z"]):
        assert "held by ann" in ben.run("docs", *command, code=3).err
    table = ben.run("docs", "locks", f"{gears}:").out
    assert table.splitlines()[1].split()[:2] == [at, "ann"]
    assert [row["locked_by_name"] for row in ben.json("docs", "locks", at)] == ["ann"]
    assert at not in ben.run("docs", "locks", "--mine").out
    assert at in ann.run("docs", "locks", "--mine").out
    assert "until" in ann.run("docs", "renew", at, "--expires", "3d").out
    assert ann.json("docs", "renew", at, "--expires", "none")[0]["expires_at"] is None
    assert ann.run("docs", "unlock", at).out == f"Unlocked {at}\n"
    assert "not locked" in ann.run("docs", "unlock", at, code=1).err


def test_an_owner_ends_a_lock_and_says_why(ann: Person, ben: Person) -> None:
    gears = new_project(ann, member=ben)
    at = f"{gears}:x"
    put(ben, at, "1")
    ben.run("docs", "lock", at)
    assert "-m" in ann.run("docs", "unlock", "--force", at, code=2).err
    ann.run("docs", "unlock", "--force", "-m", "on holiday", at)
    ann.run("docs", "lock", at)
    assert ben.run("docs", "unlock", "--force", "-m", "mine", at, code=1)
    ann.run("docs", "unlock", at)
    ben.run("docs", "lock", at)
    assert "-m" in ann.run("docs", "rm", "--force", at, code=2).err
    ann.run("docs", "rm", "--force", "-m", "obsolete", at)
    assert "no file" in ben.run("docs", "rm", at, code=1).err


def test_odd_names_go_through_everything(ann: Person, place: str) -> None:
    for name in ["Größe 地図.txt", "q?x#y%2Fz&a=b.txt", "a:b.txt", "'\"$(x)`.txt", "-rf"]:
        at = f"{place}/{name}"
        put(ann, at, name)
        ann.run("docs", "lock", at)
        ann.run("docs", "unlock", at)
        ann.run("docs", "get", at)
        assert (ann.cwd / name).read_text() == name
        assert content(ann, at, "--version", "1") == name
    assert len(ann.run("docs", "ls", place).out.splitlines()) == 5


def test_names_with_escapes_do_not_reach_the_terminal(ann: Person, place: str) -> None:
    put(ann, f"{place}/x", "1", "-m", "red \x1b[31m text")
    out = ann.run("docs", "versions", f"{place}/x").out
    assert "\x1b" not in out
    assert "red" in out


def test_a_server_that_cannot_be_reached_is_one_sentence(ann: Person) -> None:
    done = ann.run("docs", "ls", "me:", "--url", "http://127.0.0.1:9", code=2)
    assert done.err.startswith("toolcrib: Cannot reach")
    assert json.loads(ann.run("docs", "ls", "--json").out)
