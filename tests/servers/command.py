"""The `toolcrib` command, run in forks of a process that has loaded it: what it does and says is the same, and the
third of a second that every start of the interpreter takes is spent once.

`run` is for tests. `launcher` is a program file that does the same, for git, hooks and shells. What a test kills, or
gives a terminal, is the `installed` command itself; so are the commands of tests marked `installed`.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import pkgutil
import selectors
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.servers import fork_server
from tests.servers.environment import toolcrib
from tests.servers.process import Process
from toolcrib import cli

FORKS = sys.platform == "linux"  # pidfd; elsewhere every call starts the installed command
# What the interpreter looks at only when it starts.
AT_START = ("PYTHON", "LC_", "LANG")
SERVERS_OWN = ("serve", "worker", "db", "admin", "storage")  # run the server's code, which is slow to load
TIMEOUT = 120


@dataclass(frozen=True)
class Done:
    """What a program answered."""

    code: int
    out: str
    err: str

    @property
    def text(self) -> str:
        return self.out + self.err


def installed() -> Path:
    """The command as it is installed beside this Python."""
    return Path(toolcrib())


def run(
    *arguments: str | Path,
    cwd: Path,
    env: Mapping[str, str],
    stdin: bytes = b"",
    program: Path | None = None,
) -> Done:
    """`toolcrib …` in a fork, which takes itself to be called by the name `program` (default: the installed one)."""
    argv = [str(program or installed()), *map(str, arguments)]
    if not FORKS:
        return execute(*argv, cwd=cwd, env=env, stdin=stdin)
    return _communicate(argv, cwd=cwd, env=env, stdin=stdin)


def execute(*command: str | Path, cwd: Path, env: Mapping[str, str], stdin: bytes = b"") -> Done:
    """Any other program."""
    done = subprocess.run(
        [str(one) for one in command],
        cwd=cwd,
        env=dict(env),
        input=stdin,
        capture_output=True,
        timeout=TIMEOUT,
        check=False,
    )
    return _done(done.returncode, done.stdout, done.stderr)


def launcher(env: Mapping[str, str]) -> Path:
    """A program file named `toolcrib`, alone in its folder, for processes with this environment and all they start."""
    return _launcher(_at_start(env)) if FORKS else installed()


def _done(code: int, out: bytes, err: bytes) -> Done:
    return Done(code, out.decode(errors="surrogateescape"), err.decode(errors="surrogateescape"))


def _tier(arguments: Sequence[str]) -> str:
    return "server" if arguments and arguments[0] in SERVERS_OWN else "client"


Variables = tuple[tuple[str, str], ...]


def _at_start(env: Mapping[str, str]) -> Variables:
    return tuple(sorted((name, value) for name, value in env.items() if name.startswith(AT_START)))


@cache
def _scratch() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="toolcrib-forks-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def _modules(tier: str) -> Iterator[str]:
    """All that a command may load on its way."""
    for module in pkgutil.walk_packages(cli.__path__, "toolcrib.cli."):
        if tier == "server" or module.name.rpartition(".")[2] not in ("serve", "serving"):
            yield module.name
    yield from ("httpx", "httpcore", "anyio", "encodings.idna", "csv", "zoneinfo", "zipfile")
    yield from ("rich.console", "rich.table", "rich.progress")
    if tier == "server":
        yield from ("toolcrib.server", "toolcrib.kernel.migrate", "toolcrib.kernel.blobs.local")
        yield from ("toolcrib.kernel.sqlite_dialect", "aiosqlite", "encodings.ascii")


@cache
def _server(tier: str, variables: Variables) -> str:
    """The socket of a fork server; it lives as long as this process."""
    address = _scratch() / f"{tier}-{abs(hash(variables)):x}"
    env = {name: value for name, value in os.environ.items() if not name.startswith(AT_START)}
    process = Process(
        [sys.executable, "-P", fork_server.__file__, str(address), toolcrib(), *_modules(tier)],
        output=address.with_suffix(".log"),
        env=env | dict(variables),
    )
    atexit.register(process.kill)
    process.wait_ready(address.exists)
    return str(address)


@cache
def _launcher(variables: Variables) -> Path:
    address = _server("client", variables)
    file = Path(address + ".bin") / "toolcrib"
    file.parent.mkdir()
    code = Path(__file__).with_name("launcher.py").read_text(encoding="utf-8")
    file.write_text(f"#!{sys.executable} -IS\n{code}\n\nmain({address!r}, __file__)\n", encoding="utf-8")
    file.chmod(0o755)
    return file


class _Fork:
    """A process of a fork server, with what `subprocess.Popen` has. It is killed when this is collected before it ends.

    `streams` are its standard input, output and error; the caller's own are closed.
    """

    def __init__(
        self,
        argv: Sequence[str],
        *,
        cwd: Path,
        env: Mapping[str, str],
        streams: Sequence[int],
        leads: bool = False,
    ) -> None:
        self.args = argv
        self.returncode: int | None = None
        self._connection = socket.socket(socket.AF_UNIX)
        self._connection.connect(_server(_tier(argv[1:]), _at_start(env)))
        place = os.open(cwd, os.O_RDONLY)
        umask = os.umask(0)
        os.umask(umask)
        numbers = [str(umask), str(int(leads)), str(len(argv))]
        fields = [*numbers, *argv, *(f"{name}={value}" for name, value in env.items())]
        body = b"\0".join(os.fsencode(one) for one in fields)
        socket.send_fds(self._connection, [fork_server.LENGTH.pack(len(body))], [place, *streams])
        self._connection.sendall(body)
        for descriptor in (place, *streams):
            os.close(descriptor)
        self.pid = self._number()

    def _number(self) -> int:
        number: int = fork_server.ANSWER.unpack(self._connection.recv(fork_server.ANSWER.size))[0]
        return number

    def poll(self) -> int | None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self.wait(0)
        return None

    def wait(self, timeout: float | None = None) -> int:
        if self.returncode is None:
            self._connection.settimeout(timeout)
            try:
                self.returncode = self._number()
            except (TimeoutError, BlockingIOError):
                raise subprocess.TimeoutExpired(list(self.args), timeout or 0) from None
            self._connection.close()
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)


class ForkedProcess(Process):
    """`toolcrib …`, like `Process`."""

    def __init__(self, argv: Sequence[str], *, output: Path, env: Mapping[str, str]) -> None:
        self.argv = list(argv)
        self.output = output
        log = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
        streams = [os.open(os.devnull, os.O_RDONLY), log, os.dup(log)]
        self._child = _Fork(self.argv, cwd=Path(), env=env, streams=streams, leads=True)


# For a command in the background.
Background: type[Process] = ForkedProcess if FORKS else Process


def _communicate(argv: Sequence[str], *, cwd: Path, env: Mapping[str, str], stdin: bytes) -> Done:
    theirs_in, ours_in = os.pipe()
    ours_out, theirs_out = os.pipe()
    ours_err, theirs_err = os.pipe()
    process = _Fork(argv, cwd=cwd, env=env, streams=[theirs_in, theirs_out, theirs_err])
    deadline = time.monotonic() + TIMEOUT
    output: dict[int, bytearray] = {ours_out: bytearray(), ours_err: bytearray()}
    rest = memoryview(stdin)
    os.set_blocking(ours_in, False)
    with selectors.DefaultSelector() as watched:
        for descriptor in output:
            watched.register(descriptor, selectors.EVENT_READ)
        watched.register(ours_in, selectors.EVENT_WRITE)
        while watched.get_map():
            ready = watched.select(deadline - time.monotonic())
            if not ready:
                raise subprocess.TimeoutExpired(list(argv), TIMEOUT)
            for key, _ in ready:
                if key.fd == ours_in:
                    try:
                        rest = rest[os.write(ours_in, rest) :] if rest else rest
                    except BrokenPipeError:  # it does not want it all
                        rest = rest[:0]
                    is_over = not rest
                else:
                    block = os.read(key.fd, 65536)
                    output[key.fd] += block
                    is_over = not block
                if is_over:
                    watched.unregister(key.fd)
                    os.close(key.fd)
    code = process.wait(max(0.1, deadline - time.monotonic()))
    return _done(code, *map(bytes, output.values()))
