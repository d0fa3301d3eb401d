"""The command in a fork is the command as it is installed."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
from pathlib import Path

import pytest

from tests.cli.git import git_environment
from tests.servers import command

pytestmark = pytest.mark.skipif(not command.FORKS, reason="there is no fork server here")


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    return git_environment(tmp_path, PYTHONUTF8="1", COLUMNS="100")


@pytest.mark.parametrize(
    "arguments",
    [
        ["--version"],
        ["lock", "--help"],
        ["lock", "--nonsense"],
        ["lock", "a\n\udcff", "--url", "http://127.0.0.1:9"],
        ["locks", "--url", "http://127.0.0.1:9", "--json"],
        ["check", "--stdin", "--url", "http://127.0.0.1:9"],
        ["serve", "--port", "nonsense"],
        ["db", "upgrade", "--data-dir", "/dev/null/nowhere"],
    ],
)
def test_it_answers_alike(arguments: list[str], env: dict[str, str], tmp_path: Path) -> None:
    large = b"a\n" * 200_000  # more than a pipe takes at once
    expected = command.execute(command.installed(), *arguments, cwd=tmp_path, env=env, stdin=large)
    program = command.launcher(env)
    assert command.run(*arguments, cwd=tmp_path, env=env, stdin=large) == expected
    assert command.execute(program, *arguments, cwd=tmp_path, env=env, stdin=large) == expected


@pytest.mark.parametrize("umask", [0o022, 0o077])
def test_it_has_the_callers_umask_and_directory(umask: int, env: dict[str, str], tmp_path: Path) -> None:
    """Also after a command that takes another umask, as those of the server's own machine do."""
    here = tmp_path / "here"
    here.mkdir()
    command.execute("git", "init", "-q", ".", cwd=here, env=env)
    before = os.umask(umask)
    try:
        command.run("db", "upgrade", "--data-dir", "data", cwd=here, env=env)
        done = command.run("hooks", "install", "--hooks-dir", "hooks", cwd=here, env=env)
    finally:
        os.umask(before)
    assert done.code == 0, done.text
    assert (here / "data" / "toolcrib.db").stat().st_mode & 0o777 == 0o600
    assert (here / "hooks").stat().st_mode & 0o777 == 0o777 & ~umask


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_to_the_launcher_ends_the_command_as_it_would(
    number: signal.Signals, env: dict[str, str], tmp_path: Path
) -> None:
    ends = []
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        for program in (command.installed(), command.launcher(env)):
            process = subprocess.Popen(
                [program, "locks", "--url", url], cwd=tmp_path, env=env, stderr=subprocess.PIPE
            )
            asked, _ = silent.accept()
            process.send_signal(number)
            _, err = process.communicate(timeout=30)
            asked.close()
            ends.append((process.returncode, err))
    assert ends[0] == ends[1]


def test_a_launcher_that_is_killed_takes_the_command_with_it(env: dict[str, str], tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        process = subprocess.Popen([command.launcher(env), "locks", "--url", url], cwd=tmp_path, env=env)
        asked, _ = silent.accept()
        process.kill()
        process.wait()
        asked.settimeout(30)
        while asked.recv(65536):  # what it asked; then the end of the connection, for nobody holds it
            pass
        asked.close()
