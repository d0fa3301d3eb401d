"""A server of each test's own, on each database, and tokens as other programs would make them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

import httpx
import jwt
import pytest

from tests.clock import FakeClock
from tests.servers.environment import DEFAULTS
from tests.servers.inprocess import AppServer

SECRET = DEFAULTS["JWT_SECRET_KEY"]
StartApp = Callable[..., Awaitable[AppServer]]


@pytest.fixture
async def crib(app_server: StartApp, database_url: str) -> AppServer:
    """The application on a database of its own; the test runs once on each kind."""
    return await app_server(database_url=database_url)


@pytest.fixture
async def lite(app_server: StartApp) -> AppServer:
    """The application on SQLite, for tests of what no database has a say in."""
    return await app_server()


@pytest.fixture
def mint(clock: FakeClock) -> Callable[..., str]:
    """A token as a service that shares our secret signs it; None leaves a claim out."""

    def make(secret: str = SECRET, algorithm: str = "HS256", **claims: Any) -> str:
        now = int(clock().timestamp())
        filled = {"sub": "ann", "iat": now, "nbf": now, "jti": "1", "type": "access"} | claims
        return jwt.encode(
            {name: each for name, each in filled.items() if each is not None}, secret, algorithm
        )

    return make


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def whoami(server: AppServer, **headers: str) -> httpx.Response:
    """Ask who one is, with exactly these headers (`Authorization="…"`, `X_API_Key="…"`)."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await server.client.get("/api/whoami", headers=named)


def seconds(moment: datetime) -> int:
    return int(moment.timestamp())
