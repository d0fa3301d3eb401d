"""What happened to a path is found under the name that its project has now, however it was written then."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from toolcrib.kernel.events.log import record

if TYPE_CHECKING:
    from tests.servers.inprocess import AppServer

Start = Callable[..., Awaitable["AppServer"]]


async def test_events_of_an_earlier_spelling_are_in_the_history(app_server: Start, database_url: str) -> None:
    crib = await app_server(database_url=database_url)
    ann = await crib.user("ann")
    (await ann.post("/api/projects", json={"name": "game"})).raise_for_status()
    (await ann.post("/api/projects", json={"name": "other"})).raise_for_status()
    async with (
        crib.kernel.database.write() as session
    ):  # of a release that compared names as they were written
        for number, scope in enumerate(["project:Game", "project:GAME", "project:other", "project:game2"]):
            await record(
                session,
                "acquired",
                kind="asset",
                key="a.psd",
                actor=f"p{number}",
                now=crib.clock(),
                scope=scope,
                holder=f"p{number}",
            )
    body = {"asset_path": "a.psd", "branch": "main", "project": "game"}
    (await ann.post("/api/locks", json=body)).raise_for_status()
    for name in ("game", "Game"):
        found = await ann.get("/api/lock-history", params={"path": "a.psd", "project": name})
        assert [event["actor"] for event in found.json()["events"]] == ["ann", "p1", "p0"]
