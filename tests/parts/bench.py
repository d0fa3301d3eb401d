"""One person at work on parts, through the routes of the shop."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

import httpx

if TYPE_CHECKING:
    from tests.parts.workshop import Workshop
    from tests.servers.crib import Person

PART = {"name": "Bracket", "material": "Aluminum", "subsystem": "Drive"}


class Bench:
    def __init__(self, shop: Workshop, person: Person | None = None, project: str | None = None) -> None:
        self.person = person or shop.person(f"w{uuid4().hex[:8]}")
        self.name = self.person.username
        self.project = project

    def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        return self.person.client.request(method, f"/api/shop{path}", **more)

    def ok(self, method: str, path: str, body: Any = None, **more: Any) -> dict[str, Any]:
        answer = self.ask(method, path, json=body, **more)
        assert answer.is_success, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def add(self, **fields: Any) -> dict[str, Any]:
        return self.ok("POST", "/parts", {**PART, "project": self.project, **fields})

    def do(self, part: dict[str, Any], verb: str, **body: Any) -> dict[str, Any]:
        return self.ok("POST", f"/parts/{part['id']}/{verb}", body)

    def refused(self, part: dict[str, Any], verb: str, **body: Any) -> tuple[int, str]:
        answer = self.ask("POST", f"/parts/{part['id']}/{verb}", json=body)
        return answer.status_code, answer.json()["code"]

    def read(self, part: dict[str, Any]) -> dict[str, Any]:
        return self.ok("GET", f"/parts/{part['id']}")

    def upload(self, part: dict[str, Any], name: str, content: bytes) -> dict[str, Any]:
        answer = self.ask("POST", f"/parts/{part['id']}/files", files={"file": (name, content)})
        assert answer.status_code == 201, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def verbs(self, part: dict[str, Any]) -> list[str]:
        events = self.ok("GET", f"/parts/{part['id']}/history")["events"]
        return [event["verb"] for event in reversed(events)]


def approved(bench: Bench, **fields: Any) -> dict[str, Any]:
    return bench.do(bench.add(type="cnc", **fields), "approve")
