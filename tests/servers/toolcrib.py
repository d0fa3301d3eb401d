"""Toolcrib itself as operators run it: a `toolcrib serve` process."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import jwt

from tests.servers.environment import ADMIN, DEFAULTS, PASSWORD, PLAIN, child_environment, toolcrib
from tests.servers.process import Process, free_port

READY = "Toolcrib is ready at "


class ToolcribServer:
    """One `toolcrib serve`, ready when this returns. It keeps its port and data over a restart.

    `process` is how it is run: `ForkedProcess` starts faster. Without a `port` it takes a free one.
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        workers: int = 1,
        port: int | None = None,
        arguments: Sequence[str] = (),
        process: Callable[..., Process] = Process,
        **settings: object,
    ) -> None:
        self._run = process
        self.data_dir = data_dir
        self.port = port or free_port()
        self._environment = child_environment(**(DEFAULTS | settings))
        self.url = f"http://127.0.0.1:{self.port}{self._environment.get('BASE_PATH', '')}"
        self.log = data_dir.with_name(f"{data_dir.name}-{self.port}.log")
        self.client = httpx.Client(base_url=self.url, timeout=30, verify=PLAIN)
        self._arguments = ["--workers", str(workers), *arguments]
        self._clients = [self.client]
        self._signed_in: dict[str, httpx.Client] = {}
        self._process: Process | None = None
        self.start()

    def start(self) -> None:
        where = ["--host", "127.0.0.1", "--port", str(self.port), "--data-dir", str(self.data_dir)]
        said = self.output().count(READY)
        self._process = self._run(
            [toolcrib(), "serve", *where, *self._arguments], output=self.log, env=self._environment
        )
        self._process.wait_ready(lambda: self.output().count(READY) > said and self._healthy())

    def _healthy(self) -> bool:
        try:
            return self.client.get("/health", timeout=5).status_code == 200
        except httpx.TransportError:
            return False

    @property
    def pid(self) -> int:
        return self._running.pid

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.running

    @property
    def _running(self) -> Process:
        assert self._process is not None, "the server was stopped"
        return self._process

    def output(self) -> str:
        """Everything it has printed, over all its starts."""
        return self.log.read_text(encoding="utf-8", errors="replace") if self.log.exists() else ""

    def signal(self, number: int) -> None:
        self._running.signal(number)

    def wait(self) -> int:
        """Its exit status, once it has ended by itself."""
        return self._running.wait()

    def kill(self) -> None:
        """SIGKILL, to its workers too: nothing gets to tidy up."""
        self._running.kill()
        self._process = None

    def stop(self) -> None:
        """SIGTERM; it must drain and exit 0."""
        status = self._running.stop(signal.SIGTERM)
        self._process = None
        assert status == 0, f"exit status {status} after SIGTERM:\n{self.output()}"

    def restart(self) -> None:
        if self._process is not None:
            self.stop()
        self.start()

    def close(self) -> None:
        """End it however it is; for the fixture."""
        for client in self._clients:
            client.close()
        if self._process is not None:
            self._process.kill()
            self._process = None

    def sign_in(self, username: str, password: str = PASSWORD) -> httpx.Client:
        """A client that carries this person's token."""
        answer = self.client.post("/api/login", json={"username": username, "password": password})
        answer.raise_for_status()
        client = self.with_token(answer.json()["access_token"])
        self._signed_in[username] = client
        return client

    def with_token(self, token: str) -> httpx.Client:
        client = httpx.Client(
            base_url=self.url, timeout=30, verify=PLAIN, headers={"Authorization": f"Bearer {token}"}
        )
        self._clients.append(client)
        return client

    @property
    def admin(self) -> httpx.Client:
        """The first administrator, signed in."""
        return self._signed_in.get(ADMIN) or self._let_in(ADMIN, PASSWORD)

    def _let_in(self, username: str, password: str) -> httpx.Client:
        """As `sign_in`, but where the tests know the server's secret by a token that they make as the server does: to
        hash a password takes longer than most requests."""
        secret = self._environment.get("JWT_SECRET_KEY")
        if secret != DEFAULTS["JWT_SECRET_KEY"] or "JWT_ISSUER" in self._environment:
            return self.sign_in(username, password)
        now = int(time.time())
        named = {"sub": username, "iat": now, "nbf": now, "type": "access"}
        me = self.with_token(_signed(named)).get("/api/currentuser").raise_for_status().json()
        account = {"user_id": me["uuid"], "company_id": me["company_id"], "token_version": 1}
        client = self.with_token(_signed({**named, **account, "iss": "toolcrib", "jti": str(uuid4())}))
        self._signed_in[username] = client
        return client

    def user(self, username: str, **fields: Any) -> httpx.Client:
        """This person, signed in; created on first use (`fields`: email, is_admin)."""
        if username in self._signed_in:
            return self._signed_in[username]
        person = {"username": username, "password": PASSWORD, "email": f"{username}@example.com", **fields}
        self.admin.post("/api/admin/users", json=person).raise_for_status()
        return self._let_in(username, person["password"])


def _signed(claims: dict[str, Any]) -> str:
    return jwt.encode(claims, DEFAULTS["JWT_SECRET_KEY"], "HS256")
