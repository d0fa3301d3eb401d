"""The Debian root that all local hosts share: made once with mmdebstrap, kept under the name of its recipe."""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
from pathlib import Path

PACKAGES = ("openssh-server", "sudo", "procps", "iproute2", "passwd", "python3", "busybox")
_RECIPE = 1
"""Raise it when something changes that the packages' names do not show."""


class CannotMakeHosts(Exception):
    """This machine cannot make local hosts. The text says what is missing."""


def base_root() -> Path:
    """Return the root folder, made if it is not there yet (about 40 s; 250 MB).

    It lies in TOOLCRIB_HOSTS_CACHE or the user's cache folder. Several processes may ask at the same time.
    """
    import fcntl

    root = _place()
    root.parent.mkdir(parents=True, exist_ok=True)
    with root.with_name(f"{root.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not root.is_dir():
            _make(_suite(), root)
    return root


def require_base_root() -> None:
    """Raise CannotMakeHosts if it is not there and cannot be made."""
    if not _place().is_dir() and not shutil.which("mmdebstrap"):
        raise CannotMakeHosts("mmdebstrap is not installed (apt-get install mmdebstrap).")


def _place() -> Path:
    suite = _suite()
    recipe = f"{_RECIPE} {suite} {platform.machine()} {' '.join(PACKAGES)}"
    return _cache() / f"{suite}-{hashlib.sha256(recipe.encode()).hexdigest()[:16]}"


def _cache() -> Path:
    if chosen := os.environ.get("TOOLCRIB_HOSTS_CACHE"):
        return Path(chosen)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "toolcrib" / "hosts"


def _suite() -> str:
    release = platform.freedesktop_os_release()
    return release.get("VERSION_CODENAME", "stable") if release.get("ID") == "debian" else "stable"


def _make(suite: str, root: Path) -> None:
    require_base_root()
    made = root.with_name(f"{root.name}.new")
    shutil.rmtree(made, ignore_errors=True)
    command = [
        "mmdebstrap",
        "--quiet",
        "--variant=minbase",
        f"--include={','.join(PACKAGES)}",
        suite,
        str(made),
    ]
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
    if done.returncode:
        shutil.rmtree(made, ignore_errors=True)
        raise CannotMakeHosts(f"mmdebstrap failed: {done.stderr.strip()[-500:]}")
    made.rename(root)
