"""Settings of the pool that a start refuses, in one sentence."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.servers.environment import child_environment

# Stands for an installation without the extra.
WITHOUT_ANSIBLE = """
from importlib.machinery import PathFinder
find = PathFinder.find_spec
PathFinder.find_spec = lambda name, *more: None if name == "ansible_runner" else find(name, *more)
"""


@pytest.mark.parametrize("lacks", ["the extra", "ssh"])
def test_the_driver_that_is_not_installed_is_refused(tmp_path: Path, lacks: str) -> None:
    (tmp_path / "sitecustomize.py").write_text(WITHOUT_ANSIBLE if lacks == "the extra" else "")
    env = child_environment(
        DATA_DIR=tmp_path / "data",
        MACHINE_DRIVER="ansible",
        PYTHONPATH=tmp_path,
        PATH=os.environ["PATH"] if lacks == "the extra" else tmp_path,
    )
    program = Path(sys.executable).with_name("toolcrib")
    done = subprocess.run([program, "serve"], env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 2, done
    said = (done.stdout + done.stderr).strip().splitlines()
    assert len(said) == 1, said
    assert ("toolcrib[ansible]" if lacks == "the extra" else "openssh-client") in said[0]
