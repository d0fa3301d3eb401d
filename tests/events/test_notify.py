"""Who is told of what by mail: exactly those whom it concerns, and who asked to be told."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING
from uuid import uuid4

import httpx
import pytest

from tests.servers.smtp import MailServer

if TYPE_CHECKING:
    from tests.servers.inprocess import AppServer

Start = Callable[..., Awaitable["AppServer"]]
FAR = {"FRONTEND_BASE_URL": "http://crib.example", "MAIL_TOGETHER_SECONDS": 0}


@pytest.fixture
async def crib(app_server: Start, smtp: MailServer) -> AppServer:
    crib = await app_server(**smtp.settings, **FAR)
    await crib.kernel.jobs.run_due()
    smtp.messages.clear()
    return crib


async def told(crib: AppServer, smtp: MailServer) -> list[tuple[str, str]]:
    """Who was told what since the last call: addresses and subjects."""
    crib.clock.advance(minutes=6)
    await crib.kernel.jobs.run_due()
    await crib.kernel.jobs.run_due()
    found = sorted(
        (message["To"].removesuffix("@example.com"), message["Subject"].strip()) for message in smtp.messages
    )
    smtp.messages.clear()
    return found


async def lock(client: httpx.AsyncClient, path: str, **more: object) -> int:
    answer = await client.post("/api/locks", json={"asset_path": path, "branch": "main", **more})
    assert answer.status_code == 201, answer.text
    fence: int = answer.json()["lock"]["fence"]
    return fence


async def test_whom_a_hold_concerns_is_told_and_nobody_else(crib: AppServer, smtp: MailServer) -> None:
    ann, ben, admin = await crib.user("ann"), await crib.user("ben"), await crib.admin()
    await crib.user("cid")
    fence = await lock(ann, "maps/a.umap")
    assert await told(crib, smtp) == []  # nobody watches it
    for take in (True, False):
        waits = await ben.post(f"/api/claims/{fence}/queue", json={"take": take})
        assert waits.status_code == 201, waits.text
        assert (await ann.delete("/api/locks/maps/a.umap")).status_code == 200
        subject = "It is your turn: maps/a.umap" if take else "Free now: maps/a.umap"
        assert await told(crib, smtp) == [("ben", subject)]
        if take:
            assert (await ben.delete("/api/locks/maps/a.umap")).status_code == 200
        fence = await lock(ann, "maps/a.umap")
    handed = await ann.post(f"/api/claims/{fence}/transfer", json={"to": "ben"})
    assert handed.status_code == 200, handed.text
    assert await told(crib, smtp) == [("ben", "Handed over to you: maps/a.umap")]
    fence = handed.json()["claim"]["fence"]
    taken = await admin.post(f"/api/claims/{fence}/transfer", json={"to": "ann"})
    assert taken.status_code == 200, taken.text
    assert await told(crib, smtp) == [
        ("ann", "Handed over to you: maps/a.umap"),
        ("ben", "Handed over: maps/a.umap"),
    ]
    fence = taken.json()["claim"]["fence"]
    ended = await admin.post(f"/api/claims/{fence}/force-release", json={"reason": "on <holiday>\nnow"})
    assert ended.status_code == 200, ended.text
    crib.clock.advance(minutes=6)
    await crib.kernel.jobs.run_due()
    (message,) = smtp.messages
    text, html = (message.get_body((kind,)).get_content() for kind in ("plain", "html"))  # type: ignore[union-attr]
    assert "Reason: on <holiday>" in text
    assert "on &lt;holiday&gt;" in html
    assert "http://crib.example" in text


async def test_who_waits_with_a_program_is_not_mailed(crib: AppServer, smtp: MailServer) -> None:
    ann, ben = await crib.user("ann"), await crib.user("ben")
    fence = await lock(ann, "a")
    waits = await ben.post(f"/api/claims/{fence}/queue", json={"take": True, "program": True})
    assert waits.status_code == 201, waits.text
    await ann.delete("/api/locks/a")
    assert await told(crib, smtp) == []


async def test_people_watch_paths_folders_and_projects(crib: AppServer, smtp: MailServer) -> None:
    ann = await crib.user("ann")
    watched = {"ben": "maps", "cid": "maps/a.umap", "dora": "", "eva": "map", "ann": ""}
    for name, path in watched.items():
        person = await crib.user(name)
        body = {"kind": "asset", "scope": "project:game", "path": path}
        assert (await person.post("/api/watches", json=body)).status_code == 201
        again = await person.post("/api/watches", json={**body, "path": f"{path}/" if path else ""})
        assert again.status_code == 200, again.text
        assert len((await person.get("/api/watches")).json()["watches"]) == 1
    await lock(ann, "maps/a.umap", project="game")
    await lock(ann, "maps/a.umap")  # of another project
    subject = "Asset locked: maps/a.umap"
    assert await told(crib, smtp) == [("ben", subject), ("cid", subject), ("dora", subject)]
    order = {"action": "lock", "paths": ["maps/b", "maps/c", "x"], "branch": "main", "project": "game"}
    assert (await ann.post("/api/locks/bulk", json=order)).status_code == 201
    assert await told(crib, smtp) == [("ben", "2 assets locked by ann"), ("dora", "3 assets locked by ann")]
    dora = await crib.user("dora")
    (watch,) = (await dora.get("/api/watches")).json()["watches"]
    assert (await ann.delete(f"/api/watches/{watch['id']}")).status_code == 404  # it is another's
    assert (await crib.client.delete(f"/api/watches/{watch['id']}")).status_code == 401
    assert (await dora.delete(f"/api/watches/{watch['id']}")).status_code == 204
    assert (await dora.delete(f"/api/watches/{watch['id']}")).status_code == 404
    await lock(ann, "y", project="game")
    assert await told(crib, smtp) == []


async def test_a_watch_is_found_by_any_spelling(crib: AppServer, smtp: MailServer) -> None:
    ann, ben = await crib.user("ann"), await crib.user("ben")
    project = (await ann.post("/api/projects", json={"name": "Game"})).json()["id"]
    assert (await ann.put(f"/api/projects/{project}/members/ben", json={"role": "viewer"})).is_success
    for path in ("Caf\u00e9", "Cafe\u0301", "/Caf\u00e9//", "./Caf\u00e9", "x\\..\\Caf\u00e9"):
        watch = await ben.post("/api/watches", json={"kind": "asset", "scope": "project:GAME", "path": path})
        assert watch.is_success, watch.text
        assert (watch.json()["scope"], watch.json()["path"]) == ("project:Game", "Caf\u00e9")
    order = {"paths": ["Cafe\u0301/menu.psd", "Caf\u00e9/sign.psd"], "branch": "main", "project": "game"}
    assert (await ann.post("/api/locks/bulk", json={"action": "lock", **order})).status_code == 201
    assert await told(crib, smtp) == [("ben", "2 assets locked by ann")]
    for path in ("..", "a\nb", "\ufb2c" * 1000):  # the last is three times as long when it is composed
        body = {"kind": "asset", "scope": "project:Game", "path": path}
        assert (await ben.post("/api/watches", json=body)).status_code == 400, path


async def test_nobody_watches_what_they_may_not_see(crib: AppServer, smtp: MailServer) -> None:
    ann, ben = await crib.user("ann"), await crib.user("ben")
    project = (await ann.post("/api/projects", json={"name": "secret"})).json()["id"]
    secret = {"kind": "asset", "scope": "project:secret"}
    assert (await ben.post("/api/watches", json=secret)).status_code == 403
    assert (await crib.client.post("/api/watches", json=secret)).status_code == 401
    assert (await crib.client.get("/api/watches")).status_code == 401
    assert (await ann.put(f"/api/projects/{project}/members/ben", json={"role": "viewer"})).is_success
    assert (await ben.post("/api/watches", json=secret)).status_code == 201
    await lock(ann, "a", project="secret")
    assert await told(crib, smtp) == [("ben", "Asset locked: a")]
    fence = await lock(ann, "handed", project="secret")
    assert (await ann.put(f"/api/projects/{project}/members/ben", json={"role": "member"})).is_success
    assert (await ann.post(f"/api/claims/{fence}/transfer", json={"to": "ben"})).is_success
    await told(crib, smtp)
    fence = (await ann.get("/api/claims", params={"project": "secret", "holder": "ben"})).json()["claims"][0][
        "fence"
    ]
    assert (await ann.delete(f"/api/projects/{project}/members/ben")).is_success
    assert (await ann.post(f"/api/claims/{fence}/force-release", json={"reason": "left"})).is_success
    assert await told(crib, smtp) == []
    await lock(ann, "b", project="secret")
    assert await told(crib, smtp) == []


NONSENSE: list[dict[str, object]] = [
    {},
    {"kind": "ship", "scope": "project:game"},
    {"kind": "asset", "scope": ""},
    {"kind": "asset", "scope": "project:game", "path": "x" * 1025},
    {"kind": "asset", "scope": "project:game", "path": "\ud800"},
    {"kind": "asset", "scope": "project:game", "path": "a\0b"},
    {"kind": "asset", "scope": 7},
]


async def test_a_watch_that_makes_no_sense_is_refused(app_server: Start) -> None:
    crib = await app_server(WATCHES_PER_PERSON=2)
    ann = await crib.user("ann")
    headers = {"Content-Type": "application/json"}
    for body in NONSENSE:
        refused = await ann.post("/api/watches", content=json.dumps(body), headers=headers)
        assert refused.status_code == 400, body
    watch = {"kind": "asset", "scope": "project:game"}
    answers = [await ann.post("/api/watches", json={**watch, "path": path}) for path in ("a", "b", "c", "a")]
    assert [answer.status_code for answer in answers] == [201, 201, 409, 200]
    assert answers[2].json()["code"] == "too_many_watches"
    assert answers[2].json()["details"] == {"limit": "WATCHES_PER_PERSON", "allowed": 2, "count": 2}


async def test_who_must_approve_is_told_and_then_who_submitted(crib: AppServer, smtp: MailServer) -> None:
    ann, ben = await crib.user("ann"), await crib.user("ben")
    await crib.user("cid")
    project = (await ann.post("/api/projects", json={"name": "gears"})).json()["id"]
    for name, role in (("ben", "member"), ("cid", "admin"), ("dora", "member")):
        await crib.user(name)
        assert (await ann.put(f"/api/projects/{project}/members/{name}", json={"role": role})).is_success
    place = {"bucket_type": "projects", "bucket_id": project, "logical_path": "a.txt"}
    first = await ben.post("/api/storage/upload/proxy", data=place, files={"file": ("a.txt", b"1")})
    assert first.status_code == 201, first.text
    what = f"/projects/{project}/a.txt"
    for verb in ("approve", "reject"):
        url = (await ben.post("/api/storage/upload/presign", json=place)).json()
        assert (
            await ben.put(url["url"].removeprefix("http://crib.example"), content=uuid4().bytes)
        ).is_success
        body = {**place, "object_key": url["object_key"]}
        committed = await ben.post("/api/storage/versions/commit", json=body)
        assert committed.status_code == 201, committed.text
        subject = f"Waits for your approval: {what}"
        assert await told(crib, smtp) == [("ann", subject), ("cid", subject)]
        version = committed.json()["data"]["version_id"]
        decided = await ann.post(f"/api/storage/versions/{version}/{verb}", json={"comment": "so"})
        assert decided.status_code == 200, decided.text
        word = {"approve": "Approved", "reject": "Rejected"}[verb]
        assert await told(crib, smtp) == [("ben", f"{word}: {what}")]
