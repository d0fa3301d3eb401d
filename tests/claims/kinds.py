"""Kinds as their own clients use them, each with the record that it keeps of who holds what."""

from __future__ import annotations

import atexit
import socket
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any, Protocol
from uuid import uuid4

from sqlalchemy import insert, select

from tests.claims import room_keys
from tests.servers.crib import Person
from tests.servers.databases import now
from toolcrib.desktops import models as desks
from toolcrib.kernel.database import Database
from toolcrib.machines import models as pool
from toolcrib.settings import Settings

# The holder's login name and the claim's fence.
Held = tuple[str, int]

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGyBt3kV0e3z5hVt2n9Wb8Jt3Yy1p9zq8m2c4d6e8f0A ann"
LOCK = """<?xml version="1.0"?><D:lockinfo xmlns:D="DAV:"><D:lockscope><D:exclusive/></D:lockscope>
<D:locktype><D:write/></D:locktype></D:lockinfo>"""


class Kind(Protocol):
    """One thing of the kind, for the people of one test."""

    name: str
    # Whether its claims can be renewed, and passed on, by the routes that all kinds share.
    renews: bool
    transfers: bool

    def take(self, person: Person, seconds: int | None = None) -> None: ...

    def take_for_as_long_as_the_client_lives(self, person: Person) -> None: ...

    def give_back(self, person: Person) -> None: ...

    def record(self) -> Held | None:
        """Who holds it by what the kind itself wrote down."""
        ...


@dataclass
class Asset:
    """Keeps nothing beside the claim: what the contract's own route shows is its record."""

    viewer: Person
    name = "asset"
    renews = True
    transfers = True

    def __post_init__(self) -> None:
        self.path = f"maps/{uuid4().hex}"

    def take(self, person: Person, seconds: int | None = None) -> None:
        wanted: dict[str, Any] = {"asset_path": self.path, "branch": "main"}
        if seconds is not None:
            wanted["expires_in"] = seconds
        person.client.post("/api/locks", json=wanted).raise_for_status()

    def take_for_as_long_as_the_client_lives(self, person: Person) -> None:
        raise NotImplementedError("no asset client renews by itself")

    def give_back(self, person: Person) -> None:
        person.client.delete(f"/api/locks/{self.path}").raise_for_status()

    def record(self) -> Held | None:
        answer = self.viewer.client.get(f"/api/locks/{self.path}")
        if answer.status_code == 404:
            return None
        lock = answer.raise_for_status().json()
        return lock["locked_by"], lock["fence"]


@dataclass
class Document:
    """Its record is the file's audit, read from the first line to the last."""

    viewer: Person
    name = "document"
    renews = True
    transfers = True

    def __post_init__(self) -> None:
        self.file_id: str = self.viewer.stored("a.txt", bucket="companies")["file_id"]

    def take(self, person: Person, seconds: int | None = None) -> None:
        wanted = {} if seconds is None else {"expires_in": seconds}
        person.post("/lock", file_id=self.file_id, **wanted).raise_for_status()

    def take_for_as_long_as_the_client_lives(self, person: Person) -> None:
        bearer = {"Authorization": f"Bearer {person.client.cookies['access_token']}", "Timeout": "Second-60"}
        url = f"/dav/companies/{person.company}/a.txt"
        person.client.request("LOCK", url, content=LOCK, headers=bearer).raise_for_status()

    def give_back(self, person: Person) -> None:
        person.post("/unlock", file_id=self.file_id).raise_for_status()

    def record(self) -> Held | None:
        held: Held | None = None
        shown = self.viewer.metadata("a.txt", "companies", include_audit="1")["audit_logs"]
        for line in reversed(shown):
            details = line["details"]
            match line["action"], details["action"]:
                case "lock", "lock":
                    held = line["username"], details["fence"]
                case "lock", "transfer":
                    held = details["to"], details["fence"]
                case "lock", "renew":
                    assert held is not None
                    assert held[1] == details["fence"]
                case "unlock", _:
                    assert held is not None
                    assert held[1] == details["fence"]
                    held = None
        return held


class RoomKey:
    """The kind of an installed package; its record is the porter's book."""

    name = room_keys.NAME
    renews = True
    transfers = True

    def __init__(self, database_url: str) -> None:
        self.room = uuid4().hex
        self._url = database_url

    def take(self, person: Person, seconds: int | None = None) -> None:
        query = {} if seconds is None else {"seconds": seconds}
        person.client.post(f"/api/rooms/{self.room}/take", params=query).raise_for_status()

    def take_for_as_long_as_the_client_lives(self, person: Person) -> None:
        query = {"seconds": 60, "heartbeat": True}
        person.client.post(f"/api/rooms/{self.room}/take", params=query).raise_for_status()

    def give_back(self, person: Person) -> None:
        person.client.post(f"/api/rooms/{self.room}/give-back").raise_for_status()

    def record(self) -> Held | None:
        query = select(room_keys.book.c.holder, room_keys.book.c.fence)
        found = run(self._url, query.where(room_keys.book.c.room == self.room))
        return (found[0][0], found[0][1]) if found else None


@dataclass
class Part:
    """Its record is the part's own row, as both of its lists show it."""

    viewer: Person
    name = "part"
    renews = True
    transfers = True

    def __post_init__(self) -> None:
        wanted = {"name": uuid4().hex, "material": "steel", "subsystem": "arm"}
        added = self.viewer.client.post("/api/shop/parts", json=wanted).raise_for_status()
        self.part_id = str(added.json()["id"])
        self._url = f"/api/shop/parts/{self.part_id}"
        self.viewer.client.post(f"{self._url}/approve").raise_for_status()

    def take(self, person: Person, seconds: int | None = None) -> None:
        person.client.post(f"{self._url}/take", json={"ttl_seconds": seconds}).raise_for_status()

    def take_for_as_long_as_the_client_lives(self, person: Person) -> None:
        raise NotImplementedError("nobody makes a part for as long as a program runs")

    def give_back(self, person: Person) -> None:
        person.client.post(f"{self._url}/release").raise_for_status()

    def record(self) -> Held | None:
        part = self.viewer.client.get(self._url).raise_for_status().json()
        listed = self.viewer.client.get("/api/shop/parts", params={"search": part["name"]}).json()["parts"]
        assert listed[0]["claim"] == part["claim"]
        if part["claim"] is None:
            assert part["assigned"] is None
            assert part["status"] in {"Already Started", "Pending", "Reviewed"}
            return None
        assert part["status"] == "In Progress"
        return part["assigned"], part["claim"]["fence"]


class Machine:
    """Its record is the account on the host: whose it is, and for which claim it is there."""

    name = "machine"
    renews = False
    transfers = True

    def __init__(self, database_url: str) -> None:
        self.machine = f"m-{uuid4().hex}"
        self._url = database_url
        moment = datetime.now(UTC)
        row = {
            "name": self.machine,
            "scope": "",
            "host": "127.0.0.1",
            "port": _silent_port(),
            "user": "root",
            "sudo": False,
            "tags": {},
            "facts": {},
            "enabled": True,
            "maintenance": False,
            "created_at": moment,
            "checked_at": moment,
        }
        run(database_url, insert(pool.machines).values(**row))

    def take(self, person: Person, seconds: int | None = None) -> None:
        wanted = {"names": [self.machine], "public_keys": [KEY], "minutes": -(-(seconds or 3600) // 60)}
        person.client.post("/api/reservations", json=wanted).raise_for_status()

    def take_for_as_long_as_the_client_lives(self, person: Person) -> None:
        raise NotImplementedError("machines are held until their end")

    def give_back(self, person: Person) -> None:
        mine = person.client.get("/api/pool/reservations").raise_for_status().json()["reservations"]
        (id_,) = (each["id"] for each in mine for held in each["machines"] if held["machine"] == self.machine)
        person.client.delete(f"/api/reservations/{id_}").raise_for_status()

    def record(self) -> Held | None:
        query = select(pool.holds.c.holder, pool.holds.c.fence).where(
            pool.holds.c.machine == self.machine, pool.holds.c.state.in_(pool.CURRENT)
        )
        found = run(self._url, query)
        assert len(found) < 2
        return (found[0][0], found[0][1]) if found else None


class Desktop:
    """Its record is the desktop's own row: whose it is, and for which claim it runs."""

    name = "desktop"
    renews = False
    transfers = False

    def __init__(self, database_url: str) -> None:
        self._url = database_url
        self.desktop: str | None = None

    def take(self, person: Person, seconds: int | None = None) -> None:
        wanted = {"name": "d1", "hours": (seconds or 3600) / 3600}
        made = person.client.post("/api/desktops", json=wanted).raise_for_status().json()
        self.desktop = made["name"]

    def take_for_as_long_as_the_client_lives(self, person: Person) -> None:
        raise NotImplementedError("desktops run until their end")

    def give_back(self, person: Person) -> None:
        person.client.post(f"/api/desktops/{self.desktop}/stop").raise_for_status()

    def record(self) -> Held | None:
        table = desks.desktops
        query = select(table.c.holder, table.c.fence).where(
            table.c.name == self.desktop, table.c.state.in_(desks.CURRENT)
        )
        found = run(self._url, query)
        return (found[0][0], found[0][1]) if found else None


@cache
def _silent_port() -> int:
    """Of a host that accepts connections and says nothing, so that accounts on it are being made for a while."""
    listening = socket.create_server(("127.0.0.1", 0), backlog=1_000)
    atexit.register(listening.close)
    port: int = listening.getsockname()[1]
    return port


def run(database_url: str, *statements: Any) -> list[Any]:
    """Run statements in one transaction of our own. Returns the rows of the last."""

    async def work() -> list[Any]:
        database = Database(Settings(database_url=database_url).database)
        try:
            async with database.writes.begin() as connection:
                for statement in statements:
                    result = await connection.execute(statement)
                return [tuple(row) for row in result] if result.returns_rows else []
        finally:
            await database.close()

    return now(work)


def make_tables(database_url: str) -> None:
    """Of the installed kind."""

    async def work() -> None:
        database = Database(Settings(database_url=database_url).database)
        async with database.writes.begin() as connection:
            await connection.run_sync(room_keys.tables.create_all)
        await database.close()

    now(work)


def make(name: str, viewer: Person, database_url: str) -> Kind:
    """A new thing of the kind, which `viewer` and their company may hold."""
    if name == "asset":
        return Asset(viewer)
    if name == "part":
        return Part(viewer)
    if name == "machine":
        return Machine(database_url)
    if name == "desktop":
        return Desktop(database_url)
    return Document(viewer) if name == "document" else RoomKey(database_url)


def claim_on(kind: Kind, viewer: Person) -> dict[str, Any] | None:
    """What the kernel says of the thing."""
    keys = ("path", "file_id", "part_id", "machine", "desktop", "room")
    thing = next(kind.__dict__[name] for name in keys if name in kind.__dict__)
    shown = viewer.client.get("/api/claims", params={"kind": kind.name}).raise_for_status().json()["claims"]
    return next((claim for claim in shown if claim["key"] == thing), None)


def agree(kind: Kind, viewer: Person) -> Held | None:
    """Assert that the kind's record says what the claim says. Returns that."""
    claim = claim_on(kind, viewer)
    held = (claim["holder"], claim["fence"]) if claim else None
    assert kind.record() == held
    return held


KINDS = ("asset", "document", "machine", "part", "desktop", room_keys.NAME)
