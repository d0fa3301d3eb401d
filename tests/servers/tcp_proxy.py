"""A TCP proxy in front of a database that can let connections die in silence, as firewalls and dead switches do."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress

from tests.servers.process import free_port

CHUNK = 64 * 1024


class TcpProxy:
    """Passes connections to `port` of this machine on to `target`, from a thread of its own. Unless it `listens` at
    once, nobody is at that port until `listen`."""

    def __init__(self, target: int, *, listens: bool = True) -> None:
        self.target = target
        self.port = free_port()
        self._servers: list[asyncio.Server] = []
        self._swallowed: set[asyncio.StreamWriter] = set()
        self._open: set[asyncio.StreamWriter] = set()
        self._swallows_new = False
        self._left: int | None = None
        self._delay_seconds = 0.0
        self._tasks: set[asyncio.Task[None]] = set()
        self._stop = asyncio.Event()
        started: Future[asyncio.AbstractEventLoop] = Future()
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._run(started)), name="tcp-proxy", daemon=True
        )
        self._thread.start()
        self._loop = started.result(10)
        if listens:
            self.listen()

    def listen(self) -> None:
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(10)

    def swallow(self, *, new: bool = False) -> None:
        """From now on nothing passes through the connections that are open, not even their end, and nothing is
        read from them. `new`: nor through those that are yet to come."""

        def mark() -> None:
            self._swallowed |= self._open
            self._swallows_new = new

        self._on_loop(mark)

    def accept_only(self, connections: int) -> None:
        """Let so many more connections pass, and close all that come after them."""
        self._left = connections

    def slow(self, seconds: float) -> None:
        """Keep each piece of data for so long before it is passed on."""
        self._delay_seconds = seconds

    def cut(self) -> None:
        """End the connections that are open, as a network does that says so."""

        def end() -> None:
            for writer in self._open:
                writer.transport.abort()

        self._on_loop(end)

    def close(self) -> None:
        self._on_loop(self._stop.set)
        self._thread.join(10)

    def _on_loop(self, call: Callable[[], None]) -> None:
        done: Future[None] = Future()

        def run() -> None:
            call()
            done.set_result(None)

        self._loop.call_soon_threadsafe(run)
        done.result(10)

    async def _run(self, started: Future[asyncio.AbstractEventLoop]) -> None:
        started.set_result(asyncio.get_running_loop())
        await self._stop.wait()
        for server in self._servers:
            server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _listen(self) -> None:
        self._servers.append(await asyncio.start_server(self._accept, "127.0.0.1", self.port))

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._left is not None:
            if not self._left:
                writer.transport.abort()
                return
            self._left -= 1
        task = asyncio.create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.target)
        both = {writer, far_writer}
        self._open |= both
        if self._swallows_new:
            self._swallowed |= both
        try:
            await asyncio.gather(self._pass_on(reader, far_writer), self._pass_on(far_reader, writer))
        finally:
            self._open -= both
            for one in both:
                one.transport.abort()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(CHUNK):
                if writer in self._swallowed:
                    break
                if self._delay_seconds:
                    await asyncio.sleep(self._delay_seconds)
                writer.write(data)
                await writer.drain()
        if writer in self._swallowed:
            await self._stop.wait()
        writer.close()


@contextmanager
def tcp_proxy(target: int) -> Iterator[TcpProxy]:
    proxy = TcpProxy(target)
    try:
        yield proxy
    finally:
        proxy.close()
