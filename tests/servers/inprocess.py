"""Toolcrib in the test's own process and event loop, on a real socket, with a clock the test moves."""

from __future__ import annotations

import socket
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from argon2 import PasswordHasher
from fastapi import FastAPI

from tests.clock import FakeClock
from tests.servers.environment import ADMIN, PASSWORD, PLAIN, settings
from tests.servers.statements import share_statements
from toolcrib.kernel.context import Kernel
from toolcrib.kernel.identity import provisioning, users
from toolcrib.kernel.identity.passwords import LANES, MEMORY_KIB, TIME_COST
from toolcrib.kernel.identity.routes_session import token_lifetime
from toolcrib.kernel.websockets import OPTIONS, BoundedWebSocket
from toolcrib.server import create_app
from toolcrib.settings import Settings


class AppServer:
    """Start with `await AppServer.start(…)`; the fixture stops it. `http` is uvicorn's HTTP protocol, and
    `drain_seconds` how long requests under way have at the end."""

    http: Any = "auto"
    drain_seconds: int | None = None

    def __init__(self, settings: Settings, clock: FakeClock) -> None:
        self.settings = settings
        self.clock = clock
        self.app: FastAPI = create_app(settings, clock=clock)
        share_statements(self.kernel.database)
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}{settings.base_path}"
        config = uvicorn.Config(
            self.app,
            lifespan="on",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            http=self.http,
            ws=BoundedWebSocket,
            timeout_graceful_shutdown=self.drain_seconds,
            timeout_keep_alive=settings.keep_alive_seconds,  # type: ignore[arg-type]  # any number does
            **OPTIONS,
        )
        config.load()
        self._server = uvicorn.Server(config)
        self._server.lifespan = config.lifespan_class(config)
        self._clients: dict[str, httpx.AsyncClient] = {}
        self.client = self._new_client()

    @property
    def kernel(self) -> Kernel:
        """The parts of the running application, for what has no route."""
        kernel: Kernel = self.app.state.kernel
        return kernel

    @classmethod
    async def start(cls, data_dir: Path, clock: FakeClock, **changes: Any) -> AppServer:
        server = cls(settings(data_dir=data_dir, **changes), clock)
        # Not serve(): that takes over Ctrl-C, and looks for its end only every 100 ms.
        try:
            await server._server.startup(sockets=[server._socket])
        except SystemExit:
            raise RuntimeError("the application did not start; its log says why") from None
        return server

    async def stop(self) -> None:
        self.kernel.tail.close_streams()  # open streams would be waited for
        for client in [self.client, *self._clients.values()]:
            await client.aclose()
        await self.shut_down()

    async def shut_down(self) -> None:
        """As SIGTERM does: give requests under way the time that they have, and end."""
        await self._server.shutdown(sockets=[self._socket])

    def _new_client(self, **headers: str) -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url=self.url, timeout=30, verify=PLAIN, headers=headers)

    async def description(self) -> dict[str, Any]:
        """The OpenAPI document. It is the same on every server, so that the first one's serves for all: a server takes
        longer to make it than to start."""
        if not _description:
            _description.update((await self.client.get("/api/openapi.json")).json())
        return _description

    async def sign_in(self, username: str, password: str = PASSWORD) -> httpx.AsyncClient:
        """A client that carries this person's token."""
        answer = await self.client.post("/api/login", json={"username": username, "password": password})
        answer.raise_for_status()
        client = self._new_client(Authorization=f"Bearer {answer.json()['access_token']}")
        self._clients[username] = client
        return client

    async def admin(self) -> httpx.AsyncClient:
        """The first administrator, signed in."""
        return self._clients.get(ADMIN) or await self._with_token(ADMIN)

    async def user(self, username: str, **fields: Any) -> httpx.AsyncClient:
        """This person, signed in; created on first use (`fields`: email, is_admin). The password is PASSWORD."""
        if username in self._clients:
            return self._clients[username]
        person = {"email": f"{username}@example.com", **fields}
        async with self.kernel.database.write() as session:
            await users.create_user(
                session,
                username=username,
                password_hash=_hash_of_password(),
                actor=ADMIN,
                now=self.clock(),
                **person,
            )
        return await self._with_token(username)

    async def meet(self, tokens: Iterable[str]) -> list[str]:
        """Create the accounts that tokens of a trusted service name, as the first request with each would do. Returns
        the usernames."""
        now = self.clock()
        async with self.kernel.database.write() as session:
            read = (self.kernel.auth.tokens.read(token, now=now) for token in tokens)
            return [(await provisioning.from_token(session, each, now=now)).username for each in read]

    async def _with_token(self, username: str) -> httpx.AsyncClient:
        """As `sign_in`, but without a password to be hashed."""
        kernel = self.kernel
        async with kernel.database.read() as session:
            user = await users.get_by_name(session, username)
        token = kernel.auth.tokens.issue(user, now=self.clock(), lifetime=await token_lifetime(kernel))
        client = self._new_client(Authorization=f"Bearer {token}")
        self._clients[username] = client
        return client


_description: dict[str, Any] = {}


@cache
def _hash_of_password() -> str:
    """What the server itself would store, made once."""
    return PasswordHasher(TIME_COST, MEMORY_KIB, LANES).hash(PASSWORD)
