"""The command line where there is no POSIX: Windows."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
# What `uv` says of a wheel that installs on Windows: for any system, or for that one.
FITS = re.compile(r"-(any|win_amd64)\.whl$")
# Pure Python, but published as source.
SOURCE_ALONE = {"wsgidav"}


def test_every_module_is_imported_without_what_only_posix_has() -> None:
    program = Path(__file__).with_name("without_posix.py")
    done = subprocess.run([sys.executable, program], capture_output=True, text=True, timeout=120, check=False)
    assert (done.stdout, done.returncode) == ("", 0), done.stdout + done.stderr


def test_all_that_is_installed_there_has_a_wheel_for_it() -> None:
    lock = tomllib.loads((ROOT / "uv.lock").read_text(encoding="utf-8"))
    packages = {each["name"]: each for each in lock["package"]}
    wanted, seen = ["toolcrib"], set()
    while wanted:
        name = wanted.pop()
        if name in seen:
            continue
        seen.add(name)
        wanted += [
            each["name"]
            for each in packages[name].get("dependencies", ())
            if "sys_platform != 'win32'" not in each.get("marker", "")
        ]
    seen -= {"toolcrib", *SOURCE_ALONE}
    assert len(seen) > 40
    without = [
        name
        for name in seen
        if not any(FITS.search(wheel["url"]) for wheel in packages[name].get("wheels", ()))
    ]
    assert not without
