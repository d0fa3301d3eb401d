"""A server with parts, and what the tests do with it."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import httpx

from tests.servers.crib import Crib, Person

KEY = "the key that lies in every browser of the shop"
PART = {"material": "Aluminum", "subsystem": "Drive"}


class Workshop:
    """`old` is what the earlier pages send: the shared key in a header."""

    def __init__(self, crib: Crib) -> None:
        self.crib = crib
        self.admin = crib.admin()
        self.old = crib.client(headers={"X-API-Key": KEY})

    def person(self, username: str | None = None) -> Person:
        """Somebody who signs in with a token, as programs do."""
        person = self.crib.person(username=username)
        signed = person.client.cookies["access_token"]
        person.client = self.crib.client(headers={"Authorization": f"Bearer {signed}"})
        return person

    def key_of(self, person: Person, *scopes: str) -> str:
        """A personal API key."""
        made = person.client.post("/api/users/me/keys", json={"name": "shop", "scopes": list(scopes)})
        assert made.status_code == 201, made.text
        return str(made.json()["key"])

    def part(self, **fields: Any) -> dict[str, Any]:
        """Add a part as the earlier pages do."""
        added = self.old.post("/api/parts/", json={**PART, "name": f"n{uuid4().hex[:8]}", **fields})
        assert added.status_code == 201, added.text
        found: dict[str, Any] = added.json()
        return found

    def do(self, part: dict[str, Any] | int, verb: str, body: Any = None) -> dict[str, Any]:
        answer = self.try_to(part, verb, body)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def try_to(self, part: dict[str, Any] | int, verb: str, body: Any = None) -> httpx.Response:
        part_id = part if isinstance(part, int) else part["id"]
        return self.old.post(f"/api/parts/{part_id}/{verb}", json=body)

    def read(self, part: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = self.old.get(f"/api/parts/{part['id']}").raise_for_status().json()
        return found

    def claim(self, part: dict[str, Any]) -> dict[str, Any] | None:
        """What the kernel says of who holds it."""
        shown = self.admin.client.get("/api/claims", params={"kind": "part"}).raise_for_status().json()
        return next((each for each in shown["claims"] if each["key"] == str(part["id"])), None)
