"""People are renamed: everything stays theirs, and nobody else gets their former name."""

from __future__ import annotations

import asyncio
import base64
import os
from collections.abc import Callable
from hashlib import sha256

import httpx
import pytest
from sqlalchemy import update

from tests.clock import FakeClock
from tests.identity.conftest import StartApp, bearer, whoami
from tests.servers.environment import ADMIN, PASSWORD
from tests.servers.inprocess import AppServer
from tests.servers.process import wait_until
from tests.servers.smtp import MailServer
from toolcrib.assets.lfs.models import LfsObject
from toolcrib.kernel.blobs.accounts import COUNT_JOB
from toolcrib.kernel.claims.models import claims
from toolcrib.kernel.identity.renaming import correct_names

Mint = Callable[..., str]
LFS = "/game.git/info/lfs"


async def id_of(crib: AppServer, username: str) -> int:
    people = (await (await crib.admin()).get("/api/admin/users")).json()
    return int(next(person["id"] for person in people if person["username"] == username))


async def rename(crib: AppServer, username: str, to: str) -> httpx.Response:
    admin, user_id = await crib.admin(), await id_of(crib, username)
    return await admin.put(f"/api/admin/users/{user_id}/username", json={"username": to})


async def create(crib: AppServer, username: str) -> httpx.Response:
    body = {"username": username, "password": PASSWORD}
    return await (await crib.admin()).post("/api/users", json=body)


async def lock(person: httpx.AsyncClient, path: str, project: str = "default") -> int:
    answer = await person.post("/api/locks", json={"asset_path": path, "branch": "main", "project": project})
    answer.raise_for_status()
    return int(answer.json()["lock"]["fence"])


def basic(username: str, secret: str) -> dict[str, str]:
    return {"Authorization": f"Basic {base64.b64encode(f'{username}:{secret}'.encode()).decode()}"}


async def name_by(crib: AppServer, **headers: str) -> str:
    answer = await whoami(crib, **headers)
    answer.raise_for_status()
    return str(answer.json()["user"])


async def test_every_way_to_sign_in_stays_good(crib: AppServer, mint: Mint) -> None:
    ann = await crib.user("ann")
    uuid = (await ann.get("/api/currentuser")).json()["uuid"]
    key = (await ann.post("/api/users/me/keys", json={"name": "ci"})).json()["key"]
    cookie = await crib.client.post("/api/session", json={"username": "ann", "password": PASSWORD})
    ways = [
        {"Authorization": ann.headers["Authorization"]},
        {"X_API_Key": key},
        {"Cookie": cookie.headers["set-cookie"].partition(";")[0]},
        basic("ann", PASSWORD),
        basic("ann", key),
        bearer(mint(sub="ann")),
        bearer(mint(sub="ann", user_id=uuid)),
    ]
    assert [await name_by(crib, **way) for way in ways] == ["ann"] * len(ways)
    answer = await rename(crib, "ann", "anna")
    assert (answer.status_code, answer.json()["username"], answer.json()["uuid"]) == (200, "anna", uuid)
    ways += [basic("anna", PASSWORD), bearer(mint(sub="anna"))]
    assert [await name_by(crib, **way) for way in ways] == ["anna"] * len(ways)
    for name in ("ann", "anna"):
        login = await crib.client.post("/api/login", json={"username": name, "password": PASSWORD})
        assert (login.status_code, login.json()["username"]) == (200, "anna")


async def test_lists_show_the_name_of_now_and_events_that_of_then(crib: AppServer) -> None:
    ann, ben = await crib.user("ann"), await crib.user("ben")
    fence = await lock(ann, "a.psd")
    held = await lock(ben, "b.psd")
    (await ann.post(f"/api/claims/{held}/queue", json={"take": True})).raise_for_status()
    before = await ben.get("/api/locks", params={"project": "default"})
    everything = await ben.get("/api/claims")
    (await rename(crib, "ann", "anna")).raise_for_status()
    for known, listed in ((before, "/api/locks?project=default"), (everything, "/api/claims")):
        again = await ben.get(listed, headers={"If-None-Match": known.headers["etag"]})
        assert again.status_code == 200, "an unchanged list, with the name of now"
        assert '"ann"' not in again.text
        assert '"anna"' in again.text
    (lfs,) = [
        each
        for each in (await ben.get("/default.git/info/lfs/locks")).json()["locks"]
        if each["path"] == "a.psd"
    ]
    assert lfs["owner"]["name"] == "anna"
    waiting = (await ben.get(f"/api/claims/{held}/queue")).json()
    assert [each["username"] for each in waiting] == ["anna"]
    for name in ("ann", "anna"):  # a filter finds the person by either
        for listed in (f"/api/claims?holder={name}", f"/api/locks?project=default&holder={name}"):
            found = (await ben.get(listed)).json()
            assert len(found["claims"] if isinstance(found, dict) else found) == 1, listed
    # The place in line and the lock are still hers, and what she is given names her as she is called now.
    (await ben.post(f"/api/claims/{held}/release")).raise_for_status()
    granted = (await ben.get("/api/claims", params={"prefix": "b.psd"})).json()["claims"]
    assert [claim["holder"] for claim in granted] == ["anna"]
    assert (await ann.post(f"/api/claims/{fence}/release")).status_code == 200
    events = (await ben.get("/api/events", params={"kind": "asset", "verb": "acquired,released"})).json()
    assert [(event["verb"], event["key"], event["data"]["holder"]) for event in events["events"]] == [
        ("released", "a.psd", "anna"),
        ("acquired", "b.psd", "anna"),
        ("released", "b.psd", "ben"),
        ("acquired", "b.psd", "ben"),
        ("acquired", "a.psd", "ann"),
    ]
    (renamed,) = (await ben.get("/api/events", params={"verb": "renamed"})).json()["events"]
    assert (renamed["actor"], renamed["key"], renamed["data"]["to"]) == (ADMIN, "ann", "anna")


async def test_what_names_a_person_leads_to_them_by_either_name(crib: AppServer) -> None:
    ann, ben = await crib.user("ann"), await crib.user("ben")
    await crib.user("cleo")
    (await ann.post("/api/projects", json={"name": "game"})).raise_for_status()
    (await rename(crib, "ben", "benno")).raise_for_status()
    member = await ann.put("/api/projects/game/members/ben", json={"role": "member"})
    assert (member.status_code, member.json()["username"]) == (200, "benno")
    fence = await lock(ann, "a.psd", "game")
    handed = await ann.post(f"/api/claims/{fence}/transfer", json={"to": "ben"})
    assert (handed.status_code, handed.json()["claim"]["holder"]) == (200, "benno")
    # What was done before under an unregistered name is theirs.
    await lock(ben, "x", "sketches")
    (await rename(crib, "benno", "ben")).raise_for_status()
    assert (await ben.post("/api/projects", json={"name": "sketches"})).status_code == 201
    quota = await (await crib.admin()).put("/api/admin/quotas/users/benno", json={"allowed_bytes": 5_000_000})
    assert (quota.status_code, quota.json()["name"]) == (200, "ben")


async def test_a_transfer_of_git_lfs_under_way_goes_on(crib: AppServer, clock: FakeClock) -> None:
    ann = await crib.user("ann")
    content = os.urandom(2_000)
    oid = sha256(content).hexdigest()
    objects = [{"oid": oid, "size": len(content)}]
    body = {"operation": "upload", "objects": objects}
    (told,) = (await ann.post(f"{LFS}/objects/batch", json=body)).json()["objects"]
    (await rename(crib, "ann", "anna")).raise_for_status()
    async with httpx.AsyncClient() as client:
        for action, method, more in (
            ("upload", "PUT", {"content": content}),
            ("verify", "POST", {"json": objects[0]}),
        ):
            step = told["actions"][action]
            answer = await client.request(method, step["href"], headers=step["header"], **more)
            assert answer.status_code == 200
    for _ in range(2):
        used = (await (await crib.admin()).get("/api/admin/quotas")).json()
        assert [(each["name"], each["used_bytes"]) for each in used] == [("anna", len(content))]
        async with (
            crib.kernel.database.write() as session
        ):  # of an earlier release, which kept the name of then
            await session.execute(update(LfsObject).values(created_by="ann"))
        await COUNT_JOB.run(crib.kernel, clock())


TAKEN = [
    ("ann", "ben", 409),
    ("ann", "", 400),
    ("ann", " x", 400),
    ("ann", "a:b", 400),
    ("ann", "é" * 256, 400),
]


async def test_a_name_that_another_has_or_had_is_refused(
    crib: AppServer, mint: Mint, clock: FakeClock
) -> None:
    for name in ("ann", "ben", "dora"):
        await crib.user(name)
    for name, to, status in TAKEN:
        assert (await rename(crib, name, to)).status_code == status, to
    (await rename(crib, "ann", "anna")).raise_for_status()
    refused = await rename(crib, "ben", "ann")
    assert (refused.status_code, "anna" in refused.text) == (409, True)
    assert (await create(crib, "ann")).status_code == 409
    await (await crib.admin()).delete("/api/users/dora")
    assert (await rename(crib, "ben", "dora")).status_code == 409
    # They may go back, and then nobody gets the name they had in between.
    assert (await rename(crib, "anna", "anna")).status_code == 200
    assert (await rename(crib, "anna", "ann")).json()["username"] == "ann"
    assert (await create(crib, "anna")).status_code == 409
    # After the account is deleted its names are free, but tokens of then are not those of whoever comes.
    older = mint(sub="anna")
    clock.advance(seconds=2)
    assert (await (await crib.admin()).delete("/api/users/anna")).status_code == 200
    assert (await create(crib, "anna")).status_code == 201
    assert (await whoami(crib, **bearer(older))).status_code == 401


async def test_who_may_not_rename_cannot(crib: AppServer) -> None:
    ann, ben = await crib.user("ann"), await crib.user("ben")
    user_id = await id_of(crib, "ann")
    address, body = f"/api/admin/users/{user_id}/username", {"username": "x"}
    assert [(await who.put(address, json=body)).status_code for who in (ann, ben)] == [403, 403]
    assert (await crib.client.put(address, json=body)).status_code == 401
    assert (await (await crib.admin()).put("/api/admin/users/99/username", json=body)).status_code == 404


@pytest.mark.every_database
async def test_of_many_who_want_a_name_at_once_one_gets_it(crib: AppServer) -> None:
    people = ["ann", "ben", "cleo"]
    for name in people:
        await create(crib, name)
    admin = await crib.admin()
    ids = [await id_of(crib, name) for name in people]
    answers = await asyncio.gather(
        *(admin.put(f"/api/admin/users/{each}/username", json={"username": "zoe"}) for each in ids),
        create(crib, "zoe"),
    )
    assert sorted(answer.status_code for answer in answers)[1:] == [409, 409, 409]
    assert sum(answer.is_success for answer in answers) == 1
    # Nor does anybody get a name in the moment in which it is left.
    await create(crib, "mia")
    answers = await asyncio.gather(
        rename(crib, "mia", "mira"), *(create(crib, "mia") for _ in range(3)), rename(crib, ADMIN, "mia")
    )
    assert [answer.status_code for answer in answers] == [200, 409, 409, 409, 409]


async def test_a_name_written_by_a_request_under_way_is_corrected(crib: AppServer, clock: FakeClock) -> None:
    ann = await crib.user("ann")
    await lock(ann, "a.psd")
    (await rename(crib, "ann", "anna")).raise_for_status()
    async with crib.kernel.database.write() as session:  # as a request that knew the person before
        await session.execute(update(claims).values(holder="ann"))
    clock.advance(minutes=1)
    await correct_names(crib.kernel, clock())
    listed = (await ann.get("/api/claims")).json()["claims"]
    assert [claim["holder"] for claim in listed] == ["anna"]


async def test_mail_about_what_was_named_before_reaches_the_person(
    app_server: StartApp, smtp: MailServer
) -> None:
    crib = await app_server(**smtp.settings)
    ann, ben = await crib.user("ann"), await crib.user("ben")
    fence = await lock(ann, "a.psd")
    (await ben.post(f"/api/claims/{fence}/queue", json={"take": True})).raise_for_status()
    (await rename(crib, "ben", "benno")).raise_for_status()
    (await ann.post(f"/api/claims/{fence}/release")).raise_for_status()
    await asyncio.to_thread(wait_until, lambda: bool(smtp.to("ben@example.com")), "a mail to ben")


async def test_a_first_administrator_who_was_renamed_is_not_made_again(
    app_server: StartApp, database_url: str
) -> None:
    crib = await app_server(database_url=database_url)
    assert (await rename(crib, ADMIN, "chief")).status_code == 200
    # Not even where the address does not tell that it is there.
    again = await app_server(database_url=database_url, INITIAL_ADMIN_EMAIL=None)
    people = (await (await again.sign_in("chief")).get("/api/admin/users")).json()
    assert "chief" in [person["username"] for person in people]
    assert ADMIN not in [person["username"] for person in people]
