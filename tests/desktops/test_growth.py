"""Lists of what administrators set up do not look at all people for each of their lines."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING
from uuid import UUID

import pytest
from sqlalchemy import insert, text

from tests.servers.rows_read import rows_read
from toolcrib.desktops.models import configurations, volumes
from toolcrib.kernel.identity.models import User

if TYPE_CHECKING:
    from tests.servers.inprocess import AppServer

Start = Callable[..., Awaitable["AppServer"]]
pytestmark = pytest.mark.every_database

PEOPLE, LINES = 2_000, 300
MOST = 20_000


async def test_lists_do_not_look_at_all_people_for_each_line(app_server: Start, database_url: str) -> None:
    crib = await app_server(database_url=database_url)
    database, now = crib.kernel.database, crib.clock()
    admin = await crib.admin()
    people = [
        {
            "uuid": str(UUID(int=number)),
            "username": f"person-{number}",
            "is_admin": False,
            "is_active": True,
            "token_version": 1,
            "created_at": now,
        }
        for number in range(PEOPLE)
    ]
    stores = [
        {
            "name": f"store-{number}",
            "namespace": "desktops",
            "size": "1Gi",
            "is_public": False,
            "exclusive": False,
            "status": "Bound",
            "is_going": False,
            "created_at": now,
            "updated_at": now,
        }
        for number in range(LINES)
    ]
    kinds = [
        {
            "name": f"kind-{number}",
            "description": "",
            "image": "image",
            "is_public": False,
            "min_cpu": 1,
            "max_cpu": 2,
            "min_ram": "1Gi",
            "max_ram": "2Gi",
            "network": True,
            "copy_out": True,
            "paste_in": True,
            "files": True,
            "created_at": now,
        }
        for number in range(LINES)
    ]
    async with rows_read(database) as read:
        async with database.writes.begin() as connection:
            await connection.execute(insert(User), people)
            await connection.execute(insert(volumes), stores)
            await connection.execute(insert(configurations), kinds)
            if database.dialect != "mariadb":  # so that they know where there are few
                await connection.execute(text("ANALYZE"))
        await read.settled()
        too_many = []
        for path in ("storage-pvcs/list", "desktop-config/list"):
            before = await read.so_far()
            (await admin.get(f"/api/{path}")).raise_for_status()
            if (looked := await read.so_far() - before) > MOST:
                too_many.append((path, looked))
    assert not too_many
