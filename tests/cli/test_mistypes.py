"""Slips that `toolcrib lock` catches, and the names of a branch."""

from __future__ import annotations

from dataclasses import replace
from uuid import uuid4

import pytest

from tests.cli.conftest import Person, answer_of
from tests.cli.git import Clone

MAP = "Content/Maps/L 1.umap"


@pytest.fixture
def clone(ann: Person) -> Clone:
    clone = ann.new_clone()
    clone.commit({MAP: "1", "Content/Maps/grün.umap": "1"})
    return clone


def test_a_directory_is_no_file(ann: Person, clone: Clone) -> None:
    for typed in ("Content", "Content/Maps", "Content/Maps/", "./Content/../Content", "not-there/"):
        refused = ann.run("lock", MAP, typed, "--json", code=2)
        assert answer_of(refused)["code"] == "is_directory", typed
    assert "is a directory" in ann.run("lock", ".", cwd=clone.root / "Content", code=2).err
    assert ann.holds() == set()
    ann.run("lock", "Content/Maps", "--force")
    assert ann.holds() == {"Content/Maps"}
    ann.run("unlock", "Content/Maps")


def test_a_submodule_is_a_repository_of_its_own(ann: Person, clone: Clone) -> None:
    clone.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", str(clone.root), "Lib/sub")
    clone.git("commit", "-qm", "submodule")
    inside = ["Lib/sub/Content/Maps/L 1.umap", "Lib/sub/new.umap", "Lib/sub"]
    for typed in inside:
        assert answer_of(ann.run("lock", typed, "--json", code=2))["code"] == "in_submodule", typed
    assert ann.run("lock", "Lib/sub", code=2).err.startswith("toolcrib: Lib/sub is a repository of its own")
    clone.git("submodule", "deinit", "-q", "-f", "Lib/sub")  # declared, and not checked out
    assert answer_of(ann.run("lock", inside[0], "--json", code=2))["code"] == "in_submodule"
    nested = Clone(clone.root / "Plugins" / "own", clone.env)
    nested.root.mkdir(parents=True)
    nested.git("init", "-q")
    assert "repository of its own" in ann.run("lock", "Plugins/own/x.umap", code=2).err
    ann.run("lock", "x.umap", cwd=nested.root)
    ann.run("lock", inside[0], "--force")
    assert ann.holds() == {"x.umap", inside[0]}


def test_a_file_that_is_not_there_is_locked_with_a_warning(ann: Person, clone: Clone) -> None:
    done = ann.run("lock", "content/maps/l 1.umap")
    assert f"there is no file content/maps/l 1.umap in this clone. Did you mean {MAP}?" in done.err
    ann.run("unlock", "content/maps/l 1.umap")  # two spellings of one path are not both held
    assert "there is no file" in ann.run("lock", "new.umap").err
    assert ann.run("lock", "newer.umap", "--force").err == ""
    (clone.root / MAP).unlink()  # tracked all the same, as in a sparse checkout
    assert ann.run("lock", MAP).err == ""
    many = "\n".join(f"{number}.umap" for number in range(9))
    assert "4 others" in ann.run("lock", "--stdin", stdin=many).err


def test_outside_of_a_clone_the_project_that_nothing_chose_is_said(ann: Person) -> None:
    name = f"{uuid4().hex}.umap"
    where = {each: value for each, value in ann.env.items() if each != "TOOLCRIB_PROJECT"}
    nowhere = replace(ann, env=where)
    assert "project default" in nowhere.run("lock", name).err
    for more in (["--json"], ["--project", "default"]):
        nowhere.run("unlock", name)
        assert nowhere.run("lock", name, *more).err == ""
    nowhere.run("unlock", name)
    assert ann.run("lock", name).err == ""


def test_a_project_that_nobody_used_is_asked_about(ann: Person, ben: Person, project: str) -> None:
    named = f"{project}-gears"
    made = ben.client.post("/api/projects", json={"name": named})
    ben.client.put(f"/api/projects/{made.json()['id']}/members/ann", json={"role": "member"})
    refused = answer_of(ann.run("lock", MAP, "--project", f"{named}s", "--json", code=2))
    assert refused["code"] == "unknown_project"
    assert f"Did you mean {named}" in refused["error"]  # and perhaps a project of another test
    assert "--new-project" in refused["error"]
    for number, spelled in enumerate((named, named.upper(), made.json()["id"])):
        ann.run("lock", f"{number}.umap", "--project", spelled, "--force")
    ann.run("lock", MAP, "--project", f"{named}s", "--new-project")
    ann.run("lock", "b", "--project", f"{named}s")
    ann.run("unlock", MAP, "b", "--project", f"{named}s")
    ann.run("lock", MAP, "--project", f"{named}s")  # used before


@pytest.mark.parametrize("by", ["fix", "feature/fix"])
def test_a_branch_is_known_by_its_name_here_and_upstream(
    ann: Person, ben: Person, clone: Clone, by: str
) -> None:
    bare = ann.new_bare()
    clone.git("remote", "add", "origin", str(bare.root))
    clone.git("push", "-q", "origin", "main:feature/fix", "main:main")
    clone.git("checkout", "-q", "-b", "fix", "--track", "origin/feature/fix")
    ann.run("lock", MAP)
    ann.run("lock", "a", "b", "--force")
    assert {(row["branch"], row["upstream_branch"]) for row in ann.locks().values()} == {
        ("fix", "feature/fix")
    }
    assert "fix (feature/fix)" in ann.run("locks").out
    acquired = ann.json_lines("events", "--verb", "acquired", "--path", MAP)[-1]
    assert acquired["data"]["upstream_branch"] == "feature/fix"
    ann.run("lock", "c", "--branch", "other", "--force")
    assert "released 0 locks" in ben.run("auto-release", "--branch", "Feature/fix").out
    assert "released 3 locks" in ben.run("auto-release", "--branch", by).out
    assert ann.holds() == {"c"}
    clone.git("checkout", "-q", "-b", "local", "--track", "fix")  # follows a branch of this clone
    ann.run("lock", MAP)
    assert ann.locks()[MAP]["upstream_branch"] is None
