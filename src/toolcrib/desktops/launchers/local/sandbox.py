"""The command that becomes a desktop: what its sandbox shows of this computer, and what runs in it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from toolcrib.desktops.launchers.launcher import Wanted
from toolcrib.desktops.launchers.local.limits import Group, limiting, quantity_bytes
from toolcrib.desktops.launchers.local.network import RESOLVER, networking
from toolcrib.desktops.launchers.local.processes import MARK
from toolcrib.desktops.launchers.local.programs import program

OUR_FILES = Path(__file__).parent / "sandbox_files"
MADE = "sandbox"
USER_INSIDE = 1000
SHARED_MEMORY_BYTES = 2**30
RUNTIME_BYTES = 64 * 2**20

# What programs need of /etc, as far as it is there. Nothing else of it is seen: it holds keys and passwords.
_ETC = """
    alternatives bash.bashrc ca-certificates chromium* dconf firefox* fonts gtk-[234].0 inputrc java-*-openjdk
    ld.so.cache ld.so.conf* libreoffice localtime magic mime.types papersize perl profile profile.d python3* ssl/certs
    ssl/openssl.cnf terminfo timezone vim X11
"""
_MADE_ETC = ("group", "hosts", "hostname", "nsswitch.conf", "passwd", "resolv.conf", "machine-id")


@dataclass(frozen=True)
class Place:
    """Where a desktop's folder and volume are, and which user it runs as."""

    folder: Path
    user: int
    own_user: bool
    volume: Path | None = None
    volume_group: int = 0

    @property
    def seen_at(self) -> Path | None:
        """Where the desktop's user sees `folder`, which it may not reach by its own path."""
        if not self.own_user:
            return None
        inside = set(self.folder.parents) | (set(self.volume.parents) if self.volume else set())
        return next(
            one for one in map(Path, ("/mnt", "/media", "/srv")) if one.is_dir() and one not in inside
        )


def command(
    wanted: Wanted,
    place: Place,
    session: str,
    extra: list[str],
    *,
    mark: str,
    userns: bool,
    group: Group | None,
) -> list[str]:
    """The words that start a desktop. None of them is secret."""
    seen = place.seen_at
    words: list[str] = []
    if seen:
        words += [program("unshare"), "--mount", "--propagation", "private", "--"]
    words += ["/bin/sh", str(OUR_FILES / "enter.sh"), str(group.path) if group else "", str(place.folder)]
    words += [str(seen or ""), str(place.volume or "")]
    words += limiting(wanted, group)
    if place.own_user:
        groups = f"--groups={place.volume_group}" if place.volume else "--clear-groups"
        words += ["setpriv", f"--reuid={place.user}", f"--regid={place.user}", groups, "--"]
    if wanted.network:
        words += networking()
    words += ["bwrap", *_bwrap(wanted, place, extra, mark=mark, userns=userns)]
    security = "VncAuth" if wanted.gateway else "None"
    words += ["--", "/bin/sh", "/run/toolcrib/session.sh", wanted.resolution, security, wanted.name, session]
    return words


def _bwrap(wanted: Wanted, place: Place, extra: list[str], *, mark: str, userns: bool) -> Iterator[str]:
    own = place.seen_at or place.folder
    made = own / MADE
    runtime = f"/run/user/{USER_INSIDE}"
    memory = quantity_bytes(wanted.max_ram)
    yield from ("--unshare-all", "--unshare-user", "--as-pid-1", "--new-session", "--hostname", "desktop")
    yield from ("--uid", str(USER_INSIDE), "--gid", str(USER_INSIDE))
    if wanted.network:
        yield "--share-net"  # with pasta, not with this computer
    if not userns:
        yield "--disable-userns"
    yield from _system()
    yield from ("--proc", "/proc", "--dev", "/dev")
    for path, mode, size in (
        ("/tmp", "1777", memory // 2),  # noqa: S108 - the desktop's own
        ("/dev/shm", "1777", min(SHARED_MEMORY_BYTES, memory)),  # noqa: S108
        (runtime, "0700", RUNTIME_BYTES),
    ):
        yield from ("--perms", mode, "--size", str(size), "--tmpfs", path)
    yield from ("--symlink", "/run", "/var/run", "--symlink", "/tmp", "/var/tmp")  # noqa: S108
    yield from ("--ro-bind-try", "/var/cache/fontconfig", "/var/cache/fontconfig")
    for folder in extra:
        yield from ("--ro-bind-try", folder, folder)
    for name in _MADE_ETC:
        yield from ("--ro-bind", str(made / name), f"/etc/{name}")
    yield from _xdg(made)
    yield from ("--ro-bind", str(made / "session.sh"), "/run/toolcrib/session.sh")
    yield from ("--ro-bind-try", str(made / "vnc-password"), "/run/toolcrib/vnc-password")
    yield from ("--bind", str(made / "messages"), "/run/toolcrib/messages")
    yield from ("--bind", str(made / "x11"), "/tmp/.X11-unix")  # noqa: S108
    yield from ("--bind", str(own / "home"), "/home/user", "--chdir", "/home/user")
    if place.volume:
        yield from ("--bind", str(own / "storage" if place.seen_at else place.volume), "/storage")
    yield from ("--remount-ro", "/dev", "--remount-ro", "/", "--clearenv")
    for key, value in {
        MARK: f"{mark}/{wanted.name}",
        "DISPLAY": ":1",
        "HOME": "/home/user",
        "LANG": "C.UTF-8",
        "LOGNAME": "user",
        "PATH": "/usr/local/bin:/usr/bin:/bin:/usr/local/games:/usr/games",
        "SHELL": "/bin/bash" if Path("/bin/bash").exists() else "/bin/sh",
        "USER": "user",
        "XDG_RUNTIME_DIR": runtime,
        "XDG_SESSION_TYPE": "x11",
    }.items():
        yield from ("--setenv", key, value)


def _system() -> Iterator[str]:
    """The programs of this computer, as its own folders have them."""
    yield from ("--ro-bind", "/usr", "/usr")
    for path in map(Path, ("/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")):
        if path.is_symlink():
            yield from ("--symlink", os.readlink(path), str(path))
        elif path.is_dir():
            yield from ("--ro-bind", str(path), str(path))
    for path in sorted(path for pattern in _ETC.split() for path in Path("/etc").glob(pattern)):
        yield from ("--ro-bind-try", str(path), str(path))


def _xdg(made: Path) -> Iterator[str]:
    xdg = Path("/etc/xdg")
    for entry in sorted(xdg.iterdir()) if xdg.is_dir() else ():
        if entry.name not in {"openbox", "autostart", "systemd"}:
            yield from ("--ro-bind-try", str(entry), str(entry))
    yield from ("--ro-bind-try", f"{xdg}/openbox/rc.xml", f"{xdg}/openbox/rc.xml")
    for name in ("autostart", "menu.xml"):
        yield from ("--ro-bind", str(made / name), f"{xdg}/openbox/{name}")


def fill(folder: Path, place: Place, *, password_file: bytes | None) -> None:
    """Make anew what one run of a desktop sees: small files of its own, the folder of its window server's socket, and
    the pipe that messages come through. What its user may write to lies in folders that it may not."""
    made = folder / MADE
    made.mkdir()
    made.chmod(0o755)
    for name, text in _texts().items():
        _write(made / name, text.encode(), 0o644)
    for name in ("session.sh", "autostart", "menu.xml"):
        _write(made / name, (OUR_FILES / name).read_bytes(), 0o644)
    (made / "x11").mkdir()
    os.mkfifo(made / "messages")
    theirs = [(made / "x11", 0o700), (made / "messages", 0o600)]
    if password_file is not None:
        _write(made / "vnc-password", password_file, 0o400)
        theirs.append((made / "vnc-password", 0o400))
    for path, mode in theirs:
        path.chmod(mode)
        if place.own_user:
            os.chown(path, place.user, place.user)


def _write(path: Path, content: bytes, mode: int) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(descriptor, content)
        os.fchmod(descriptor, mode)
    finally:
        os.close(descriptor)


def _texts() -> dict[str, str]:
    user = USER_INSIDE
    return {
        "passwd": f"root:x:0:0:root:/root:/usr/sbin/nologin\nuser:x:{user}:{user}:User:/home/user:/bin/bash\n"
        "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n",
        "group": f"root:x:0:\nuser:x:{user}:\nnogroup:x:65534:\n",
        "hosts": "127.0.0.1 localhost desktop\n::1 localhost\n",
        "hostname": "desktop\n",
        "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
        "resolv.conf": f"nameserver {RESOLVER}\n",
        "machine-id": os.urandom(16).hex() + "\n",
    }
