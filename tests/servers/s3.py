"""A private S3: moto's server. It speaks the calls and checks no signature."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.servers.process import Process, free_port, listening, scratch


class S3Server:
    """Keeps everything in memory: stopped, it forgets."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.endpoint = f"http://127.0.0.1:{self.port}"
        self._names = itertools.count(1)
        self._process: Process | None = None
        self.start()

    def start(self) -> None:
        self._process = Process(
            [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(self.port)],
            output=self.folder / "log",
            cwd=self.folder,
        )
        self._process.wait_ready(lambda: listening(self.port))

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process = None

    def settings(self) -> dict[str, str]:
        """For a server's environment: a bucket of its own, not made yet."""
        return {"MINIO_ENDPOINT": self.endpoint, "MINIO_BUCKET_NAME": f"bucket{next(self._names)}"}


@contextmanager
def s3() -> Iterator[S3Server]:
    with scratch("s3") as folder:
        server = S3Server(folder)
        try:
            yield server
        finally:
            server.stop()
