"""Which of the held paths a push edits, asked inside a real pre-receive hook."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.cli.git import Clone, Done, git_environment, new_bare, new_clone

HOOK = """#!{python}
import sys
from pathlib import Path
from toolcrib.cli.assets.git_hooks.pushes import candidates, edited, read_updates
updates = read_updates(sys.stdin.read())
held = frozenset(Path("held").read_text().split("\\n"))
touched = edited(updates, held & candidates(updates))
print("EDITED", sorted(touched), file=sys.stderr)
sys.exit(1 if touched else 0)
"""


class Site:
    """A repository people push to, where `Map` is held by somebody else, and a clone of it."""

    def __init__(self, place: Path) -> None:
        place.joinpath("home").mkdir()
        env = git_environment(place / "home")
        self.bare = new_bare(place / "bare.git", env)
        self.mine = new_clone(place / "mine", env)
        self.mine.git("remote", "add", "origin", str(self.bare.root))
        self.start = self.mine.commit({"Map": "1", "other": "1", "dir/deep": "1"})
        self.mine.git("push", "-q", "origin", "main")
        self.held("Map")
        hook = self.bare.root / "hooks" / "pre-receive"
        hook.write_text(HOOK.format(python=sys.executable))
        hook.chmod(0o755)

    def held(self, *paths: str) -> None:
        (self.bare.root / "held").write_text("\n".join(paths))

    def push(self, *what: str) -> Done:
        return self.mine.git("push", "origin", *what, code=None)

    def accepts(self, *what: str) -> bool:
        done = self.push(*what)
        assert (done.code == 0) == ("EDITED []" in done.err), done.err
        return done.code == 0

    def by_others(self, branch: str, files: dict[str, str | None]) -> None:
        """A commit of the holder's, pushed to `branch` past the hook's refusal."""
        self.held()
        self.mine.git("checkout", "-q", branch)
        self.mine.commit(files)
        self.mine.git("push", "-q", "origin", branch)
        self.held("Map")


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


@pytest.fixture
def mine(site: Site) -> Clone:
    return site.mine


def test_what_nobody_holds_may_be_changed(site: Site, mine: Clone) -> None:
    mine.commit({"other": "2", "new": "1"})
    assert site.accepts("main")


def test_an_edit_of_a_held_file_is_found(site: Site, mine: Clone) -> None:
    mine.commit({"Map": "2"})
    assert not site.accepts("main")


def test_an_edit_taken_back_in_the_same_push_is_found(site: Site, mine: Clone) -> None:
    mine.commit({"Map": "2"})
    mine.commit({"Map": "1"})
    assert not site.accepts("main")


def test_a_deletion_is_found(site: Site, mine: Clone) -> None:
    mine.commit({"Map": None})
    assert not site.accepts("main")


def test_both_ends_of_a_rename_are_found(site: Site, mine: Clone) -> None:
    mine.git("mv", "Map", "Map2")
    mine.git("commit", "-qm", "rename")
    assert not site.accepts("main")
    site.held("Map2")
    assert not site.accepts("main")


def test_a_change_of_mode_is_found(site: Site, mine: Clone) -> None:
    mine.git("update-index", "--chmod=+x", "Map")
    mine.git("commit", "-qm", "mode")
    assert not site.accepts("main")


def test_a_new_branch_is_looked_at_from_where_it_left(site: Site, mine: Clone) -> None:
    mine.git("checkout", "-qb", "work")
    mine.commit({"other": "2"})
    assert site.accepts("work")
    mine.commit({"Map": "2"})
    assert not site.accepts("work")
    assert not site.accepts("HEAD:refs/heads/elsewhere")


def test_a_tag_brings_in_no_edit_either(site: Site, mine: Clone) -> None:
    mine.commit({"Map": "2"})
    mine.git("tag", "-a", "-m", "v1", "v1")
    assert not site.accepts("v1")


def test_the_first_push_into_an_empty_repository_counts_every_file(site: Site, mine: Clone) -> None:
    site.bare.git("update-ref", "-d", "refs/heads/main")
    assert not site.accepts("main")


def test_odd_names_are_read_as_they_are(site: Site, mine: Clone) -> None:
    name = "Größe/a b\tc\"d'.uasset"
    mine.commit({name: "1"})
    site.held(name)
    assert not site.accepts("main")


def test_deleting_a_branch_edits_nothing(site: Site, mine: Clone) -> None:
    mine.git("push", "-q", "origin", "main:refs/heads/old")
    assert site.push(":refs/heads/old").code == 0


def test_merging_what_the_holder_pushed_is_no_edit(site: Site, mine: Clone) -> None:
    mine.git("checkout", "-qb", "work")
    mine.commit({"other": "2"})
    assert site.accepts("work")
    site.by_others("main", {"Map": "2"})
    mine.git("checkout", "-q", "work")
    mine.git("merge", "-q", "-m", "merge", "main")
    assert site.accepts("work")


def test_rebasing_onto_what_the_holder_pushed_is_no_edit(site: Site, mine: Clone) -> None:
    mine.git("checkout", "-qb", "work")
    mine.commit({"other": "2"})
    assert site.accepts("work")
    site.by_others("main", {"Map": "2"})
    mine.git("checkout", "-q", "work")
    mine.git("rebase", "-q", "main")
    assert site.accepts("--force", "work")


def test_merging_a_branch_without_the_file_is_no_edit(site: Site, mine: Clone) -> None:
    mine.git("checkout", "-qb", "work")
    mine.commit({"other": "2"})
    site.by_others("main", {"Map": "2"})
    mine.git("merge", "-q", "-m", "merge", "work")
    assert site.accepts("main")


def test_a_change_made_while_merging_is_found(site: Site, mine: Clone) -> None:
    mine.git("checkout", "-qb", "work")
    mine.commit({"other": "2"})
    mine.git("checkout", "-q", "main")
    mine.commit({"new": "1"})
    mine.git("merge", "-q", "--no-commit", "work")
    mine.commit({"Map": "hidden in the merge"})
    assert len(mine.git("rev-list", "--parents", "-1", "HEAD").out.split()) == 3
    assert not site.accepts("main")


def test_a_merge_that_throws_the_holders_change_away_is_found(site: Site, mine: Clone) -> None:
    mine.git("checkout", "-qb", "work")
    mine.commit({"other": "2"})
    site.by_others("main", {"Map": "2"})
    mine.git("checkout", "-q", "work")
    mine.git("merge", "-q", "-s", "ours", "-m", "ours", "main")
    assert not site.accepts("work:main")
    assert not site.accepts("work:refs/heads/detour")


def test_a_merge_that_resolves_a_conflict_in_a_held_file_is_found(site: Site, mine: Clone) -> None:
    site.held()
    mine.git("checkout", "-qb", "work")
    mine.commit({"Map": "mine"})
    assert site.push("work").code == 0
    site.by_others("main", {"Map": "2"})
    mine.git("checkout", "-q", "work")
    mine.git("merge", "-q", "-X", "ours", "-m", "mine wins", "main")
    assert not site.accepts("work")


def test_a_forced_push_that_drops_the_holders_commit_is_found(site: Site, mine: Clone) -> None:
    site.by_others("main", {"Map": "2"})
    mine.git("reset", "-q", "--hard", site.start)
    assert not site.accepts("--force", "main")
    mine.commit({"other": "2"})
    assert not site.accepts("--force", "main")


def test_a_forced_push_of_other_work_is_no_edit(site: Site, mine: Clone) -> None:
    mine.commit({"other": "2"})
    assert site.accepts("main")
    mine.git("reset", "-q", "--hard", site.start)
    mine.commit({"other": "3"})
    assert site.accepts("--force", "main")


def test_several_branches_in_one_push_are_all_looked_at(site: Site, mine: Clone) -> None:
    mine.git("checkout", "-qb", "good")
    mine.commit({"other": "2"})
    mine.git("checkout", "-qb", "bad", "main")
    mine.commit({"Map": "2"})
    assert not site.accepts("good", "bad")
    assert site.accepts("good")


def test_an_octopus_merge_of_held_work_is_no_edit(site: Site, mine: Clone) -> None:
    for name in ("a", "b"):
        mine.git("checkout", "-qb", name, site.start)
        mine.commit({f"file-{name}": "1"})
    site.by_others("main", {"Map": "2"})
    mine.git("checkout", "-q", "a")
    mine.git("merge", "-q", "-m", "octopus", "b", "main")
    assert len(mine.git("rev-list", "--parents", "-1", "HEAD").out.split()) == 4
    assert site.accepts("a")


def test_a_replaced_commit_is_looked_at_as_it_is(site: Site, mine: Clone) -> None:
    """`refs/replace/X` makes git show another commit in X's place, but a clone gets X."""
    mine.git("checkout", "-q", "-b", "harmless")
    mine.commit({"other": "2"})
    harmless = mine.git("rev-parse", "HEAD").out.strip()
    mine.git("checkout", "-q", "main")
    mine.commit({"Map": "2"})
    edit = mine.git("rev-parse", "HEAD").out.strip()
    assert site.accepts(f"{harmless}:refs/replace/{edit}")
    assert not site.accepts("main")
