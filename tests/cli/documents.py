"""What the tests of `toolcrib docs` share: a project of the test's own, and a wire that can be held and cut."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

from tests.cli.conftest import Person

KIB, MIB = 1024, 1024 * 1024


def new_project(owner: Person, **members: Person) -> str:
    """A registered project of `owner`; `members` by role. Its name."""
    name = f"p{uuid4().hex[:10]}"
    made = owner.client.post("/api/projects", json={"name": name})
    assert made.status_code == 201, made.text
    for role, member in members.items():
        url = f"/api/projects/{made.json()['id']}/members/{member.name}"
        owner.client.put(url, json={"role": role}).raise_for_status()
    return name


def company_of(admin: Person, *people: Person) -> str:
    """A new company of these people. Its id."""
    made = admin.client.post("/api/companies", json={"name": f"c{uuid4().hex[:10]}"}).json()
    for one in people:
        url = f"/api/companies/{made['id']}/members/{one.name}"
        admin.client.put(url, json={"role": "member"}).raise_for_status()
    company: str = made["id"]
    return company


def write(person: Person, name: str, content: str | bytes) -> Path:
    """A file in the person's working directory."""
    file = person.cwd / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return file


def put(person: Person, place: str, content: str | bytes, *more: str) -> dict[str, Any]:
    """Send this content as the newest version of a place."""
    file = write(person, f".sent-{uuid4().hex}", content)
    (sent,) = person.json("docs", "put", file, place, *more)
    file.unlink()
    found: dict[str, Any] = sent
    return found


def content(person: Person, place: str, *more: str) -> str:
    return person.run("docs", "get", place, "-", *more).out


class Wire:
    """A port that leads to a server. It counts what passes, can stop in mid-transfer, and can be cut.

    `hold_up` and `hold_down` are how many bytes may pass; at that point everything stops until `cut`.
    """

    def __init__(self, port: int) -> None:
        self._target = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.hold_up: int | None = None
        self.hold_down: int | None = None
        self.refuses = False
        self.connections = 0
        self.held = threading.Event()
        self._cut = threading.Event()
        self._open: list[socket.socket] = []
        self.up = self.down = 0
        threading.Thread(target=self._listen, daemon=True).start()

    def reset(self) -> None:
        """As new, for another run."""
        self.cut()
        self.hold_up = self.hold_down = None
        self.refuses = False
        self.up = self.down = self.connections = 0
        self.held.clear()
        self._cut = threading.Event()

    def cut(self) -> None:
        """End all connections as they are."""
        self._cut.set()
        for one in self._open:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        self._open.clear()

    def close(self) -> None:
        self._listener.close()
        self.cut()

    def _listen(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            if self.refuses:
                near.close()
                continue
            far = socket.create_connection(("127.0.0.1", self._target))
            self._open += [near, far]
            for source, sink, is_up in ((near, far, True), (far, near, False)):
                threading.Thread(target=self._pump, args=(source, sink, is_up), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket, is_up: bool) -> None:
        cut = self._cut
        with suppress(OSError):
            while not cut.is_set() and (block := source.recv(64 * KIB)):
                passed, most = (self.up, self.hold_up) if is_up else (self.down, self.hold_down)
                if most is not None and passed + len(block) > most:
                    self.held.set()
                    cut.wait()
                    return
                sink.sendall(block)
                if is_up:
                    self.up += len(block)
                else:
                    self.down += len(block)
        for one in (source, sink):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)


def through(person: Person, wire: Wire) -> dict[str, str]:
    """The environment in which the person's commands go through the wire."""
    token: str = person.client.headers["Authorization"].removeprefix("Bearer ")
    return {"TOOLCRIB_URL": wire.url, "TOOLCRIB_TOKEN": token}
