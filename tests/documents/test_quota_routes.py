"""Every route that stores content refuses what a quota has no room for, and says so in the API's description."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.documents.resumable import begin, begun, send
from tests.documents.test_quotas import allow, bytes_of, lfs_object, lfs_put
from tests.parts.pictures import drawn
from tests.servers.crib import Crib, Person, token

pytestmark = pytest.mark.databases("sqlite")

Way = Callable[[Crib, Person], httpx.Response]


def _sent(crib: Crib, ann: Person) -> dict[str, Any]:
    """A direct upload of 400 bytes that has arrived; the quota is lowered then."""
    reserved: dict[str, Any] = ann.post("/upload/presign", **ann.at("sent.bin")).json()
    assert crib.client().put(reserved["url"], content=bytes_of(400)).status_code == 200
    allow(crib, "users", ann.uuid, 100)
    return reserved


def presign(_: Crib, ann: Person) -> httpx.Response:
    return ann.post("/upload/presign", **ann.at("a.bin"), size=2_000)


def signed(crib: Crib, ann: Person) -> httpx.Response:
    reserved = ann.post("/upload/presign", **ann.at("a.bin")).json()
    assert begin(ann, 800, "b.bin").status_code == 201
    return crib.client().put(reserved["url"], content=bytes_of(400))


def confirm(crib: Crib, ann: Person) -> httpx.Response:
    ann.stored("sent.bin", bytes_of(16))
    return ann.post("/upload/confirm", object_key=_sent(crib, ann)["object_key"])


def commit(crib: Crib, ann: Person) -> httpx.Response:
    ann.stored("sent.bin", bytes_of(16))
    return ann.post("/versions/commit", **ann.at("sent.bin"), object_key=_sent(crib, ann)["object_key"])


def form(_: Crib, ann: Person) -> httpx.Response:
    return ann.put("a.bin", bytes_of(2_000))


def create(_: Crib, ann: Person) -> httpx.Response:
    return begin(ann, 2_000)


def append(crib: Crib, ann: Person) -> httpx.Response:
    upload = begun(ann, 900)
    allow(crib, "users", ann.uuid, 100)
    return send(ann, upload, 0, bytes_of(900))


def copy(crib: Crib, ann: Person) -> httpx.Response:
    project = crib.project(ann)
    ann.stored("a.bin", bytes_of(2_000), bucket="projects", owner=project)
    source = {"source_bucket": "projects", "source_id": project, "source_path": "a.bin"}
    return ann.post("/copy", **source, target_bucket="users", target_id=ann.uuid, target_path="a.bin")


def lfs(_: Crib, ann: Person) -> httpx.Response:
    return lfs_put(ann, f"nobodys-{uuid4().hex}", lfs_object(2_000))


def lfs_of_the_default_project(_: Crib, ann: Person) -> httpx.Response:
    content = lfs_object(2_000)
    answer = lfs_put(ann, "default", content)
    url = answer.request.url.path.replace("/default.git", "")
    return ann.client.put(url, content=content)


def part_upload(_: Crib, ann: Person) -> httpx.Response:
    return _part_file(ann, "/api/parts/{}/upload")


def part_file(_: Crib, ann: Person) -> httpx.Response:
    return _part_file(ann, "/api/shop/parts/{}/files")


def part_views(_: Crib, ann: Person) -> httpx.Response:
    return _part_views(ann, "/api/parts/{}/views")


def part_views_of_ours(_: Crib, ann: Person) -> httpx.Response:
    return _part_views(ann, "/api/shop/parts/{}/views")


def _part_file(ann: Person, address: str) -> httpx.Response:
    return _to_part(ann, address, {"file": ("a.step", bytes_of(2_000))})


def _part_views(ann: Person, address: str) -> httpx.Response:
    return _to_part(ann, address, {"view_0": ("a.png", drawn(0, 600)), "view_1": ("b.png", drawn(1, 600))})


def _to_part(ann: Person, address: str, files: dict[str, tuple[str, bytes]]) -> httpx.Response:
    bearer = {"Authorization": f"Bearer {token(ann.uuid, ann.company)}"}
    wanted = {"material": "steel", "subsystem": "arm"}
    part = ann.client.post("/api/parts/", json=wanted, headers=bearer).json()
    return ann.client.post(address.format(part["id"]), files=files, headers=bearer)


WAYS: list[Way] = [
    *(presign, signed, confirm, commit, form, create, append, copy),
    *(lfs, lfs_of_the_default_project),
    *(part_upload, part_file, part_views, part_views_of_ours),
]


def _operation(document: dict[str, Any], request: httpx.Request) -> tuple[str, str]:
    """Which operation of the description a request was for: the one with the longest text that is no parameter."""
    method, path = request.method.lower(), request.url.path
    fitting = [
        each
        for each, item in document["paths"].items()
        if method in item and re.fullmatch(re.sub(r"\\{[^}]+\\}", ".+", re.escape(each)), path)
    ]
    return method, max(fitting, key=lambda each: len(re.sub(r"{[^}]+}", "", each)))


def test_each_route_that_stores_content_refuses_what_does_not_fit_and_says_so(crib: Crib) -> None:
    document = crib.run(crib.app.description())
    refusing = set()
    for way in WAYS:
        ann = crib.person()
        allow(crib, "users", ann.uuid, 1_000)
        answer = way(crib, ann)
        assert answer.status_code == 507, (way.__name__, answer.status_code, answer.text)
        assert b"used" in answer.content or b"stores" in answer.content
        refusing.add(_operation(document, answer.request))
    saying = {
        (method, path)
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if "507" in operation["responses"]
    }
    assert refusing == saying
