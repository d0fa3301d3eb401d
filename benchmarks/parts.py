"""Parts: listing 5,000 of them, converting several models at a time, and answering while one is converted."""

from __future__ import annotations

import multiprocessing
import statistics
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from typing import TYPE_CHECKING, Any

import httpx
from sqlalchemy import create_engine, insert

from benchmarks import load
from benchmarks.figures import Figure
from benchmarks.flask_parts import SCOPE
from benchmarks.target import target
from tests.parts.models import step_files
from tests.servers.process import free_port, wait_until
from toolcrib.parts.models import parts

if TYPE_CHECKING:
    from collections.abc import Iterator

KEY = "the key that all browsers of the measured workshop share"
HEADERS = {"X-API-Key": KEY}
PARTS = 5_000
LISTS, ROUNDS = 5, 9
AT_ONCE, CUBES = 6, 250
LARGE_CUBES = 2_000
PAUSE_SECONDS = 0.005


def run() -> list[Figure]:
    return [_listing(), _throughput(), _health()]


# Listing


def _listing() -> Figure:
    """Lists after the first: Toolcrib keeps the JSON of each part until the part changes."""
    with target(PARTS_API_KEY=KEY) as ours:
        database = ours.server.data_dir / "toolcrib.db"
        _fill(str(database))
        with _flask(str(database)) as port:
            ports = {"toolcrib": ours.port, "flask": port}
            answers, first = {}, {}
            for name, each in ports.items():
                began = time.perf_counter()
                answers[name] = _answer(each)
                first[f"{name}_first_and_read_ms"] = (time.perf_counter() - began) * 1000
            if answers["toolcrib"] != answers["flask"]:
                raise RuntimeError("the two lists differ")
            times: dict[str, list[float]] = {name: [] for name in ports}
            for _ in range(ROUNDS):
                for name, each in ports.items():
                    times[name].append(_list_ms(each))
    ratios = [flask / mine for flask, mine in zip(times["flask"], times["toolcrib"], strict=True)]
    return Figure(
        f"GET /api/parts/ with {PARTS:,} parts: times as fast as Flask and SQLAlchemy's ORM",
        statistics.median(ratios),
        "×",
        aim=3,
        detail={**times, "ratios": ratios, **first},
    )


def _fill(database: str) -> None:
    now = datetime.now(UTC)
    rows = [
        {
            "scope": SCOPE,
            "type": ("cnc", "hand", "misc")[number % 3],
            "name": f"Bracket {number}",
            "part_number": f"FR-{number:05}",
            "material": "Aluminum",
            "amount": 1 + number % 7,
            "subsystem": "Drive",
            "status": "Reviewed",
            "category": ("cnc", "hand", "misc")[number % 3],
            "notes": "deburr all edges, and mark the side that faces the motor",
            "misc_info": {"reviewer": "Rae", "storage": f"Bin {number % 50}"},
            "created_at": now - timedelta(minutes=number),
            "updated_at": now - timedelta(minutes=number),
            "version": 1,
            "priority": 0,
            "revision": 0,
            "recheck": False,
            "made": 0,
            "scrapped": 0,
        }
        for number in range(PARTS)
    ]
    engine = create_engine(f"sqlite:///{database}")
    with engine.begin() as connection:
        connection.execute(insert(parts), rows)
    engine.dispose()


@contextmanager
def _flask(database: str) -> Iterator[int]:
    port = free_port()
    command = [
        sys.executable,
        "-m",
        "gunicorn",
        f"--bind=127.0.0.1:{port}",
        "--workers=1",
        "--threads=4",
        f"benchmarks.flask_parts:application({database!r})",
    ]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: _is_there(port), "Flask answers", 30)
        yield port
    finally:
        process.terminate()
        process.wait()


def _is_there(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/api/parts/?category=none").is_success
    except httpx.TransportError:
        return False


def _answer(port: int) -> Any:
    return httpx.get(f"http://127.0.0.1:{port}/api/parts/", headers=HEADERS, timeout=60).json()


def _list_ms(port: int) -> float:
    times = []
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    for _ in range(LISTS):
        began = time.perf_counter()
        connection.request("GET", "/api/parts/", headers=HEADERS)
        answer = connection.getresponse()
        size = len(answer.read())
        times.append((time.perf_counter() - began) * 1000)
        if answer.status != 200 or size < PARTS * 100:
            raise RuntimeError(f"not every list came: {answer.status}")
    connection.close()
    return statistics.median(times)


# Converting


def _throughput() -> Figure:
    seconds = {count: _convert_all(count) for count in (1, 2)}
    return Figure(
        f"{AT_ONCE} models of {CUBES} solids at once: conversions per second with CONVERT_CONCURRENCY=2, against 1",
        seconds[1] / seconds[2],
        "×",
        aim=1.5,
        detail={str(count): each for count, each in seconds.items()},
    )


def _convert_all(concurrency: int) -> float:
    with target(PARTS_API_KEY=KEY, CONVERT_CONCURRENCY=str(concurrency), CONVERT_TIMEOUT="600") as server:
        contents = [step_files.grid(CUBES, 10 + number / 100) for number in range(AT_ONCE)]
        _upload(server.url, step_files.box(1, 2, 3))  # warm
        began = time.perf_counter()
        with ThreadPoolExecutor(AT_ONCE) as together:
            list(together.map(lambda content: _upload(server.url, content), contents))
        return time.perf_counter() - began


def _upload(url: str, content: bytes) -> None:
    with httpx.Client(base_url=url, headers=HEADERS, timeout=600) as client:
        part = client.post("/api/parts/", json={"material": "Steel", "subsystem": "Arm"}).json()["id"]
        answer = client.post(f"/api/parts/{part}/upload", files={"file": ("part.step", content)})
        if not answer.json()["conversion"]["success"]:
            raise RuntimeError(f"not converted: {answer.text}")


def _health() -> Figure:
    content = step_files.grid(LARGE_CUBES)
    with target(PARTS_API_KEY=KEY, CONVERT_TIMEOUT="600") as server:
        load.run(load.Order(server.port, path="/health", connections=1, requests=50))  # warm
        upload = multiprocessing.get_context("spawn").Process(target=_upload, args=(server.url, content))
        upload.start()
        times: list[float] = []
        connection = HTTPConnection("127.0.0.1", server.port, timeout=60)
        while upload.is_alive():
            began = time.perf_counter()
            connection.request("GET", "/health")
            connection.getresponse().read()
            times.append((time.perf_counter() - began) * 1000)
            time.sleep(PAUSE_SECONDS)
        connection.close()
        upload.join()
        if upload.exitcode != 0:
            raise RuntimeError("the model was not converted")
    times.sort()
    return Figure(
        f"p99 of /health while a STEP file of {len(content) / 2**20:.0f} MB is received and converted",
        times[int(len(times) * 0.99)],
        "ms",
        aim=50,
        better="lower",
        detail={"requests": len(times), "p50_ms": statistics.median(times), "slowest_ms": times[-1]},
    )
