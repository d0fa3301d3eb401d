"""A project with parts, for the tests of the page."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from playwright.async_api import Locator, Page

from tests.servers.toolcrib import ToolcribServer


@dataclass
class Workshop:
    """A project with parts, from somewhere else than the page. Ann owns it, Ben and Zoe make parts, Eve looks."""

    server: ToolcribServer
    project: str

    def add(self, name: str, who: str = "ann", **fields: Any) -> int:
        body = {"name": name, "type": "cnc", "material": "Aluminium", "subsystem": "Drive", **fields}
        answer = self.server.user(who).post("/api/shop/parts", json={**body, "project": self.project})
        assert answer.status_code == 201, answer.text
        part: int = answer.json()["id"]
        return part

    def made(self, name: str, **fields: Any) -> int:
        """An approved part; its id."""
        part = self.add(name, **fields)
        self.do("ann", part, "approve")
        return part

    def do(self, who: str, part: int, verb: str, **body: Any) -> dict[str, Any]:
        answer = self.server.user(who).post(f"/api/shop/parts/{part}/{verb}", json=body)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def read(self, part: int) -> dict[str, Any]:
        found: dict[str, Any] = self.server.user("ann").get(f"/api/shop/parts/{part}").json()
        return found

    def upload(self, who: str, part: int, name: str, content: bytes) -> None:
        url = f"/api/shop/parts/{part}/files"
        answer = self.server.user(who).post(url, files={"file": (name, content)})
        assert answer.status_code == 201, answer.text

    def page(self, path: str = "/parts") -> str:
        return f"{path}?project={self.project}"


def a_workshop(server: ToolcribServer, name: str) -> Workshop:
    project = server.user("ann").post("/api/projects", json={"name": name}).json()["id"]
    for person, role in {"ben": "member", "zoe": "member", "eve": "viewer"}.items():
        server.user(person)
        url = f"/api/projects/{project}/members/{person}"
        server.user("ann").put(url, json={"role": role}).raise_for_status()
    return Workshop(server, name)


def column(page: Page, name: str) -> Locator:
    return page.get_by_role("region", name=re.compile(f"^{name}, "))


def card(where: Page | Locator, name: str) -> Locator:
    return where.get_by_role("listitem").filter(has_text=name)
