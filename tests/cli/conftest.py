"""People at their machines: the real `toolcrib` command, real git and git-lfs, a real server."""

from __future__ import annotations

import json
import re
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest

from tests.cli.git import Clone, git_environment, new_bare, new_clone
from tests.conftest import shared_server
from tests.servers import command
from tests.servers.command import Done
from tests.servers.environment import PASSWORD, SINGLE
from tests.servers.process import program
from tests.servers.toolcrib import ToolcribServer


@pytest.fixture(scope="session")
def crib(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ToolcribServer]:
    """One server for all tests that do not stop or change it: they keep apart by their project."""
    server = shared_server(tmp_path_factory.mktemp("crib") / "data", **SINGLE)
    yield server
    server.close()


@pytest.fixture
def project(request: pytest.FixtureRequest) -> str:
    """A project of this test alone. Nobody registered it, so it is open to every signed-in user."""
    return re.sub(r"[^a-zA-Z0-9]+", "-", request.node.name).strip("-")[:200]


@dataclass
class Person:
    """Somebody with a home folder, a login name, and a working directory.

    `program` is the command they type: the installed one, or what stands for it and starts faster.
    """

    name: str
    home: Path
    server: ToolcribServer
    project: str
    cwd: Path
    program: Path
    env: dict[str, str] = field(default_factory=dict)

    def run(
        self,
        *arguments: str | Path,
        code: int | None = 0,
        stdin: str | bytes = b"",
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
    ) -> Done:
        """`toolcrib …`, which must end with `code` (None: with any)."""
        raw = stdin.encode() if isinstance(stdin, str) else stdin
        where: dict[str, Any] = {"cwd": cwd or self.cwd, "env": {**self.env, **(env or {})}, "stdin": raw}
        if self.program == command.installed():
            done = command.execute(self.program, *arguments, **where)
        else:
            done = command.run(*arguments, program=self.program, **where)
        assert code is None or done.code == code, f"exit {done.code}: {done.text}"
        assert "Traceback" not in done.err, done.err
        return done

    def json(self, *arguments: str | Path, code: int = 0, **more: Any) -> Any:
        """What `toolcrib … --json` prints."""
        return json.loads(self.run(*arguments, "--json", code=code, **more).out)

    def json_lines(self, *arguments: str | Path) -> list[Any]:
        """What `toolcrib … --json` prints, one value a line."""
        return [json.loads(line) for line in self.run(*arguments, "--json").out.splitlines()]

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """`toolcrib …` in the background; the caller ends it."""
        return subprocess.Popen(
            [command.installed(), *arguments],
            cwd=self.cwd,
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            # The test run may ignore it (`nohup`), and its children would too.
            preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL),  # noqa: PLW1509 - nothing else runs there
        )

    def be_signed_in(self) -> None:
        """What a sign-in leaves behind, without the time that one takes."""
        token = self.client.headers["Authorization"].removeprefix("Bearer ")
        servers = {self.server.url: {"token": token, "username": self.name}}
        file = self.home / ".config" / "toolcrib" / "credentials.json"
        file.parent.mkdir(parents=True)
        file.write_text(json.dumps({"servers": servers, "default": self.server.url}))
        file.chmod(0o600)

    def sign_in(self) -> None:
        self.run(
            "login", "--url", self.server.url, "-u", self.name, "--password-stdin", stdin=PASSWORD + "\n"
        )

    def api_key(self, name: str = "test", *scopes: str) -> str:
        body = {"name": name, **({"scopes": scopes} if scopes else {})}
        key: str = self.client.post("/api/users/me/keys", json=body).json()["key"]
        return key

    @property
    def client(self) -> Any:
        """The same person over plain HTTP."""
        return self.server.user(self.name) if self.name != "admin" else self.server.admin

    def locks(self) -> dict[str, dict[str, Any]]:
        """The project's locks by path, as the REST API tells them."""
        rows = self.client.get("/api/locks", params={"project": self.project}).json()
        return {row["asset_path"]: row for row in rows}

    def holds(self) -> set[str]:
        return {path for path, row in self.locks().items() if row["locked_by"] == self.name}

    def new_clone(self, name: str = "clone") -> Clone:
        """A new repository, and from now on the person's working directory."""
        clone = new_clone(self.home / name, self.env)
        self.cwd = clone.root
        return clone

    def new_bare(self, name: str = "game.git") -> Clone:
        return new_bare(self.home / name, self.env)


@pytest.fixture
def person(
    crib: ToolcribServer, project: str, tmp_path: Path, request: pytest.FixtureRequest
) -> Callable[..., Person]:
    """`person("ann")`: an account and a home folder, signed in unless asked otherwise."""
    is_installed = request.node.get_closest_marker("installed") is not None

    def make(name: str, *, signed_in: bool = True, server: ToolcribServer = crib) -> Person:
        home = tmp_path / name
        home.mkdir()
        env = git_environment(home, TOOLCRIB_PROJECT=project, PYTHONUTF8="1")
        program = command.installed() if is_installed else command.launcher(env)
        if name != "admin":
            server.user(name)
        one = Person(name, home, server, project, home, program, env)
        if signed_in:
            one.be_signed_in()
        return one

    return make


@pytest.fixture
def ann(person: Callable[..., Person]) -> Person:
    return person("ann")


@pytest.fixture
def ben(person: Callable[..., Person]) -> Person:
    return person("ben")


@pytest.fixture
def admin(person: Callable[..., Person]) -> Person:
    return person("admin")


@pytest.fixture(scope="session")
def git_lfs() -> str:
    return program("git-lfs")


def answer_of(done: Done) -> dict[str, Any]:
    """The JSON line on standard error that tells a program why a command failed."""
    return cast(dict[str, Any], json.loads(done.err.strip().splitlines()[-1]))
