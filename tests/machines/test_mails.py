"""Who is mailed about reservations: whoever has them, and nobody else."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from tests.machines.folder_hosts import FolderHosts
from tests.servers.smtp import MailServer
from toolcrib.machines.hosts.driver import Problem
from toolcrib.machines.pool import pool_of

if TYPE_CHECKING:
    from tests.servers.inprocess import AppServer

SETTINGS: dict[str, Any] = {"FRONTEND_BASE_URL": "http://crib.example", "MAIL_TOGETHER_SECONDS": 0}


async def settle(crib: AppServer) -> None:
    for _ in range(4):
        await crib.kernel.jobs.run_due()
        await pool_of(crib.kernel).idle()
    await crib.kernel.jobs.idle()


async def reserve(person: httpx.AsyncClient, name: str, **fields: Any) -> str:
    body = {"names": [name], "password": "a password", "minutes": 60, **fields}
    answer = await person.post("/api/reservations", json=body)
    assert answer.is_success, answer.text
    id_: str = answer.json()["id"]
    return id_


async def test_people_are_told_of_what_becomes_of_their_machines(
    app_server: Callable[..., Awaitable[AppServer]], smtp: MailServer, tmp_path: Path
) -> None:
    crib = await app_server(**smtp.settings, **SETTINGS)
    pool_of(crib.kernel).driver = hosts = FolderHosts(tmp_path)
    admin, ann, ben = await crib.admin(), await crib.user("ann"), await crib.user("ben")
    await crib.user("eve")
    for port, name in enumerate(("m1", "m2"), start=1):
        fields = {"host": "127.0.0.1", "port": port, "user": "root", "password": "secret"}
        assert (await admin.post("/api/machines", json={"name": name, **fields})).is_success
    await settle(crib)
    smtp.messages.clear()

    async def told() -> list[tuple[str, str]]:
        await settle(crib)
        crib.clock.advance(minutes=5)
        await settle(crib)
        found = [(message["To"].partition("@")[0], message["Subject"]) for message in smtp.messages]
        smtp.messages.clear()
        return sorted(found)

    held = await reserve(ann, "m1")
    await reserve(ben, "m1", wait=True)
    assert await told() == []
    for on, subject in (
        (True, "Your place in line waits for machines to come back"),
        (False, "Your place in line can be served again"),
    ):
        body = {"on": on, "reason": "A fan."}
        assert (await admin.post("/api/pool/machines/m1/maintenance", json=body)).is_success
        assert await told() == [("ben", subject)]
    key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGyBt3kV0e3z5hVt2n9Wb8Jt3Yy1p9zq8m2c4d6e8f0A ben"
    shared = {"username": "ben", "public_keys": [key]}
    assert (await ann.post(f"/api/reservations/{held}/share", json=shared)).is_success
    assert await told() == [("ben", "Machines are shared with you")]
    crib.clock.advance(minutes=30)
    assert await told() == [("ann", "Your machines: the end is near")]
    await ann.delete(f"/api/reservations/{held}")
    assert await told() == [("ben", "It is your turn: m1")]
    waits = await reserve(ann, "m1", wait=True)
    await admin.delete(f"/api/reservations/{waits}", params={"reason": "Closed."})
    hosts.break_("m2", Problem.FULL)
    await reserve(ann, "m2")
    assert await told() == [
        ("ann", "You no longer wait for machines"),
        ("ann", "Your hold was ended: m2"),
        ("ann", "Your machines could not be prepared"),
    ]
    start = (crib.clock() + timedelta(minutes=70)).isoformat()
    await reserve(ann, "m1", starts_at=start)
    cancelled = await reserve(ann, "m1", starts_at=(crib.clock() + timedelta(minutes=200)).isoformat())
    await admin.delete(f"/api/reservations/{cancelled}", params={"reason": "Closed."})
    assert await told() == [("ann", "Your booking is cancelled")]
    crib.clock.advance(minutes=66)
    assert await told() == [("ann", "Your booking has begun")]
    assert await told() == [("ann", "Confirm your booking")]
