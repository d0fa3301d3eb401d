"""The machine pool: how long it takes until the accounts are there, how many requests are decided a second, and what
the overview costs."""

from __future__ import annotations

import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import insert

from benchmarks import load
from benchmarks.figures import Figure
from benchmarks.target import Target, target
from tests.servers.crib import Crib
from tests.servers.hosts import debian_hosts
from tests.servers.mariadb import mariadb
from tests.servers.postgresql import postgresql
from tests.servers.process import wait_until
from toolcrib.cli.server.memory import collect_seldom
from toolcrib.kernel.context import Kernel
from toolcrib.kernel.database import Database, take_write_lock
from toolcrib.kernel.jobs import Job
from toolcrib.machines.hook import WORK_JOB
from toolcrib.machines.models import machines

HOSTS = 10
ROUNDS = 3
FEW, MANY = 200, 2_000
DECISIONS = 300
CLIENTS = 50


# Until the accounts are there


def reserving(aim_of_ten: float = 4, aim_of_drivers: float = 5) -> list[Figure]:
    """Ask by the contract's `GET /reserve`, which answers when all accounts are there. Each round begins with a server
    that has no connection to any host."""
    with debian_hosts(HOSTS + 1, Path(tempfile.gettempdir())) as hosts:
        # The drivers by turns, so that a noisy machine bothers both.
        with _pool(hosts, "ssh") as ssh:
            times = {"ssh": _rounds(ssh)}
        if find_spec("ansible_runner") is None:
            sys.stderr.write("The driver ansible is left out: the extra `ansible` is not installed.\n")
        else:
            with _pool(hosts, "ansible") as ansible:
                times["ansible"] = _rounds(ansible)
    ones, tens = times["ssh"]
    figures = [
        Figure(
            f"accounts on {HOSTS} hosts against 1, by ssh: time until they are there, cold",
            statistics.median(ten / one for one, ten in zip(ones, tens, strict=True)),
            "×",
            aim=aim_of_ten,
            better="lower",
            detail={"seconds_of_1": _rounded(ones), f"seconds_of_{HOSTS}": _rounded(tens)},
        )
    ]
    if "ansible" in times:
        others = times["ansible"][1]
        figures.append(
            Figure(
                f"accounts on {HOSTS} hosts by ansible against ssh: time until they are there",
                statistics.median(others) / statistics.median(tens),
                "×",
                aim=aim_of_drivers,
                detail={"seconds_by_ansible": _rounded(others), "seconds_by_ssh": _rounded(tens)},
            )
        )
    return figures


@contextmanager
def _pool(hosts: Any, driver: str) -> Iterator[Target]:
    with target(MACHINE_DRIVER=driver, MACHINES_CHECK_MINUTES=10_000) as server:
        with _client(server) as client:
            for host in hosts:
                body = {"name": host.name, "host": host.address, "port": host.port, "user": "root"}
                client.post("/api/machines", json=body | {"password": host.password}).raise_for_status()
                client.post(f"/api/pool/machines/{host.name}/check").raise_for_status()
        yield server


def _rounds(server: Target) -> tuple[list[float], list[float]]:
    ones, tens = [], []
    for _ in range(ROUNDS):
        server.server.restart()
        with _client(server) as client:
            ones.append(_reserve(client, 1))
            tens.append(_reserve(client, HOSTS))
            client.post("/api/release_all").raise_for_status()
            wait_until(lambda client=client: _all_free(client), "the hosts to be free", 120)  # type: ignore[misc]
    return ones, tens


def _reserve(client: httpx.Client, count: int) -> float:
    started = time.perf_counter()
    answer = client.get("/api/reserve", params={"count": count, "username": f"bench{count}"})
    seconds = time.perf_counter() - started
    answer.raise_for_status()
    return seconds


def _all_free(client: httpx.Client) -> bool:
    time.sleep(0.2)
    return not client.get("/api/available").json()["reserved"]


def _client(server: Target) -> httpx.Client:
    headers = {"Authorization": f"Bearer {server.token}"}
    return httpx.Client(base_url=server.url, headers=headers, timeout=300)


def _rounded(times: list[float]) -> list[float]:
    return [round(each, 3) for each in times]


# Who gets which


def deciding(database: str, aim: float = 0.3) -> list[Figure]:
    """Requests for one machine each, many at a time, until none is free. Measured is the decision with its answer;
    what is done on hosts, and the job that begins it, are left out. The server is in this process for that."""
    with _crib(database) as (crib, url):
        crib.app.kernel.jobs.add(Job(WORK_JOB, _nothing))
        port = int(crib.app.url.rpartition(":")[2])
        headers = {"Authorization": crib.admin().client.headers["Authorization"]}
        crib.run(crib.app.kernel.jobs.run_due())  # those of a start
        collect_seldom()  # as `toolcrib serve` does
        load.run(load.Order(port, requests=2_000))  # warm
        asyncio.run(_register(url, (ROUNDS + 1) * DECISIONS, 9, "bench"))
        body = json.dumps({"tags": "bench", "login": "bench", "certificate": True})
        order = load.Order(port, "POST", "/api/reservations", headers, body, CLIENTS, DECISIONS)
        ratios, rates, health, costs = [], [], [], []
        for number in range(ROUNDS + 1):
            began = time.process_time()
            plain = load.run(load.Order(port, requests=4_000, connections=CLIENTS))
            cost_of_health = (time.process_time() - began) / 4_000
            began = time.process_time()
            made = load.run(order)
            cost = (time.process_time() - began) / DECISIONS
            if made.statuses != {"201": DECISIONS}:
                raise RuntimeError(f"not every request had its machine: {made.statuses}")
            if number:  # the first is to warm up
                ratios.append(made.rate / plain.rate)
                rates.append(made.rate)
                health.append(plain.rate)
                costs.append(cost_of_health / cost)
    return [
        Figure(
            f"reservations decided, {database}: share of the /health rate, {CLIENTS} connections",
            statistics.median(ratios),
            "×",
            aim=aim,
            detail={
                "reservations_per_second": [round(rate) for rate in rates],
                "health_per_second": [round(rate) for rate in health],
                "by_processor_time": [round(each, 3) for each in costs],
            },
        )
    ]


async def _nothing(_kernel: Kernel, _now: datetime) -> None:
    pass


@contextmanager
def _crib(database: str) -> Iterator[tuple[Crib, str]]:
    """A server in this process, on a database that waits for the disk."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="toolcrib-bench-")))
        url = f"sqlite:///{folder / 'data' / 'toolcrib.db'}"
        if database != "sqlite":
            start: Any = {"postgresql": postgresql, "mariadb": mariadb}[database]
            url = stack.enter_context(start(durable=True)).fresh("migrated").url
        crib = Crib.start(folder / "data", database_url=url)
        stack.callback(crib.close)
        yield crib, crib.app.settings.database


# The overview


def overview(few: Target) -> list[Figure]:
    """The whole list, page by page, on two servers."""
    asyncio.run(_register(few.database_url, FEW, 9, "few"))
    with target() as many:
        asyncio.run(_register(many.database_url, MANY, 9, "many"))
        times: dict[int, list[float]] = {FEW: [], MANY: []}
        for _ in range(ROUNDS + 1):
            times[FEW].append(_listing(few, FEW))
            times[MANY].append(_listing(many, MANY))
    ratios = [
        (large / MANY) / (small / FEW) for small, large in zip(times[FEW][1:], times[MANY][1:], strict=True)
    ]
    return [
        Figure(
            f"overview of {MANY:,} machines against {FEW}: time for each machine",
            statistics.median(ratios),
            "×",
            aim=2,
            better="lower",
            detail={
                f"ms_of_{count}": [round(each * 1000, 1) for each in of[1:]] for count, of in times.items()
            },
        )
    ]


def _listing(server: Target, count: int) -> float:
    seen = 0
    after: str | None = None
    with _client(server) as client:
        client.get("/api/whoami").raise_for_status()
        started = time.perf_counter()
        while True:
            page = client.get("/api/pool/machines", params={"after": after} if after else {}).json()
            seen += len(page["machines"])
            after = page.get("next")
            if after is None:
                break
        seconds = time.perf_counter() - started
    if seen != count:
        raise RuntimeError(f"{seen} machines were listed")
    return seconds


async def _register(url: str, count: int, port: int, tag: str) -> None:
    """The rows of machines that nobody is to look at."""
    database = Database(url)
    now = datetime.now(UTC)
    try:
        async with database.write() as session:
            await take_write_lock(session)
            rows = [
                {
                    "name": f"{tag}-{number:04}",
                    "scope": "",
                    "host": "127.0.0.1",
                    "port": port,
                    "user": "root",
                    "sudo": False,
                    "tags": {"tags": [tag]},
                    "facts": {"os_id": "debian", "os_version": "13", "cores": 8, "gpus": []},
                    "enabled": True,
                    "maintenance": False,
                    "is_online": True,
                    "checked_at": now,
                    "created_at": now,
                    "created_by": "bench",
                }
                for number in range(count)
            ]
            await session.execute(insert(machines), rows)
    finally:
        await database.close()
