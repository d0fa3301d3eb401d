"""What a run of Ansible starts in place of ssh, and what ssh starts in turn. Begins quickly: it imports no package.

helper.py ssh SOCKET HOST ARGUMENTS…     ssh, with this host's own options, and no more output than is read
helper.py askpass SOCKET HOST PROMPT     prints the host's password, if that is asked for
helper.py relay SOCKET                   connects standard input and output to a socket: the way by a jump host
"""

import contextlib
import json
import os
import selectors
import socket
import subprocess
import sys
from typing import IO, Any

CHUNK = 65536


def ask(place: str, question: dict[str, Any]) -> Any:
    """Return what the run's socket answers."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(place)
        connection.sendall(json.dumps(question).encode() + b"\n")
        with connection.makefile("rb") as answers:
            return json.loads(answers.readline())


class Output:
    """One of ssh's two outputs on its way to Ansible."""

    def __init__(self, pipe: IO[bytes] | None, to: int) -> None:
        assert pipe
        self.pipe, self.to, self.size, self.line = pipe, to, 0, b""

    def pass_on(self, ends: tuple[bytes, ...]) -> bool | None:
        """Hand on what there is. Returns None at the end, else whether a line of it begins like one of `ends`."""
        data = os.read(self.pipe.fileno(), CHUNK)
        if not data:
            return None
        self.size += len(data)
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(self.to, rest) :]
        # Only the beginning of a line matters, so a long one is not kept.
        lines = (self.line + data).split(b"\n")
        self.line = lines.pop()[:200]
        return any(line.startswith(ends) for line in lines)


def ssh(place: str, host: str, *arguments: str) -> int:
    told = ask(place, {"ask": "ssh", "host": host})
    environment = {**os.environ, **told["environment"]}
    process = subprocess.Popen(  # noqa: S603
        [told["program"], *told["options"], *arguments],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment, start_new_session=True,
    )  # fmt: skip
    os.close(0)
    ends = tuple(end.encode() for end in told["ends"])
    outputs = [Output(process.stdout, 1), Output(process.stderr, 2)]
    with selectors.DefaultSelector() as selector:
        for output in outputs:
            selector.register(output.pipe, selectors.EVENT_READ, output)
        while selector.get_map():
            for key, _ in selector.select():
                is_last = key.data.pass_on(ends)
                if is_last is None:
                    selector.unregister(key.fileobj)
                elif is_last and key.data.to == 1:
                    # What the script left in the background may hold the channel open.
                    process.kill()
                    return 0
                elif sum(output.size for output in outputs) > told["most"]:
                    process.kill()
                    return 1
    code = process.wait()
    return code if code >= 0 else 255


def askpass(place: str, host: str, prompt: str) -> int:
    if "assword" not in prompt:
        return 1
    sys.stdout.write(ask(place, {"ask": "password", "host": host}) + "\n")
    return 0


def relay(place: str) -> int:
    with socket.socket(socket.AF_UNIX) as connection, selectors.DefaultSelector() as selector:
        connection.connect(place)
        selector.register(0, selectors.EVENT_READ)
        selector.register(connection, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                if key.fileobj == 0:
                    data = os.read(0, CHUNK)
                    if data:
                        connection.sendall(data)
                    else:
                        selector.unregister(0)
                        connection.shutdown(socket.SHUT_WR)
                else:
                    data = connection.recv(CHUNK)
                    if not data:
                        return 0
                    rest = memoryview(data)
                    while rest:
                        rest = rest[os.write(1, rest) :]


if __name__ == "__main__":
    with contextlib.suppress(BrokenPipeError, ConnectionError):
        what = {"ssh": ssh, "askpass": askpass, "relay": relay}[sys.argv[1]]
        sys.exit(what(*sys.argv[2:]))  # type: ignore[operator]
    sys.exit(255)
