"""A private S3: moto's server. It speaks the calls and checks no signature, unless it is asked to."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.servers.process import Process, free_port, listening, scratch


class S3Server:
    """Keeps everything in memory: stopped, it forgets. With a `key`, the access key and the secret, it checks that
    requests are signed with it."""

    def __init__(self, folder: Path, key: tuple[str, str] | None = None) -> None:
        self.folder = folder
        self.key = key
        self.port = free_port()
        self.endpoint = f"http://127.0.0.1:{self.port}"
        self._names = itertools.count(1)
        self._process: Process | None = None
        self.start()

    def start(self) -> None:
        program = ["-m", "moto.server", "-H", "127.0.0.1", "-p", str(self.port)]
        if self.key is not None:
            program = [str(Path(__file__).with_name("checking_s3.py")), str(self.port), *self.key]
        self._process = Process(
            [sys.executable, *program],
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
        bucket = {"MINIO_ENDPOINT": self.endpoint, "MINIO_BUCKET_NAME": f"bucket{next(self._names)}"}
        key = dict(zip(("MINIO_ACCESS_KEY", "MINIO_SECRET_KEY"), self.key or (), strict=False))
        return bucket | key


@contextmanager
def s3(key: tuple[str, str] | None = None) -> Iterator[S3Server]:
    with scratch("s3") as folder:
        server = S3Server(folder, key)
        try:
            yield server
        finally:
            server.stop()
