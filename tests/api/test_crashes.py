"""What a client is told when the server fails at its request."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import pytest
from starlette.routing import Route

if TYPE_CHECKING:
    from tests.servers.inprocess import AppServer

Start = Callable[..., Awaitable["AppServer"]]


async def fail(_request: Any) -> Any:
    raise RuntimeError("secret details")


@pytest.mark.databases("sqlite")
async def test_a_crash_is_said_in_one_shape_and_ends_the_connection(app_server: Start) -> None:
    server = await app_server()
    server.app.router.routes.insert(0, Route("/api/fails", fail))
    client = await server.user("ann")
    for _ in range(3):  # the next request must not be sent on a connection that the server closes
        answer = await client.get("/api/fails")
        assert (answer.status_code, answer.json()["code"]) == (500, "server_error")
        assert answer.headers["x-request-id"] in answer.json()["error"]
        assert "secret" not in answer.text
        assert answer.headers["connection"] == "close"
    assert (await client.get("/api/locks")).status_code == 200
