"""What the init container does with the image's home: its own script, run by shells of this machine."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from toolcrib.desktops.launchers.kubernetes.manifests import COPY_HOME

SHELLS = [shell for shell in ("dash", "bash", "busybox") if shutil.which(shell)]


@pytest.fixture(params=SHELLS)
def shell(request: pytest.FixtureRequest) -> list[str]:
    return ["busybox", "sh"] if request.param == "busybox" else [str(request.param)]


def copy(shell: list[str], old: Path, new: Path) -> subprocess.CompletedProcess[str]:
    env = {"PATH": os.environ["PATH"], "OLD_HOME": str(old), "NEW_HOME": str(new)}
    return subprocess.run([*shell, "-c", COPY_HOME], env=env, capture_output=True, text=True, check=False)


@pytest.fixture
def old(tmp_path: Path) -> Path:
    old = tmp_path / "old"
    (old / ".config" / "a b").mkdir(parents=True)
    (old / ".config" / "a b" / "settings").write_text("new")
    (old / ".profile").write_text("new")
    (old / "run.sh").write_text("#!/bin/sh")
    (old / "run.sh").chmod(0o750)
    (old / "link").symlink_to("run.sh")
    (old / "nowhere").symlink_to("/does/not/exist")
    (old / "*").write_text("star")
    (old / "empty").mkdir()
    return old


def test_everything_is_copied_into_an_empty_home(shell: list[str], old: Path, tmp_path: Path) -> None:
    new = tmp_path / "new"
    new.mkdir()
    done = copy(shell, old, new)
    assert (done.returncode, done.stderr) == (0, "")
    assert sorted(str(p.relative_to(new)) for p in new.rglob("*")) == sorted(
        str(p.relative_to(old)) for p in old.rglob("*")
    )
    assert (new / ".config" / "a b" / "settings").read_text() == "new"
    assert os.readlink(new / "link") == "run.sh"
    assert (new / "run.sh").stat().st_mode & 0o777 == 0o750


def test_what_is_there_is_left_alone(shell: list[str], old: Path, tmp_path: Path) -> None:
    new, outside = tmp_path / "new", tmp_path / "outside"
    (new / ".config").mkdir(parents=True)
    outside.mkdir()
    (new / ".profile").write_text("mine")
    (new / "run.sh").symlink_to("/does/not/exist")
    (new / ".config" / "a b").symlink_to(outside)
    (new / "own").write_text("mine")
    for _ in range(2):
        assert copy(shell, old, new).returncode == 0
    assert (new / ".profile").read_text() == (new / "own").read_text() == "mine"
    assert os.readlink(new / "run.sh") == "/does/not/exist"
    assert not list(outside.iterdir())  # a link of the person's is not followed
    assert (new / "*").read_text() == "star"


def test_a_copy_that_was_cut_short_is_finished(shell: list[str], old: Path, tmp_path: Path) -> None:
    new = tmp_path / "new"
    new.mkdir()
    (new / ".profile.toolcrib-new").write_text("ne")
    assert copy(shell, old, new).returncode == 0
    assert (new / ".profile").read_text() == "new"
    assert not (new / ".profile.toolcrib-new").exists()


def test_a_full_disk_fails(shell: list[str], old: Path, tmp_path: Path) -> None:
    """The pod must not start with half a home."""
    new = tmp_path / "new"
    new.mkdir()
    (new / ".profile.toolcrib-new").mkdir()  # as good as: nothing can be written there
    assert copy(shell, old, new).returncode != 0


def test_an_image_without_a_home_is_no_error(shell: list[str], tmp_path: Path) -> None:
    assert copy(shell, tmp_path / "none", tmp_path).returncode == 0
