"""Those who work during a soak. Each tries on until `over`, whatever the server answers, and notes what it promised."""

from __future__ import annotations

import asyncio
import hashlib
import json
import random
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

import httpx

from benchmarks.soak.history import History
from tests.servers.environment import PASSWORD, PLAIN

CALM_SECONDS = 0.2  # after an answer that promises nothing
PATHS = 40  # so few that people meet
LARGEST_BYTES = 20_000
ANSWER_SECONDS = 40.0


@dataclass
class Person:
    """One of those who work: `number` tells those of one kind apart."""

    url: str
    username: str
    uuid: str
    token: str
    number: int
    history: History
    over: asyncio.Event
    chance: random.Random
    paths: int = PATHS

    def client(self, token: str | None = None) -> httpx.AsyncClient:
        headers = {"Authorization": f"Bearer {token or self.token}"}
        return httpx.AsyncClient(base_url=self.url, headers=headers, timeout=ANSWER_SECONDS, verify=PLAIN)

    def bytes(self) -> bytes:
        return self.chance.randbytes(self.chance.randint(1, LARGEST_BYTES))

    async def ask(self, client: httpx.AsyncClient, method: str, path: str, **options: Any) -> httpx.Response:
        """The answer. What could not be asked is a 599, and is followed by a pause, as is every 5xx."""
        try:
            answer = await client.request(method, path, **options)
        except httpx.HTTPError as error:
            self.history.failed(type(error).__name__)
            answer = httpx.Response(599)
        if answer.status_code >= 500:
            if answer.status_code != 599:
                self.history.failed(str(answer.status_code))
            await self.pause(CALM_SECONDS)
        return answer

    async def pause(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self.over.wait(), seconds)
        except TimeoutError:
            return


def digest_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


async def lock_and_release(person: Person) -> None:
    """Lock paths that others want, too; sometimes queue for one; give back what is ours."""
    in_queue: set[str] = set()
    async with person.client() as client:
        while not person.over.is_set():
            path = f"asset/{person.chance.randrange(person.paths)}"
            body = {"asset_path": path, "branch": "main", "wait": person.chance.random() < 0.2}
            answer = await person.ask(client, "POST", "/api/locks", json=body)
            if answer.status_code == 201:
                fence = answer.json()["lock"]["fence"]
                person.history.locked(path, fence, person.username)
                await person.pause(person.chance.uniform(0, 0.05))
                await _release(person, client, fence)
            elif answer.status_code == 202:
                if path not in in_queue:  # whoever waits already keeps their place
                    in_queue.add(path)
                    person.history.waits(path, person.username)
            elif answer.status_code == 409:
                # Ours: because our turn in the queue came, or because an answer was lost.
                details = answer.json().get("details") or {}
                if details.get("holder") == person.username:
                    in_queue.discard(path)
                    await _release(person, client, details["fence"])
                else:
                    await person.pause(0.01)


async def _release(person: Person, client: httpx.AsyncClient, fence: int) -> None:
    if person.over.is_set() and person.chance.random() < 0.5:
        return  # some are held in the end
    person.history.ends(fence)
    while True:
        answer = await person.ask(client, "POST", f"/api/claims/{fence}/release")
        if answer.status_code == 200:
            person.history.ended(fence)
        if answer.status_code < 500 or person.over.is_set():
            return


async def keep_documents(person: Person) -> None:
    """Upload versions of a document, and read them."""
    name = f"document-{person.number}.bin"
    place = {"bucket_type": "users", "bucket_id": person.uuid, "logical_path": name}
    address = f"document:{person.username}:{name}"
    async with person.client() as client:
        while not person.over.is_set():
            content = person.bytes()
            person.history.sends(address, digest_of(content))
            answer = await person.ask(
                client, "POST", "/api/storage/upload/proxy", data=place, files={"file": (name, content)}
            )
            if answer.status_code == 201:
                person.history.stored("upload", address, digest_of(content))
                person.history.numbered(address, answer.json()["data"]["version_number"])
            answer = await person.ask(client, "GET", "/api/storage/download/proxy", params=place)
            if answer.status_code == 200:
                person.history.read("download", address, digest_of(answer.content))
            await person.pause(0.05)


async def keep_dav_files(person: Person) -> None:
    """Save a file over WebDAV, and read it."""
    path = f"/dav/users/me/dav-{person.number}.bin"
    address = f"dav:{person.username}:{path}"
    async with person.client() as client:
        while not person.over.is_set():
            content = person.bytes()
            person.history.sends(address, digest_of(content))
            answer = await person.ask(client, "PUT", path, content=content)
            if answer.status_code in {200, 201, 204}:
                person.history.stored("WebDAV save", address, digest_of(content))
            answer = await person.ask(client, "GET", path)
            if answer.status_code == 200:
                person.history.read("WebDAV read", address, digest_of(answer.content))
            await person.pause(0.05)


async def keep_lfs_objects(person: Person) -> None:
    """Send objects of git LFS, and read them."""
    async with person.client() as client:
        while not person.over.is_set():
            content = person.bytes()
            oid = digest_of(content)
            path = f"/default.git/info/lfs/objects/{oid}"
            answer = await person.ask(client, "PUT", path, content=content)
            if answer.status_code == 200:
                person.history.stored("LFS object", f"lfs:{person.username}:{path}", oid)
                answer = await person.ask(client, "GET", path)
                if answer.status_code == 200:
                    person.history.read(
                        "LFS read", f"lfs:{person.username}:{path}", digest_of(answer.content)
                    )
            await person.pause(0.1)


async def sign_in(person: Person) -> None:
    """Sign in with the password, and look who that is."""
    who = {"username": person.username, "password": PASSWORD}
    async with httpx.AsyncClient(base_url=person.url, timeout=ANSWER_SECONDS, verify=PLAIN) as client:
        while not person.over.is_set():
            answer = await person.ask(client, "POST", "/api/login", json=who)
            if answer.status_code == 200:
                person.history.acknowledge("sign-in")
                person.history.tokens.append(answer.json()["access_token"])
            await person.pause(1)


async def follow(person: Person) -> None:
    """Read the event stream, and resume it after the last event that came."""
    seen = person.history.streams.setdefault(f"{person.number}", [])
    while not person.over.is_set():
        query = f"?after={seen[-1] if seen else 0}"
        try:
            async with (
                person.client() as client,
                client.stream("GET", f"/api/events/stream{query}") as answer,
            ):
                if answer.status_code == 200:
                    await _take(person, answer, seen)
        except httpx.HTTPError as error:
            person.history.failed(f"stream {type(error).__name__}")
        await person.pause(CALM_SECONDS)


async def _take(person: Person, answer: httpx.Response, seen: list[int]) -> None:
    kind = ""
    async for line in answer.aiter_lines():
        if line.startswith("event: "):
            kind = line.removeprefix("event: ")
        elif line.startswith("data: ") and kind == "event":
            seen.append(json.loads(line.removeprefix("data: "))["seq"])
        if person.over.is_set():
            return


# How many of each work at a time.
WORK: dict[Callable[[Person], Coroutine[Any, Any, None]], int] = {
    lock_and_release: 16,
    keep_documents: 3,
    keep_dav_files: 2,
    keep_lfs_objects: 2,
    sign_in: 1,
    follow: 2,
}
