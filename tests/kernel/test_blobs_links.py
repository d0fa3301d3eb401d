"""Signed addresses: one method on one object for a while, the same on a folder as on S3."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode

import httpx
import pytest

from tests.clock import FakeClock
from tests.kernel.parts import Start, kernel_of
from tests.servers.s3 import S3Server
from toolcrib.kernel.blobs.problems import BlobMissing
from toolcrib.kernel.blobs.serving import disposition
from toolcrib.kernel.blobs.signing import Bound, LinkEnded, LinkUse, Signer, presign
from toolcrib.kernel.blobs.store import new_key, new_upload_key
from toolcrib.kernel.context import Kernel

if TYPE_CHECKING:
    from tests.servers.inprocess import AppServer

CONTENT = b"0123456789" * 100


BOUND = Bound("things", "thing", "ann")


class Links:
    """A kind's say: which people may still use their addresses."""

    def __init__(self) -> None:
        self.ended: set[str] = set()
        self.uses: list[LinkUse] = []

    async def __call__(self, _kernel: Kernel, use: LinkUse) -> None:
        self.uses.append(use)
        if use.bound.person in self.ended:
            raise LinkEnded


@pytest.fixture
async def crib(app_server: Start) -> AppServer:
    server = await app_server()
    kernel_of(server).link_checks["things"] = Links()
    return server


def links_of(crib: AppServer) -> Links:
    found = kernel_of(crib).link_checks["things"]
    assert isinstance(found, Links)
    return found


def link(crib: AppServer, method: str, key: str, seconds: int = 60, bound: Bound = BOUND, **more: Any) -> str:
    kernel = kernel_of(crib)
    signer = Signer(kernel.secrets, kernel.settings)
    return signer.sign(method, key, bound, now=kernel.clock(), expires_in=timedelta(seconds=seconds), **more)


async def stored(crib: AppServer, content: bytes = CONTENT, key: str | None = None) -> str:
    async def stream() -> AsyncIterator[bytes]:
        yield content

    return (await kernel_of(crib).blobs.put(stream(), max_bytes=2**20, key=key)).key


async def test_a_signed_address_gives_the_file_to_whoever_has_it(crib: AppServer) -> None:
    url = link(crib, "GET", await stored(crib), filename="Plan für Öl.pdf")
    found = await crib.client.get(url)
    assert found.status_code == 200
    assert found.content == CONTENT
    assert found.headers["x-content-type-options"] == "nosniff"
    assert found.headers["content-disposition"].startswith("attachment;")
    assert "filename*=UTF-8''Plan%20f%C3%BCr%20%C3%96l.pdf" in found.headers["content-disposition"]
    head = await crib.client.head(url)
    assert head.status_code == 200
    assert head.headers["content-length"] == str(len(CONTENT))
    assert head.content == b""


@pytest.mark.parametrize(
    ("asked", "status", "start", "end"),
    [
        ("bytes=0-9", 206, 0, 10),
        ("bytes=990-", 206, 990, 1000),
        ("bytes=-10", 206, 990, 1000),
        ("bytes=-5000", 206, 0, 1000),
        ("bytes=5-5000", 206, 5, 1000),
        ("bytes=999-999", 206, 999, 1000),
        ("bytes=0-1,5-6", 200, 0, 1000),
        ("bytes=9-3", 200, 0, 1000),
        ("bytes=-", 200, 0, 1000),
        ("items=0-9", 200, 0, 1000),
        ("bytes=1000-", 416, 0, 0),
        ("bytes=-0", 416, 0, 0),
    ],
)
async def test_ranges(crib: AppServer, asked: str, status: int, start: int, end: int) -> None:
    url = link(crib, "GET", await stored(crib))
    found = await crib.client.get(url, headers={"Range": asked})
    assert found.status_code == status
    if status == 416:
        assert found.headers["content-range"] == "bytes */1000"
        return
    assert found.content == CONTENT[start:end]
    if status == 206:
        assert found.headers["content-range"] == f"bytes {start}-{end - 1}/1000"


async def test_validators(crib: AppServer) -> None:
    url = link(crib, "GET", await stored(crib))
    tag = (await crib.client.get(url)).headers["etag"]
    unchanged = await crib.client.get(url, headers={"If-None-Match": f'"other", {tag}'})
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    resumed = await crib.client.get(url, headers={"Range": "bytes=500-", "If-Range": tag})
    assert resumed.status_code == 206
    changed = await crib.client.get(url, headers={"Range": "bytes=500-", "If-Range": '"older"'})
    assert (changed.status_code, len(changed.content)) == (200, 1000)


async def test_nothing_in_a_signed_address_can_be_changed(crib: AppServer) -> None:
    key, other = await stored(crib), await stored(crib, b"secret")
    url = link(crib, "GET", key, filename="a.txt")
    forged = [
        url.replace(key, other),
        url.replace("X-Amz-Expires=60", "X-Amz-Expires=600000"),
        re.sub(r"X-Amz-Date=\w+", "X-Amz-Date=20990101T000000Z", url),
        url.replace("a.txt", "b.exe"),
        url.replace("person=ann", "person=ben"),
        url.replace("thing=thing", "thing=other"),
        url.replace("kind=things", "kind=document"),
        url + "&filename=b.exe",
        url[:-1] + ("0" if url[-1] != "0" else "1"),
        url.split("X-Amz-Signature")[0] + "X-Amz-Signature=%F0%9F%98%80",
        url.split("?", maxsplit=1)[0],
    ]
    for each in forged:
        refused = await crib.client.get(each)
        assert refused.status_code == 403, each
        assert refused.json()["code"] == "link_invalid"
    assert (await crib.client.put(url, content=b"x")).status_code == 403, "signed for GET"


async def test_a_signed_address_expires(crib: AppServer, clock: FakeClock) -> None:
    url = link(crib, "GET", await stored(crib), seconds=60)
    clock.advance(seconds=59)
    assert (await crib.client.get(url)).status_code == 200
    clock.advance(seconds=1)
    late = await crib.client.get(url)
    assert (late.status_code, late.json()["code"]) == (403, "link_expired")


async def test_no_address_is_good_for_more_than_a_day(crib: AppServer, clock: FakeClock) -> None:
    url = link(crib, "GET", await stored(crib), seconds=7 * 86_400)
    clock.advance(seconds=86_399)
    assert (await crib.client.get(url)).status_code == 200
    clock.advance(seconds=1)
    assert (await crib.client.get(url)).json()["code"] == "link_expired"


async def test_the_kind_is_asked_at_each_use_and_its_no_counts(crib: AppServer) -> None:
    key, upload = await stored(crib), new_upload_key()
    get, put = link(crib, "GET", key), link(crib, "PUT", upload, max_bytes=2000)
    links = links_of(crib)
    assert (await crib.client.get(get)).status_code == 200
    assert (await crib.client.head(get, headers={"User-Agent": "curl/8"})).status_code == 200
    assert [(use.method, use.key, use.bound) for use in links.uses] == [("GET", key, BOUND)] * 2
    assert (links.uses[1].ip_address, links.uses[1].user_agent) == ("127.0.0.1", "curl/8")
    links.ended.add("ann")
    for answer in (await crib.client.get(get), await crib.client.put(put, content=b"x")):
        assert (answer.status_code, answer.json()["code"]) == (403, "link_ended")
    assert (await crib.client.get(link(crib, "GET", key, bound=Bound("things", "thing", "ben")))).is_success
    with pytest.raises(BlobMissing):
        await kernel_of(crib).blobs.head(upload)


async def test_an_address_of_a_kind_that_is_gone_is_not_good(crib: AppServer) -> None:
    url = link(crib, "GET", await stored(crib), bound=Bound("gone", "thing", "ann"))
    assert (await crib.client.get(url)).json()["code"] == "link_ended"


async def test_an_upload_address_takes_one_file(crib: AppServer) -> None:
    key = new_upload_key()
    url = link(crib, "PUT", key, max_bytes=2000)
    sent = await crib.client.put(url, content=CONTENT)
    assert sent.status_code == 200
    assert sent.headers["etag"] == f'"{sha256(CONTENT).hexdigest()}"'
    again = await crib.client.put(url, content=b"something else")
    assert (again.status_code, again.json()["code"]) == (409, "already_uploaded")
    assert (await kernel_of(crib).blobs.head(key)).size == 1000
    assert (await crib.client.get(url)).status_code == 403, "signed for PUT"


async def test_an_upload_address_has_a_limit(crib: AppServer) -> None:
    key = new_upload_key()
    url = link(crib, "PUT", key, max_bytes=999)

    async def unannounced() -> AsyncIterator[bytes]:
        yield CONTENT

    for content in (CONTENT, unannounced()):
        refused = await crib.client.put(url, content=content)
        assert (refused.status_code, refused.json()["code"]) == (413, "payload_too_large")
    assert (await crib.client.put(url, content=b"fits")).status_code == 200


async def test_no_address_writes_over_a_live_file(crib: AppServer) -> None:
    """Even one that we signed by mistake."""
    key = await stored(crib)
    for each in (key, new_key()):
        refused = await crib.client.put(link(crib, "PUT", each, max_bytes=100), content=b"x")
        assert refused.status_code == 403
    assert (await crib.client.get(link(crib, "GET", key))).content == CONTENT


async def test_bytes_that_are_gone_are_not_found(crib: AppServer) -> None:
    found = await crib.client.get(link(crib, "GET", new_key()))
    assert (found.status_code, found.json()["code"]) == (404, "blob_missing")


async def test_on_s3_the_address_is_its_own(app_server: Start, s3_server: S3Server) -> None:
    crib = await app_server(**s3_server.settings())
    kernel = kernel_of(crib)
    signer = Signer(kernel.secrets, kernel.settings)
    key = new_upload_key()
    await stored(crib)  # makes the bucket

    async def address(method: str) -> str:
        now = kernel.clock()
        return await presign(
            kernel.blobs, signer, method, key, BOUND, now=now, expires_in=timedelta(minutes=1), max_bytes=10
        )

    async with httpx.AsyncClient() as client:
        put, get = await asyncio.gather(address("PUT"), address("GET"))
        assert put.startswith(s3_server.endpoint)
        assert "x-amz-signature" in put.lower()
        assert (await client.put(put, content=b"direct")).status_code == 200
        assert (await client.get(get)).content == b"direct"
    assert (await kernel.blobs.head(key)).size == 6


@pytest.mark.parametrize(
    ("filename", "header"),
    [
        ("plan.pdf", 'attachment; filename="plan.pdf"'),
        ('a"b.txt', "attachment; filename=\"a_b.txt\"; filename*=UTF-8''a%22b.txt"),
        ("a\r\nX: y", "attachment; filename=\"a__X: y\"; filename*=UTF-8''a%0D%0AX%3A%20y"),
        ("50%.txt", "attachment; filename=\"50_.txt\"; filename*=UTF-8''50%25.txt"),
    ],
)
def test_any_name_can_be_saved_under(filename: str, header: str) -> None:
    assert disposition(filename) == header


async def test_several_parameters_are_not_signed_as_one(crib: AppServer) -> None:
    """A name that holds what the signature sees between two parameters."""
    path, _, query = link(crib, "GET", await stored(crib), filename="a.txt").partition("?")
    pairs = dict(parse_qsl(query))
    date, expires = pairs.pop("X-Amz-Date"), pairs.pop("X-Amz-Expires")
    pairs[f"X-Amz-Date={date}\nX-Amz-Expires"] = expires
    answer = await crib.client.get(f"{path}?{urlencode(pairs)}")
    assert answer.status_code == 403
    assert answer.json()["code"] == "link_invalid"
