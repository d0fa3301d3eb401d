"""One file, one holder: whatever the composition, the dots and slashes, and the case of its path."""

from __future__ import annotations

import asyncio
import unicodedata
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import httpx
import pytest

if TYPE_CHECKING:
    from tests.servers.inprocess import AppServer

Start = Callable[..., Awaitable["AppServer"]]
NFC = "Art/é/Å.psd"
NFD = unicodedata.normalize("NFD", NFC)


@pytest.fixture
async def crib(app_server: Start) -> AppServer:
    return await app_server()


async def lock(client: httpx.AsyncClient, path: str, **body: Any) -> httpx.Response:
    return await client.post("/api/locks", json={"branch": "main", "asset_path": path, **body})


async def lfs_lock(client: httpx.AsyncClient, path: str, project: str = "default") -> httpx.Response:
    headers = {"Accept": "application/vnd.git-lfs+json", "Content-Type": "application/vnd.git-lfs+json"}
    return await client.post(f"/{project}/info/lfs/locks", json={"path": path}, headers=headers)


async def _clashes(admin: httpx.AsyncClient) -> list[list[tuple[str, str]]]:
    found = (await admin.get("/api/admin/claim-clashes")).json()
    assert found["more"] is False
    return [[(claim["key"], claim["holder"]) for claim in clash["claims"]] for clash in found["clashes"]]


async def test_every_spelling_of_a_path_is_one_lock_shown_as_it_was_acquired(crib: AppServer) -> None:
    ann, ben = await crib.user("ann"), await crib.user("ben")
    taken = (await lock(ann, NFD)).json()["lock"]
    assert taken["asset_path"] == NFD
    dotted = f"./Art//x/..\\{NFC.removeprefix('Art/')}"
    for spelling in (NFC, dotted):
        refused = await lock(ben, spelling)
        assert (refused.status_code, refused.json()["details"]["key"]) == (409, NFD)
        assert (await lfs_lock(ben, spelling)).status_code == 409
        bulk = {"action": "lock", "paths": [spelling, "free"], "branch": "main"}
        refused = await ben.post("/api/locks/bulk", json=bulk)
        assert (refused.status_code, refused.json()["details"]["key"]) == (409, NFD)
        checked = (await ben.post("/api/locks/check", json={"paths": [spelling]})).json()
        assert [one["asset_path"] for one in checked["held"]] == [NFD]
        assert (await ben.get(f"/api/locks/{quote(spelling)}")).json()["locked_by"] == "ann"
        assert len((await ben.get("/api/locks", params={"path": spelling})).json()) == 1
        assert len((await ben.get("/default/info/lfs/locks", params={"path": spelling})).json()["locks"]) == 1
        history = (await ben.get("/api/lock-history", params={"path": spelling})).json()
        assert [event["verb"] for event in history["events"]] == ["acquired"]
    assert len((await ben.get("/api/locks", params={"prefix": "Art/é"})).json()) == 1
    twice = {"action": "lock", "paths": ["b/c", "b/./c", "b/d/../c"], "branch": "main"}
    assert (await ben.post("/api/locks/bulk", json=twice)).json()["count"] == 1
    for outside in ("..", "../a", "a/../../b", "."):
        assert (await lock(ben, outside)).status_code == 400, outside
    assert (await lock(ben, "..a/b..")).status_code == 201
    assert (await ann.delete(f"/api/locks/{quote(NFC)}")).status_code == 200


async def test_a_path_that_differs_only_in_case_is_refused_warned_of_or_allowed(crib: AppServer) -> None:
    ann, ben, admin = await crib.user("ann"), await crib.user("ben"), await crib.admin()
    (await lock(ann, "Art/Straße.psd")).raise_for_status()
    for spelling in ("art/straße.PSD", "ART/STRASSE.PSD"):
        refused = await lock(ben, spelling)
        details = refused.json()["details"]
        assert (refused.status_code, details["holder"], details["key"]) == (409, "ann", "Art/Straße.psd")
        assert (await lock(ben, spelling, wait=True)).status_code == 409
        assert (await lfs_lock(ben, spelling)).status_code == 409
        assert (await ben.get(f"/api/locks/{quote(spelling)}")).status_code == 404  # look-ups regard case
        bulk = {"action": "lock", "paths": ["free", spelling], "branch": "main"}
        refused = await ben.post("/api/locks/bulk", json=bulk)
        assert (refused.status_code, refused.json()["details"]["key"]) == (409, "Art/Straße.psd")
    both = {"action": "lock", "paths": ["new", "NEW"], "branch": "main"}
    assert (await ben.post("/api/locks/bulk", json=both)).status_code == 400
    assert (await ben.get("/api/locks?mine=1")).json() == []

    project = (await ann.post("/api/projects", json={"name": "gears"})).json()
    assert project["case_clashes"] == "refuse"
    address = f"/api/projects/{project['id']}"
    member = await admin.put(f"{address}/members/ben", json={"role": "member"})
    assert member.is_success
    for other, status in ((ben, 403), (await crib.user("cem"), 404)):
        assert (await other.patch(address, json={"case_clashes": "allow"})).status_code == status
    (await lock(ann, "a", project="gears")).raise_for_status()
    assert (await ann.patch(address, json={"case_clashes": "never"})).status_code == 400
    assert (await ann.patch(address, json={"case_clashes": "warn"})).json()["case_clashes"] == "warn"
    crib.clock.advance(seconds=2)
    warned = await lock(ben, "A", project="gears")
    assert (warned.status_code, "a (ann)" in warned.json()["warning"]) == (201, True)
    assert await _clashes(admin) == [[("a", "ann"), ("A", "ben")]]
    for who, status in ((ann, 403), (ben, 403), (crib.client, 401)):
        assert (await who.get("/api/admin/claim-clashes")).status_code == status
    assert (await ben.delete("/api/locks/A?project=gears")).status_code == 200
    assert (await ann.patch(address, json={"case_clashes": "allow"})).is_success
    crib.clock.advance(seconds=2)
    allowed = await lock(ben, "A", project="gears")
    assert (allowed.status_code, "warning" in allowed.json()) == (201, False)
    assert await _clashes(admin) == []
    # What differs in case is released for itself, and what has ended is in nobody's way.
    assert (await ben.delete("/api/locks/A?project=gears")).status_code == 200
    (await lock(ann, "short", expires_in=10)).raise_for_status()
    crib.clock.advance(seconds=11)
    assert (await lock(ben, "SHORT")).status_code == 201


async def test_a_project_is_one_in_every_case_of_its_name(crib: AppServer) -> None:
    ann, ben, admin = await crib.user("ann"), await crib.user("ben"), await crib.admin()
    (await ann.post("/api/projects", json={"name": "Gears"})).raise_for_status()
    crib.clock.advance(seconds=2)
    taken = await lock(ann, "a", project="gEARS")
    assert taken.json()["lock"]["project"] == "Gears"
    assert (await lfs_lock(ann, "a", "gears")).status_code == 409
    assert (await lfs_lock(ann, "a", "GEARS.git")).status_code == 409
    for spelling in ("gears", "GEARS"):
        assert (await ann.get(f"/api/projects/{spelling}")).json()["name"] == "Gears"
        assert (await ben.get("/api/locks", params={"project": spelling})).status_code == 403
        assert (await lock(ben, "b", project=spelling)).status_code == 403
        assert len((await ann.get("/api/locks", params={"project": spelling})).json()) == 1
        assert len((await ann.get("/api/claims", params={"project": spelling})).json()["claims"]) == 1
        assert (await ann.get(f"/api/locks/a?project={spelling}")).is_success
        for person in (ben, admin):
            assert (await person.post("/api/projects", json={"name": spelling})).status_code == 409
    one, two = "G\u00e4rten", "Ga\u0308rten"  # nobody registered: composed and decomposed
    assert (await lock(ann, "a", project=two)).json()["lock"]["project"] == one
    for spelling in (one, two):
        assert (await lock(ben, "a", project=spelling)).status_code == 409
        assert (await lfs_lock(ben, "a", spelling)).status_code == 409
        assert len((await ben.get("/api/claims", params={"project": spelling})).json()["claims"]) == 1
    (await lock(ben, "a", project="Wheels")).raise_for_status()
    for person in (ann, admin):
        assert (await person.post("/api/projects", json={"name": "wheels"})).status_code == 409
    assert (await admin.post("/api/projects", json={"name": "Wheels"})).status_code == 201


@pytest.mark.every_database
async def test_of_two_spellings_at_the_same_moment_one_is_locked(
    app_server: Start, database_url: str
) -> None:
    """Two servers on one database."""
    first, second = await app_server(database_url=database_url), await app_server(database_url=database_url)
    ann = await first.user("ann")
    elsewhere = httpx.AsyncClient(base_url=second.url, headers=ann.headers)
    for number in range(5):
        spellings = [f"Hero{number}.psd", f"hero{number}.psd", f"HERO{number}.PSD", f"hERO{number}.psd"]
        answers = await asyncio.gather(
            *(lock(ann if place % 2 else elsewhere, path) for place, path in enumerate(spellings))
        )
        assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
    names = ["Team", "team", "TEAM", "tEAM"]
    answers = await asyncio.gather(
        *(
            (ann if place % 2 else elsewhere).post("/api/projects", json={"name": name})
            for place, name in enumerate(names)
        )
    )
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
    await elsewhere.aclose()
