"""The Debian root that all local hosts share: made once with mmdebstrap, kept under the name of its recipe."""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
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
    root = _place()
    with _locked(root):
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


def remove_half_made() -> None:
    """Remove what is left of a base root whose making was cut off, and end what still works on it; not while somebody
    makes it.

    Raises:
        CannotMakeHosts: something is mounted in it.
    """
    root = _place()
    with suppress(BlockingIOError), _locked(root, waits=False):
        _remove(_half_made(root))


@contextmanager
def _locked(root: Path, *, waits: bool = True) -> Iterator[None]:
    """Let one process at a time make this root, or remove what is half made. Raises BlockingIOError if one does and
    this one does not wait. The lock ends with the process that has it."""
    import fcntl

    root.parent.mkdir(parents=True, exist_ok=True)
    with root.with_name(f"{root.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX if waits else fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield


def _remove(made: Path) -> None:
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError, ProcessLookupError):
            arguments = process.read_bytes().decode(errors="replace").split("\0")
            if any(Path(each).name == "mmdebstrap" for each in arguments) and str(made) in arguments:
                os.killpg(os.getpgid(int(process.parent.name)), signal.SIGKILL)
    if not made.exists():
        return
    mounts = Path("/proc/self/mountinfo").read_text().splitlines()
    if any(line.split()[4].startswith(f"{made}/") for line in mounts):
        raise CannotMakeHosts(f"Something is mounted in {made}: unmount it.")
    shutil.rmtree(made, ignore_errors=True)


def _half_made(root: Path) -> Path:
    return root.with_name(f"{root.name}.new")


def _make(suite: str, root: Path) -> None:
    require_base_root()
    made = _half_made(root)
    _remove(made)
    command = [
        "mmdebstrap",
        "--quiet",
        "--variant=minbase",
        f"--include={','.join(PACKAGES)}",
        suite,
        str(made),
    ]
    # In a session of its own, so that all of it can be ended.
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        _, said = process.communicate()
        if process.returncode:
            raise CannotMakeHosts(f"mmdebstrap failed: {said.strip()[-500:]}")
    except BaseException:
        _remove(made)
        raise
    made.rename(root)
