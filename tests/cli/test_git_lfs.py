"""Plain git and git-lfs: the stock client against a clone that `toolcrib git setup` made ready."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Person
from tests.cli.git import Clone, Done, execute, new_clone
from tests.servers.environment import PASSWORD, toolcrib
from tests.servers.process import free_port
from tests.servers.toolcrib import ToolcribServer

pytestmark = pytest.mark.usefixtures("git_lfs")

MAP = "Content/L1.umap"


@pytest.fixture
def anns(ann: Person) -> Clone:
    """Ann's clone of a repository people push to, set up for locking, with one lockable file in it."""
    bare = ann.new_bare()
    clone = ann.new_clone()
    clone.git("remote", "add", "origin", str(bare.root))
    ann.run("git", "setup", "--unreal")
    clone.commit({MAP: "1", "free.txt": "1"})
    clone.git("push", "-q", "origin", "main")
    return clone


@pytest.fixture
def bens(ben: Person, anns: Clone) -> Clone:
    """A clone as a colleague makes it: `.lfsconfig` and `.gitattributes` come with it."""
    clone = new_clone(ben.home / "clone", ben.env)
    ben.cwd = clone.root
    clone.git("remote", "add", "origin", anns.git("remote", "get-url", "origin").out.strip())
    clone.git("lfs", "install", "--local", "--skip-smudge")
    clone.git("pull", "-q", "origin", "main")
    ben.run("git", "setup")
    return clone


def lfs(clone: Clone, *arguments: str) -> Done:
    return clone.git("lfs", *arguments, code=None)


def local(clone: Clone, key: str) -> str:
    return clone.git("config", "--local", "--get-all", key, code=None).out.strip()


def git_key(person: Person) -> int | None:
    """The number of the API key that git has on this person's machine."""
    kept = json.loads((person.home / ".config/toolcrib/credentials.json").read_text())
    number: int | None = kept["servers"][person.server.url].get("git_key_id")
    return number


def key_numbers(person: Person) -> set[int]:
    return {row["id"] for row in person.json("keys", "list")}


def findings(person: Person, *arguments: str, code: int = 0) -> list[dict[str, str]]:
    (report,) = person.json("git", "doctor", *arguments, code=code)
    found: list[dict[str, str]] = report["findings"]
    return found


def by_state(found: list[dict[str, str]], state: str) -> list[str]:
    return [one["check"] for one in found if one["state"] == state]


# Setting up


def test_the_setup_says_what_to_commit_and_the_login_name(
    ann: Person, project: str, crib: ToolcribServer
) -> None:
    clone = ann.new_clone()
    done = ann.run("git", "setup", "--lockable", "*.psd")
    assert "Login name for git: ann" in done.out
    assert "Commit .gitattributes and .lfsconfig" in done.out
    url = f"{crib.url}/{project}.git/info/lfs"
    committed = clone.git("config", "--file", ".lfsconfig", "--list").out
    assert sorted(committed.splitlines()) == ["lfs.locksverify=true", f"lfs.url={url}"]
    assert (
        clone.root / ".gitattributes"
    ).read_text().strip() == "*.psd filter=lfs diff=lfs merge=lfs -text lockable"
    assert lfs(clone, "locks").err == ""
    assert "warning" not in lfs(clone, "env").err
    assert {"pre-push", "post-checkout", "post-commit", "post-merge"} <= set(
        os.listdir(clone.root / ".git/hooks")
    )


@pytest.mark.installed
def test_the_stock_client_locks_lists_and_unlocks_without_being_asked_for_anything(
    ann: Person, anns: Clone
) -> None:
    assert lfs(anns, "lock", MAP).code == 0
    assert ann.holds() == {MAP}
    assert json.loads(anns.git("lfs", "locks", "--json").out)[0]["owner"]["name"] == "ann"
    assert os.access(anns.root / MAP, os.W_OK)
    anns.git("lfs", "unlock", MAP)
    assert ann.holds() == set()


def test_a_lock_is_the_same_by_every_door(ann: Person, ben: Person, anns: Clone, bens: Clone) -> None:
    ben.run("lock", MAP, "-m", "new roof")
    refused = lfs(anns, "lock", MAP)
    assert refused.code != 0
    assert "ben" in refused.err
    assert "ben" in anns.git("lfs", "locks").out
    assert "held by ben" in ann.run("lock", MAP, code=3).err


def test_a_push_of_what_another_holds_is_stopped_by_the_stock_client(
    ann: Person, anns: Clone, bens: Clone
) -> None:
    ann.run("lock", MAP)
    (bens.root / MAP).chmod(0o644)
    bens.commit({MAP: "2"})
    done = bens.git("push", "origin", "main", code=None)
    assert done.code != 0
    assert f"{MAP} - ann" in done.text
    ann.run("unlock", MAP)
    bens.git("push", "-q", "origin", "main")


def test_the_clone_then_names_server_and_project_for_every_command(
    ann: Person, anns: Clone, crib: ToolcribServer
) -> None:
    """Without TOOLCRIB_PROJECT, which the other tests use."""
    env = {name: value for name, value in ann.env.items() if name != "TOOLCRIB_PROJECT"}
    for folder, path in ((anns.root, MAP), (anns.root / "Content", "other.umap")):
        assert execute(toolcrib(), "lock", path, cwd=folder, env=env).code == 0
    assert ann.holds() == {MAP, "Content/other.umap"}


def test_a_new_colleague_signs_in_where_the_clone_says(person: Callable[..., Person], anns: Clone) -> None:
    eve = person("eve", signed_in=False)
    clone = new_clone(eve.home / "clone", eve.env)
    clone.git("pull", "-q", anns.git("remote", "get-url", "origin").out.strip(), "main", code=None)
    eve.run("login", "-u", "eve", "--password-stdin", stdin=PASSWORD, cwd=clone.root)
    assert eve.run("whoami", cwd=clone.root).out.startswith("eve at ")


def test_another_lfs_server_is_not_replaced_silently(ann: Person) -> None:
    clone = ann.new_clone()
    clone.write(".lfsconfig", "[lfs]\n\turl = https://git.example.com/game.git/info/lfs\n")
    assert "--replace" in ann.run("git", "setup", code=1).err
    assert "example.com" in (clone.root / ".lfsconfig").read_text()
    ann.run("git", "setup", "--replace")
    assert "example.com" not in (clone.root / ".lfsconfig").read_text()


def test_git_gets_a_key_of_its_own_and_forgets_it_when_it_is_refused(ann: Person, anns: Clone) -> None:
    key = git_key(ann)
    ann.run("git", "setup")
    assert git_key(ann) == key
    assert PASSWORD not in (anns.root / ".git/config").read_text()
    assert "tck_" not in (anns.root / ".git/config").read_text()
    assert key in key_numbers(ann)
    ann.run("keys", "revoke", str(key))
    assert lfs(anns, "lock", MAP).code != 0
    assert git_key(ann) is None
    assert "sign-in" in by_state(findings(ann), "fixed")
    assert lfs(anns, "lock", MAP).code == 0


def test_signing_out_takes_the_key_back(ann: Person, anns: Clone) -> None:
    key = git_key(ann)
    ann.run("logout")
    assert lfs(anns, "lock", MAP).code != 0
    ann.sign_in()
    assert key not in key_numbers(ann)


def test_without_the_helper_git_asks_for_the_password_of_the_right_name(
    ann: Person, crib: ToolcribServer
) -> None:
    clone = ann.new_clone()
    ann.run("git", "setup", "--no-credentials")
    assert local(clone, f"credential.{crib.url}.username") == "ann"
    assert local(clone, f"credential.{crib.url}.helper") == ""
    asked = ann.home / "askpass"
    asked.write_text(f'#!/bin/sh\necho "$1" >> "{asked}.log"\necho "{PASSWORD}"\n')
    asked.chmod(0o755)
    done = clone.git(
        "credential", "fill", stdin=f"url={crib.url}\n\n".encode(), env={"GIT_ASKPASS": str(asked)}
    )
    assert {"username=ann", f"password={PASSWORD}"} <= set(done.out.splitlines())
    assert Path(f"{asked}.log").read_text() == f"Password for '{crib.url.replace('://', '://ann@')}': \n"


# The doctor


def test_a_healthy_clone(ann: Person, anns: Clone) -> None:
    assert by_state(findings(ann), "problem") == by_state(findings(ann), "fixed") == []
    assert "Locks are checked on every push" in ann.run("git", "doctor").out


@pytest.mark.parametrize("scope", ["--local", "--global"])
@pytest.mark.parametrize("generic", [False, True])
def test_lock_checking_that_was_switched_off_is_switched_on_again(
    scope: str, generic: bool, ann: Person, ben: Person, anns: Clone, bens: Clone
) -> None:
    url = bens.git("config", "--file", ".lfsconfig", "lfs.url").out.strip()
    bens.git("config", scope, "lfs.locksverify" if generic else f"lfs.{url}.locksverify", "false")
    ann.run("lock", MAP)
    (bens.root / MAP).chmod(0o644)
    bens.commit({MAP: "2"})
    assert bens.git("push", "--dry-run", "origin", "main").code == 0

    assert "locksverify" in by_state(findings(ben, "--dry-run", code=1), "problem")
    assert "locksverify" in by_state(findings(ben), "fixed")
    assert by_state(findings(ben), "fixed") == []
    assert bens.git("push", "origin", "main", code=None).code != 0


def test_a_server_without_locks_that_switched_it_off_is_undone(ann: Person, anns: Clone) -> None:
    """git-lfs writes its switch itself after one 404; here it has done so for another server."""
    anns.git("config", "lfs.https://git.example.com/x.git/info/lfs.locksverify", "false")
    assert by_state(findings(ann), "fixed") == []
    assert local(anns, "lfs.https://git.example.com/x.git/info/lfs.locksverify") == "false"


def test_missing_and_sleeping_hooks_are_put_right(ann: Person, anns: Clone) -> None:
    hooks = anns.root / ".git" / "hooks"
    (hooks / "pre-push").unlink()
    (hooks / "post-merge").chmod(0o644)
    assert by_state(findings(ann), "fixed") == ["hooks", "hooks"]
    assert by_state(findings(ann), "fixed") == []
    assert os.access(hooks / "pre-push", os.X_OK)


def test_a_hook_of_somebody_else_is_explained_and_left_alone(ann: Person, anns: Clone) -> None:
    hook = anns.root / ".git" / "hooks" / "pre-push"
    hook.write_text("#!/bin/sh\nexit 0\n")
    (anns.root / ".git" / "hooks" / "post-commit").unlink()
    found = findings(ann, code=1)
    assert (by_state(found, "problem"), by_state(found, "fixed")) == (["hooks"], ["hooks"])
    assert "git lfs pre-push" in next(one["text"] for one in found if one["state"] == "problem")
    assert hook.read_text() == "#!/bin/sh\nexit 0\n"
    hook.write_text('#!/bin/sh\ngit lfs pre-push "$@"\n')
    assert by_state(findings(ann), "problem") == []


def test_files_that_are_tracked_but_not_lockable_become_so(ann: Person, anns: Clone) -> None:
    attributes = anns.root / ".gitattributes"
    attributes.write_text(
        "# art\n*.umap filter=lfs diff=lfs merge=lfs -text\n*.psd filter=lfs diff=lfs merge=lfs -text lockable\n"
        "*.ogg filter=lfs diff=lfs merge=lfs -text\n*.txt text\n"
    )
    found = findings(ann)
    assert by_state(found, "fixed") == ["lockable"]
    assert "*.ogg" in next(one["text"] for one in found if one["state"] == "note")
    assert attributes.read_text().splitlines() == [
        "# art",
        "*.umap filter=lfs diff=lfs merge=lfs -text lockable",
        "*.psd filter=lfs diff=lfs merge=lfs -text lockable",
        "*.ogg filter=lfs diff=lfs merge=lfs -text",
        "*.txt text",
    ]


def test_settings_that_lead_past_the_lock_server_are_named(ann: Person, anns: Clone) -> None:
    anns.git("config", "remote.origin.lfsurl", "https://git.example.com/game.git/info/lfs")
    anns.git("config", "lfs.url", f"http://127.0.0.1:{free_port()}/game.git/info/lfs")
    found = findings(ann, code=1)
    assert by_state(found, "fixed") == ["endpoint"]
    assert by_state(found, "problem") == ["endpoint"]
    assert local(anns, "lfs.url") == ""


def test_a_switched_off_lfsconfig_is_switched_on(ann: Person, anns: Clone) -> None:
    anns.git("config", "--file", ".lfsconfig", "--unset", "lfs.locksverify")
    assert by_state(findings(ann), "fixed") == ["locksverify"]
    assert anns.git("status", "--porcelain").out == ""


def test_git_that_signs_in_as_somebody_else_is_put_right(
    ann: Person, ben: Person, anns: Clone, crib: ToolcribServer
) -> None:
    anns.git("config", "--unset-all", f"credential.{crib.url}.helper")
    anns.git(
        "config",
        f"credential.{crib.url}.helper",
        f"!echo username=ben; echo password={ben.api_key('git', 'locks')}; true",
    )
    anns.git("lfs", "lock", MAP)
    assert ben.holds() == {MAP}
    assert by_state(findings(ann), "fixed") == ["sign-in"]
    anns.git("lfs", "lock", "other")
    assert ann.holds() == {"other"}


def test_a_clone_that_was_never_set_up_is_told_so(ann: Person) -> None:
    ann.new_clone()
    found = findings(ann, code=1)
    assert "toolcrib git setup" in next(one["text"] for one in found if one["check"] == "endpoint")


def test_clones_are_found_below_a_folder(ann: Person, anns: Clone) -> None:
    second = ann.new_clone("deep/second")
    second.write("node_modules/x/.git/HEAD", "not a clone of ours")
    report = ann.json("git", "doctor", ann.home, code=1, cwd=Path("/"))
    assert {one["clone"] for one in report} == {str(anns.root), str(second.root)}
    assert "no clone" in ann.run("git", "doctor", ann.home / ".config", code=1).err
    assert "not a directory" in ann.run("git", "doctor", ann.home / "nowhere", code=2).err


def test_a_server_that_is_down_is_a_problem_and_switches_nothing_off(ann: Person, anns: Clone) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    anns.git("config", "--file", ".lfsconfig", "lfs.url", f"{url}/game.git/info/lfs")
    found = findings(ann, code=1)
    assert by_state(found, "problem") == ["server"]
    anns.commit({MAP: "2"})
    assert anns.git("push", "origin", "main", code=None).code != 0


# The first clone of a machine


def test_a_first_clone_needs_no_terminal(ann: Person, anns: Clone, person: Callable[..., Person]) -> None:
    """Signing in registers the helper for the server, so that the files of a clone can be fetched at once."""
    anns.git("push", "-q", "origin", "main")
    cleo = person("cleo", signed_in=False)
    where = anns.git("remote", "get-url", "origin").out.strip()
    first = Clone(cleo.home, cleo.env)
    first.git("lfs", "install", "--skip-repo")
    failed = first.git("clone", "-q", where, "early", code=None)
    assert failed.code != 0, "nobody is signed in, and nobody can be asked"
    early = Clone(cleo.home / "early", cleo.env)
    cleo.sign_in()
    for command in ("setup", "doctor"):
        said = cleo.run("git", command, cwd=early.root, code=1).text
        assert "reset --hard" in said
        assert "Commit" not in said
    early.git("reset", "-q", "--hard")
    assert (early.root / MAP).read_text() == "1"
    assert "Commit" not in cleo.run("git", "setup", cwd=early.root).out

    first.git("clone", "-q", where, "clone")
    assert (cleo.home / "clone" / MAP).read_text() == "1"
    cleo.run("logout")
    assert first.git("config", "--global", "--get-regexp", "credential", code=None).out == ""


def test_what_to_commit_is_named_once(ann: Person) -> None:
    clone = ann.new_clone()
    ann.run("git", "setup", "--unreal")
    clone.git("add", ".gitattributes")
    said = ann.run("git", "setup", "--lockable", "*.psd").out
    assert "Commit .gitattributes and .lfsconfig:" in said
    clone.commit({"free.txt": "1"})
    assert "Commit" not in ann.run("git", "setup").out
    ann.run("git", "setup", "--lockable", "*.fbx")
    clone.git("rm", "-q", "--cached", ".gitattributes")
    assert "Commit .gitattributes:" in ann.run("git", "setup").out


def test_hooks_that_people_share_hold_no_path_of_a_machine(ann: Person, ben: Person) -> None:
    clone = ann.new_clone()
    clone.git("config", "core.hooksPath", ".githooks")
    ann.run("git", "setup", "--unreal")
    ann.run("hooks", "install")
    hooks = sorted(path for path in (clone.root / ".githooks").iterdir())
    assert {"pre-commit", "post-index-change"} <= {hook.name for hook in hooks}
    for hook in hooks:
        assert str(ann.program.parent) not in hook.read_text(), hook
    clone.write(MAP, "1")
    clone.git("add", "-A")
    clone.git("commit", "-qm", "hooks")
    ben.run("lock", MAP)
    (clone.root / MAP).chmod(0o644)
    clone.write(MAP, "2")
    assert "held by ben" in clone.git("commit", "-qam", "change", code=1).err
