"""What is asked often does not read all projects and people, however many there are."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING
from uuid import UUID

import pytest
from sqlalchemy import insert, text

from tests.servers.rows_read import rows_read
from toolcrib.kernel.identity.models import Project

if TYPE_CHECKING:
    from tests.servers.inprocess import AppServer

Start = Callable[..., Awaitable["AppServer"]]
pytestmark = pytest.mark.every_database

MANY = 6_000
CHUNK = 2_000
MOST = 2_000


async def test_a_change_of_an_account_does_not_read_all_projects(
    app_server: Start, database_url: str
) -> None:
    crib = await app_server(database_url=database_url)
    database = crib.kernel.database
    admin = await crib.admin()
    async with rows_read(database) as read:
        await register_projects(crib)
        (await admin.post("/api/projects", json={"name": "newest"})).raise_for_status()
        (await admin.get("/api/currentuser")).raise_for_status()
        await crib.user("ann")
        await read.settled()
        before = await read.so_far()
        for name in ("ben", "cat"):
            await crib.user(name)
            (await admin.get("/api/currentuser")).raise_for_status()
        assert await read.so_far() - before < MOST
        # While the registration of a project makes it known to everybody at once.
        (await admin.post("/api/projects", json={"name": "last"})).raise_for_status()
        assert (await admin.get("/api/projects/last")).json()["role"] == "owner"


async def register_projects(crib: AppServer) -> None:
    async with crib.kernel.database.writes.begin() as connection:  # as in years
        now = crib.clock()
        rows = [
            {"id": str(UUID(int=number)), "name": f"project-{number:05}", "created_at": now}
            for number in range(MANY)
        ]
        for start in range(0, MANY, CHUNK):
            await connection.execute(insert(Project), rows[start : start + CHUNK])
        if crib.kernel.database.dialect == "postgresql":
            await connection.execute(text("ANALYZE"))
