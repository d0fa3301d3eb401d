"""Limits per person: projects, API keys and uploads under way, through every door that makes one more."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from hashlib import sha256
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.documents.resumable import OCTETS, TUS, encoded

if TYPE_CHECKING:
    from tests.servers.inprocess import AppServer

Start = Callable[..., Awaitable["AppServer"]]
Call = Callable[[httpx.AsyncClient, int], Awaitable[httpx.Response]]
MOST = 3
PROJECT = "0b9c0c1e-6f0a-4d7e-9d57-3c1f9a3c2a11"  # that nobody registered
LIMITS = {"PROJECTS_PER_PERSON": MOST, "API_KEYS_PER_PERSON": MOST, "UPLOADS_PER_PERSON": MOST}


def at(number: int) -> dict[str, str]:
    return {"bucket": "projects", "id": PROJECT, "path": f"{number}.bin"}


async def register(client: httpx.AsyncClient, number: int) -> httpx.Response:
    return await client.post("/api/projects", json={"name": f"project-{number}"})


async def make_key(client: httpx.AsyncClient, number: int) -> httpx.Response:
    return await client.post("/api/users/me/keys", json={"name": f"key {number}"})


async def begin_resumable(client: httpx.AsyncClient, number: int) -> httpx.Response:
    headers = TUS | {"Upload-Length": "10", "Upload-Metadata": encoded(**at(number))}
    return await client.post("/api/storage/uploads", headers=headers)


async def begin_direct(client: httpx.AsyncClient, number: int) -> httpx.Response:
    return await client.post("/api/storage/upload/presign", json=at(number))


async def begin_either(client: httpx.AsyncClient, number: int) -> httpx.Response:
    return await (begin_direct if number % 2 else begin_resumable)(client, number)


def refused(answer: httpx.Response, status: int, code: str, setting: str) -> None:
    assert answer.status_code == status, answer.text
    body = answer.json()
    assert code in {body.get("code"), body.get("message")}
    details = {"limit": setting, "allowed": MOST, "count": MOST}
    assert {name: body["details"][name] for name in details} == details


@pytest.mark.every_database
async def test_of_many_who_ask_at_once_no_more_succeed_than_allowed(
    app_server: Start, database_url: str
) -> None:
    crib = await app_server(database_url=database_url, **LIMITS)
    ann = await crib.user("ann")
    for call, status, code, setting in (
        (register, 409, "too_many_projects", "PROJECTS_PER_PERSON"),
        (make_key, 409, "too_many_keys", "API_KEYS_PER_PERSON"),
        (begin_either, 429, "too_many_uploads", "UPLOADS_PER_PERSON"),
    ):
        answers = await asyncio.gather(*(call(ann, number) for number in range(MOST * 3)))
        assert sum(answer.is_success for answer in answers) == MOST, [each.text for each in answers]
        for answer in answers:
            if not answer.is_success:
                refused(answer, status, code, setting)


async def test_what_has_ended_counts_no_more_and_others_do_not_count(app_server: Start) -> None:
    crib = await app_server(**LIMITS)
    ann, ben, admin = await crib.user("ann"), await crib.user("ben"), await crib.admin()
    for call in (register, make_key, begin_either):
        for number in range(MOST):
            assert (await call(ann, number)).is_success
        assert (await call(ann, MOST)).is_client_error
        assert (await call(ben, MOST)).is_success

    project, *others = (await ann.get("/api/projects")).json()
    for other in others:  # whoever owns them now, Ann registered them
        await ann.put(f"/api/projects/{other['id']}/members/ben", json={"role": "owner"})
        await ann.delete(f"/api/projects/{other['id']}/members/ann")
    refused(await register(ann, 10), 409, "too_many_projects", "PROJECTS_PER_PERSON")
    assert (await register(ben, 11)).is_success
    await ann.delete(f"/api/projects/{project['id']}")
    assert (await register(ann, 12)).is_success
    for number in range(20, 20 + MOST + 2):  # administrators do it for everybody
        assert (await register(admin, number)).is_success

    key = (await ann.get("/api/users/me/keys")).json()[0]
    await ann.delete(f"/api/users/me/keys/{key['id']}")
    assert (await make_key(ann, 10)).is_success

    crib.clock.advance(hours=25)  # whether or not the sweep has come
    assert (await begin_direct(ann, 10)).is_success
    upload = await begin_resumable(ann, 11)
    assert (await begin_resumable(ann, 12)).is_success
    refused(await begin_direct(ann, 13), 429, "too_many_uploads", "UPLOADS_PER_PERSON")
    await ann.delete(upload.headers["Location"], headers=TUS)
    upload = await begin_resumable(ann, 14)
    headers = TUS | {"Upload-Offset": "0", "Content-Type": OCTETS}
    refused(await begin_resumable(ann, 15), 429, "too_many_uploads", "UPLOADS_PER_PERSON")
    assert (await ann.patch(upload.headers["Location"], headers=headers, content=bytes(10))).is_success
    direct = (await begin_direct(ann, 16)).json()
    refused(await begin_direct(ann, 17), 429, "too_many_uploads", "UPLOADS_PER_PERSON")
    assert (await ann.put(direct["url"], content=CONTENT)).is_success
    confirmed = await ann.post("/api/storage/upload/confirm", json={"object_key": direct["object_key"]})
    assert confirmed.status_code == 201, confirmed.text
    assert (await begin_resumable(ann, 18)).is_success


CONTENT = b"some content"
OID = sha256(CONTENT).hexdigest()


class Doors:
    """The ways to send content in one request. Until `go`, each body pauses in its middle."""

    def __init__(
        self, client: httpx.AsyncClient, stranger: httpx.AsyncClient, signed: str, begun: str
    ) -> None:
        self.client, self.stranger = client, stranger
        self.go = asyncio.Event()
        self._signed, self._begun = signed, begun

    async def webdav(self, *, pauses: bool = False) -> httpx.Response:
        body = self._body(CONTENT, pauses=pauses)
        return await self.client.put("/dav/users/me/dav.bin", content=body)

    async def form(self, *, pauses: bool = False) -> httpx.Response:
        fields = "".join(
            f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
            for name, value in at(0).items()
        )
        head = f'{fields}--x\r\nContent-Disposition: form-data; name="file"; filename="0.bin"\r\n\r\n'
        body = self._body(CONTENT, head.encode(), b"\r\n--x--\r\n", pauses=pauses)
        headers = {"Content-Type": "multipart/form-data; boundary=x"}
        return await self.client.post("/api/storage/upload/proxy", content=body, headers=headers)

    async def lfs(self, *, pauses: bool = False) -> httpx.Response:
        url = f"/game.git/info/lfs/objects/{OID}"
        return await self.client.put(url, content=self._body(CONTENT, pauses=pauses))

    async def signed(self, *, pauses: bool = False) -> httpx.Response:
        return await self.stranger.put(self._signed, content=self._body(CONTENT, pauses=pauses))

    async def resumable(self, *, pauses: bool = False) -> httpx.Response:
        headers = TUS | {"Upload-Offset": "0", "Content-Type": OCTETS}
        body = self._body(bytes(10), pauses=pauses)
        return await self.client.patch(self._begun, headers=headers, content=body)

    async def _body(
        self, content: bytes, before: bytes = b"", after: bytes = b"", *, pauses: bool
    ) -> AsyncIterator[bytes]:
        yield before + content[:5]
        if pauses:
            await self.go.wait()
        yield content[5:] + after


async def test_each_way_to_send_content_counts_and_is_refused(app_server: Start) -> None:
    crib = await app_server(UPLOADS_PER_PERSON=2)
    ann, ben = await crib.user("ann"), await crib.user("ben")
    signed = (await begin_direct(ann, 1)).json()["url"]
    begun = (await begin_resumable(ann, 2)).headers["Location"]
    async with httpx.AsyncClient(base_url=crib.url) as stranger:
        doors = Doors(ann, stranger, signed, begun)
        every = {doors.webdav, doors.form, doors.lfs, doors.signed, doors.resumable}
        for taken in ((doors.webdav, doors.form), (doors.lfs, doors.signed), (doors.resumable, doors.webdav)):
            doors.go.clear()
            sending = [asyncio.create_task(door(pauses=True)) for door in taken]
            async with asyncio.timeout(30):
                while crib.kernel.arriving.count < len(taken):
                    await ben.get("/health")
            for door in every - set(taken):
                answer = await door()
                assert answer.status_code == 429, (door, answer.text)
                assert "uploads under way" in answer.text
            assert (await ben.put("/dav/users/me/other.bin", content=b"other")).is_success
            every -= {doors.signed} & set(taken)  # its address is good for one upload
            doors.go.set()
            assert all([(await each).is_success for each in sending])
