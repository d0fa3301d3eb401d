"""Every request is answered although a part of the server hangs; what takes long by itself is left alone."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import make_url

from tests.api.test_every_route import address, operations
from tests.clock import FakeClock
from tests.servers.inprocess import AppServer
from tests.servers.process import wait_until
from tests.servers.tcp_proxy import TcpProxy
from tests.servers.toolcrib import ToolcribServer


class Impatient(AppServer):
    drain_seconds = 1


# Waiting for a connection of the pool, connecting and a statement each have a deadline of their own.
DATABASE_SECONDS = 2
ANSWER_SECONDS = 3 * DATABASE_SECONDS + 4
# With all routes at once, the client's own work for them would count as the server's time.
AT_ONCE = 100


@pytest.mark.every_database
@pytest.mark.databases("postgresql", "mariadb")
async def test_every_route_answers_while_the_database_hangs(
    server: Callable[..., ToolcribServer], through: str, proxy: TcpProxy
) -> None:
    limits = {"DATABASE_TIMEOUT_SECONDS": DATABASE_SECONDS, "HEALTH_TIMEOUT_SECONDS": 1}
    crib = server(DATABASE_URL=through, **limits)
    routes = list(operations(crib.client.get("/api/openapi.json").json()))
    token = crib.admin.headers["Authorization"]
    proxy.swallow(new=True)
    ways, turns = httpx.Limits(max_connections=AT_ONCE), asyncio.Semaphore(AT_ONCE)
    async with httpx.AsyncClient(base_url=crib.url, timeout=ANSWER_SECONDS, limits=ways) as client:

        async def ask(method: str, path: str) -> tuple[str, str, int]:
            body: dict[str, str] | None = {} if method in {"POST", "PUT", "PATCH"} else None
            headers = {"Authorization": token, "X-Request-ID": "walk"}
            async with turns:
                answer = await client.request(method, address(path), json=body, headers=headers)
            return method, path, answer.status_code

        answers = await asyncio.gather(*(ask(method, path) for method, path in routes))
        assert [answer for answer in answers if answer[2] == 500] == []
        login = await client.post("/api/login", json={"username": "somebody", "password": "something"})
        assert (login.status_code, login.json()["code"]) == (503, "database_unavailable")
        detailed = await client.get("/api/admin/health", headers={"Authorization": token})
        assert detailed.status_code == 503
        storage = await client.get("/api/storage/health")
    assert storage.status_code == 503
    healthy = {name: check["healthy"] for name, check in storage.json()["checks"].items()}
    assert healthy == {"database": False, "storage": True}
    wait_until(lambda: crib.client.get("/health").status_code == 503, "an unhealthy server")


async def test_the_parts_of_the_detailed_health_are_asked_at_once(
    app_server: Callable[..., Awaitable[AppServer]],
) -> None:
    crib = await app_server(HEALTH_TIMEOUT_SECONDS=1)
    asked = {"first": asyncio.Event(), "second": asyncio.Event()}

    async def first() -> str:
        asked["first"].set()
        await asked["second"].wait()
        return "met"

    async def second() -> str:
        asked["second"].set()
        await asked["first"].wait()
        return "met"

    async def never() -> str:
        await asyncio.Event().wait()
        return "met"

    crib.kernel.health |= {"first": first, "second": second, "never": never}
    admin = await crib.admin()
    body = (await admin.get("/api/admin/health")).json()
    checks = body["checks"]
    assert body["status"] == "degraded"
    assert [checks[name]["healthy"] for name in ("first", "second", "never")] == [True, True, False]
    assert checks["never"]["response_time_ms"] >= 1000


@pytest.mark.databases("sqlite")
async def test_a_request_that_makes_no_progress_is_ended_and_no_other(
    server: Callable[..., ToolcribServer], database_url: str
) -> None:
    crib = server(DATABASE_URL=database_url, REQUEST_TIMEOUT_SECONDS=1)
    admin = crib.admin
    released = threading.Event()

    def slow_body() -> Iterator[bytes]:
        yield b'{"asset_path": "slow", '
        released.wait()
        yield b'"branch": "main"}'

    def send_slowly() -> httpx.Response:
        return admin.post(
            "/api/locks", content=slow_body(), headers={"Content-Type": "application/json"}, timeout=60
        )

    def lock(path: str) -> httpx.Response:
        return admin.post("/api/locks", json={"asset_path": path, "branch": "main"}, timeout=20)

    try:
        with admin.stream("GET", "/api/events/stream", timeout=60) as stream:
            lines = stream.iter_lines()
            assert next(lines) == "event: hello"
            sending = asyncio.create_task(asyncio.to_thread(send_slowly))
            with closing(
                sqlite3.connect(make_url(database_url).database or "", isolation_level=None)
            ) as other:
                other.execute("BEGIN IMMEDIATE")  # another program holds the database's own lock
                stuck = await asyncio.to_thread(lock, "stuck")
                assert stuck.status_code == 503, stuck.text
                body: dict[str, Any] = stuck.json()
                assert body["code"] == "request_timed_out"
                assert stuck.headers["Retry-After"]
                other.execute("ROLLBACK")
            released.set()
            assert (await sending).status_code == 201
            assert (await asyncio.to_thread(lock, "next")).status_code == 201
            assert any('"key":"slow"' in line for line in lines)
    finally:
        released.set()


async def test_a_stop_answers_what_does_not_end(
    tmp_path: Path, clock: FakeClock, capfd: pytest.CaptureFixture[str]
) -> None:
    crib = await Impatient.start(tmp_path / "data", clock)
    ann = await crib.user("ann")
    uuid = (await ann.get("/api/currentuser")).json()["uuid"]
    form = {"bucket_type": "users", "bucket_id": uuid, "logical_path": "a.bin"}
    arrived, stopped = asyncio.Event(), asyncio.Event()

    async def slow_body() -> AsyncIterator[bytes]:
        for name, value in form.items():
            yield f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.bin"\r\n\r\nfirst'
        arrived.set()
        await stopped.wait()  # the client reads no answer before it has sent all

    kind = {"Content-Type": "multipart/form-data; boundary=x"}
    upload = asyncio.create_task(ann.post("/api/storage/upload/proxy", content=slow_body(), headers=kind))
    await arrived.wait()
    await crib.shut_down()
    stopped.set()
    answer = await upload
    for client in (ann, crib.client):
        await client.aclose()
    assert (answer.status_code, answer.json()["error"]) == (503, "SERVER_STOPPING")
    assert answer.headers["Retry-After"]
    said = "".join(capfd.readouterr())
    assert "request_ended_by_stop" in said
    assert "Traceback" not in said
