"""Local SSH hosts as Docker containers."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from toolcrib.cli.machines.sample_pool.base_root import CannotMakeHosts

IMAGE = "toolcrib-sample-host"
LABEL = "toolcrib.sample-pool"
ANSWER_SECONDS = 15


def require_docker() -> None:
    """Raise CannotMakeHosts where no Docker engine answers."""
    if not shutil.which("docker"):
        raise CannotMakeHosts("docker is not installed.")
    try:
        _docker("version", "--format", "{{.Server.Version}}", seconds=ANSWER_SECONDS)
    except CannotMakeHosts as silent:
        raise CannotMakeHosts(f"No Docker engine answers: {silent}") from silent


def start_containers(hosts: Sequence[tuple[str, int]], *, password: str) -> None:
    """Start containers with these names, each with its SSH server at that port of 127.0.0.1."""
    _docker("build", "--quiet", "--tag", IMAGE, str(Path(__file__).parent))
    for name, port in hosts:
        named = ("--name", name, "--hostname", name, "--label", LABEL)
        _docker("run", "--detach", *named, "--publish", f"127.0.0.1:{port}:22", IMAGE)
        _docker("exec", "--interactive", name, "chpasswd", stdin=f"root:{password}\n")


def remove_containers(names: Sequence[str]) -> None:
    """Remove those of these containers that are there and were started here."""
    listed = _docker("ps", "--all", "--filter", f"label={LABEL}", "--format", "{{.Names}}").split()
    ours = [name for name in names if name in listed]
    if ours:
        _docker("rm", "--force", "--volumes", *ours)


def _docker(*words: str, stdin: str = "", seconds: float | None = None) -> str:
    try:
        done = subprocess.run(
            ["docker", *words], input=stdin, capture_output=True, text=True, timeout=seconds, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as failed:
        raise CannotMakeHosts(f"docker {words[0]} failed: {failed}") from failed
    if done.returncode:
        raise CannotMakeHosts(f"docker {words[0]} failed: {done.stderr.strip()[-500:]}")
    return done.stdout
