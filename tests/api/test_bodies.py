"""Bodies are read of known senders only, as they arrive, and within bounds. Over bare sockets: it matters what was sent
when the answer comes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.api.test_every_route import PUBLIC, SIGNED, address, operations

if TYPE_CHECKING:
    from tests.servers.inprocess import AppServer

Start = Callable[..., Awaitable["AppServer"]]

MIB = 2**20
KEY_IN_BODY = ("/api/parts", "/api/auth/onshape")
# Longer than any of these takes: it only turns what waits for ever into a failure.
PATIENCE = 20


class Line:
    """One request, of which the test decides when which part is sent."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def send(self, *pieces: bytes) -> None:
        for piece in pieces:
            self.writer.write(piece)
            await self.writer.drain()

    async def answer(self) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body of the next answer."""
        async with asyncio.timeout(PATIENCE):
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            first, *lines = head.strip().split("\r\n")
            headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
            body = await self.reader.readexactly(int(headers.get("content-length", "0")))
        return int(first.split()[1]), headers, body

    async def is_closed(self) -> bool:
        async with asyncio.timeout(PATIENCE):
            return await self.reader.read(1) == b""


@asynccontextmanager
async def line(
    crib: AppServer, method: str, path: str, length: int | None, client: httpx.AsyncClient | None = None
) -> AsyncIterator[Line]:
    """Send the head of a request; `length` None: chunked."""
    reader, writer = await asyncio.open_connection("127.0.0.1", int(crib.url.rpartition(":")[2]))
    head = [f"{method} {path} HTTP/1.1", "Host: x", "Content-Type: application/json"]
    head.append("Transfer-Encoding: chunked" if length is None else f"Content-Length: {length}")
    if client is not None:
        head.append(f"Authorization: {client.headers['Authorization']}")
    writer.write("\r\n".join([*head, "", ""]).encode())
    try:
        yield Line(reader, writer)
    finally:
        writer.close()


@pytest.fixture
async def crib(app_server: Start) -> AppServer:
    return await app_server()


async def test_a_stranger_is_refused_before_the_body(crib: AppServer) -> None:
    """Whatever the route: nothing of the body is sent, and the answer is there."""
    document = await crib.description()
    found = [
        (method, path)
        for method, path in operations(document)
        if (method, path) not in PUBLIC
        and not SIGNED.match(path)
        and method in {"POST", "PUT", "PATCH"}
        # The key may be in the body (parts contract, section 1).
        and not (path.startswith(KEY_IN_BODY) and method in {"POST", "PUT"})
    ]
    assert ("POST", "/api/locks/bulk") in found
    assert ("PATCH", "/api/storage/uploads/{upload_id}") in found
    for method, path in [*found, ("PUT", "/dav/users/x"), ("PROPFIND", "/dav"), ("PROPFIND", "/dav/x")]:
        async with line(crib, method, address(path), 60_000) as sending:
            status, _, _ = await sending.answer()
            assert status == 401, f"{method} {path} -> {status}"
    for path in ("/api/locks/bulk", "/api/locks/check"):
        async with line(crib, "POST", path, 47 * MIB) as sending:
            assert (await sending.answer())[0] == 401, path


async def test_who_may_not_use_an_address_learns_it_from_a_signature(crib: AppServer) -> None:
    async with line(crib, "PUT", "/api/files/uploads/x?signature=x", 60_000) as sending:
        assert (await sending.answer())[0] in {400, 403}


@pytest.mark.parametrize("value", [b"[],", b"{},", b"0,", b'["",0],'])
async def test_too_many_values_are_refused_before_all_have_come(crib: AppServer, value: bytes) -> None:
    ann = await crib.user("ann")
    for path in ("/api/locks/bulk", "/api/locks/check"):
        async with line(crib, "POST", path, 47 * MIB, ann) as sending:
            await sending.send(b'{"action":"lock","paths":[', value * (MIB // len(value)))
            status, _, body = await sending.answer()
        assert status == 400, path
        assert "20000 values" in json.loads(body)["message"], path


async def test_values_are_counted_for_git_lfs_too(crib: AppServer) -> None:
    ann = await crib.user("ann")
    body = b'{"operation":"upload","objects":[' + b",".join([b"{}"] * 340_000) + b"]}"
    answer = await ann.post("/info/lfs/objects/batch", content=body)
    assert answer.status_code == 400
    assert "20000 values" in answer.json()["message"]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b'{"asset_path":"a","branch":"b","x":' + b"[" * 100 + b"]" * 100 + b"}", "nested deeper"),
        (b'{"asset_path":"a","branch":"b","x":' + b"7" * 5_000 + b"}", "a number of more than"),
        ('{"asset_path":"a","branch":"b"}'.encode("utf-16"), "UTF-8"),
    ],
)
async def test_what_a_parser_should_not_see_is_refused(crib: AppServer, body: bytes, says: str) -> None:
    ann = await crib.user("ann")
    for path in ("/api/locks", "/api/locks/renew", "/info/lfs/locks", "/api/storage/folders"):
        answer = await ann.post(path, content=body, headers={"Content-Type": "application/json"})
        assert answer.status_code == 400, path
        assert says in answer.text, path


async def test_brackets_in_a_text_are_text(crib: AppServer) -> None:
    ann = await crib.user("ann")
    body = {"asset_path": '[{,\\"}]' * 100, "branch": "b", "comment": "[" * 2_000}
    assert (await ann.post("/api/locks", json=body)).status_code == 201


async def test_of_many_mistakes_the_first_few_are_told(crib: AppServer) -> None:
    ann = await crib.user("ann")
    body = {"paths": [0] * 9_000, "reason": "x"}
    answer = await ann.post("/api/locks/force-release", json=body)
    assert answer.status_code == 400
    assert 1 <= len(answer.json()["details"]) <= 10


@pytest.mark.parametrize("letter", ["x", "\U0001f512"])
async def test_ten_thousand_long_paths_pass(crib: AppServer, letter: str) -> None:
    ann = await crib.user("ann")
    paths = [f"{number:05}/".ljust(1_024, letter) for number in range(10_000)]
    body = json.dumps({"paths": paths}, ensure_ascii=False).encode()
    answer = await ann.post("/api/locks/check", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 200, answer.text
    assert answer.json() == {"held": [], "mine": []}


async def test_ten_thousand_long_paths_are_locked_and_released(crib: AppServer) -> None:
    ann = await crib.user("ann")
    paths = [f"{number:05}/".ljust(1_024, "x") for number in range(10_000)]
    for action, status in (("lock", 201), ("release", 200)):
        answer = await ann.post("/api/locks/bulk", json={"action": action, "paths": paths}, timeout=120)
        assert answer.status_code == status, answer.text[:500]
        assert answer.json()["count"] == 10_000


async def test_a_body_that_stops_arriving_is_given_up(app_server: Start) -> None:
    crib = await app_server(body_stall_seconds=0.3)
    ann = await crib.user("ann")
    for path in ("/api/locks", "/api/locks/renew", "/api/locks/bulk", "/info/lfs/locks"):
        async with line(crib, "POST", path, 1_000, ann) as sending:
            await sending.send(b'{"asset_path":')
            status, _, body = await sending.answer()
            assert status == 408, path
            assert b"stopped arriving" in body, path
            assert await sending.is_closed(), path
    async with line(crib, "PUT", f"/info/lfs/objects/{'0' * 64}", 1_000, ann) as sending:
        await sending.send(b"x")
        assert (await sending.answer())[0] == 408


async def test_a_body_that_trickles_is_given_up(app_server: Start) -> None:
    crib = await app_server(body_stall_seconds=0.5)
    ann = await crib.user("ann")
    async with line(crib, "POST", "/api/locks", 60_000, ann) as sending:

        async def trickle() -> None:
            with suppress(ConnectionError):
                while True:
                    await sending.send(b" ")
                    await asyncio.sleep(0.05)  # at this pace the whole body would take an hour

        trickling = asyncio.create_task(trickle())
        assert (await sending.answer())[0] == 408
        trickling.cancel()


async def test_a_body_may_take_longer_than_any_one_stop(app_server: Start) -> None:
    crib = await app_server(body_stall_seconds=2)
    ann = await crib.user("ann")
    body = {"asset_path": "a", "branch": "b", "x": "x" * 48_000}
    async with line(crib, "POST", "/api/locks", None, ann) as sending:
        whole = json.dumps(body).encode()
        for start in range(0, len(whole), 1_000):  # for twice as long as the longest stop
            piece = whole[start : start + 1_000]
            await sending.send(b"%x\r\n%s\r\n" % (len(piece), piece))
            await asyncio.sleep(0.08)
        await sending.send(b"0\r\n\r\n")
        assert (await sending.answer())[0] == 201


async def first_of(*answers: Coroutine[Any, Any, Any]) -> Any:
    """What the first of them to end returns; the others are cancelled."""
    tasks = [asyncio.create_task(answer) for answer in answers]
    done, rest = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in rest:
        task.cancel()
    return done.pop().result()


async def test_bodies_under_way_fill_only_so_much_memory(app_server: Start) -> None:
    crib = await app_server(body_memory_bytes=MIB, body_wait_seconds=0.3)
    ann, ben, carla = await crib.user("ann"), await crib.user("ben"), await crib.user("carla")
    path = b'"' + b"x" * 1_000 + b'",'
    async with line(crib, "POST", "/api/locks/check", 500_000, ann) as first:
        await first.send(b'{"paths":[', path * 450)
        async with line(crib, "POST", "/api/locks/check", 400_000, ben) as second:
            await second.send(b'{"paths":[', path * 380)
            # Whichever the server asks for last finds no room.
            status, headers, body = await first_of(first.answer(), second.answer())
            assert status == 503, body
            assert json.loads(body)["code"] == "memory_busy"
            assert int(headers["retry-after"]) > 0
            # Ordinary ones go on meanwhile,
            body_of_lock = {"asset_path": "a", "branch": "b", "comment": "x" * 2_000, "y": "x" * 50_000}
            assert (await carla.post("/api/locks", json=body_of_lock)).status_code == 201
    # and when one has gone, there is room for the next.
    paths: dict[str, Any] = {"paths": ["x" * 1_000] * 380}
    async with asyncio.timeout(PATIENCE):
        while (await ben.post("/api/locks/check", json=paths)).status_code == 503:
            pass


# The second one's body may hold the key that says who sends it.
@pytest.mark.parametrize("path", ["/api/login", "/api/parts/"])
async def test_strangers_together_have_a_quarter_of_it(app_server: Start, path: str) -> None:
    crib = await app_server(body_memory_bytes=MIB, body_wait_seconds=0.3)
    ann = await crib.user("ann")
    async with AsyncExitStack() as stack:
        lines = [await stack.enter_async_context(line(crib, "POST", path, 65_000)) for _ in range(5)]
        for each in lines:
            await each.send(b'{"username":"' + b"x" * 60_000)
        status, _, body = await first_of(*(each.answer() for each in lines))
        assert (status, json.loads(body)["code"]) == (503, "memory_busy")
        paths = {"paths": ["x" * 1_000] * 200}
        assert (await ann.post("/api/locks/check", json=paths)).status_code == 200


async def test_nobody_has_more_than_half_of_it(app_server: Start) -> None:
    crib = await app_server(body_memory_bytes=MIB)
    ann = await crib.user("ann")
    async with line(crib, "POST", "/api/locks/check", 1_100_000, ann) as sending:
        status, _, body = await sending.answer()
    assert status == 413, body


async def checked(crib: AppServer, client: httpx.AsyncClient, body: bytes, *, is_chunked: bool) -> int:
    """The status of a check of paths. The body is sent as the server takes it, a piece at a time."""
    pieces = [body[start : start + 16_384] for start in range(0, len(body), 16_384)]
    async with line(crib, "POST", "/api/locks/check", None if is_chunked else len(body), client) as sending:
        if is_chunked:
            pieces = [*(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces), b"0\r\n\r\n"]
        await sending.send(*pieces)
        return (await sending.answer())[0]


@pytest.mark.parametrize("is_chunked", [False, True])
async def test_a_crowd_with_large_bodies_is_served_one_after_the_other(
    app_server: Start, is_chunked: bool
) -> None:
    """All of them together are five times what may be in memory."""
    crib = await app_server(body_memory_bytes=MIB)
    people = [await crib.user(f"person{number}") for number in range(12)]
    body = json.dumps({"paths": [f"{number:04}".ljust(1_000, "x") for number in range(400)]}).encode()
    found = await asyncio.gather(*(checked(crib, each, body, is_chunked=is_chunked) for each in people))
    assert found == [200] * 12


async def test_who_declares_much_and_sends_little_does_not_keep_others_waiting(app_server: Start) -> None:
    crib = await app_server(body_memory_bytes=MIB, body_stall_seconds=8)
    ann, ben, carla = await crib.user("ann"), await crib.user("ben"), await crib.user("carla")
    async with (
        line(crib, "POST", "/api/locks/check", 500_000, ann) as silent,
        line(crib, "POST", "/api/locks/check", 280_000, ben) as slow,
    ):
        await slow.send(b'{"paths":["')
        # Both have what they need, and there is no room for more, when this begins.
        body = json.dumps({"paths": ["x" * 1_000] * 200}).encode()
        waiting = asyncio.create_task(checked(crib, carla, body, is_chunked=False))
        for each in (silent, slow):
            status, headers, answer = await each.answer()
            assert (status, headers["connection"]) == (408, "close")
            assert b"while others waited" in answer
        assert await waiting == 200


async def test_who_sends_slowly_may_while_there_is_room(app_server: Start) -> None:
    """It takes longer than it could if others waited."""
    crib = await app_server(body_memory_bytes=MIB, body_stall_seconds=1)
    ann, ben = await crib.user("ann"), await crib.user("ben")
    body = json.dumps({"paths": ["x" * 1_000] * 400}).encode()
    async with line(crib, "POST", "/api/locks/check", len(body), ann) as sending:
        for start in range(0, len(body), 40_000):
            await sending.send(body[start : start + 40_000])
            answer = await ben.post("/api/locks/check", json={"paths": ["x" * 1_000] * 200})
            assert answer.status_code == 200
            await asyncio.sleep(0.12)
        assert (await sending.answer())[0] == 200


async def test_who_sends_many_large_bodies_does_not_keep_others_from_theirs(app_server: Start) -> None:
    """Whoever has the least of the memory is next, so Ben does not wait for what Ann has sent before."""
    crib = await app_server(body_memory_bytes=MIB)
    ann, ben = await crib.user("ann"), await crib.user("ben")
    body = json.dumps({"paths": [f"{number:04}".ljust(1_000, "x") for number in range(250)]}).encode()
    ended: list[str] = []

    async def send(name: str, client: httpx.AsyncClient) -> None:
        assert await checked(crib, client, body, is_chunked=False) == 200
        ended.append(name)

    await asyncio.gather(*(send("ann", ann) for _ in range(12)), send("ben", ben))
    assert "ben" in ended[:6]
