"""A private Redis."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from redis import Redis
from redis.exceptions import RedisError

from tests.servers.process import Process, account, free_port, program, scratch


class RedisServer:
    """One Redis that keeps nothing on disk."""

    def __init__(self, folder: Path, user: str | None) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._user = user
        self._process: Process | None = None
        self.start()

    def start(self) -> None:
        self._process = Process(
            [
                program("redis-server"),
                *("--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self.folder)),
                *("--save", "", "--appendonly", "no"),
            ],
            output=self.folder / "log",
            user=self._user,
            cwd=self.folder,
        )
        self._process.wait_ready(self._answers)

    def _answers(self) -> bool:
        try:
            with Redis.from_url(self.url) as client:
                return bool(client.ping())
        except RedisError:
            return False

    def stop(self) -> None:
        if self._process is not None:
            self._process.stop(signal.SIGKILL)
            self._process = None

    def clear(self) -> None:
        """Empty it, starting it again if a test stopped it."""
        if self._process is None:
            self.start()
        with Redis.from_url(self.url) as client:
            client.flushall()


@contextmanager
def redis() -> Iterator[RedisServer]:
    program("redis-server")
    user = account("redis")
    with scratch("redis", user) as folder:
        server = RedisServer(folder, user)
        try:
            yield server
        finally:
            server.stop()
