"""Connections that send nothing, or a head that never ends, take no room from others. The strangers here come from
addresses of their own: all of 127.0.0.0/8 is this machine."""

from __future__ import annotations

import json
import resource
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.servers.toolcrib import ToolcribServer

ALL, EACH = 16, 6
PROXY = "127.0.0.2"
GET = "GET {} HTTP/1.1\r\nHost: x\r\n{}\r\n"


@pytest.fixture
def crib(server: Callable[..., ToolcribServer]) -> ToolcribServer:
    return server(
        MAX_CONNECTIONS=ALL,
        CONNECTIONS_PER_ADDRESS=EACH,
        HEAD_SECONDS=4,
        KEEP_ALIVE_SECONDS=1,
        TRUSTED_PROXIES=PROXY,
    )


@pytest.fixture
def lines() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def connect(crib: ToolcribServer, lines: ExitStack, source: str) -> socket.socket:
    line = socket.create_connection(("127.0.0.1", crib.port), timeout=20, source_address=(source, 0))
    return lines.enter_context(line)


def ask(line: socket.socket, path: str, **headers: str) -> tuple[int, str]:
    """Status and what follows, up to where the server pauses."""
    said = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    line.sendall(GET.format(path, said).encode())
    answer = b""
    while b"\r\n\r\n" not in answer:
        piece = line.recv(65_536)
        if not piece:
            return 0, ""
        answer += piece
    return int(answer.split()[1]), answer.decode()


def is_closed(line: socket.socket) -> bool:
    """Whether the server closes it before the test's patience ends."""
    try:
        return line.recv(1) == b""
    except ConnectionError:
        return True


def test_silence_ends_and_health_is_answered_meanwhile(
    server: Callable[..., ToolcribServer], lines: ExitStack
) -> None:
    crib = server(MAX_CONNECTIONS=ALL, CONNECTIONS_PER_ADDRESS=EACH, HEAD_SECONDS=24)
    crib.client.close()
    silent = [connect(crib, lines, f"127.0.1.{number % 200}") for number in range(ALL + 6)]
    watcher, other = connect(crib, lines, "127.0.0.9"), connect(crib, lines, "127.0.0.10")
    assert ask(watcher, "/health?x")[0] == 200
    status, answer = ask(other, "/api/locks")
    assert status == 503
    assert json.loads(answer.partition("\r\n\r\n")[2])["code"] == "server_full"
    assert is_closed(other)
    for line in silent:
        assert is_closed(line)
    assert ask(connect(crib, lines, "127.0.0.10"), "/api/locks")[0] == 401


def test_one_address_has_only_its_share(crib: ToolcribServer, lines: ExitStack) -> None:
    for _ in range(EACH):
        connect(crib, lines, "127.0.0.3")
    assert is_closed(connect(crib, lines, "127.0.0.3"))
    assert ask(connect(crib, lines, "127.0.0.4"), "/api/locks")[0] == 401


def test_behind_a_proxy_the_forwarded_address_counts(crib: ToolcribServer, lines: ExitStack) -> None:
    token = crib.user("ann").headers["Authorization"]

    def from_address(address: str, path: str = "/api/events/stream") -> int:
        line = connect(crib, lines, PROXY)
        return ask(line, path, X_Forwarded_For=address, Authorization=token)[0]

    assert [from_address("203.0.113.5") for _ in range(EACH)] == [200] * EACH
    assert from_address("203.0.113.5") == 429
    assert from_address("203.0.113.5", "/health") == 200
    assert from_address("203.0.113.6", "/api/currentuser") == 200
    assert from_address("2001:db8::1", "/api/currentuser") == 200


def test_a_head_may_not_take_long_nor_be_long(crib: ToolcribServer, lines: ExitStack) -> None:
    slow, long, idle = (connect(crib, lines, f"127.0.0.{number}") for number in (3, 4, 5))
    assert ask(idle, "/health")[0] == 200
    idle.sendall(b"GET /he")
    slow.setblocking(False)
    began = time.monotonic()
    ended = False
    slow.sendall(b"GET / HTTP/1.1\r\n")
    while not ended and time.monotonic() < began + 15:
        try:
            slow.sendall(b"A: b\r\n")
            ended = slow.recv(1) == b""
        except BlockingIOError:
            time.sleep(0.1)  # the pace of the attack
        except ConnectionError:
            ended = True
    assert ended
    assert is_closed(idle), "a second head has no more time than the first"
    with pytest.raises(ConnectionError):  # noqa: PT012 - whichever write is the first too many
        for _ in range(10_000):
            long.sendall(b"A: " + b"b" * 1_000 + b"\r\n")
        long.sendall(b"\r\n")


def test_trailers_without_end_are_cut(crib: ToolcribServer, lines: ExitStack) -> None:
    line = connect(crib, lines, "127.0.0.3")
    line.sendall(b"POST /api/login HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n")
    with pytest.raises(ConnectionError):  # noqa: PT012 - whichever write is the first too many
        for _ in range(10_000):
            line.sendall(b"A: " + b"b" * 1_000 + b"\r\n")
        line.sendall(b"\r\n")


def test_an_idle_connection_may_stay_longer_than_a_head_may_take(
    server: Callable[..., ToolcribServer], lines: ExitStack
) -> None:
    crib = server(HEAD_SECONDS=1, KEEP_ALIVE_SECONDS=30)
    line, silent = connect(crib, lines, "127.0.0.3"), connect(crib, lines, "127.0.0.3")
    assert ask(line, "/health")[0] == 200
    assert is_closed(silent)
    assert ask(line, "/health")[0] == 200


def test_while_all_connections_are_taken_idle_ones_are_closed_soon(
    server: Callable[..., ToolcribServer], lines: ExitStack
) -> None:
    crib = server(MAX_CONNECTIONS=ALL, KEEP_ALIVE_SECONDS=60)
    idle = [connect(crib, lines, f"127.0.0.{number + 3}") for number in range(ALL)]
    assert {ask(line, "/health")[0] for line in idle} == {200}
    began = time.monotonic()
    assert all(is_closed(line) for line in idle)
    assert time.monotonic() < began + 10


def test_a_refused_body_may_not_come_for_ever(crib: ToolcribServer, lines: ExitStack) -> None:
    line = connect(crib, lines, "127.0.0.3")
    line.sendall(b"POST /api/locks/bulk HTTP/1.1\r\nHost: x\r\nContent-Length: 40000000\r\n\r\n")
    assert b" 401 " in line.recv(65_536)
    began = time.monotonic()
    with pytest.raises(ConnectionError):  # noqa: PT012 - whichever write is the first too late
        while time.monotonic() < began + 15:
            line.sendall(b"x")
            time.sleep(0.1)  # the pace of the attack


@pytest.mark.installed  # so that it inherits this process's limit
def test_the_limit_of_descriptors_is_raised(server: Callable[..., ToolcribServer]) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (900, hard))
    try:
        crib = server()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    limits = Path(f"/proc/{crib.pid}/limits").read_text(encoding="ascii")
    found = next(line.split()[3] for line in limits.splitlines() if line.startswith("Max open files"))
    assert int(found) == (65_536 if hard == resource.RLIM_INFINITY else min(65_536, hard))


UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec_WebSocket_Version": "13",
    "Sec_WebSocket_Key": "dGhlIHNhbXBsZSBub25jZQ==",
    "Sec_WebSocket_Protocol": "binary",
}
VIEW = "/api/desktops/view"


# What HTTP has and no WebSocket.
HEADS: list[tuple[str, dict[str, str], int]] = [
    (VIEW, {"X": "a" * 9_000}, 431),
    (VIEW, {f"X{number}": "a" for number in range(200)}, 431),
    (f"{VIEW}?{'a' * 9_000}", {}, 431),
    (VIEW, {"Content_Length": "5"}, 400),
]


def test_a_head_that_no_websocket_has_is_answered_and_takes_no_room(
    crib: ToolcribServer, lines: ExitStack
) -> None:
    for path, headers, status in HEADS:
        line = connect(crib, lines, "127.0.0.9")
        found, answer = ask(line, path, **UPGRADE, **headers)
        assert found == status
        assert json.loads(answer.partition("\r\n\r\n")[2])["message"]
        assert is_closed(line)


def test_who_sends_many_frames_to_a_closed_websocket_is_cut_off(
    crib: ToolcribServer, lines: ExitStack
) -> None:
    line = connect(crib, lines, "127.0.0.9")
    head = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in UPGRADE.items())
    line.sendall(GET.format(VIEW, head).encode())
    answer = b""
    while b"A ticket is needed" not in answer:
        answer += line.recv(65_536)
    line.settimeout(5)  # who only takes their time has ten seconds to answer that it is closed
    while b"subprotocol." not in answer:
        answer += line.recv(65_536)
    line.sendall(b"\x82\x80\0\0\0\0" * 300)
    assert is_closed(line)
