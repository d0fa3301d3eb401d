"""A path as people type it, and the key the server knows it by (asset-locks contract, section 3.1)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.git import Clone, git_environment, new_bare, new_clone
from toolcrib.cli.core.failures import CannotTell
from toolcrib.cli.core.repository import DETACHED_HEAD, UNKNOWN_BRANCH, Repository, normalise


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Clone:
    (tmp_path / "home").mkdir()
    env = git_environment(tmp_path / "home")
    monkeypatch.setenv("HOME", env["HOME"])
    clone = new_clone(tmp_path / "game", env)
    clone.write("Content/Maps/L 1.umap", "1")
    return clone


def repository(place: Path) -> Repository:
    found = Repository.at(place)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("typed", "key"),
    [
        ("a/b", "a/b"),
        ("a\\b\\c", "a/b/c"),
        ("//a///b//", "a/b"),
        ("\\a\\", "a"),
        ("Größe/ß .uasset", "Größe/ß .uasset"),
        ("q?x#y%2Fz.uasset", "q?x#y%2Fz.uasset"),
    ],
)
def test_slashes_are_made_one_kind_and_single(typed: str, key: str) -> None:
    assert normalise(typed) == key


@pytest.mark.parametrize(
    ("typed", "key"),
    [
        ("Content/Maps/L 1.umap", "Content/Maps/L 1.umap"),
        ("./Content/../Content/Maps/L 1.umap", "Content/Maps/L 1.umap"),
        ("Content\\Maps\\L 1.umap", "Content/Maps/L 1.umap"),
        ("not/there/yet", "not/there/yet"),
        ("/Content/Maps/L 1.umap", "Content/Maps/L 1.umap"),
    ],
)
def test_a_path_typed_at_the_root(clone: Clone, typed: str, key: str) -> None:
    assert repository(clone.root).relative(typed, clone.root) == key


def test_a_path_typed_in_a_folder_is_taken_from_there(clone: Clone) -> None:
    folder = clone.root / "Content" / "Maps"
    assert repository(folder).relative("L 1.umap", folder) == "Content/Maps/L 1.umap"
    assert repository(folder).relative("../new", folder) == "Content/new"
    assert repository(folder).relative(str(folder / "L 1.umap"), folder) == "Content/Maps/L 1.umap"


def test_a_path_through_a_symbolic_link_to_the_repository(clone: Clone, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(clone.root)
    typed = tmp_path / "link" / "Content" / "Maps" / "L 1.umap"
    assert repository(clone.root).relative(str(typed), tmp_path) == "Content/Maps/L 1.umap"


def test_a_link_that_is_in_the_repository_is_itself(clone: Clone) -> None:
    (clone.root / "alias").symlink_to("Content/Maps/L 1.umap")
    assert repository(clone.root).relative("alias", clone.root) == "alias"


@pytest.mark.parametrize("typed", ["..", "../elsewhere", "Content/../../elsewhere", "/etc/passwd"])
def test_a_path_outside_the_repository_is_refused(clone: Clone, typed: str) -> None:
    with pytest.raises(CannotTell, match="outside the repository"):
        repository(clone.root).relative(typed, clone.root)


def test_from_elsewhere_paths_are_taken_from_the_root(clone: Clone, tmp_path: Path) -> None:
    assert repository(clone.root).relative("Content/x", tmp_path) == "Content/x"


def test_a_worktree_is_its_own_root(clone: Clone, tmp_path: Path) -> None:
    clone.commit({"a": "1"})
    clone.git("worktree", "add", "-q", "-b", "side", str(tmp_path / "side"))
    side = repository(tmp_path / "side")
    assert side.relative("a", tmp_path / "side") == "a"
    assert side.branch == "side"
    assert side.common_dir == clone.root / ".git"


def test_the_branch_of_a_repository_without_commits_is_unknown(clone: Clone) -> None:
    assert repository(clone.root).branch == UNKNOWN_BRANCH


def test_the_branch_may_hold_slashes_and_a_detached_head_has_a_name_of_its_own(clone: Clone) -> None:
    clone.commit({"a": "1"})
    clone.git("checkout", "-q", "-b", "feature/x")
    assert repository(clone.root).branch == "feature/x"
    clone.git("checkout", "-q", "--detach")
    assert repository(clone.root).branch == DETACHED_HEAD


def test_there_is_no_repository_outside_of_one_nor_inside_its_git_folder(
    clone: Clone, tmp_path: Path
) -> None:
    assert Repository.at(tmp_path) is None
    assert Repository.at(clone.root / ".git" / "refs") is None


def test_a_bare_repository_is_known_as_one(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    bare = new_bare(tmp_path / "game.git", git_environment(tmp_path / "home"))
    assert repository(bare.root).bare
