"""The server that is recorded: any commit's `toolcrib serve`, with settings that never change."""

from __future__ import annotations

from pathlib import Path

import httpx

from tests.servers.process import Process, free_port, listening

ADMIN = "admin"
PASSWORD = "correct horse battery"
MAX_BYTES = 200_000
# All that could make two recordings differ by chance is off or out of reach.
SETTINGS = {
    "INITIAL_ADMIN_USER": ADMIN,
    "INITIAL_ADMIN_EMAIL": "admin@example.com",
    "INITIAL_ADMIN_PASSWORD": PASSWORD,
    "JWT_SECRET_KEY": "the same for every recording, whatever is recorded",
    "LOGIN_RATE": "100000/minute",
    "SWEEP_SECONDS": "86400",
    "STORAGE_MAX_BYTES": str(MAX_BYTES),
    "LFS_MAX_OBJECT_BYTES": str(MAX_BYTES),
    "LOG_LEVEL": "error",
}
ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8"}


class Server:
    """One `toolcrib serve` on `folder`, ready when this returns. `stop` and `start` keep its port and data."""

    def __init__(self, command: Path, folder: Path, **settings: str) -> None:
        self.port = free_port()
        self.base_path = settings.get("BASE_PATH", "")
        self.origin = f"http://127.0.0.1:{self.port}"
        self.log = folder.with_suffix(".log")
        self._argv = [str(command), "serve", "--host", "127.0.0.1", "--port", str(self.port)]
        self._argv += ["--data-dir", str(folder)]
        self._environment = {**ENVIRONMENT, "HOME": str(folder), **SETTINGS, **settings}
        self._process: Process | None = None
        self.start()

    def start(self) -> None:
        self._process = Process(self._argv, output=self.log, env=self._environment)
        try:
            self._process.wait_ready(self._is_healthy)
        except BaseException:
            self.stop()
            raise

    def _is_healthy(self) -> bool:
        if not listening(self.port):
            return False
        try:  # without TLS: loading the machine's certificates takes longer than the start
            return (
                httpx.get(f"{self.origin}{self.base_path}/health", timeout=5, verify=False).status_code == 200
            )
        except httpx.TransportError:
            return False

    def stop(self) -> None:
        """SIGTERM, and SIGKILL should that not be enough."""
        if self._process is not None:
            try:
                self._process.stop()
            finally:
                self._process = None
