"""The first administrator (asset-locks contract, section 8; machine-pool contract, section 4)."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from sqlalchemy import delete

from tests.identity.conftest import StartApp
from tests.servers.environment import ADMIN, PASSWORD
from toolcrib.kernel.identity.accounts import ensure_first_admin
from toolcrib.kernel.identity.models import User

pytestmark = pytest.mark.every_database

NONE = {"INITIAL_ADMIN_USER": None, "INITIAL_ADMIN_EMAIL": None, "INITIAL_ADMIN_PASSWORD": None}


async def test_without_settings_a_random_password_is_printed_once(
    app_server: StartApp, new_database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    server = await app_server(database_url=new_database_url, **NONE)
    printed = capsys.readouterr().out
    assert "Administrator: admin" in printed
    password = printed.split("password: ")[1].split()[0]
    assert len(password) >= 16
    admin = await server.sign_in("admin", password)
    assert (await admin.get("/api/whoami")).json()["roles"] == ["admin"]
    await app_server(database_url=new_database_url, **NONE)
    assert "password" not in capsys.readouterr().out


async def test_the_settings_name_the_first_administrator(
    app_server: StartApp, capsys: pytest.CaptureFixture[str]
) -> None:
    server = await app_server(new=True)
    me = (await (await server.admin()).get("/api/currentuser")).json()
    assert (me["username"], me["email"], me["is_admin"]) == (ADMIN, "admin@example.com", True)
    assert PASSWORD not in capsys.readouterr().out


@pytest.mark.parametrize(
    "changes",
    [
        {"INITIAL_ADMIN_PASSWORD": "something else"},
        {"INITIAL_ADMIN_USER": "root", "INITIAL_ADMIN_EMAIL": "ADMIN@example.com"},
    ],
)
async def test_an_account_that_exists_is_left_alone(
    app_server: StartApp, new_database_url: str, changes: dict[str, Any]
) -> None:
    await app_server(database_url=new_database_url)
    server = await app_server(database_url=new_database_url, **changes)
    admin = await server.sign_in(ADMIN, PASSWORD)
    assert len((await admin.get("/api/admin/users")).json()) == 1


async def test_an_address_is_not_needed(app_server: StartApp) -> None:
    server = await app_server(new=True, INITIAL_ADMIN_EMAIL=None)
    assert (await (await server.admin()).get("/api/currentuser")).json()["email"] == ""


async def test_servers_that_start_together_create_one(app_server: StartApp, new_database_url: str) -> None:
    server = await app_server(database_url=new_database_url)
    kernel = server.kernel
    admin = await server.admin()
    (me,) = (await admin.get("/api/admin/users")).json()
    async with kernel.database.write() as session:
        await session.execute(delete(User).where(User.id == me["id"]))
    await asyncio.gather(*(ensure_first_admin(kernel) for _ in range(5)))
    admin = await server.sign_in(ADMIN)
    assert len((await admin.get("/api/admin/users")).json()) == 1
