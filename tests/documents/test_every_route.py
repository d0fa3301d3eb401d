"""Every route below /api/storage, found by walking the OpenAPI document: who is refused, and that it was the rights.

For each route there is a call here that works for somebody with the rights. It is made by everybody without them
first. A new route without a call fails the test.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.documents.resumable import OCTETS, TUS, encoded
from tests.servers.crib import BASE, Crib, Person

pytestmark = pytest.mark.databases("sqlite", "postgresql", "mariadb")

Route = tuple[str, str]

# Routes that are not about a bucket: open to everybody, or to everybody signed in.
NOBODYS = {
    ("GET", "/health"),
    ("GET", "/version"),
    ("GET", "/config"),
}
# Everybody signed in gets an answer, without what they may not see.
FILTERED = {("GET", "/locks"), ("GET", "/versions/waiting"), ("GET", "/buckets"), ("GET", "/search")}
# Administrators only, about no bucket.
ADMINS = {("POST", "/verify")}
# About a version that waits.
DECISIONS = {"/versions/{version_id}/approve", "/versions/{version_id}/reject"}
# The response does not reveal whether another person's upload exists.
HIDDEN = {"/upload/confirm", "/uploads/{upload_id}"}


@dataclass
class Scene:
    """A bucket with a file, a version that waits, and all that the routes can be pointed at. `owner` may do
    everything there."""

    crib: Crib
    bucket: str
    owner: Person
    bucket_id: str
    file_id: str
    version_id: str
    waiting: str = ""
    upload_id: str = ""
    names: Iterator[str] = field(default_factory=lambda: iter(lambda: uuid4().hex, ""))

    def at(self, path: str = "a.txt") -> dict[str, str]:
        return {"bucket_type": self.bucket, "bucket_id": self.bucket_id, "logical_path": path}

    def file(self, **more: Any) -> str:
        """A new file of the owner's: its path."""
        path = f"{next(self.names)}.txt"
        self.owner.stored(path, bucket=self.bucket, owner=self.bucket_id, **more)
        return path

    def archived(self) -> dict[str, str]:
        place = self.at(self.file())
        assert self.owner.call("DELETE", "/delete", json=place).is_success
        return place

    def locked(self) -> dict[str, str]:
        place = self.at(self.file())
        assert self.owner.post("/lock", **place).is_success
        return place

    def begun(self, **headers: str) -> dict[str, Any]:
        """A resumable upload of the owner's, one byte long and not sent yet; and the headers of a call about it."""
        told = encoded(**self.at(f"{next(self.names)}.txt"))
        created = {**TUS, "Upload-Length": "1", "Upload-Metadata": told}
        answer = self.owner.call("POST", "/uploads", headers=created)
        assert answer.status_code == 201, answer.text
        self.upload_id = answer.headers["Location"].rpartition("/")[2]
        return {"headers": {**created, **headers}}

    def copied(self) -> dict[str, str]:
        return {
            **_side("source", self.at()),
            **_side("target", self.at(f"{next(self.names)}.txt")),
        }


def _side(side: str, place: dict[str, str]) -> dict[str, str]:
    return {
        f"{side}_bucket": place["bucket_type"],
        f"{side}_id": place["bucket_id"],
        f"{side}_path": place["logical_path"],
    }


def _new_folder(scene: Scene) -> dict[str, Any]:
    path = next(scene.names)
    assert scene.owner.post("/folders", **scene.at(path)).is_success
    return {"json": scene.at(path)}


def _form(scene: Scene) -> dict[str, Any]:
    return {"data": scene.at(f"{next(scene.names)}.txt"), "files": {"file": ("x", b"x", "text/plain")}}


def _confirmed(scene: Scene) -> dict[str, Any]:
    return {"json": {"object_key": scene.owner.sent(b"x", "c.txt", scene.bucket, scene.bucket_id)}}


def _committed(scene: Scene) -> dict[str, Any]:
    key = scene.owner.stored("own.bin", b"mine")["object_key"]
    return {"json": {"file_id": scene.file_id, "object_key": key}}


def _read_at(scene: Scene) -> dict[str, str]:
    return {"bucket": scene.bucket, "id": scene.bucket_id, "logical_path": "a.txt"}


APPEND = {"Content-Type": OCTETS, "Upload-Offset": "0"}

# What a call sends; made anew for each route, for some use things up.
CALLS: dict[Route, Callable[[Scene], dict[str, Any]]] = {
    ("GET", "/list"): lambda s: {"params": {"bucket": s.bucket, "id": s.bucket_id}},
    ("GET", "/metadata"): lambda s: {"params": _read_at(s)},
    ("GET", "/event-keys"): lambda s: {"params": _read_at(s)},
    ("PATCH", "/metadata"): lambda s: {"params": _read_at(s), "json": {"tags": {"k": "v"}}},
    ("POST", "/upload/presign"): lambda s: {"json": s.at("p.txt")},
    ("POST", "/upload/proxy"): _form,
    ("POST", "/upload/confirm"): _confirmed,
    ("GET", "/download/presign"): lambda s: {"params": s.at()},
    ("POST", "/download/presign"): lambda s: {"json": s.at()},
    ("GET", "/download/proxy"): lambda s: {"params": s.at()},
    ("POST", "/copy"): lambda s: {"json": s.copied()},
    ("POST", "/lock"): lambda s: {"json": s.at(s.file())},
    ("POST", "/lock/renew"): lambda s: {"json": s.locked()},
    ("POST", "/unlock"): lambda s: {"json": s.locked()},
    ("GET", "/versions"): lambda s: {"params": {"file_id": s.file_id}},
    ("POST", "/versions/commit"): _committed,
    ("POST", "/versions/{version_id}/approve"): lambda _: {},
    ("POST", "/versions/{version_id}/reject"): lambda _: {},
    ("DELETE", "/delete"): lambda s: {"json": s.at(s.file())},
    ("POST", "/restore"): lambda s: {"json": s.archived()},
    ("POST", "/move"): lambda s: {"json": {**s.at(s.file()), "target_path": f"{next(s.names)}.txt"}},
    ("GET", "/folders"): lambda s: {"params": {"bucket": s.bucket, "id": s.bucket_id}},
    ("GET", "/folders/zip"): lambda s: {"params": {"bucket": s.bucket, "id": s.bucket_id}},
    ("POST", "/folders"): lambda s: {"json": s.at(next(s.names))},
    ("DELETE", "/folders"): _new_folder,
    ("POST", "/folders/move"): lambda s: {"json": {**_new_folder(s)["json"], "target_path": next(s.names)}},
    ("POST", "/versions/{version_id}/restore"): lambda _: {},
    ("POST", "/uploads"): lambda s: s.begun(),
    ("HEAD", "/uploads/{upload_id}"): lambda s: s.begun(),
    ("DELETE", "/uploads/{upload_id}"): lambda s: s.begun(),
    ("PATCH", "/uploads/{upload_id}"): lambda s: {**s.begun(**APPEND), "content": b"x"},
}


def _routes(crib: Crib) -> list[Route]:
    paths = crib.run(crib.app.description())["paths"]
    return [
        (method.upper(), path.removeprefix(BASE))
        for path, item in paths.items()
        if path.startswith(f"{BASE}/")
        for method in item
        if method in {"get", "head", "post", "put", "patch", "delete"}
    ]


def _ask(scene: Scene, route: Route, client: httpx.Client, sent: dict[str, Any]) -> httpx.Response:
    method, path = route
    path = path.replace("{version_id}", scene.waiting if path in DECISIONS else scene.version_id)
    path = path.replace("{upload_id}", scene.upload_id)
    return client.request(method, BASE + path, **sent)


def _state(scene: Scene) -> Any:
    """Whatever a call could have changed about the file that all of them are about."""
    found = scene.owner.metadata(
        "a.txt", scene.bucket, scene.bucket_id, include_versions="1", include_locks="1"
    )
    listed = scene.owner.get("/list", bucket=scene.bucket, id=scene.bucket_id, limit=1000).json()
    return found, listed["files"]


@pytest.fixture(params=["users", "companies", "projects"])
def scene(request: pytest.FixtureRequest, crib: Crib, ann: Person) -> Scene:
    bucket = request.param
    ids = {"users": lambda: ann.uuid, "companies": lambda: ann.company, "projects": lambda: crib.project(ann)}
    bucket_id = ids[bucket]()
    data = ann.stored("a.txt", bucket=bucket, owner=bucket_id)
    return Scene(crib, bucket, ann, bucket_id, data["file_id"], data["version_id"])


def test_nobody_without_the_right_gets_through(scene: Scene, crib: Crib, ben: Person, carla: Person) -> None:
    """An anonymous caller, a stranger and, where that is no reason to be let in, a colleague."""
    found = [route for route in _routes(crib) if route not in NOBODYS | FILTERED | ADMINS]
    assert len(found) > 20
    unknown = [route for route in found if route not in CALLS]
    assert not unknown, f"no call is known here for {unknown}"
    strangers = {"stranger": ben} | ({"colleague": carla} if scene.bucket != "companies" else {})
    anonymous = crib.client()
    admin = crib.admin()
    prepared: list[tuple[Route, Scene, dict[str, Any]]] = []
    for route in found:
        if route[1] in DECISIONS:
            scene.waiting = scene.owner.committed(scene.file_id)
        sent = CALLS[route](scene)
        prepared.append((route, replace(scene), sent))
    before = _state(scene)
    for route, its, sent in prepared:
        method, path = route
        for who, person in strangers.items():
            answer = _ask(its, route, person.client, sent)
            expected = 404 if path in HIDDEN else 403
            assert answer.status_code == expected, (route, who, answer.status_code, answer.text)
            assert method == "HEAD" or answer.json()["status"] == "error", (route, who)
        assert _ask(its, route, anonymous, sent).status_code == 401, route
    assert _state(scene) == before
    # It was not the call: somebody with the right makes the very same, and it works.
    for route, its, sent in prepared:
        decider = carla if scene.bucket == "companies" else admin
        by = decider if route[1] in DECISIONS else scene.owner
        answer = _ask(its, route, by.client, sent)
        assert answer.is_success, (route, answer.status_code, answer.text)


def test_lists_of_everything_leave_out_what_is_not_ones_own(scene: Scene, crib: Crib, ben: Person) -> None:
    scene.owner.committed(scene.file_id)
    scene.locked()
    found = set(_routes(crib))
    for _, path in FILTERED & found:
        assert crib.client().get(BASE + path).status_code == 401
        answer = ben.get(path, q="a.txt")  # what to search for; the others ignore it
        assert answer.status_code == 200
        assert scene.file_id not in answer.text
        assert scene.bucket_id not in answer.text
    for method, path in ADMINS & found:
        assert crib.client().request(method, BASE + path).status_code == 401
        assert scene.owner.call(method, path).status_code == 403
    assert ben.get("/locks", **scene.at()).json()["data"]["total"] == 0
