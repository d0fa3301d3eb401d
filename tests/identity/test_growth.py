"""Lists of people, companies and projects cost what they show, however many there are."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import insert, text

from tests.servers.rows_read import rows_read
from toolcrib.kernel.identity.models import Company, Project, User

if TYPE_CHECKING:
    from httpx import AsyncClient
    from sqlalchemy.ext.asyncio import AsyncConnection

    from tests.servers.inprocess import AppServer

Start = Callable[..., Awaitable["AppServer"]]
pytestmark = pytest.mark.every_database

MANY = 12_000
CHUNK = 2_000
MEMBERS = 300
# A search looks at 2,000 twice. SQLite takes more steps for each text that it searches.
MOST = 9_000


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


LISTS = ("users", "admin/users", "projects", "companies", "people")


async def test_no_page_of_a_list_reads_all_of_it(app_server: Start, database_url: str) -> None:
    crib = await app_server(database_url=database_url)
    admin = await crib.admin()
    too_many = []
    async with rows_read(crib.kernel.database) as read:
        await register_projects(crib)
        await register_people(crib)
        (await admin.post("/api/projects", json={"name": "newest"})).raise_for_status()
        (await admin.get("/api/currentuser")).raise_for_status()
        await read.settled()
        for question in (
            *(f"{each}?limit=20" for each in LISTS),
            *(f"{each}?limit=20&q=none" for each in LISTS),
            "storage/buckets?limit=20",
            "storage/buckets?limit=20&q=none",
            "storage/search?q=none",
        ):
            before = await read.so_far()
            (await admin.get(f"/api/{question}")).raise_for_status()
            if (looked := await read.so_far() - before) > MOST:
                too_many.append((question, looked))
    assert not too_many

    for path in (*LISTS[:-1], f"companies/{UUID(int=1)}/members"):
        whole = (await admin.get(f"/api/{path}")).json()
        assert len(whole) >= (MEMBERS if "/members" in path else MANY)
        assert await pages(admin, f"{path}?limit=1000") == whole
        name = "name" if "name" in whole[-1] else "username"
        last = whole[-1][name]
        # Complete, although nothing but the last one matches.
        assert await pages(admin, f"{path}?limit=20&q={last.upper()}") == [whole[-1]]
    assert [each["username"] for each in await pages(admin, "users?limit=20&q=x00123@")] == ["person-00123"]
    # Who does not ask for pages does not know how to go on.
    (found,) = (await admin.get(f"/api/people?q=person-{MANY - 1}")).json()
    assert found["username"] == f"person-{MANY - 1}"
    assert len((await admin.get("/api/people?q=person")).json()) == 100

    listed = [each["id"] for each in (await admin.get("/api/storage/buckets")).json()["buckets"]]
    paged: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = (await admin.get(f"/api/storage/buckets?limit=1000&cursor={cursor}")).json()
        paged += [each["id"] for each in page["buckets"]]
        cursor = page["next_cursor"]
    assert len(listed) > 2 * MANY
    assert paged == listed
    one = (await admin.get(f"/api/storage/buckets?bucket=projects&id={UUID(int=7)}")).json()["buckets"]
    assert [each["name"] for each in one] == ["project-00007"]


async def pages(admin: AsyncClient, path: str) -> list[Any]:
    """What a list has, page by page."""
    found: list[Any] = []
    cursor: str | None = None
    while True:
        params = {} if cursor is None else {"cursor": cursor}
        answer = await admin.get(
            f"/api/{path}", params=httpx.QueryParams(path.partition("?")[2]).merge(params)
        )
        found += answer.raise_for_status().json()
        cursor = answer.headers.get("X-Next-Cursor")
        if cursor is None:
            return found


async def register_people(crib: AppServer) -> None:
    """A few of them in a company, and as many companies."""
    now = crib.clock()
    companies = [
        {"id": str(UUID(int=number)), "name": f"Company {number:05}", "created_at": now}
        for number in range(MANY)
    ]
    people = [
        {
            "uuid": str(UUID(int=number)),
            "username": f"person-{number:05}",
            "email": f"x{number:05}@films.example",
            "email_key": f"x{number:05}@films.example",
            "is_admin": False,
            "is_active": True,
            "company_id": str(UUID(int=1)) if number < MEMBERS else None,
            "token_version": 1,
            "created_at": now,
        }
        for number in range(MANY)
    ]
    async with crib.kernel.database.writes.begin() as connection:
        for model, rows in ((Company, companies), (User, people)):
            for start in range(0, MANY, CHUNK):
                await connection.execute(insert(model), rows[start : start + CHUNK])
        await analyse(connection, "users", "companies")


async def analyse(connection: AsyncConnection, *tables: str) -> None:
    """What servers do by themselves a minute later."""
    if connection.dialect.name != "sqlite":
        kind = "TABLE" if connection.dialect.name != "postgresql" else ""
        await connection.execute(text(f"ANALYZE {kind} {', '.join(tables)}"))


async def register_projects(crib: AppServer) -> None:
    async with crib.kernel.database.writes.begin() as connection:  # as in years
        now = crib.clock()
        rows = [
            {"id": str(UUID(int=number)), "name": f"project-{number:05}", "created_at": now}
            for number in range(MANY)
        ]
        for start in range(0, MANY, CHUNK):
            await connection.execute(insert(Project), rows[start : start + CHUNK])
        await analyse(connection, "projects")
