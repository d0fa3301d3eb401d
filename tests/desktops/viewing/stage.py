"""A server in this process, with desktops whose screens are plain X servers."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
from sqlalchemy import insert, update

from tests.desktops.viewing.viewer import Viewer
from tests.desktops.viewing.xvnc import PASSWORD, Xvnc
from tests.servers.inprocess import AppServer
from toolcrib.desktops import models
from toolcrib.desktops.claims_of import desktop_ref
from toolcrib.desktops.desk import desk_of
from toolcrib.desktops.launchers.launcher import Address, LauncherDown, Phase, Report
from toolcrib.kernel.claims import service as claims
from toolcrib.kernel.claims.commands import Acquire, ForceRelease
from toolcrib.kernel.claims.models import Holder
from toolcrib.kernel.http_protocol import OneWriteProtocol
from toolcrib.kernel.identity import users


class WebServer(AppServer):
    """As `toolcrib serve` runs it, down to the protocols."""

    http = OneWriteProtocol


class Screens:
    """The platform of these tests, as far as views ask: where a desktop's screen is."""

    name = "screens"
    default_image = ""

    def __init__(self) -> None:
        self.addresses: dict[str, Address] = {}

    async def address(self, name: str) -> Address:
        if name not in self.addresses:
            raise LauncherDown("It does not run.")
        return self.addresses[name]

    gateway_address = address

    async def statuses(self) -> dict[str, Report]:
        return {name: Report(Phase.READY) for name in self.addresses}

    async def status(self, name: str) -> Report | None:
        return (await self.statuses()).get(name)

    async def volumes(self) -> dict[str, Any]:
        return {}

    async def stop(self, name: str) -> None:
        self.addresses.pop(name, None)

    async def aclose(self) -> None:
        return None


class Stage:
    def __init__(self, *servers: AppServer) -> None:
        self.servers = servers
        self.app = servers[0]
        self.screens = Screens()
        for each in servers:
            desk_of(each.kernel).__dict__["launcher"] = self.screens

    async def desktop(self, holder: str, address: Address, **configuration: Any) -> str:
        """A running desktop of that person. Returns its name."""
        await self.app.user(holder)
        kernel, now = self.app.kernel, self.app.clock()
        name = f"{holder[:8]}-{uuid4()}"
        self.screens.addresses[name] = address
        async with kernel.database.write() as session:
            user = await users.get_by_name(session, holder)
            chosen = None
            if configuration:
                chosen = await _configuration(session, now, configuration)
            values = {
                "name": name,
                "holder": holder,
                "holder_uuid": user.uuid,
                "state": models.State.STARTING,
                "configuration_id": chosen,
                "persistent_home": True,
                "password": kernel.secrets.seal(models.PASSWORD, PASSWORD),
                "created_at": now,
                "then_delete": False,
                "is_failed": False,
                "restart": False,
                "progress": "",
                "attempts": 0,
                "next_at": now + timedelta(days=1),
            }
            await session.execute(insert(models.desktops).values(values))
            end = now + timedelta(hours=8)
            acquire = Acquire(desktop_ref(user.uuid, name), Holder(holder, user.uuid), expires_at=end)
            await claims.run(session, acquire, now=now)
            mine = update(models.desktops).where(models.desktops.c.name == name)
            later = now + timedelta(days=1)
            await session.execute(
                mine.values(state=models.State.RUNNING, ready_at=now, next_at=later, worker=None)
            )
        return name

    async def end(self, holder: str, name: str, *, server: AppServer | None = None) -> None:
        """End the hold by a door that views know nothing of."""
        kernel = (server or self.app).kernel
        async with kernel.database.write() as session:
            user = await users.get_by_name(session, holder)
            ended = ForceRelease(desktop_ref(user.uuid, name), "admin", "over")
            await claims.run(session, ended, now=self.app.clock())

    async def invite(self, name: str, guest: str, *, may_control: bool = False) -> None:
        await self.app.user(guest)
        async with self.app.kernel.database.write() as session:
            user = await users.get_by_name(session, guest)
            row = {"desktop": name, "user_id": user.id, "may_control": may_control}
            await session.execute(insert(models.guests).values(row | {"created_at": self.app.clock()}))

    async def ticket(self, client: httpx.AsyncClient, name: str, **body: Any) -> dict[str, Any]:
        answer = await client.post(f"/api/desktops/{name}/view", json=body)
        assert answer.status_code == 201, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def url(self, server: AppServer | None = None) -> str:
        return f"{(server or self.app).url}/api/desktops/view"

    async def view(self, person: str, name: str, *, server: AppServer | None = None, **body: Any) -> Viewer:
        """Open a view as that person."""
        ticket = await self.ticket(await self.client(person), name, **body)
        viewer = await Viewer.open(self.url(server), ticket["ticket"])
        viewer.id = ticket["view_id"]
        return viewer

    async def client(self, person: str) -> httpx.AsyncClient:
        return await self.app.admin() if person == "admin" else await self.app.user(person)

    async def disable(self, person: str) -> None:
        admin = await self.app.admin()
        async with self.app.kernel.database.read() as session:
            user = await users.get_by_name(session, person)
        answer = await admin.put(f"/api/admin/users/{user.id}/status", json={"is_active": False})
        assert answer.status_code == 200, answer.text

    async def controller(self, name: str) -> str | None:
        """The id of the view that has control."""
        found = (await (await self.app.admin()).get(f"/api/desktops/{name}/views")).json()["controller"]
        return found and str(found["view_id"])

    async def control(self, person: str, name: str, do: str, view_id: str | None = None) -> int:
        body = {"do": do, "view_id": view_id}
        answer = await (await self.client(person)).post(f"/api/desktops/{name}/control", json=body)
        return answer.status_code

    async def passes_to(self, name: str, view: Viewer, xvnc: Xvnc) -> None:
        """Wait until what `view` types arrives, whichever server it is at."""
        async with asyncio.timeout(10):
            while True:
                await view.key(ord("q"))
                await view.passed()
                if xvnc.keys_down():
                    break
        await view.key(ord("q"), down=False)
        await view.passed()
        assert await self.controller(name) == view.id


async def _configuration(session: Any, now: Any, wanted: dict[str, Any]) -> int:
    values = {
        "name": f"c-{uuid4()}",
        "description": "",
        "image": "",
        "is_public": True,
        "min_cpu": 1,
        "max_cpu": 1,
        "min_ram": "1Gi",
        "max_ram": "1Gi",
        "network": False,
        "copy_out": False,
        "paste_in": True,
        "files": True,
        "created_at": now,
    }
    made = await session.execute(insert(models.configurations).values(values | wanted))
    found: int = made.inserted_primary_key[0]
    return found
