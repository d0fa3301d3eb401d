"""Run one script on a host over one channel, bounded in bytes, with every secret on the channel's input."""

from __future__ import annotations

import asyncio
import secrets
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files

import asyncssh

from toolcrib.machines.hosts.connections import Connection, HostFailed
from toolcrib.machines.hosts.driver import Host, Problem

ANSWER_BYTES = 256 * 1024
"""A host that says more is cut off."""
QUESTION_BYTES = 8 * 1024
"""The same before the script is sent: what sudo asks, and what a login says first."""
OPEN_SECONDS = 5.0
"""A kept connection over which no channel opens for so long is dead."""


class StaleConnection(Exception):
    """A kept connection turned out to be dead before anything was sent over it."""


@dataclass
class Answer:
    """What a script said: its own lines, split into words, and everything else."""

    lines: list[list[str]] = field(default_factory=list)
    output: str = ""
    complete: bool = False


@cache
def _text(name: str) -> str:
    return files("toolcrib.machines.hosts").joinpath("scripts", f"{name}.sh").read_text()


def compose(name: str, values: Mapping[str, str]) -> str:
    """Return the script `name`, which begins with these values. The shell reads it whole before it runs any."""
    head = "".join(f"{key}={shlex.quote(value)}\n" for key, value in values.items())
    return f"main() {{\n{head}{_text('common')}{_text(name)}\n{name}\n}}\nmain </dev/null\nexit\n"


class _Talk(asyncssh.SSHClientSession[bytes]):
    def __init__(self, nonce: str, script: bytes, password: str | None) -> None:
        self.nonce, self.script, self.password = nonce, script, password
        self.ends = (f"{nonce} done".encode(), f"{nonce} problem ".encode())
        self.out = bytearray()
        self.err = bytearray()
        self.over = asyncio.get_running_loop().create_future()
        self.too_much = self.asked_twice = False
        self.answered = False
        self.ready = False
        self.read_to = 0  # where the first line begins that was not looked at

    def connection_made(self, chan: asyncssh.SSHClientChannel[bytes]) -> None:
        self.chan = chan

    def send(self) -> None:
        self.ready = True
        self.chan.write(self.script)
        self.chan.write_eof()

    def data_received(self, data: bytes, datatype: int | None) -> None:
        if self.over.done():
            return
        (self.err if datatype else self.out).extend(data)
        most = ANSWER_BYTES if self.ready else QUESTION_BYTES
        if len(self.out) + len(self.err) > most:
            self.too_much = True
            self.finish()
        elif not self.ready:
            self._sign_in()
        elif not datatype and b"\n" in data and any(line.startswith(self.ends) for line in self._new_lines()):
            # What the command left in the background may hold the channel open.
            self.finish()

    def _new_lines(self) -> list[bytes]:
        """Return the lines that are whole since the last time. Each byte is looked at once: a host may send its answer
        a byte at a time."""
        end = self.out.rfind(b"\n", self.read_to) + 1
        lines = bytes(self.out[self.read_to : end]).split(b"\n")
        self.read_to = end
        return lines

    def _sign_in(self) -> None:
        """Answer sudo's question for the password, and send the script once the shell runs."""
        asked = self.err.count(f"{self.nonce}-password".encode())
        if f"{self.nonce}-ready\n".encode() in self.out:
            self.send()
        elif asked > 1 or (asked and self.password is None):
            self.asked_twice = True
            self.finish()
        elif asked and not self.answered:
            self.answered = True
            self.chan.write(f"{self.password}\n".encode())

    def finish(self) -> None:
        if not self.over.done():
            self.over.set_result(None)

    def connection_lost(self, exc: Exception | None) -> None:
        self.finish()


async def run_script(
    connection: Connection, host: Host, name: str, values: Mapping[str, str], *, as_root: bool
) -> Answer:
    """Run the packaged script `name` with these values.

    Raises HostFailed, or StaleConnection if nothing was sent.
    """
    nonce = secrets.token_hex(16)
    script = compose(name, {"nonce": nonce, **values})
    sudo = as_root and host.sudo
    command = "exec /bin/sh -s"
    if sudo:
        # sudo asks for a password or not; only what follows the shell's own word may be the script.
        inner = f"echo {nonce}-ready; exec /bin/sh -s"
        command = f"exec sudo -k -S -p {nonce}-password /bin/sh -c {shlex.quote(inner)}"
    talk = _Talk(nonce, script.encode(), host.password if sudo else None)
    try:
        async with asyncio.timeout(OPEN_SECONDS if connection.reused else None):
            channel, _ = await connection.ssh.create_session(
                lambda: talk, command, encoding=None, window=ANSWER_BYTES
            )
    except (TimeoutError, asyncssh.Error, OSError) as failure:
        if connection.reused:
            raise StaleConnection from failure
        raise HostFailed(Problem.FAILED, "The host opens no session.") from failure
    try:
        if not sudo:
            talk.send()
        await talk.over
    finally:
        channel.abort()
    output = bytes(talk.err) if not sudo else bytes(talk.err).replace(f"{nonce}-password".encode(), b"")
    answer = read_answer(bytes(talk.out).decode("utf-8", "replace"), nonce)
    answer.output = f"{answer.output}\n{output.decode('utf-8', 'replace')}"
    if talk.too_much:
        raise HostFailed(Problem.GARBAGE, "The host said more than the pool reads.", output=answer.output)
    if talk.asked_twice or (sudo and not talk.ready):
        raise HostFailed(Problem.REFUSED, "The manager may not become root by sudo.", output=answer.output)
    if not answer.complete:
        if connection.ssh.is_closed():
            raise HostFailed(
                Problem.UNREACHABLE, "The connection broke while it was done.", output=answer.output
            )
        raise HostFailed(Problem.GARBAGE, "The host did not run the pool's script.", output=answer.output)
    return answer


def read_answer(out: str, nonce: str) -> Answer:
    """Return what a script said that was composed with this nonce."""
    answer = Answer()
    rest: list[str] = []
    for line in out.split("\n"):
        first, _, text = line.partition(" ")
        if first != nonce:
            if first != f"{nonce}-ready":
                rest.append(line)
            continue
        words = text.split(" ", 2)
        answer.lines.append(words)
        answer.complete = answer.complete or words[0] in ("done", "problem")
    answer.output = "\n".join(rest)
    return answer
