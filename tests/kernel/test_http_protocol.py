"""Answers in one write: what the clients of `toolcrib serve` get from its HTTP protocol."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from toolcrib.kernel.http_protocol import GATHER_BYTES, GatheringTransport, OneWriteProtocol


async def small(request: Request) -> Response:
    return PlainTextResponse(request.query_params.get("say", "hello"))


async def pieces(request: Request) -> Response:
    """As many pieces of a size as asked for, without ever waiting in between."""
    count, size = int(request.query_params["count"]), int(request.query_params["size"])

    async def stream() -> AsyncIterator[bytes]:
        for number in range(count):
            yield bytes([number % 256]) * size

    return StreamingResponse(stream())


async def slow(_request: Request) -> Response:
    async def stream() -> AsyncIterator[bytes]:
        yield b"first"
        await asyncio.sleep(3600)

    return StreamingResponse(stream())


APP = Starlette(routes=[Route("/small", small), Route("/pieces", pieces), Route("/slow", slow)])


@asynccontextmanager
async def serving() -> AsyncIterator[tuple[str, int]]:
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(APP, http=OneWriteProtocol, log_config=None, access_log=False, lifespan="off")
    config.load()
    server = uvicorn.Server(config)
    server.lifespan = config.lifespan_class(config)
    await server.startup(sockets=[listener])
    yield "127.0.0.1", listener.getsockname()[1]
    for connection in list(server.server_state.connections):
        connection.transport.close()
    await server.shutdown(sockets=[listener])


@pytest.mark.parametrize(
    ("count", "size"), [(0, 1), (1, 1), (1, GATHER_BYTES), (3, 10), (1000, 100), (64, 1_000_000)]
)
async def test_every_byte_arrives_in_order(count: int, size: int) -> None:
    async with serving() as (host, port), httpx.AsyncClient(base_url=f"http://{host}:{port}") as client:
        found = await client.get("/pieces", params={"count": count, "size": size})
        assert found.content == b"".join(bytes([number % 256]) * size for number in range(count))
        assert (await client.get("/small")).text == "hello", "the connection is still good"


async def test_requests_sent_ahead_are_answered_in_order() -> None:
    async with serving() as (host, port):
        reader, writer = await asyncio.open_connection(host, port)
        for number in range(50):
            writer.write(f"GET /small?say={number}. HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        answers = b""
        while answers.count(b"HTTP/1.1 200") < 50 or not answers.endswith(b"49."):
            answers += await reader.read(65_536)
        bodies = [each.split(b"\r\n\r\n")[1] for each in answers.split(b"HTTP/1.1 200 OK\r\n")[1:]]
        assert bodies == [f"{number}.".encode() for number in range(50)]
        writer.close()


async def test_what_is_ready_is_sent_while_the_rest_is_waited_for() -> None:
    async with serving() as (host, port):
        reader, writer = await asyncio.open_connection(host, port)
        writer.write(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
        seen = b""
        while b"first" not in seen:
            seen += await asyncio.wait_for(reader.read(65_536), 30)
        writer.close()


@pytest.mark.parametrize(
    "sent",
    [
        b"EHLO crib\r\n\r\n",
        b"GET /small HTTP/1.1\r\nHost: x\r\nBad header: 1\r\n\r\n",
        b"GET /small HTTP/9.9\r\nHost: x\r\n\r\n",
        b"POST /small HTTP/1.1\r\nHost: x\r\nContent-Length: one\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",  # TLS
    ],
)
async def test_what_is_not_http_is_refused_in_the_one_shape(sent: bytes) -> None:
    async with serving() as (host, port):
        reader, writer = await asyncio.open_connection(host, port)
        writer.write(sent)
        head, _, body = (await asyncio.wait_for(reader.read(), 30)).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 400 Bad Request\r\n")
        assert b"Content-Type: application/json" in head
        assert (json.loads(body)["code"], json.loads(body)["message"]) == ("not_http", "This is not HTTP.")
        writer.close()


async def test_an_answer_that_ends_the_connection_arrives_whole() -> None:
    async with serving() as (host, port):
        reader, writer = await asyncio.open_connection(host, port)
        writer.write(b"GET /small HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert (await reader.read()).endswith(b"\r\n\r\nhello")
        writer.close()


async def test_a_reader_that_does_not_read_holds_the_sender_back() -> None:
    """64 MB are offered; what the system's buffers do not take stays with the application."""
    async with serving() as (host, port):
        reader, writer = await asyncio.open_connection(host, port, limit=1)
        writer.write(b"GET /pieces?count=64&size=1000000 HTTP/1.1\r\nHost: x\r\n\r\n")
        await asyncio.sleep(0.5)
        async with httpx.AsyncClient(base_url=f"http://{host}:{port}") as client:
            assert (await client.get("/small")).text == "hello"
        total = 0
        while total < 64_000_000:
            piece = await reader.read(1_000_000)
            assert piece
            total += len(piece)
        writer.close()


async def test_small_writes_of_one_turn_are_one() -> None:
    class Recorded:
        """Stands for the system's transport, which only another process could watch."""

        def __init__(self) -> None:
            self.calls: list[Any] = []
            self.closing = False

        def is_closing(self) -> bool:
            return self.closing

        def write(self, data: bytes) -> None:
            self.calls.append(data)

        def writelines(self, pieces: list[bytes]) -> None:
            self.calls.append([len(piece) for piece in pieces])

        def close(self) -> None:
            self.closing = True

        def get_write_buffer_size(self) -> int:
            return 0

    def started() -> tuple[Recorded, GatheringTransport]:
        below = Recorded()
        return below, GatheringTransport(below, asyncio.get_running_loop())  # type: ignore[arg-type]

    below, transport = started()
    transport.write(b"head")
    transport.write(b"")
    transport.write(b"body")
    assert below.calls == []
    await asyncio.sleep(0)
    transport.write(b"next")
    await asyncio.sleep(0)
    assert below.calls == [b"headbody", b"next"]

    below, transport = started()
    transport.write(b"head")
    transport.write(bytes(GATHER_BYTES))
    assert below.calls == [[4, GATHER_BYTES]], "large ones do not wait, nor are they copied"

    below, transport = started()
    transport.write(b"last")
    transport.close()
    await asyncio.sleep(0)
    assert below.calls == [b"last"]

    below, transport = started()
    transport.write(b"late")
    below.closing = True
    await asyncio.sleep(0)
    assert below.calls == [], "nobody is there any more"


async def test_a_closed_connection_whose_client_takes_nothing_is_cut() -> None:
    lost: asyncio.Future[Exception | None] = asyncio.get_running_loop().create_future()

    class Sender(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            assert isinstance(transport, asyncio.Transport)
            gathering = GatheringTransport(transport, asyncio.get_running_loop(), stuck_seconds=0.1)
            gathering.write(bytes(32 * 2**20))  # more than the system takes
            gathering.close()

        def connection_lost(self, error: Exception | None) -> None:
            lost.set_result(error)

    listening = await asyncio.get_running_loop().create_server(Sender, "127.0.0.1", 0)
    async with listening:
        with socket.create_connection(listening.sockets[0].getsockname()):
            async with asyncio.timeout(20):
                await lost


async def test_a_closed_connection_is_not_cut_while_its_client_reads() -> None:
    size = 8 * 2**20

    class Sender(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            assert isinstance(transport, asyncio.Transport)
            gathering = GatheringTransport(transport, asyncio.get_running_loop(), stuck_seconds=1)
            gathering.write(bytes(size))
            gathering.close()

    listening = await asyncio.get_running_loop().create_server(Sender, "127.0.0.1", 0)
    async with listening:
        reader, writer = await asyncio.open_connection(*listening.sockets[0].getsockname())
        assert len(await reader.read()) == size
        writer.close()
