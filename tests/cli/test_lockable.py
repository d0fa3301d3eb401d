"""The read-only flag of lockable files, with and without git-lfs, however a lock was taken and however it ended."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Person
from tests.cli.git import Clone

PATHS = os.environ["PATH"].split(":")
HERO, ODD, FREE = "Art/hero.psd", "Art/Größe 1 [x].psd", "notes.txt"


@pytest.fixture(params=["git-lfs", "without"])
def clone(ann: Person, request: pytest.FixtureRequest) -> Clone:
    """Ann's clone with two lockable files and one that is not; made with git-lfs, or where that is not installed."""
    clone = ann.new_clone()
    if request.param == "git-lfs":
        request.getfixturevalue("git_lfs")
        ann.run("git", "setup", "--lockable", "*.psd")
    else:
        tools = ann.home / "tools"
        tools.mkdir()
        for name in ("git", "sh", "head"):
            (tools / name).symlink_to(next(d / name for d in map(Path, PATHS) if (d / name).exists()))
        clone.env["PATH"] = ann.env["PATH"] = str(tools)
        clone.write(".gitattributes", "*.psd lockable\n")
    clone.commit({HERO: "1", ODD: "1", FREE: "1"})
    for file in (HERO, ODD):
        (clone.root / file).chmod(0o444)
    return clone


def is_writable(clone: Clone, file: str = HERO) -> bool:
    return bool(stat.S_IMODE((clone.root / file).stat().st_mode) & 0o222)


def cached(clone: Clone) -> set[str]:
    """What git-lfs believes to hold, asking nobody; nothing where it is not installed."""
    said = clone.git("lfs", "locks", "--local", "--json", code=None)
    return {one["path"] for one in json.loads(said.out)} if said.code == 0 else set()


def has_lfs(clone: Clone) -> bool:
    return clone.git("lfs", "version", code=None).code == 0


def test_locking_opens_a_file_and_unlocking_closes_it(ann: Person, clone: Clone) -> None:
    ann.run("lock", HERO, ODD, FREE)
    assert is_writable(clone, HERO)
    assert is_writable(clone, ODD)
    if has_lfs(clone):
        assert cached(clone) == {HERO, ODD}
        clone.git("checkout", "-q", "-b", "other")  # git-lfs's hook goes by its own list
        assert is_writable(clone)
    ann.run("unlock", HERO, FREE)
    assert not is_writable(clone, HERO)
    assert is_writable(clone, ODD)
    assert is_writable(clone, FREE)
    assert cached(clone) == ({ODD} if has_lfs(clone) else set())


def test_what_was_refused_stays_closed(ann: Person, ben: Person, clone: Clone) -> None:
    ben.run("lock", HERO)
    ann.run("lock", ODD, HERO, code=3)
    assert not is_writable(clone, HERO)
    assert not is_writable(clone, ODD)
    ann.run("unlock", HERO, code=3)
    assert cached(clone) == set()


def test_handing_over_and_being_released_by_force_close_the_file(
    ann: Person, admin: Person, ben: Person, clone: Clone
) -> None:
    ann.run("lock", HERO, ODD)
    ann.run("transfer", HERO, "ben")
    assert not is_writable(clone, HERO)
    admin.cwd = clone.root
    admin.run("unlock", "--force", ODD, "--reason", "test")
    assert not is_writable(clone, ODD)
    assert cached(clone) == set()


def test_a_lock_that_ended_elsewhere_is_noticed_by_status_and_by_the_hook(ann: Person, clone: Clone) -> None:
    ann.run("lock", HERO, ODD)
    clone.write(ODD, "changed")
    ann.client.post(
        "/api/locks/bulk", json={"action": "release", "paths": [HERO, ODD], "project": ann.project}
    )
    assert is_writable(clone)
    flags = ann.json("status", "--dry-run")["flags"]
    assert (set(flags["read_only"]), flags["changed"]) == ({HERO, ODD}, [ODD])
    assert is_writable(clone)
    said = ann.run("status").out
    assert "Read-only again, since you do not hold it: Art/" in said
    assert not is_writable(clone, HERO)
    assert not is_writable(clone, ODD)
    assert cached(clone) == set()
    assert ann.json("status")["flags"]["read_only"] == []
    if not has_lfs(clone):
        return
    ann.run("lock", HERO)
    ann.client.post("/api/locks/bulk", json={"action": "release", "paths": [HERO], "project": ann.project})
    reset = clone.git("reset", "-q", "--hard")
    assert "toolcrib: Read-only again" in reset.err
    assert not is_writable(clone)
    assert cached(clone) == set()


def test_a_lock_taken_elsewhere_opens_the_file(ann: Person, clone: Clone) -> None:
    body = {"asset_path": HERO, "branch": "main", "project": ann.project}
    ann.client.post("/api/locks", json=body).raise_for_status()
    assert ann.json("status")["flags"]["writable"] == [HERO]
    assert is_writable(clone)
    assert cached(clone) == ({HERO} if has_lfs(clone) else set())


def test_a_file_behind_a_link_to_a_folder_is_left_alone(ann: Person, clone: Clone, tmp_path: Path) -> None:
    (tmp_path / "hero.psd").write_text("elsewhere")
    (tmp_path / "hero.psd").chmod(0o644)
    clone.commit({"Old/hero.psd": "1"})
    (clone.root / "Old" / "hero.psd").unlink()
    (clone.root / "Old").rmdir()
    (clone.root / "Old").symlink_to(tmp_path)
    ann.run("lock", "--force", "Old/hero.psd")
    ann.run("unlock", "Old/hero.psd")
    ann.run("status")
    assert (tmp_path / "hero.psd").stat().st_mode & 0o222


def test_another_project_and_other_places_are_left_alone(ann: Person, clone: Clone) -> None:
    (clone.root / "link.psd").symlink_to(FREE)
    ann.run("lock", HERO, "--project", f"{ann.project}-2", "--new-project")
    assert not is_writable(clone)
    ann.run("lock", "link.psd", "Art/new.psd")
    ann.run("unlock", "link.psd", "Art/new.psd")
    assert is_writable(clone, FREE)
    clone.git("config", "lfs.setlockablereadonly", "false")
    ann.run("lock", HERO)
    ann.run("unlock", HERO)
    assert is_writable(clone)


def test_a_worktree_and_a_submodule_are_places_of_their_own(
    ann: Person, clone: Clone, tmp_path: Path
) -> None:
    tree = Clone(tmp_path / "tree", clone.env)
    clone.git("worktree", "add", "-q", str(tree.root))
    (tree.root / HERO).chmod(0o444)
    ann.run("lock", HERO, cwd=tree.root)
    assert is_writable(tree)
    assert not is_writable(clone)
    ann.run("unlock", HERO, cwd=tree.root / "Art", env={}) if False else ann.run(
        "unlock", HERO, cwd=tree.root
    )
    assert not is_writable(tree)
    if not has_lfs(clone):
        return  # git's submodule script needs more programs than there are in that PATH
    clone.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", str(clone.root), "sub")
    inner = Clone(clone.root / "sub", clone.env)
    (inner.root / HERO).chmod(0o444)
    ann.run("lock", HERO, cwd=inner.root)
    assert is_writable(inner)
    assert not is_writable(clone)


def test_hundreds_are_opened_together(ann: Person, clone: Clone) -> None:
    files = [f"many/{number:03} ü.psd" for number in range(250)]
    clone.commit(dict.fromkeys(files, "1"))
    for file in files:
        (clone.root / file).chmod(0o444)
    ann.run("lock", "--stdin", "-z", stdin="\0".join(files))
    assert all(is_writable(clone, file) for file in files)
    assert not has_lfs(clone) or cached(clone) == set(files)
    ann.run("unlock", "--stdin", "-z", stdin="\0".join(files))
    assert not any(is_writable(clone, file) for file in files)
    assert cached(clone) == set()


def test_the_hook_does_nothing_without_a_server(
    git_lfs: str, ann: Person, person: Callable[..., Person]
) -> None:
    clone = ann.new_clone()
    ann.run("git", "setup", "--lockable", "*.psd")
    clone.commit({HERO: "1", FREE: "1"})
    clone.git("config", "toolcrib.url", "http://127.0.0.1:9")
    clone.git("checkout", "-q", "-b", "side")
    clone.commit({FREE: "2"})
    done = clone.git("checkout", "-q", "main")
    assert done.err == ""


def test_an_address_for_pushing_does_not_hear_of_the_own_list(git_lfs: str, ann: Person, ben: Person) -> None:
    assert ann.client.post("/api/projects", json={"name": ann.project}).is_success
    member = f"/api/projects/{ann.project}/members/ben"
    assert ann.client.put(member, json={"role": "member"}).is_success
    clone = ann.new_clone()
    ann.run("git", "setup", "--lockable", "*.psd")
    clone.commit({HERO: "1", ODD: "1"})
    url = clone.git("config", "--file", ".lfsconfig", "lfs.url").out.strip()
    ann.run("lock", HERO)
    clone.git("config", "lfs.pushurl", url)
    release = {"action": "release", "paths": [HERO], "project": ann.project}
    assert ann.client.post("/api/locks/bulk", json=release).is_success
    ben.run("lock", HERO)
    ann.run("status")
    assert ben.holds() == {HERO}
    assert cached(clone) == set()
    ann.run("lock", ODD)
    assert cached(clone) == {ODD}
