"""A server with a pool, and what the tests do with it."""

from __future__ import annotations

import asyncio
import itertools
from pathlib import Path
from typing import Any

import httpx

from tests.machines.folder_hosts import FolderHosts
from tests.servers.crib import Crib, Person
from toolcrib.machines.jobs import do_work
from toolcrib.machines.pool import pool_of

PASSWORD = {"password": "a password for machines"}


class PoolCrib:
    """`hosts` are the machines as they are; `crib` is the server. Machines of a test have a tag of its own."""

    def __init__(self, crib: Crib, folder: Path) -> None:
        self.crib = crib
        self.hosts = FolderHosts(folder)
        self.pool.driver = self.hosts
        self.admin = crib.admin()
        self._number = 0
        self._ports = itertools.count(2_201)  # each machine is a host of its own

    @property
    def pool(self) -> Any:
        return pool_of(self.crib.app.kernel)

    def person(self) -> Person:
        """Somebody who signs in with a token, as programs do."""
        person = self.crib.person()
        signed = person.client.cookies["access_token"]
        person.client = self.crib.client(headers={"Authorization": f"Bearer {signed}"})
        return person

    def machines(self, count: int = 1, *, tag: str | None = None, **fields: Any) -> list[str]:
        """Register machines, with a tag that no others have."""
        self._number += 1
        prefix = tag or f"t{self._number}"
        names = [f"{prefix}-{number}" for number in range(1, count + 1)]
        for name in names:
            body = {
                "name": name,
                "host": "127.0.0.1",
                "port": next(self._ports),
                "user": "root",
                "password": "secret",
                "tags": [prefix],
                **fields,
            }
            answer = self.admin.client.post("/api/machines", json=body)
            assert answer.status_code == 201, answer.text
        return names

    def ask(self, person: Person, names: list[str], **fields: Any) -> httpx.Response:
        """Reserve some of these machines, by their tag."""
        body = {"tags": names[0].rpartition("-")[0], **PASSWORD, **fields}
        return person.client.post("/api/reservations", json=body)

    def have(self, person: Person, names: list[str], **fields: Any) -> dict[str, Any]:
        """Reserve, and wait until the accounts are there."""
        answer = self.ask(person, names, **fields)
        assert answer.status_code == 201, answer.text
        self.settle()
        found: dict[str, Any] = person.client.get(f"/api/reservations/{answer.json()['id']}").json()
        return found

    def settle(self) -> None:
        """Wait until nothing is left to do now."""
        self.crib.run(self._settled())

    async def _settled(self) -> None:
        jobs = self.crib.app.kernel.jobs
        for _ in range(50):
            await jobs.idle()
            if not self.pool.is_busy:
                await asyncio.sleep(0)
                if not self.pool.is_busy:
                    await jobs.idle()
                    if not self.pool.is_busy:
                        return
            await self.pool.idle()

    def turn(self) -> None:
        """Have the periodic jobs run that are due by the test's clock."""
        self.crib.run(self.crib.app.kernel.jobs.run_due())
        self.settle()

    def work(self) -> None:
        """Have what is to be done with machines now be done, but no checks of whether they are well."""
        self.crib.run(do_work(self.crib.app.kernel, self.crib.clock()))
        self.settle()

    def state(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = self.admin.client.get(f"/api/pool/machines/{name}").json()
        return found
