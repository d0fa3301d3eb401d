"""Local SSH hosts in Linux namespaces: each with its own processes, accounts and files, on a port of 127.0.0.1.

A host is one process (`unshare`) in a session of its own. When that is killed nothing is left of it: its root is a
layer in memory over the shared base root.
"""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from passlib.hash import sha512_crypt

from toolcrib.cli.machines.sample_pool.base_root import CannotMakeHosts, base_root

START_SECONDS = 30
_FLAGS = ("--mount", "--pid", "--uts", "--ipc", "--fork", "--kill-child", "--propagation", "private")

# $1 base root, $2 folder, $3 name, $4 port, $5 MiB in memory; what follows is run inside before sshd.
_START = r"""
set -e
mount -t tmpfs -o "size=$5m" tmpfs "$2/layer"
mkdir "$2/layer/upper" "$2/layer/work" "$2/layer/root"
mount -t overlay -o "lowerdir=$1,upperdir=$2/layer/upper,workdir=$2/layer/work" overlay "$2/layer/root"
cd "$2/layer/root"
mount -t proc proc proc
mount -t tmpfs -o mode=755 tmpfs dev
for device in null:3 zero:5 full:7 random:8 urandom:9; do mknod -m 666 "dev/${device%:*}" c 1 "${device#*:}"; done
mknod -m 666 dev/tty c 5 0
mkdir dev/pts dev/shm
mount -t devpts -o newinstance,ptmxmode=666,mode=620 devpts dev/pts
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
mount -t tmpfs -o mode=1777 tmpfs dev/shm
mount -t tmpfs -o mode=755 tmpfs run
mkdir -p run/sshd run/lock
hostname "$3"
printf '%s\n' "$3" >etc/hostname
printf '127.0.0.1 localhost %s\n' "$3" >etc/hosts
rm -f etc/ssh/ssh_host_*
cp "$2/host_key" etc/ssh/ssh_host_ed25519_key
cp "$2/host_key.pub" etc/ssh/ssh_host_ed25519_key.pub
cp "$2/setup.sh" run/setup.sh
chroot . /bin/sh -e /run/setup.sh
rm run/setup.sh
exec chroot . /usr/sbin/sshd -D -e -p "$4" -o ListenAddress=127.0.0.1 -o PermitRootLogin=yes -o UseDNS=no \
    -o MaxStartups=200 -o MaxSessions=50 -o HostKey=/etc/ssh/ssh_host_ed25519_key
"""


@dataclass
class LocalHost:
    """One running host. `root`'s password is `password`."""

    name: str
    port: int
    folder: Path
    pid: int
    password: str = field(repr=False)
    host_key: str = ""
    address: str = "127.0.0.1"

    def run(self, command: str, *, check: bool = True, stdin: str = "") -> str:
        """Run a shell command as root inside the host, without SSH, and return what it prints."""
        inside = [
            "nsenter",
            "-t",
            str(self._inner()),
            "--mount",
            "--pid",
            "--uts",
            "--ipc",
            "--root",
            "--wd=/",
        ]
        environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"}
        done = subprocess.run(
            [*inside, "/bin/sh", "-c", command],
            input=stdin, capture_output=True, text=True, env=environment, check=False,
        )  # fmt: skip
        if check and done.returncode:
            raise RuntimeError(
                f"{self.name}: {command!r} ended with {done.returncode}: {done.stderr.strip()}"
            )
        return done.stdout

    def change_host_key(self) -> None:
        """Give the host another key, as one that was installed anew has; it answers with it when this returns."""
        self.run(
            "rm /etc/ssh/ssh_host_ed25519_key* && ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/ssh_host_ed25519_key"
        )
        self.run("kill -HUP 1")
        public = self.run("cat /etc/ssh/ssh_host_ed25519_key.pub").split()[1]
        scan = ["ssh-keyscan", "-T", "5", "-t", "ed25519", "-p", str(self.port), self.address]
        deadline = time.monotonic() + START_SECONDS
        while public not in subprocess.run(scan, capture_output=True, text=True, check=False).stdout:
            if time.monotonic() > deadline:
                raise RuntimeError(f"{self.name} does not answer with its new key.")

    def stop(self) -> None:
        stop_host(self.pid, self.folder)

    def _inner(self) -> int:
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
        return int(children[0])


def require_namespaces() -> None:
    """Raise CannotMakeHosts where this machine has no namespaces for us."""
    if os.name != "posix" or not Path("/proc/self/ns/mnt").exists():
        raise CannotMakeHosts("Local hosts in namespaces need Linux.")
    if os.geteuid() != 0:
        raise CannotMakeHosts("Local hosts in namespaces need root.")
    for program in ("unshare", "nsenter", "ssh-keygen", "ssh-keyscan"):
        if not shutil.which(program):
            raise CannotMakeHosts(f"{program} is not installed.")
    tried = subprocess.run(["unshare", *_FLAGS, "true"], capture_output=True, text=True, check=False)
    if tried.returncode:
        why = tried.stderr.strip().removeprefix("unshare: ")
        raise CannotMakeHosts(f"Namespaces are not allowed here, not even to root: {why}.")


def start_hosts(
    hosts: Iterable[tuple[str, int]],
    folder: Path,
    *,
    password: str,
    setup: str = "",
    memory_mib: int = 64,
) -> list[LocalHost]:
    """Start hosts with these names and ports, each with a folder in `folder`; wait until all answer.

    `setup` is a shell script that root runs inside each before sshd starts.
    """
    require_namespaces()
    base = base_root()
    hashed = sha512_crypt.using(rounds=5000).hash(password)
    started: list[LocalHost] = []
    try:
        for name, port in hosts:
            started.append(_start(base, folder / name, name, port, password, hashed, setup, memory_mib))
        deadline = time.monotonic() + START_SECONDS
        for host in started:
            _wait(host, deadline)
    except BaseException:
        for host in started:
            host.stop()
        raise
    return started


def _start(
    base: Path, folder: Path, name: str, port: int, password: str, hashed: str, setup: str, memory_mib: int
) -> LocalHost:
    (folder / "layer").mkdir(parents=True)
    key = folder / "host_key"
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", str(key)],
        check=True, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    line = shlex.quote(f"root:{hashed}")
    (folder / "setup.sh").write_text(f"printf '%s\\n' {line} | chpasswd -e\n{setup}\n")
    (folder / "setup.sh").chmod(0o600)
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            ["unshare", *_FLAGS, "/bin/sh", "-c", _START, "start", str(base), str(folder), name, str(port),
             str(memory_mib)],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
    public = " ".join(key.with_suffix(".pub").read_text().split()[:2])
    return LocalHost(name, port, folder, process.pid, password, public)


def _wait(host: LocalHost, deadline: float) -> None:
    while time.monotonic() < deadline:
        try:
            with socket.create_connection((host.address, host.port), 1) as answer:
                answer.settimeout(5)
                if answer.recv(4) == b"SSH-":
                    return
        except OSError:
            time.sleep(0.02)
        if _ended(host.pid):
            break
    log = (host.folder / "log").read_text(errors="replace").strip()
    raise CannotMakeHosts(f"The host {host.name} did not start: {log[-500:]}")


def _ended(pid: int) -> bool:
    try:
        return os.waitpid(pid, os.WNOHANG)[0] == pid
    except ChildProcessError:
        # Not a child of ours. Whoever is its parent may let it be a zombie for a while.
        try:
            return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
        except OSError:
            return True


def stop_host(pid: int, folder: Path) -> None:
    """End a host, if `pid` is still that of the host in `folder`, and remove its folder."""
    try:
        arguments: Sequence[str] = Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")
    except OSError:
        arguments = []
    if str(folder) in arguments and arguments[0] == "unshare":
        os.kill(pid, signal.SIGKILL)
        deadline = time.monotonic() + 10
        while not _ended(pid) and time.monotonic() < deadline:
            time.sleep(0.01)
    shutil.rmtree(folder, ignore_errors=True)


def stop_all(folder: Path) -> None:
    """End all hosts whose folders are in `folder`, and remove it. Their processes are found by their arguments, so it
    does not matter whether whoever started them could note their numbers."""
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            arguments = process.read_bytes().decode(errors="replace").split("\0")
        except OSError:
            continue
        of_ours = [each for each in arguments if Path(each).parent == folder]
        if arguments[0] == "unshare" and of_ours:
            stop_host(int(process.parent.name), Path(of_ours[0]))
    shutil.rmtree(folder, ignore_errors=True)
