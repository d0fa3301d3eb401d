"""A server with desktops, and its people."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.desktops.fake_launcher import NAME, Platform
from tests.servers.crib import Crib, Person
from toolcrib.desktops.desk import desk_of

Json = dict[str, Any]


@dataclass
class Place:
    """One server in this process."""

    crib: Crib
    platform: Platform

    @classmethod
    def start(cls, folder: Path, **settings: Any) -> Place:
        crib = Crib.start(folder, **{"DESKTOP_LAUNCHER": NAME, "DESKTOP_RATE": "100000/minute", **settings})
        return cls(crib, Platform(folder / "platform"))

    def close(self) -> None:
        self.platform.order(**dict.fromkeys(self.platform.orders()))
        self.crib.close()

    def settle(self) -> None:
        """Have everything done that is to be done now."""
        kernel = self.crib.app.kernel
        desk = desk_of(kernel)

        async def work() -> None:
            for _ in range(20):
                kernel.jobs.nudge("desktops.work")
                await kernel.jobs.idle()
                if not desk._tasks:
                    return
                await desk.idle()

        self.crib.run(work())

    def compare(self) -> None:
        """Hold the rows against the platform, and do what follows."""

        async def work() -> None:
            self.crib.app.kernel.jobs.nudge("desktops.reconcile")
            await self.crib.app.kernel.jobs.idle()

        self.crib.run(work())
        self.settle()

    def advance(self, **time: float) -> None:
        self.crib.clock.advance(**time)
        self.settle()

    def person(self) -> Person:
        return self.crib.person()

    def admin(self) -> Person:
        return self.crib.admin()

    def events(self, name: str) -> list[Json]:
        answer = self.admin().client.get("/api/events", params={"kind": "desktop", "key": name, "limit": 200})
        found: list[Json] = answer.raise_for_status().json()["events"]
        return sorted(found, key=lambda event: event["seq"])

    def verbs(self, name: str) -> list[str]:
        return [event["verb"] for event in self.events(name)]


def call(person: Person, method: str, url: str, **body: Any) -> httpx.Response:
    """Ask as the contract's clients do: with a JSON content type, whatever the method."""
    headers = {"Content-Type": "application/json"}
    if body:
        return person.client.request(method, url, json=body, headers=headers)
    return person.client.request(method, url, headers=headers)


def connection(person: Person, verb: str, **body: Any) -> httpx.Response:
    return call(person, "POST", f"/api/connections/{verb}", **body)


def scale_up(person: Person, name: str = "d1", **body: Any) -> Json:
    answer = connection(person, "scaleup", name=name, **body)
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


def desktop(person: Person, name: str) -> Json:
    found: Json = call(person, "GET", f"/api/desktops/{name}").raise_for_status().json()
    return found


def start(person: Person, name: str = "d1", **body: Any) -> Json:
    answer = call(person, "POST", "/api/desktops", name=name, **body)
    assert answer.status_code == 201, answer.text
    found: Json = answer.json()
    return found


def configuration(admin: Person, name: str, **body: Any) -> Json:
    answer = call(admin, "POST", "/api/desktop-config/create", name=name, **{"image": "reg/x:1", **body})
    assert answer.status_code == 201, answer.text
    found: Json = answer.json()["configuration"]
    return found


def volume(admin: Person, name: str, **body: Any) -> Json:
    answer = call(admin, "POST", "/api/storage-pvcs/create", name=name, **body)
    assert answer.status_code == 201, answer.text
    found: Json = answer.json()["pvc"]
    return found


def error_of(answer: httpx.Response) -> tuple[int, str]:
    """Status and text, which clients read in `error` and older ones in `message`."""
    body = answer.json()
    assert body["error"] == body["message"]
    return answer.status_code, body["error"]
