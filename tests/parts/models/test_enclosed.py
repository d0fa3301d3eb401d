"""What the converter reads is only what was sent: a STEP file may name other files."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import os, sys
from pathlib import Path
from toolcrib.parts.converter.enclosed import allow_enclosing, call_enclosed

def work(folder):
    if sys.argv[3] != "look":
        os.kill(os.getpid(), int(sys.argv[3]))
    (folder / "made").write_bytes((folder / "sent").read_bytes())
    try:
        return 40 + Path(sys.argv[2]).exists() + (folder / ".." / "beside" / "secret").exists()
    except OSError:
        return 50

allow_enclosing()
os._exit(call_enclosed(Path(sys.argv[1]), work))
"""


def _run(folder: Path, secret: Path, what: str) -> int:
    return subprocess.run(
        [sys.executable, "-c", PROGRAM, folder, secret, what], timeout=60, check=False
    ).returncode


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such roots")
def test_no_other_file_is_seen(tmp_path: Path) -> None:
    folder, secret = tmp_path / "job", tmp_path / "beside" / "secret"
    folder.mkdir()
    secret.parent.mkdir()
    secret.write_text("of somebody else")
    (folder / "sent").write_text("step")
    assert _run(folder, secret, "look") == 40
    assert (folder / "made").read_text() == "step"


@pytest.mark.parametrize("number", [6, 9, 11, 24])
def test_what_ends_the_call_ends_the_caller(tmp_path: Path, number: int) -> None:
    assert _run(tmp_path, tmp_path, str(number)) == -number
