"""The programs that local desktops need, and whether this computer lets the server make sandboxes with them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable

from toolcrib.desktops.launchers.launcher import LauncherDown, LauncherMissing
from toolcrib.desktops.launchers.local.users import Users

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
TRIAL_SECONDS = 10.0

# Debian's package of each.
PACKAGES = {
    "Xvnc": "tigervnc-standalone-server",
    "bwrap": "bubblewrap",
    "ip": "iproute2",
    "mount": "mount",
    "openbox": "openbox",
    "pasta": "passt",
    "prlimit": "util-linux",
    "setpriv": "util-linux",
    "taskset": "util-linux",
    "unshare": "util-linux",
    "xterm": "xterm",
}
ALWAYS = ("Xvnc", "bwrap", "prlimit", "taskset", "xterm")
FOR_ROOT = ("mount", "setpriv", "unshare")
FOR_DEFAULT_SESSION = ("openbox",)
FOR_NETWORK = ("ip", "pasta")


def program(name: str) -> str:
    """Return the program's path.

    Raises:
        LauncherMissing: it is not installed.
    """
    if found := shutil.which(name, path=PATH):
        return found
    raise LauncherMissing(_install([name]))


def require(names: Iterable[str]) -> None:
    """
    Raises:
        LauncherMissing: some are not installed. The text names the packages.
    """
    missing = [name for name in names if not shutil.which(name, path=PATH)]
    if missing:
        raise LauncherMissing(_install(missing))


def _install(names: list[str]) -> str:
    packages = sorted({PACKAGES.get(name, name) for name in names})
    return (
        f"Desktops need programs that this computer lacks ({', '.join(names)}). On Debian: apt-get install "
        f"--no-install-recommends {' '.join(packages)}"
    )


def check(users: Users, *, sessions: Iterable[str]) -> None:
    """Find out whether a desktop can be run.

    Raises:
        LauncherMissing: not without something the text names.
        LauncherDown: this computer is too busy to tell.
    """
    if sys.platform != "linux":
        raise LauncherMissing("Local desktops need Linux. Set DESKTOP_LAUNCHER to have them run elsewhere.")
    require(needed(users, sessions=sessions))
    _try_sandbox(users)


def needed(users: Users, *, sessions: Iterable[str], network: bool = False) -> list[str]:
    """The programs without which a desktop with one of these sessions cannot run."""
    words = {word for command in sessions for word in command.split()}
    return [
        *ALWAYS,
        *(FOR_ROOT if users.are_own else ()),
        *(FOR_DEFAULT_SESSION if "openbox" in words else ()),
        *(FOR_NETWORK if network else ()),
    ]


def _try_sandbox(users: Users) -> None:
    options = (
        "--unshare-all --unshare-user --as-pid-1 --disable-userns --ro-bind / / --size 4096 --tmpfs /mnt"
    )
    words = [program("bwrap"), *options.split(), "true"]
    if users.are_own:
        number = users.first
        as_user = [program("setpriv"), f"--reuid={number}", f"--regid={number}", "--clear-groups", "--"]
        words = [program("unshare"), "--mount", "--", *as_user, *words]
    try:
        tried = subprocess.run(  # noqa: S603 - our own words
            words,
            cwd="/",
            env={"PATH": PATH},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            timeout=TRIAL_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise LauncherDown("This computer did not make a sandbox in time. Try again later.") from None
    if tried.returncode == 0:
        return
    if b"unshare" in tried.stderr.split(b":")[0]:
        raise LauncherMissing(
            "The server may not mount folders: it needs CAP_SYS_ADMIN, which containers usually lack."
        )
    if b"setpriv" in tried.stderr.split(b":")[0]:
        raise LauncherMissing("The server may not become the users of DESKTOP_LOCAL_UIDS. Set another range.")
    if b"nknown option" in tried.stderr:
        raise LauncherMissing("Desktops need bubblewrap 0.8 or newer: the one installed is older.")
    raise LauncherMissing(
        "This computer does not let programs make user namespaces, which the sandboxes of desktops need "
        f"({_forbidding()})."
    )


def _forbidding() -> str:
    for name, allowing in (
        ("kernel.unprivileged_userns_clone", "1"),
        ("kernel.apparmor_restrict_unprivileged_userns", "0"),
    ):
        path = "/proc/sys/" + name.replace(".", "/")
        if os.path.exists(path):
            with open(path, encoding="ascii") as file:
                if file.read().strip() != allowing:
                    return f"sysctl {name}={allowing} allows it"
    return "in a container, its seccomp profile must allow it"
