"""Reads, at the end of a soak, what the server has."""

from __future__ import annotations

import hashlib

import httpx

from benchmarks.soak.history import History
from benchmarks.soak.verdict import Event, Found, Held

TOKENS = 50


def look(admin: httpx.Client, clients: dict[str, httpx.Client], history: History) -> Found:
    """`clients` are the people who worked, by name."""
    locks = admin.get("/api/locks").raise_for_status().json()
    held = [Held(lock["asset_path"], lock["fence"]) for lock in locks]
    contents = {address: _content(clients, address) for address in history.contents}
    refused = sum(not _counts(admin, token) for token in history.tokens[-TOKENS:])
    return Found(read_log(admin), held, contents, refused)


def read_log(admin: httpx.Client) -> list[Event]:
    found: list[Event] = []
    after: int | None = 0
    while after is not None:
        asked: dict[str, str | int] = {"order": "asc", "after": after, "limit": 1000}
        page = admin.get("/api/events", params=asked).raise_for_status().json()
        found += [Event(each["seq"], each["verb"], each["key"], each["actor"]) for each in page["events"]]
        after = page["next_after"]
    return found


def _content(clients: dict[str, httpx.Client], address: str) -> str | None:
    """The digest of what is stored there; None if nothing is."""
    kind, who, where = address.split(":", 2)
    client = clients[who]
    if kind == "document":
        uuid = client.get("/api/currentuser").raise_for_status().json()["uuid"]
        place = {"bucket_type": "users", "bucket_id": uuid, "logical_path": where}
        answer = client.get("/api/storage/download/proxy", params=place)
    else:
        answer = client.get(where)
    return hashlib.sha256(answer.content).hexdigest() if answer.status_code == 200 else None


def _counts(admin: httpx.Client, token: str) -> bool:
    answer = admin.get("/api/currentuser", headers={"Authorization": f"Bearer {token}"})
    return answer.status_code == 200
