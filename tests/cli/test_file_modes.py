"""The server's files are for its own account only, and a start says where they are not."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import Person
from tests.cli.test_server_commands import children, operate, working
from tests.servers.environment import DEFAULTS
from tests.servers.sqlite import NAME
from tests.servers.toolcrib import ToolcribServer

Start = Callable[..., ToolcribServer]
WARNING = "files_open_to_others"


@pytest.fixture(autouse=True)
def usual_umask() -> Iterator[None]:
    """What an operator's shell has."""
    before = os.umask(0o022)
    yield
    os.umask(before)


def open_to_others(folder: Path) -> dict[str, str]:
    """By name, what others than the owner may do something with."""
    found = {path: path.stat().st_mode & 0o777 for path in [folder, *folder.rglob("*")]}
    return {path.name: f"{mode:04o}" for path, mode in found.items() if mode & 0o077}


def warnings(text: str) -> list[str]:
    return [line for line in text.splitlines() if WARNING in line]


@pytest.mark.parametrize(
    "arguments",
    [
        ("db", "upgrade"),
        ("admin", "create"),
        ("admin", "set-config", "auto_release.hours", "5"),
    ],
)
@pytest.mark.parametrize("secret", [DEFAULTS["JWT_SECRET_KEY"], None], ids=["configured", "generated"])
def test_what_a_command_makes_is_private(
    tmp_path: Path, arguments: tuple[str, ...], secret: str | None
) -> None:
    data = tmp_path / "data"
    assert operate(data, *arguments, JWT_SECRET_KEY=secret).code == 0
    assert (data / NAME).exists()
    assert open_to_others(data) == {}


def test_what_the_check_of_the_store_makes_is_private(tmp_path: Path) -> None:
    data = tmp_path / "data"
    operate(data, "db", "upgrade")
    assert operate(data, "storage", "verify", "--empty").code == 0
    assert (data / "files").is_dir()
    assert open_to_others(data) == {}


@pytest.mark.parametrize("workers", [1, 2])
def test_what_a_server_makes_is_private(server: Start, workers: int) -> None:
    one = server(new=True, workers=workers)
    assert one.admin.get("/api/currentuser").status_code == 200
    assert (one.data_dir / f"{NAME}-wal").exists()
    assert (one.data_dir / "files").is_dir()
    assert open_to_others(one.data_dir) == {}
    for pid in {one.pid, *children(one.pid)}:
        assert "Umask:\t0077\n" in Path(f"/proc/{pid}/status").read_text()
    assert warnings(one.output()) == []


def test_what_a_worker_makes_is_private(tmp_path: Path) -> None:
    data = tmp_path / "elsewhere"
    with working(data):
        assert (data / NAME).exists()
        assert open_to_others(data) == {}


def test_a_start_names_what_is_open_to_others_and_the_command_that_mends_it(server: Start) -> None:
    one = server(new=True, JWT_SECRET_KEY=None, LOG_FORMAT="json")
    one.stop()
    assert warnings(one.output()) == []
    data = one.data_dir
    (data / "config.json").write_text("{}")
    (data / "files" / "kept").mkdir(exist_ok=True)
    wide = {
        data: 0o755,
        data / NAME: 0o644,
        data / "secret.key": 0o640,
        data / "config.json": 0o604,
        data / "files": 0o750,
        data / "files" / "kept": 0o701,
    }
    for path, mode in wide.items():
        path.chmod(mode)
    one.start()
    (line,) = warnings(one.output())
    assert '"level": "warning"' in line
    for path, mode in wide.items():
        assert f"{path} ({mode:04o})" in line
    for path, mode in wide.items():
        assert path.stat().st_mode & 0o777 == mode  # nothing is changed behind the operator's back
    command = line.partition('"run": "')[2].partition('"')[0]
    assert shlex.split(command)[0] == "chmod"
    subprocess.run(command, shell=True, check=True)
    assert open_to_others(data) == {}
    one.restart()
    assert len(warnings(one.output())) == 1


def test_a_file_store_elsewhere_is_looked_at_too(server: Start, tmp_path: Path) -> None:
    store = tmp_path / "the files"
    store.mkdir(mode=0o755)
    one = server(FILES_DIR=store)
    (line,) = warnings(one.output())
    assert f"{store} (0755)" in line
    assert f"chmod -R go-rwx '{store}'" in line


def test_a_download_has_the_mode_that_the_person_asked_for(
    server: Start, person: Callable[..., Person]
) -> None:
    """The command line on a person's own machine leaves their umask alone."""
    one = server()
    ann = person("ann", server=one)
    (ann.cwd / "a.txt").write_text("content")
    ann.run("docs", "put", "a.txt", "me:/a.txt")
    ann.run("docs", "get", "me:/a.txt", "b.txt")
    assert (ann.cwd / "b.txt").stat().st_mode & 0o777 == 0o644
