"""What people wait for when they type `git lfs`, with the stock client."""

from __future__ import annotations

import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import httpx

from benchmarks.figures import Figure
from benchmarks.target import Target
from tests.cli.git import git_environment
from tests.servers.environment import ADMIN, PASSWORD
from tests.servers.process import program

ROUNDS = 5
LOCKS = 60
LISTED = 5_000


class Client:
    """A clone whose LFS server is the target."""

    def __init__(self, target: Target, folder: Path) -> None:
        program("git-lfs")
        self.root = folder / "clone"
        self.root.mkdir()
        self._env = git_environment(folder)
        stored = folder / "credentials"
        person = f"{ADMIN}:{PASSWORD.replace(' ', '%20')}"
        stored.write_text(target.url.replace("://", f"://{person}@") + "\n")
        self._git("init", "-q", "-b", "main")
        self._git("config", "credential.helper", f"store --file={stored}")
        self._git("config", "lfs.url", f"{target.url}/bench.git/info/lfs")
        self.paths = [f"f{number}.bin" for number in range(LOCKS)]
        for path in self.paths:
            (self.root / path).touch()
        self._git("add", "-A")
        self._git("commit", "-q", "-m", "files")
        self.lfs("locks")  # finds out that there is a password to send

    def _git(self, *arguments: str) -> str:
        done = subprocess.run(
            ["git", *arguments], cwd=self.root, env=self._env, check=True, capture_output=True, text=True
        )
        return done.stdout

    def lfs(self, *arguments: str) -> str:
        return self._git("lfs", *arguments)

    def seconds(self, *arguments: str) -> float:
        started = time.perf_counter()
        self.lfs(*arguments)
        return time.perf_counter() - started


def run(target: Target) -> list[Figure]:
    with tempfile.TemporaryDirectory(prefix="toolcrib-bench-lfs-") as folder:
        client = Client(target, Path(folder))
        return [*_locking(client), _listing(target, client)]


def _locking(client: Client) -> list[Figure]:
    together, apart = [], []
    for _ in range(ROUNDS):
        together.append(client.seconds("lock", *client.paths))
        client.lfs("unlock", *client.paths)
    for _ in range(2):
        apart.append(sum(client.seconds("lock", path) for path in client.paths))
        client.lfs("unlock", *client.paths)
    idle = sum(client.seconds("version") for _ in client.paths)
    return [
        Figure(
            f"git lfs lock, {LOCKS} files one after the other",
            statistics.median(together),
            "s",
            aim=1.5,
            better="lower",
            detail={"seconds": [round(each, 3) for each in together]},
        ),
        Figure(
            f"git lfs lock, {LOCKS} files by a command each",
            statistics.median(apart),
            "s",
            better="lower",
            detail={"seconds": [round(each, 3) for each in apart], "git_lfs_version": round(idle, 3)},
        ),
    ]


def _listing(target: Target, client: Client) -> Figure:
    headers = {"Authorization": f"Bearer {target.token}"}
    body = {"action": "lock", "paths": [f"listed/{n}.bin" for n in range(LISTED)], "project": "bench"}
    httpx.post(f"{target.url}/api/locks/bulk", json=body, headers=headers, timeout=120).raise_for_status()
    found = len(client.lfs("locks").splitlines())
    if found != LISTED:
        raise RuntimeError(f"{found} of {LISTED} locks were listed")
    times = [client.seconds("locks") for _ in range(ROUNDS)]
    return Figure(
        f"git lfs locks, {LISTED} of them",
        statistics.median(times),
        "s",
        aim=1.0,
        better="lower",
        detail={"seconds": [round(each, 3) for each in times]},
    )
