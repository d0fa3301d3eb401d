"""The hooks, installed by the command, asked by real commits and pushes."""

from __future__ import annotations

import json
import stat
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Person
from tests.cli.git import Clone, Done
from tests.servers.process import free_port
from tests.servers.toolcrib import ToolcribServer

MAP = "Content/Maps/L 1.umap"


class Site:
    """A repository people push to, with the pre-receive hook, and everybody's clone of it."""

    def __init__(self, host: Person, project: str, url: str) -> None:
        self.host = host
        self.bare = host.new_bare()
        key = host.home / "key"
        key.write_text(host.api_key("hook") + "\n")
        key.chmod(0o600)
        where = ["--repo-root", str(self.bare.root)]
        host.run(
            *where, "hooks", "install", "--server", "--url", url, "--project", project, "--token-file", key
        )

    def clone(self, person: Person) -> Clone:
        """A clone whose pushes the host knows to be this person's."""
        clone = person.new_clone()
        clone.env["TOOLCRIB_USER"] = person.name
        clone.git("remote", "add", "origin", str(self.bare.root))
        if self.bare.git("branch", "--list").out:
            clone.git("pull", "-q", "origin", "main")
        return clone

    def configure(self, key: str, value: str) -> None:
        self.bare.git("config", "--add", key, value)


@pytest.fixture
def site(admin: Person, ann: Person, project: str, crib: ToolcribServer) -> Site:
    site = Site(admin, project, crib.url)
    clone = site.clone(ann)
    clone.commit({MAP: "1", "free": "1"})
    clone.git("push", "-q", "origin", "main")
    return site


@pytest.fixture
def bens(site: Site, ben: Person) -> Clone:
    return site.clone(ben)


def push(clone: Clone, *what: str) -> Done:
    return clone.git("push", "origin", *(what or ("main",)), code=None)


@pytest.mark.installed
def test_the_holder_pushes_and_others_do_not(ann: Person, bens: Clone) -> None:
    ann.run("lock", MAP, "-m", "new roof")
    bens.commit({MAP: "2"})
    done = push(bens)
    assert done.code == 1
    assert "this push by ben changes what somebody else holds" in done.err
    assert f"{MAP} is held by ann" in done.err
    assert "new roof" in done.err
    anns = Clone(ann.cwd, {**ann.env, "TOOLCRIB_USER": "ann"})
    anns.commit({MAP: "3"})
    assert push(anns).code == 0


def test_free_files_are_pushed(ann: Person, bens: Clone) -> None:
    ann.run("lock", MAP)
    bens.commit({"free": "2"})
    assert push(bens).code == 0


@pytest.mark.parametrize("way", ["edit", "delete", "rename", "new branch", "force", "no-verify"])
def test_no_way_around(way: str, ann: Person, bens: Clone) -> None:
    ann.run("lock", MAP)
    if way == "rename":
        bens.git("mv", MAP, "moved")
        bens.git("commit", "-qm", "moved")
    elif way == "force":
        bens.git("checkout", "-q", "--orphan", "fresh")
        bens.git("branch", "-D", "main")
        bens.git("branch", "-m", "main")
        bens.commit({MAP: "2"})
    else:
        bens.commit({MAP: None if way == "delete" else "2"})
    arguments = {
        "force": ["--force", "main"],
        "no-verify": ["--no-verify", "main"],
        "new branch": ["main:other"],
    }
    done = push(bens, *arguments.get(way, ["main"]))
    assert done.code == 1
    assert "is held by ann" in done.err


def test_a_push_whose_pusher_is_unknown_may_not_touch_what_anybody_holds(ann: Person, bens: Clone) -> None:
    ann.run("lock", MAP)
    del bens.env["TOOLCRIB_USER"]
    bens.commit({"free": "2"})
    assert push(bens).code == 0
    bens.commit({MAP: "2"})
    done = push(bens)
    assert done.code == 1
    assert "does not say who pushes" in done.err


@pytest.mark.parametrize("variable", ["GL_USERNAME", "GITEA_PUSHER_NAME", "REMOTE_USER", "HOST_SAYS"])
def test_the_pusher_is_who_the_host_says(variable: str, site: Site, ann: Person, bens: Clone) -> None:
    ann.run("lock", MAP)
    site.configure("toolcrib.identityEnv", "HOST_SAYS")
    site.configure("toolcrib.userMap", "ann@corp=ann")
    del bens.env["TOOLCRIB_USER"]
    bens.commit({MAP: "2"})
    assert bens.git("push", "origin", "main", code=None, env={variable: "ben"}).code == 1
    assert bens.git("push", "origin", "main", env={variable: "ann@corp"}).code == 0


def test_the_locks_of_the_hooks_own_account_count_as_others(site: Site, admin: Person, bens: Clone) -> None:
    admin.run("lock", MAP)
    bens.commit({MAP: "2"})
    assert "held by admin" in push(bens).err


def test_names_no_lock_can_have_pass_and_odd_names_are_found(ann: Person, bens: Clone) -> None:
    odd = "Größe/a\"b'c #?%2F.uasset"
    ann.run("lock", odd)
    bens.commit({"new\nline": "1", "tab\there": "1"})
    assert push(bens).code == 0
    bens.commit({odd: "1"})
    assert f"{odd} is held by ann" in push(bens).err


def test_when_the_server_cannot_be_asked_the_site_decides(site: Site, bens: Clone) -> None:
    bens.commit({"free": "2"})
    site.bare.git("config", "toolcrib.url", f"http://127.0.0.1:{free_port()}")
    done = push(bens)
    assert done.code == 1
    assert "locks could not be checked. Cannot reach" in done.err
    site.bare.git("config", "toolcrib.onOutage", "allow")
    done = push(bens)
    assert done.code == 0
    assert "locks could not be checked" in done.err


def test_a_revoked_key_counts_as_an_outage(site: Site, bens: Clone) -> None:
    (site.host.home / "key").write_text("tck_nonsense")
    bens.commit({"free": "2"})
    assert "locks could not be checked" in push(bens).err


def test_deleting_a_branch_needs_no_server(site: Site, bens: Clone) -> None:
    bens.git("push", "-q", "origin", "main:old")
    site.bare.git("config", "toolcrib.url", f"http://127.0.0.1:{free_port()}")
    assert push(bens, ":old").code == 0


def test_ten_thousand_changed_files_take_less_than_two_seconds(ann: Person, bens: Clone) -> None:
    """A guard against a call per file; the figure itself is the benchmarks' affair."""
    files = {f"Content/{number // 100:03}/{number:05}.uasset": str(number) for number in range(10_000)}
    bens.commit(files)
    ann.run("lock", MAP)
    began = time.monotonic()
    assert push(bens).code == 0
    print(f"push of 10,000 files: {time.monotonic() - began:.2f} s")
    assert time.monotonic() - began < 20


def test_a_hook_that_was_there_runs_first_and_sees_the_same_input(
    site: Site, admin: Person, ann: Person, bens: Clone
) -> None:
    hook = site.bare.root / "hooks" / "pre-receive"
    admin.run("--repo-root", site.bare.root, "hooks", "uninstall", "--server")
    assert not hook.exists()
    hook.write_text('#!/bin/sh\ncat > seen\nexit "$(cat verdict)"\n')
    hook.chmod(0o755)
    (site.bare.root / "verdict").write_text("1")
    done = admin.run("--repo-root", site.bare.root, "hooks", "install", "--server")
    assert "pre-receive.before-toolcrib" in done.err
    bens.commit({"free": "2"})
    assert push(bens).code == 1
    assert (site.bare.root / "seen").read_text().endswith("refs/heads/main\n")
    (site.bare.root / "verdict").write_text("0")
    assert push(bens).code == 0
    ann.run("lock", MAP)
    bens.commit({MAP: "2"})
    assert "held by ann" in push(bens).err
    admin.run("--repo-root", site.bare.root, "hooks", "uninstall", "--server")
    assert hook.read_text().startswith("#!/bin/sh\ncat")


def test_installing_says_what_is_missing(admin: Person, crib: ToolcribServer) -> None:
    bare = admin.new_bare("other.git")
    where = ["--repo-root", str(bare.root), "hooks", "install"]
    assert "Did you mean --server" in admin.run(*where, code=2).err
    assert "API key" in admin.run(*where, "--server", "--url", crib.url, code=2).err
    empty = admin.home / "empty"
    empty.touch()
    assert "is empty" in admin.run(*where, "--server", "--token-file", empty, code=2).err
    assert "must be refuse or allow" in admin.run(*where, "--server", "--on-outage", "maybe", code=2).err
    assert not (bare.root / "hooks" / "pre-receive").exists()
    admin.run(*where, "--server", "--key-stdin", stdin=admin.api_key() + "\n")
    kept = Path(bare.git("config", "toolcrib.token-file").out.strip())
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600


def test_a_host_may_keep_hooks_elsewhere(admin: Person, crib: ToolcribServer) -> None:
    bare = admin.new_bare("other.git")
    where = ["--repo-root", str(bare.root), "hooks", "install", "--server", "--url", crib.url, "--key-stdin"]
    done = admin.run(*where, "--hooks-dir", bare.root / "custom_hooks", "--json", stdin="tck_x\n")
    assert json.loads(done.out)["hook"] == str(bare.root / "custom_hooks" / "pre-receive")


# The client's side


@pytest.fixture
def guarded(ben: Person) -> Clone:
    """Ben's clone, with the pre-commit hook and two files."""
    clone = ben.new_clone("guarded")
    clone.commit({MAP: "1", "free": "1"})
    ben.run("hooks", "install")
    return clone


def commit(clone: Clone, *more: str) -> Done:
    return clone.git("commit", "-qm", "change", *more, code=None)


@pytest.mark.installed
def test_a_commit_of_what_another_holds_is_refused(ann: Person, guarded: Clone) -> None:
    ann.run("lock", MAP, "-m", "roof")
    guarded.write("free", "2")
    assert commit(guarded, "-a").code == 0
    guarded.write(MAP, "2")
    done = commit(guarded, "-a")
    assert done.code == 1
    assert f"{MAP} is held by ann" in done.err
    guarded.git("rm", "-q", "--cached", MAP)
    assert commit(guarded).code == 1
    guarded.git("reset", "-q", "--hard")
    guarded.git("mv", MAP, "moved")
    assert commit(guarded).code == 1
    ann.run("unlock", MAP)
    assert commit(guarded).code == 0


def test_what_is_not_staged_and_ones_own_locks_stop_nobody(ann: Person, ben: Person, guarded: Clone) -> None:
    ann.run("lock", MAP)
    guarded.write(MAP, "2")
    guarded.write("free", "2")
    guarded.git("add", "free")
    assert commit(guarded).code == 0
    ann.run("unlock", MAP)
    ben.run("lock", MAP)
    assert commit(guarded, "-a").code == 0


def test_the_first_commit_of_a_repository_is_looked_at_too(ann: Person, ben: Person) -> None:
    ann.run("lock", MAP)
    clone = ben.new_clone("fresh")
    ben.run("hooks", "install")
    clone.write(MAP, "1")
    clone.git("add", "-A")
    assert commit(clone).code == 1


def test_concluding_a_merge_of_the_holders_work_is_allowed(ann: Person, guarded: Clone) -> None:
    guarded.git("checkout", "-qb", "anns")
    guarded.commit({MAP: "anns", "free": "anns"})
    guarded.git("checkout", "-q", "main")
    guarded.commit({"free": "bens"})
    ann.run("lock", MAP)
    guarded.git("merge", "-q", "anns", code=1)
    guarded.write("free", "both")
    assert commit(guarded, "-a").code == 0
    guarded.git("reset", "-q", "--hard", "HEAD~1")
    guarded.git("merge", "-q", "anns", code=1)
    guarded.write("free", "both")
    guarded.write(MAP, "bens own")
    assert commit(guarded, "-a").code == 1


def test_a_server_that_is_down_stops_nobody_unless_asked_to(guarded: Clone) -> None:
    nowhere = {"TOOLCRIB_URL": f"http://127.0.0.1:{free_port()}"}
    guarded.write("free", "2")
    done = guarded.git("commit", "-qam", "x", env=nowhere)
    assert "locks were not checked. Cannot reach" in done.err
    guarded.git("config", "toolcrib.onOutage", "refuse")
    guarded.write("free", "3")
    assert guarded.git("commit", "-qam", "x", code=None, env=nowhere).code == 1


def test_somebody_who_never_signed_in_is_warned(person: Callable[..., Person]) -> None:
    eve = person("eve", signed_in=False)
    clone = eve.new_clone()
    eve.run("hooks", "install")
    clone.write("a", "1")
    clone.git("add", "-A")
    assert "locks were not checked" in commit(clone).err


def test_commits_go_on_where_toolcrib_was_removed(guarded: Clone) -> None:
    hook = guarded.root / ".git" / "hooks" / "pre-commit"
    lines = [
        line if not line.startswith("toolcrib=") else "toolcrib=/gone/toolcrib"
        for line in hook.read_text().split("\n")
    ]
    hook.write_text("\n".join(lines))
    guarded.write("free", "2")
    assert "not installed here" in commit(guarded, "-a").err
    assert guarded.git("status", "--porcelain").out == ""
