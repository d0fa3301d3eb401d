"""The code of docs/a-kind-in-an-afternoon.md is a package that works: built from the text, installed, used."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.servers.environment import toolcrib
from tests.servers.toolcrib import ToolcribServer

TEXT = Path(__file__).parents[2] / "docs" / "a-kind-in-an-afternoon.md"
FILE = re.compile(r"^`(\S+)`:\n\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# What the tutorial's own tests ask for.
CONFTEST = """
import os

import httpx
import pytest


def client(token):
    return httpx.Client(base_url=os.environ["CRIB"], headers={"Authorization": token}, verify=False)


@pytest.fixture
def admin():
    return client(os.environ["ADMIN"])


@pytest.fixture
def people():
    return [client(token) for token in os.environ["PEOPLE"].split(",")]
"""


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """The package of the text, in a folder for `sys.path`, with the entry points that its installer would make."""
    folder = tmp_path / "package"
    files = dict(FILE.findall(TEXT.read_text()))
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    (folder / "toolcrib_rooms" / "__init__.py").touch()
    (folder / "tests" / "conftest.py").write_text(CONFTEST)
    project = tomllib.loads(files["pyproject.toml"])["project"]
    about = folder / f"toolcrib_rooms-{project['version']}.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
    )
    groups = [
        f"[{group}]\n" + "".join(f"{name} = {target}\n" for name, target in entries.items())
        for group, entries in project["entry-points"].items()
    ]
    (about / "entry_points.txt").write_text("\n".join(groups))
    return folder


def test_the_tutorials_kind_is_served_tested_and_used_from_the_command_line(
    package: Path, server: Callable[..., ToolcribServer], tmp_path: Path
) -> None:
    crib = server(PYTHONPATH=str(package))
    people = [crib.user(name) for name in ("ann", "ben", "cem")]
    environment = {
        **os.environ,
        "PYTHONPATH": str(package),
        "CRIB": crib.url,
        "ADMIN": crib.admin.headers["Authorization"],
        "PEOPLE": ",".join(person.headers["Authorization"] for person in people),
        "TOOLCRIB_URL": crib.url,
        "TOOLCRIB_TOKEN": people[0].headers["Authorization"].removeprefix("Bearer "),
        "HOME": str(tmp_path),
    }

    def run(*command: str | Path) -> str:
        done = subprocess.run(
            command, cwd=package, env=environment, capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    own_tests = run(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests")
    assert "3 passed" in own_tests
    assert "You have the key of blue." in run(toolcrib(), "rooms", "take", "blue")
    assert re.search(r"blue +room", run(toolcrib(), "rooms", "ls"))
    assert "The key of blue is back." in run(toolcrib(), "rooms", "return", "blue")
    book = crib.admin.get("/api/rooms/blue/book").json()
    assert (book[0]["holder"], book[0]["returned_at"] is None) == ("ann", False)
