"""Locks from the command line: exit codes, words, and what programs read."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from tests.cli.conftest import Person, answer_of
from tests.cli.git import execute
from tests.servers.environment import toolcrib

MAP = "Content/Maps/L 1.umap"


@pytest.mark.installed
def test_a_lock_holds_path_branch_and_comment(ann: Person) -> None:
    clone = ann.new_clone()
    clone.commit({MAP: "1"})
    clone.git("checkout", "-qb", "feature/x")
    done = ann.run("lock", MAP, "-m", "new roof")
    assert done.out == f"Locked {MAP}\n"
    lock = ann.locks()[MAP]
    assert (lock["locked_by"], lock["branch"], lock["comment"]) == ("ann", "feature/x", "new roof")


def test_paths_are_taken_from_where_one_stands(ann: Person) -> None:
    clone = ann.new_clone()
    (clone.root / "Content" / "Maps").mkdir(parents=True)
    ann.run("lock", "L 1.umap", cwd=clone.root / "Content" / "Maps")
    ann.run("lock", str(clone.root / "Content" / "a.uasset"), cwd=ann.home, code=0)
    assert MAP in ann.locks()


def test_from_elsewhere_the_repository_can_be_named(ann: Person) -> None:
    clone = ann.new_clone()
    clone.commit({MAP: "1"})
    ann.run("lock", MAP, "--repo-root", clone.root, cwd=ann.home)
    ann.run("--repo-root", clone.root, "lock", "other", cwd=ann.home)
    assert {row["branch"] for row in ann.locks().values()} == {"main"}
    assert ann.holds() == {MAP, "other"}
    assert "not in a git repository" in ann.run("lock", "x", "--repo-root", ann.home, code=2).err


@pytest.mark.parametrize(
    "path", ["q?x.uasset", "a#b.uasset", "a%2Fb.uasset", "Größe/地図.uasset", "auto-release"]
)
def test_odd_names_lock_check_and_unlock(ann: Person, path: str) -> None:
    ann.run("lock", path)
    assert ann.holds() == {path}
    assert json.loads(ann.run("check", path).out)["asset_path"] == path
    ann.run("unlock", path)
    assert ann.holds() == set()


def test_a_path_of_nothing_is_a_usage_error(ann: Person) -> None:
    for path in ("", "/", "\\", "."):
        assert "names no file" in ann.run("lock", path, code=2).err
    assert "at least one path" in ann.run("lock", code=2).err


def test_what_somebody_else_holds_is_told_in_one_sentence_with_its_own_exit_code(
    ann: Person, ben: Person
) -> None:
    ann.run("lock", MAP, "-m", "new roof", "--expires", "2h")
    done = ben.run("lock", MAP, code=3)
    first, url = done.err.splitlines()
    assert re.fullmatch(
        rf"toolcrib: {MAP} is held by ann since \S+( \S+)? \(\d+ s\), until \S+( \S+)? \(in 2 h\): new roof",
        first,
    )
    assert url.strip().startswith(f"{ann.server.url}/")
    details = answer_of(ben.run("lock", MAP, "--json", code=3))["details"]
    assert (details["holder"], details["comment"], details["key"]) == ("ann", "new roof", MAP)
    assert ann.holds() == {MAP}


def test_ones_own_lock_is_not_somebody_elses(ann: Person) -> None:
    ann.run("lock", MAP)
    assert "You already hold" in ann.run("lock", MAP, code=1).err


def test_many_paths_are_locked_together_or_not_at_all(ann: Person, ben: Person) -> None:
    ben.run("lock", "b")
    done = ann.run("lock", "a", "b", "c", code=3)
    assert "Nothing was done" in done.err
    assert "b is held by ben" in done.err
    assert ann.holds() == set()
    taken = ann.json("lock", "a", "c", "-m", "both")
    assert [row["asset_path"] for row in taken] == ["a", "c"]
    assert ann.run("unlock", "a", "c").out == "Unlocked a\nUnlocked c\n"


def test_many_paths_can_come_from_standard_input(ann: Person) -> None:
    paths = [f"Content/{number:05}.uasset" for number in range(10_000)]
    done = ann.run("lock", "--stdin", "-z", stdin="\0".join(paths) + "\0")
    assert "10000 files in all" in done.out
    assert len(ann.json("locks")) == 10_000
    checked = ann.run("check", "--stdin", stdin="\n".join(paths))
    assert len(checked.out.splitlines()) == 10_000
    ann.run("unlock", "--stdin", stdin="\n".join(paths))
    assert ann.holds() == set()


def test_unlocking_what_is_not_ones_own(ann: Person, ben: Person) -> None:
    ann.run("lock", MAP)
    assert "held by ann" in ben.run("unlock", MAP, code=3).err
    assert ben.run("unlock", "free", code=1).err.startswith("toolcrib: free is not ")
    assert ann.holds() == {MAP}


def test_an_admin_ends_a_lock_and_says_why(ann: Person, ben: Person, admin: Person) -> None:
    ann.run("lock", MAP)
    assert "--reason" in admin.run("unlock", "--force", MAP, code=2).err
    ben.run("unlock", "--force", "--reason", "mine now", MAP, code=1)
    admin.run("unlock", "--force", "--reason", "on holiday", MAP)
    assert ann.holds() == set()
    ann.run("lock", MAP)
    admin.run("force-release", "--reason", "still on holiday", MAP)
    (event, *_) = ann.json_lines("events", "--path", MAP, "--verb", "force_released", "-n", "1")
    assert (event["actor"], event["data"]["reason"]) == ("admin", "still on holiday")


def test_an_end_is_chosen_moved_and_taken_away(ann: Person) -> None:
    (lock,) = ann.json("lock", MAP, "--expires", "2h")
    ends = datetime.fromisoformat(lock["expires_at"])
    assert abs(ends - datetime.now(UTC) - timedelta(hours=2)) < timedelta(minutes=1)
    (lock,) = ann.json("renew", MAP, "--expires", "3d")
    assert datetime.fromisoformat(lock["expires_at"]) > ends + timedelta(days=2)
    (lock,) = ann.json("renew", MAP, "--expires", "none")
    assert lock["expires_at"] is None
    assert "'soon' is no time" in ann.run("lock", "x", "--expires", "soon", code=2).err


def test_a_lock_is_handed_over(ann: Person, ben: Person) -> None:
    ann.run("lock", MAP)
    assert ann.run("transfer", MAP, "ben").out == f"{MAP} is now held by ben.\n"
    assert ben.holds() == {MAP}
    assert "not locked" in ann.run("transfer", "free", "ben", code=1).err


def test_the_list_is_a_table_for_people_and_an_array_for_programs(ann: Person, ben: Person) -> None:
    assert ann.run("locks").out == "Nothing is locked.\n"
    assert ann.json("list") == []
    ann.run("lock", "Content/a.uasset", "-m", "roof")
    ben.run("lock", "Other/b.uasset")
    head, first, second = ann.run("locks").out.splitlines()
    assert head.split() == ["PATH", "HOLDER", "SINCE", "BRANCH", "COMMENT"]
    assert first.split()[:2] == ["Content/a.uasset", "ann"]
    assert second.split()[:2] == ["Other/b.uasset", "ben"]
    assert {row["locked_by"] for row in ann.json("locks")} == {"ann", "ben"}
    for arguments, path in [
        (["--mine"], "Content/a.uasset"),
        (["--holder", "ben"], "Other/b.uasset"),
        (["Other"], "Other/b.uasset"),
        (["Other/"], "Other/b.uasset"),
        (["Content/a.uasset"], "Content/a.uasset"),
        (["--find", "A.UASS"], "Content/a.uasset"),
    ]:
        assert [row["asset_path"] for row in ann.json("locks", *arguments)] == [path]
    assert ann.json("locks", "--branch", "elsewhere") == []
    assert ann.json("locks", "Con") == []


def test_check_answers_programs_one_line_a_path_and_by_its_exit_code(ann: Person, ben: Person) -> None:
    ann.run("lock", MAP, "-m", "roof")
    free = ben.run("check", "free", "--json")
    assert json.loads(free.out) == {"asset_path": "free", "is_locked": False, "mine": False}
    mine = json.loads(ann.run("check", MAP).out)
    assert (mine["is_locked"], mine["mine"]) == (True, True)
    done = ben.run("check", "free", MAP, code=3)
    first, second = (json.loads(line) for line in done.out.splitlines())
    assert not first["is_locked"]
    assert {"asset_path", "locked_by", "branch", "timestamp", "comment"} <= second.keys()
    assert (second["is_locked"], second["locked_by"], second["comment"]) == (True, "ann", "roof")
    assert "held by ann" in done.err
    assert ben.run("check", MAP, "--url", "http://127.0.0.1:1", code=2).out == ""


def test_the_older_spellings(ann: Person) -> None:
    clone = ann.new_clone()
    clone.commit({"a": "1"})
    ann.run("acquire", "a", "-m", "x")
    assert ann.holds() == {"a"}
    ann.run("release", "a")
    assert ann.holds() == set()
    assert "acquire" not in ann.run("--help").out


def test_the_locks_of_a_branch_are_given_back_together(ann: Person, ben: Person) -> None:
    clone = ann.new_clone()
    assert "nothing to release" in ann.run("auto-release").out
    clone.commit({"a": "1"})
    ann.run("lock", "a")
    ben.run("lock", "b", "--branch", "main")
    ben.run("lock", "c", "--branch", "other")
    assert "released 2" in ann.run("auto-release").out
    assert set(ann.locks()) == {"c"}
    assert "released 1" in ann.run("auto-release", "--branch", "other").out
    clone.git("checkout", "-q", "--detach")
    assert "detached_HEAD" in ann.run("auto-release").out


def test_who_holds_what_of_every_kind(ann: Person, ben: Person) -> None:
    ann.run("lock", MAP, "--expires", "1h")
    assert [
        row["key"]
        for row in ann.json("hold", "mine", "--kind", "asset")
        if row["scope"].endswith(ann.project)
    ] == [MAP]
    assert MAP in ann.run("hold", "mine").out
    assert f"{MAP} is held by ann" in ben.run("hold", "who", MAP).out
    assert f"in {ann.project} (not registered)" in ben.run("hold", "who", MAP).out
    elsewhere = ben.run("--project", "elsewhere", "hold", "who", MAP, code=1)
    assert f"In project {ann.project}: {MAP} is held by ann" in elsewhere.out
    assert f"Nobody holds {MAP} in project elsewhere" in elsewhere.err
    (claim,) = ben.json("hold", "who", MAP)
    assert (claim["holder"], claim["waiting"]) == ("ann", [])
    assert "Nobody holds free" in ben.run("hold", "who", "free", code=1).err


def test_notify_says_why_it_cannot(ann: Person, ben: Person) -> None:
    ann.run("lock", MAP)
    done = ben.run("notify", MAP, "-m", "please", code=1)
    assert "mail" in done.err.lower()
    assert ben.run("notify", "free", code=1).err.startswith("toolcrib: free is not locked")


def test_projects_keep_their_locks_apart(ann: Person, ben: Person, project: str) -> None:
    ann.run("lock", MAP)
    ben.run("lock", MAP, "--project", f"{project}/other", "--new-project")
    ben.run("lock", MAP, code=3)
    assert [row["project"] for row in ben.json("locks", "--project", f"{project}/other")] == [
        f"{project}/other"
    ]


def test_a_project_that_is_closed_to_one_is_a_refusal(
    ann: Person, person: Callable[..., Person], project: str
) -> None:
    ann.client.post("/api/projects", json={"name": project}).raise_for_status()
    eve = person("eve")
    done = eve.run("lock", MAP, code=1)
    assert done.err.count("\n") == 1
    eve.run("check", MAP, code=1)


def test_names_that_are_no_text_are_a_usage_error(ann: Person) -> None:
    done = execute(toolcrib(), "lock", os.fsdecode(b"a\xff.uasset"), cwd=ann.cwd, env=ann.env)
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert "not valid Unicode" in ann.run("check", "--stdin", stdin=b"a\xff\n", code=2).err


def test_a_reader_that_has_seen_enough_is_no_crash(ann: Person) -> None:
    ann.run("lock", *[f"Content/{number}" for number in range(2000)])
    command = f"{toolcrib()} locks | head -n 2; {toolcrib()} check a b c | true"
    done = execute("sh", "-c", command, cwd=ann.cwd, env=ann.env)
    assert len(done.out.splitlines()) == 2
    assert done.err == ""


def test_a_terminal_that_cannot_show_a_name_gets_its_escapes(ann: Person) -> None:
    ann.run("lock", "Größe.uasset")
    done = ann.run(
        "locks",
        env={"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": "ascii"},
    )
    assert "Gr\\xf6\\xdfe.uasset" in done.out


def test_help_and_version_need_no_server(person: Callable[..., Person]) -> None:
    eve = person("eve", signed_in=False)
    assert eve.run("--version").out.startswith("toolcrib ")
    assert "--expires" in eve.run("lock", "-h").out
    assert "No such option" in eve.run("lock", "--nonsense", code=2).err
    assert (
        "toolcrib"
        in eve.run(
            "--show-completion", "bash", env={"_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}
        ).text
    )


def test_client_commands_load_neither_the_server_nor_http(tmp_path: object) -> None:
    import subprocess  # noqa: PLC0415
    import sys  # noqa: PLC0415

    code = (
        "import sys, typer; from toolcrib.cli import build; typer.main.get_command(build()).own_commands();"
        "heavy = ('httpx', 'rich', 'sqlalchemy', 'fastapi', 'pydantic', 'asyncio');"
        "print([name for name in heavy if name in sys.modules], 'toolcrib.cli.server.storage' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[] True\n"


def test_a_renamed_person_knows_their_own_locks(person: Callable[..., Person]) -> None:
    renate = person("renate")  # of this test alone: the server is shared
    renate.run("lock", "a.psd")
    me = renate.client.get("/api/currentuser").json()
    address = f"/api/admin/users/{me['id']}/username"
    renate.server.admin.put(address, json={"username": "renate-b"}).raise_for_status()
    again = renate.run("lock", "a.psd", code=None)
    assert "You already hold a.psd" in again.err
    renate.run("unlock", "a.psd")
