"""Servers that are killed while parts come in: what was answered is there, and nothing is there by half."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.parts.models.step_files import box
from tests.parts.workshop import KEY, PART

if TYPE_CHECKING:
    from tests.servers.toolcrib import ToolcribServer

HEADERS = {"X-API-Key": KEY}
ROWS = 300
TABLES = 6
# Killed once so many of the tables, and of the files, were answered for.
ENOUGH = 2


class Burst:
    """Tables and files that are sent one after the other until the server dies. What was answered is noted."""

    def __init__(self, server: ToolcribServer) -> None:
        self._server = server
        self._token = server.admin.headers["Authorization"]
        self.tables: set[str] = set()
        self.files: set[int] = set()
        self._due = threading.Lock()
        self._is_dead = False

    def import_tables(self) -> None:
        with httpx.Client(
            base_url=self._server.url, headers={"Authorization": self._token}, timeout=60
        ) as client:
            for number in range(TABLES):
                name = f"table{number}"
                lines = "".join(f"{name},Steel,Arm\n" for _ in range(ROWS))
                answer = client.post(
                    "/api/shop/import", json={"csv": f"part_number,material,subsystem\n{lines}"}
                )
                if answer.is_success:
                    self.tables.add(name)
                self._kill_when_due()

    def upload(self, parts: list[int]) -> None:
        with httpx.Client(base_url=self._server.url, headers=HEADERS, timeout=60) as client:
            for part in parts:
                answer = client.post(f"/api/parts/{part}/upload", files={"file": ("a.pdf", content(part))})
                if answer.is_success:
                    self.files.add(part)
                self._kill_when_due()

    def _kill_when_due(self) -> None:
        with self._due:
            if not self._is_dead and len(self.tables) >= ENOUGH and len(self.files) >= ENOUGH:
                self._is_dead = True
                self._server.kill()


def content(part: int) -> bytes:
    return box(10, 20, part)


@pytest.mark.every_database
def test_what_was_answered_is_there_and_nothing_by_half(
    server: Callable[..., ToolcribServer], database_url: str
) -> None:
    one = server(PARTS_API_KEY=KEY, DATABASE_URL=database_url)
    with httpx.Client(base_url=one.url, headers=HEADERS, timeout=60) as old:
        parts = [int(old.post("/api/parts/", json=PART).raise_for_status().json()["id"]) for _ in range(60)]
    burst = Burst(one)
    with ThreadPoolExecutor(3) as pool:
        begun = [
            pool.submit(burst.import_tables),
            *(pool.submit(burst.upload, parts[half::2]) for half in (0, 1)),
        ]
    for each in begun:
        assert isinstance(each.exception(), httpx.TransportError | None), each.exception()
    assert len(burst.tables) < TABLES
    one.start()
    with httpx.Client(base_url=one.url, headers=HEADERS, timeout=60) as old:
        found: list[dict[str, Any]] = old.get("/api/parts/").raise_for_status().json()["parts"]
        counts = {f"table{number}": 0 for number in range(TABLES)}
        for part in found:
            if part["partId"] in counts:
                counts[part["partId"]] += 1
        assert set(counts.values()) <= {0, ROWS}
        assert burst.tables <= {name for name, count in counts.items() if count}
        with_file = {part["id"] for part in found if part["file"]}
        assert burst.files <= with_file
        for part in with_file:
            assert old.get(f"/api/parts/{part}/download").content == content(part)
        (without, *_) = set(parts) - with_file
        again = old.post(f"/api/parts/{without}/upload", files={"file": ("a.pdf", content(without))})
        assert again.status_code == 201, again.text
