"""A running Toolcrib, and the people who use it as the contracts' clients do."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import httpx
import jwt
import uvloop

from tests.clock import FakeClock
from tests.servers.environment import ADMIN, DEFAULTS, PLAIN
from tests.servers.inprocess import AppServer
from tests.servers.sqlite import fill_data_dir
from tests.servers.toolcrib import ToolcribServer

BASE = "/api/storage"
MOST_AT_ONCE = 16  # accounts created in one transaction
Result = TypeVar("Result")


def token(subject: str, company: str | None, **claims: Any) -> str:
    """What another sign-in service that shares our secret gives its users. `subject` is a UUID or a username."""
    named = {"sub": subject, "user_id": subject, "company_id": company, **claims}
    return jwt.encode(named, DEFAULTS["JWT_SECRET_KEY"], "HS256")


@dataclass
class Stranger:
    """Somebody as another service's token names them. `username` is what they are called here, once they are known."""

    uuid: str
    company: str
    token: str
    username: str | None = None

    @classmethod
    def of(cls, company: str | None = None, username: str | None = None) -> Stranger:
        uuid, company = str(uuid4()), company or str(uuid4())
        return cls(uuid, company, token(uuid, company, **({"username": username} if username else {})))


class InThread:
    """Toolcrib in this process, on a thread and event loop of its own, so that tests can be plain functions. The loop
    is the one of `toolcrib serve`, with which a request takes a fifth less time than with asyncio's own."""

    def __init__(self, folder: Path, clock: FakeClock, **settings: Any) -> None:
        self.folder = folder
        self._loop = uvloop.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.app = self.run(AppServer.start(folder, clock, **settings))
        self.url = self.app.url

    def run(self, work: Coroutine[Any, Any, Result]) -> Result:
        """A coroutine on the server's own loop."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def close(self) -> None:
        self.run(self.app.stop())
        self.run(_others_end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


class Crib:
    """A running Toolcrib and the people who use it.

    `Crib.start(folder)` runs one in this process, whose clock the test moves; `Crib(server)` is around a
    `toolcrib serve` with TRUST_TOKEN_ISSUERS="*". People sign in with tokens of another service that shares the
    secret, which takes no password to be hashed.
    """

    def __init__(self, server: InThread | ToolcribServer) -> None:
        self.server = server
        self.url = server.url
        self._clients: list[httpx.Client] = []
        self._strangers: list[Stranger] = []
        self._met = 0

    @classmethod
    def start(cls, folder: Path, clock: FakeClock | None = None, /, **settings: Any) -> Crib:
        """One in this process, with its data in `folder`. Without a `database_url`, where there is no database yet it
        gets one where a server has started once."""
        if not {"database_url", "DATABASE_URL"} & settings.keys():
            fill_data_dir(folder)
        return cls(InThread(folder, clock or FakeClock(), **{"TRUST_TOKEN_ISSUERS": ["*"], **settings}))

    def close(self) -> None:
        for client in self._clients:
            client.close()
        self.server.close()

    # Of one in this process

    @property
    def _here(self) -> InThread:
        assert isinstance(self.server, InThread), "this server runs in a process of its own"
        return self.server

    @property
    def app(self) -> AppServer:
        return self._here.app

    @property
    def folder(self) -> Path:
        return self._here.folder

    @property
    def clock(self) -> FakeClock:
        return self.app.clock

    def run(self, work: Coroutine[Any, Any, Result]) -> Result:
        """A coroutine on the server's own loop."""
        return self._here.run(work)

    # People

    def client(self, **options: Any) -> httpx.Client:
        """Somebody who has not said who they are."""
        made = httpx.Client(**{"base_url": self.url, "timeout": 60, "verify": PLAIN, **options})
        self._clients.append(made)
        return made

    def person(self, company: str | None = None, *, username: str | None = None) -> Person:
        """Somebody new, with the `access_token` cookie of the contract. `username` must be free."""
        one = Stranger.of(company, username) if company or username else self._stranger()
        person = Person(one.uuid, one.company, self.client(cookies={"access_token": one.token}))
        person.username = one.username or person.client.get("/api/currentuser").json()["username"]
        return person

    def _stranger(self) -> Stranger:
        """Somebody of a company of their own. In this process they have accounts already, which are created several at
        a time, more of them the more are wanted: that takes a third of the time of as many first requests."""
        if not isinstance(self.server, InThread):
            return Stranger.of()
        if not self._strangers:
            found = [Stranger.of() for _ in range(min(1 + self._met, MOST_AT_ONCE))]
            for one, name in zip(found, self.run(self.app.meet(each.token for each in found)), strict=True):
                one.username = name
            self._strangers = found
        self._met += 1
        return self._strangers.pop()

    def admin(self) -> Person:
        """The first administrator."""
        # Any company: an administrator's rights do not come from it.
        signed = token(ADMIN, str(uuid4()))
        client = self.client(headers={"Authorization": f"Bearer {signed}"})
        me = client.get("/api/currentuser").json()
        return Person(me["uuid"], me["company_id"] or "", client, username=me["username"])

    def project(self, owner: Person, **members: Person) -> str:
        """A registered project of `owner`; `members` by role."""
        made = owner.client.post("/api/projects", json={"name": f"p{uuid4().hex[:12]}"})
        assert made.status_code == 201, made.text
        project: str = made.json()["id"]
        for role, member in members.items():
            url = f"/api/projects/{project}/members/{member.username}"
            added = owner.client.put(url, json={"role": role})
            assert added.is_success, added.text
        return project


async def _others_end() -> None:
    """Let whatever still runs on the loop finish before it is closed."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    if others:
        await asyncio.wait(others, timeout=5)


@dataclass
class Person:
    """Somebody with an account, and what they send. The calls below are those of the document contract."""

    uuid: str
    company: str
    client: httpx.Client
    username: str = ""

    def call(self, method: str, route: str, /, **options: Any) -> httpx.Response:
        return self.client.request(method, BASE + route, **options)

    def get(self, route: str, /, **params: Any) -> httpx.Response:
        return self.call("GET", route, params=params)

    def post(self, route: str, /, **body: Any) -> httpx.Response:
        return self.call("POST", route, json=body)

    def at(self, path: str, bucket: str = "users", owner: str | None = None) -> dict[str, str]:
        """Form B."""
        own = {"users": self.uuid, "companies": self.company}.get(bucket, "")
        return {"bucket_type": bucket, "bucket_id": owner or own, "logical_path": path}

    def read_at(self, path: str, bucket: str = "users", owner: str | None = None) -> dict[str, str]:
        """Form B' of reads."""
        place = self.at(path, bucket, owner)
        return {"bucket": place["bucket_type"], "id": place["bucket_id"], "logical_path": path}

    def put(
        self,
        path: str = "a.txt",
        content: bytes = b"hello",
        *,
        bucket: str = "users",
        owner: str | None = None,
        filename: str | None = None,
        mime: str = "text/plain",
        **fields: str,
    ) -> httpx.Response:
        name = path.rpartition("/")[2] if filename is None else filename
        return self.call(
            "POST",
            "/upload/proxy",
            data={**self.at(path, bucket, owner), **fields},
            files={"file": (name, content, mime)},
        )

    def stored(self, path: str = "a.txt", content: bytes = b"hello", **more: Any) -> dict[str, Any]:
        """`put` that must work: its `data`."""
        answer = self.put(path, content, **more)
        assert answer.status_code == 201, answer.text
        data: dict[str, Any] = answer.json()["data"]
        return data

    def fetch(
        self, path: str = "a.txt", bucket: str = "users", owner: str | None = None, **more: Any
    ) -> httpx.Response:
        return self.call("GET", "/download/proxy", params={**self.at(path, bucket, owner), **more})

    def metadata(self, path: str, bucket: str = "users", owner: str | None = None, **more: Any) -> Any:
        answer = self.call("GET", "/metadata", params={**self.read_at(path, bucket, owner), **more})
        assert answer.status_code == 200, answer.text
        return answer.json()

    def committed(self, file_id: str, content: bytes = b"next") -> str:
        """A version of the file that waits for a decision: uploaded directly, then submitted. Its id."""
        key = self.sent(content, "scratch.bin")
        answer = self.post("/versions/commit", file_id=file_id, object_key=key, created_by=self.uuid)
        assert answer.status_code == 201, answer.text
        version: str = answer.json()["data"]["version_id"]
        return version

    def sent(self, content: bytes, path: str, bucket: str = "users", owner: str | None = None) -> str:
        """Bytes sent to a presigned address: their key."""
        reserved = self.post("/upload/presign", **self.at(path, bucket, owner)).json()
        answer = httpx.put(reserved["url"], content=content, verify=PLAIN)
        assert answer.status_code == 200, answer.text
        key: str = reserved["object_key"]
        return key
