"""Asset locks over HTTP, row by row of the asset-locks contract (sections 3 and 4), on every database."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from itertools import product
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import httpx
import pytest

from toolcrib.kernel.claims.etag import Lists

if TYPE_CHECKING:
    from tests.servers.inprocess import AppServer

Start = Callable[..., Awaitable["AppServer"]]


@pytest.fixture
async def crib(app_server: Start, database_url: str) -> AppServer:
    return await app_server(database_url=database_url)


async def lock(client: httpx.AsyncClient, path: str, branch: str = "main", **more: Any) -> httpx.Response:
    return await client.post("/api/locks", json={"asset_path": path, "branch": branch, **more})


async def test_a_lock_is_created_read_listed_and_released(crib: AppServer) -> None:
    ann = await crib.user("ann")
    created = await lock(ann, "Content/Maps/L 1.umap", "feature/x")
    assert created.status_code == 201
    body = created.json()
    assert body["msg"]
    made = body["lock"]
    assert made["asset_path"] == "Content/Maps/L 1.umap"
    assert made["locked_by"] == "ann"
    assert made["branch"] == "feature/x"
    assert made["comment"] is None
    assert made["timestamp"].endswith("+00:00")
    assert (await ann.get("/api/locks")).json() == [made]
    assert (await ann.get("/api/locks/Content/Maps/L%201.umap")).json() == made
    released = await ann.delete("/api/locks/Content/Maps/L%201.umap")
    assert released.status_code == 200
    assert released.json()["msg"]
    assert (await ann.get("/api/locks")).json() == []
    assert (await ann.get("/api/locks/Content/Maps/L%201.umap")).status_code == 404


async def test_a_held_path_is_refused_to_all_its_holder_included(crib: AppServer) -> None:
    ann, ben = await crib.user("ann"), await crib.user("ben")
    await lock(ann, "a.psd", comment="painting the sky")
    for client in (ann, ben):
        refused = await lock(client, "a.psd", "other-branch")
        assert refused.status_code == 409
        body = refused.json()
        assert body["code"] == "claim_held"
        assert body["msg"] == body["message"]
        details = body["details"]
        assert details["holder"] == "ann"
        assert details["comment"] == "painting the sky"
        assert details["until"] is None
        assert details["url"].startswith("http")


async def test_only_the_holder_releases_not_even_an_administrator(crib: AppServer) -> None:
    ann, ben = await crib.user("ann"), await crib.user("ben")
    await lock(ann, "a.psd")
    for client in (ben, await crib.admin()):
        refused = await client.delete("/api/locks/a.psd")
        assert refused.status_code == 403
        assert refused.json()["details"]["holder"] == "ann"
    assert (await ben.delete("/api/locks/b.psd")).status_code == 404


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
async def test_without_a_token_every_lock_route_is_401(crib: AppServer, method: str) -> None:
    for path in ("/api/locks", "/api/locks/a.psd"):
        if (method, path) in {("POST", "/api/locks/a.psd"), ("DELETE", "/api/locks")}:
            continue
        answer = await crib.client.request(method, path, json={} if method == "POST" else None)
        assert answer.status_code == 401
        assert answer.json()["msg"]


# Paths

SPELLINGS = [
    (r"\Content\Maps\a.umap", "Content/Maps/a.umap"),
    ("//Content///Maps/a.umap/", "Content/Maps/a.umap"),
    ("Ünïcode/日本.uasset", "Ünïcode/日本.uasset"),
    ("100%/a%2Fb.uasset", "100%/a%2Fb.uasset"),
    ("what?/is#this.uasset", "what?/is#this.uasset"),
    ("auto-release", "auto-release"),
    ("path/a/notify", "path/a/notify"),
    ("bulk", "bulk"),
    ("a" * 1024, "a" * 1024),
]


@pytest.mark.every_database
async def test_a_path_has_one_spelling_on_every_route(crib: AppServer) -> None:
    ann = await crib.user("ann")
    for sent, kept in SPELLINGS:
        created = await lock(ann, sent)
        assert created.status_code == 201, sent
        assert created.json()["lock"]["asset_path"] == kept
        assert (await lock(ann, kept)).status_code == 409, sent
        for address in (quote(kept, safe="/"), quote(kept, safe="")):
            assert (await ann.get(f"/api/locks/{address}")).json()["asset_path"] == kept
        assert (await ann.delete(f"/api/locks/{quote(kept, safe='')}")).status_code == 200, sent


async def test_what_is_no_path_is_400(crib: AppServer) -> None:
    ann = await crib.user("ann")
    for path in ("", "/", "\\", "a\0b", "a\nb", "a" * 1025, None, 7, ["a"]):
        answer = await ann.post("/api/locks", json={"asset_path": path, "branch": "main"})
        assert answer.status_code == 400, path
        assert answer.json()["msg"], path
        assert (await ann.get("/api/locks")).json() == [], path


async def test_a_lone_surrogate_is_400(crib: AppServer) -> None:
    ann = await crib.user("ann")
    raw = b'{"asset_path": "a\\ud800b", "branch": "main"}'
    answer = await ann.post("/api/locks", content=raw, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400


async def test_an_unencoded_question_mark_never_acts_on_the_path_before_it(crib: AppServer) -> None:
    """The earlier client sends `q?x.uasset` as it is: the server sees a query string."""
    ann = await crib.user("ann")
    await lock(ann, "q")
    assert (await ann.get("/api/locks/q?x.uasset")).status_code == 404
    assert (await ann.delete("/api/locks/q?x.uasset")).status_code == 404
    assert len((await ann.get("/api/locks")).json()) == 1
    await lock(ann, "q?x.uasset")
    assert (await ann.delete("/api/locks/q?x.uasset")).status_code == 200
    assert [each["asset_path"] for each in (await ann.get("/api/locks")).json()] == ["q"]


async def test_a_name_with_an_encoded_look_is_found_as_the_earlier_client_sends_it(crib: AppServer) -> None:
    ann = await crib.user("ann")
    await lock(ann, "a%20b.uasset")
    assert (await ann.get("/api/locks/a%20b.uasset")).json()["asset_path"] == "a%20b.uasset"
    await lock(ann, "a b.uasset")
    assert (await ann.get("/api/locks/a%20b.uasset")).json()["asset_path"] == "a b.uasset"


# Bodies


MALFORMED = [
    b"",
    b"nonsense",
    b"[]",
    b'"text"',
    b"null",
    b'{"asset_path": "a"}',
    b'{"branch": "main"}',
    b'{"asset_path": "a", "branch": ""}',
    b'{"asset_path": "a", "branch": 7}',
    b'{"asset_path": "a", "branch": "' + b"b" * 256 + b'"}',
    b'{"asset_path": "a", "branch": "main", "comment": 7}',
    b'{"asset_path": "a", "branch": "main", "comment": "' + b"c" * 2001 + b'"}',
]


async def test_a_malformed_body_is_400(crib: AppServer) -> None:
    ann = await crib.user("ann")
    for body, path in product(MALFORMED, ("/api/locks", "/api/locks/auto-release")):
        if path.endswith("release") and b'"branch": "main"' in body:
            continue
        answer = await ann.post(path, content=body, headers={"Content-Type": "application/json"})
        assert answer.status_code == 400, (path, body)
        assert isinstance(answer.json(), dict)
        assert answer.json()["msg"] == answer.json()["message"] != ""


@pytest.mark.every_database
async def test_the_longest_values_are_kept_whole_and_unknown_keys_ignored(crib: AppServer) -> None:
    ann = await crib.user("ann")
    made = await lock(ann, "a", "b" * 255, comment="ü" * 2000, mood="fine")
    assert made.status_code == 201
    found = (await ann.get("/api/locks/a")).json()
    assert found["branch"] == "b" * 255
    assert found["comment"] == "ü" * 2000


async def test_a_body_over_the_limit_is_413_declared_or_not(crib: AppServer) -> None:
    ann = await crib.user("ann")
    body = b'{"asset_path": "a", "branch": "main", "comment": "' + b"c" * 66_000 + b'"}'
    headers = {"Content-Type": "application/json"}

    async def in_pieces() -> Any:
        yield body[:40_000]
        yield body[40_000:]

    for content in (body, in_pieces()):
        answer = await ann.post("/api/locks", content=content, headers=headers)
        assert answer.status_code == 413
        assert answer.json()["code"] == "payload_too_large"


# Ends


async def test_a_lock_may_end_by_itself_and_be_renewed(crib: AppServer) -> None:
    ann, ben = await crib.user("ann"), await crib.user("ben")
    made = (await lock(ann, "a", expires_in=600)).json()["lock"]
    assert made["expires_at"]
    crib.clock.advance(seconds=300)
    renewed = await ann.post("/api/locks/renew", json={"asset_path": "a", "expires_in": 600})
    assert renewed.json()["lock"]["fence"] == made["fence"]
    crib.clock.advance(seconds=599)
    assert (await lock(ben, "a")).status_code == 409
    crib.clock.advance(seconds=1)
    assert (await ann.get("/api/locks")).json() == []
    assert (await ann.get("/api/locks/a")).status_code == 404
    assert (await lock(ben, "a")).status_code == 201
    late = await ann.post("/api/locks/renew", json={"asset_path": "a", "expires_in": 600})
    assert late.status_code == 403
    assert late.json()["details"]["holder"] == "ben"


@pytest.mark.parametrize(
    "end", [{"expires_in": 0}, {"expires_in": -5}, {"expires_at": "2020-01-01T00:00:00Z"}]
)
async def test_an_end_in_the_past_is_400(crib: AppServer, end: dict[str, Any]) -> None:
    ann = await crib.user("ann")
    assert (await lock(ann, "a", **end)).status_code == 400


# Branches


async def test_auto_release_frees_exactly_one_branch_whoever_holds_it(crib: AppServer) -> None:
    ann, ben = await crib.user("ann"), await crib.user("ben")
    await lock(ann, "a", "feature/x")
    await lock(ben, "b", "feature/x")
    await lock(ben, "c", "feature/X")
    answer = await ann.post("/api/locks/auto-release", json={"branch": "feature/x"})
    assert answer.status_code == 200
    assert answer.json()["released"] == 2
    assert "2" in answer.json()["msg"]
    assert [each["asset_path"] for each in (await ann.get("/api/locks")).json()] == ["c"]
    assert (await ann.post("/api/locks/auto-release", json={"branch": "none"})).json()["released"] == 0


# Many at once


@pytest.mark.every_database
async def test_bulk_is_all_or_nothing(crib: AppServer) -> None:
    ann, ben = await crib.user("ann"), await crib.user("ben")
    await lock(ben, "m/7")
    paths = [f"m/{number}" for number in range(20)]
    refused = await ann.post("/api/locks/bulk", json={"action": "lock", "paths": paths, "branch": "main"})
    assert refused.status_code == 409
    details = refused.json()["details"]
    assert details["holder"] == "ben"
    assert [each["key"] for each in details["conflicts"]] == ["m/7"]
    assert len((await ann.get("/api/locks")).json()) == 1
    await ben.delete("/api/locks/m/7")
    taken = await ann.post("/api/locks/bulk", json={"action": "lock", "paths": paths, "branch": "main"})
    assert taken.status_code == 201
    assert taken.json()["count"] == 20
    assert (await ben.post("/api/locks/bulk", json={"action": "release", "paths": paths})).status_code == 403
    freed = await ann.post("/api/locks/bulk", json={"action": "release", "paths": paths})
    assert freed.status_code == 200
    assert (await ann.get("/api/locks")).json() == []


async def test_bulk_takes_ten_thousand_paths_and_no_more(crib: AppServer) -> None:
    ann = await crib.user("ann")
    paths = [f"Content/Level {number}/a rather long name for an asset.uasset" for number in range(10_001)]
    too_many = await ann.post("/api/locks/bulk", json={"action": "lock", "paths": paths})
    assert too_many.status_code == 400
    taken = await ann.post("/api/locks/bulk", json={"action": "lock", "paths": paths[:10_000]})
    assert taken.status_code == 201
    checked = await ann.post("/api/locks/check", json={"paths": paths[:10_000]})
    assert len(checked.json()["mine"]) == 10_000


async def test_check_tells_mine_from_those_of_others(crib: AppServer) -> None:
    ann, ben = await crib.user("ann"), await crib.user("ben")
    await lock(ann, "a")
    await lock(ben, "b")
    answer = (await ann.post("/api/locks/check", json={"paths": [r"\a", "b", "c"]})).json()
    assert [each["asset_path"] for each in answer["mine"]] == ["a"]
    assert [each["asset_path"] for each in answer["held"]] == ["b"]


@pytest.mark.every_database
async def test_of_twenty_at_once_one_gets_the_lock_and_none_a_500(crib: AppServer) -> None:
    people = [await crib.user(f"p{number}") for number in range(5)]
    for round_number in range(10):
        answers = await asyncio.gather(
            *(lock(people[number % 5], f"race/{round_number}") for number in range(20))
        )
        statuses = sorted(answer.status_code for answer in answers)
        assert statuses == [201] + [409] * 19


# Lists


@pytest.mark.every_database
async def test_the_list_filters_and_pages(crib: AppServer) -> None:
    ann, ben = await crib.user("ann"), await crib.user("ben")
    for number in range(5):
        await lock(ann, f"maps/{number}", "main")
    await lock(ben, "maps%/x", "dev")

    async def paths(query: str) -> list[str]:
        return [each["asset_path"] for each in (await ann.get(f"/api/locks?{query}")).json()]

    assert await paths("holder=ben") == ["maps%/x"]
    assert await paths("branch=dev") == ["maps%/x"]
    assert len(await paths("mine=true")) == 5
    assert len(await paths("prefix=maps/")) == 5
    assert await paths("prefix=maps%25") == ["maps%/x"]
    assert await paths("path=maps/3") == ["maps/3"]
    assert await paths("q=S/3") == ["maps/3"]
    seen: list[str] = []
    cursor = None
    while True:
        answer = await ann.get("/api/locks", params={"limit": 2, **({"cursor": cursor} if cursor else {})})
        seen += [each["asset_path"] for each in answer.json()]
        cursor = answer.headers.get("X-Next-Cursor")
        if cursor is None:
            break
    assert seen == [*(f"maps/{number}" for number in range(5)), "maps%/x"]
    assert (await ann.get("/api/locks?limit=0")).status_code == 400


@pytest.mark.every_database
async def test_an_unchanged_list_is_304_and_any_change_makes_it_200(crib: AppServer) -> None:
    ann, ben = await crib.user("ann"), await crib.user("ben")
    await lock(ann, "a")
    await lock(ann, "b", expires_in=60)
    tag = (await ann.get("/api/locks")).headers["ETag"]

    async def again(client: httpx.AsyncClient, tag: str, query: str = "") -> int:
        return (await client.get(f"/api/locks{query}", headers={"If-None-Match": tag})).status_code

    assert await again(ann, tag) == 304
    assert await again(ann, tag, "?prefix=b") == 200
    assert await again(ben, tag) == 200
    crib.clock.advance(seconds=60)  # nothing was written, yet the list is another
    assert await again(ann, tag) == 200
    tag = (await ann.get("/api/locks")).headers["ETag"]
    assert await again(ann, tag) == 304
    await lock(ben, "c")
    assert await again(ann, tag) == 200


async def test_long_questions_are_answered_and_not_kept(crib: AppServer) -> None:
    """What is kept of questions is bounded by their number: it must be by their length too."""
    ann = await crib.user("ann")
    await lock(ann, "a")
    lists: Lists = crib.kernel.kinds["asset"]

    async def is_kept(query: str) -> bool:
        answer = await ann.get(f"/api/locks?{query}")
        assert [each["asset_path"] for each in answer.json()] == ["a"]
        scope = {"headers": [(b"authorization", ann.headers["Authorization"].encode())], "method": "GET"}
        me = crib.kernel.auth.cached(scope)
        assert me is not None
        return lists.view(me, query.encode()) is not None

    assert await is_kept("prefix=a")
    assert not await is_kept("prefix=a&" + "x" * 2_000)


async def test_the_history_of_a_path(crib: AppServer) -> None:
    ann = await crib.user("ann")
    await lock(ann, "a", comment="first")
    await ann.delete("/api/locks/a")
    await lock(ann, "b")
    page = (await ann.get("/api/lock-history", params={"path": "/a"})).json()
    assert [event["verb"] for event in page["events"]] == ["released", "acquired"]
    assert page["events"][1]["data"]["comment"] == "first"


# Waiting


async def test_who_waits_is_given_the_path_when_it_frees(crib: AppServer) -> None:
    ann, ben = await crib.user("ann"), await crib.user("ben")
    await lock(ann, "a")
    waiting = await lock(ben, "a", wait=True)
    assert waiting.status_code == 202
    assert waiting.json()["position"] == 1
    assert waiting.json()["held"]["holder"] == "ann"
    assert (await lock(ben, "a", wait=True)).json()["position"] == 1
    await ann.delete("/api/locks/a")
    assert (await ann.get("/api/locks/a")).json()["locked_by"] == "ben"


# Projects


async def test_projects_keep_their_locks_apart_and_to_themselves(crib: AppServer) -> None:
    ann, ben, admin = await crib.user("ann"), await crib.user("ben"), await crib.admin()
    made = await ann.post("/api/projects", json={"name": "studio/game"})
    assert made.status_code == 201
    assert (await lock(ann, "a", project="studio/game")).status_code == 201
    assert (await lock(ben, "a")).status_code == 201
    assert (await lock(ben, "a", project="studio/game")).status_code == 403
    for refused in (
        await ben.get("/api/locks?project=studio/game"),
        await ben.get("/api/locks/a?project=studio/game"),
        await ben.delete("/api/locks/a?project=studio/game"),
        await ben.post("/api/locks/check", json={"paths": ["a"], "project": "studio/game"}),
        await ben.get("/api/lock-history?path=a&project=studio/game"),
    ):
        # The literal path `a?project=…` of the default project may be asked for too: never the lock itself.
        assert refused.status_code in {403, 404}
        assert "studio/game" not in str(refused.json().get("locked_by"))
    assert (await admin.get("/api/locks/a?project=studio/game")).json()["locked_by"] == "ann"
    assert (await ann.get("/api/locks/a")).json()["locked_by"] == "ben"
    assert (await ann.delete("/api/locks/a?project=studio/game")).status_code == 200


async def test_authority_over_a_project_ends_the_locks_of_others(crib: AppServer) -> None:
    ann, ben, admin = await crib.user("ann"), await crib.user("ben"), await crib.admin()
    await ann.post("/api/projects", json={"name": "game"})
    project = next(p for p in (await ann.get("/api/projects")).json() if p["name"] == "game")
    await ann.put(f"/api/projects/{project['id']}/members/ben", json={"role": "member"})
    await lock(ben, "a", project="game")
    order = {"paths": ["a"], "project": "game", "reason": "ben is on holiday"}
    cleo = await crib.user("cleo")
    assert (await cleo.post("/api/locks/force-release", json=order)).status_code == 403
    assert (await ann.post("/api/locks/force-release", json={**order, "reason": " "})).status_code == 400
    assert (await ann.post("/api/locks/force-release", json=order)).json()["count"] == 1
    await lock(ben, "a")
    assert (await ben.post("/api/locks/force-release", json={**order, "project": None})).status_code == 403
    assert (await admin.post("/api/locks/force-release", json={**order, "project": None})).status_code == 200


@pytest.mark.every_database
async def test_the_hourly_sweep_frees_old_locks_when_it_is_on(crib: AppServer) -> None:
    ann, admin = await crib.user("ann"), await crib.admin()
    await lock(ann, "old")
    crib.clock.advance(hours=2)
    await lock(ann, "new")
    from toolcrib.assets.kind import release_old_locks  # noqa: PLC0415

    await release_old_locks(crib.kernel, crib.clock())
    assert len((await ann.get("/api/locks")).json()) == 2
    config = {"auto_release_enabled": True, "auto_release_hours": 1}
    assert (await admin.put("/api/admin/config", json=config)).status_code == 200
    await release_old_locks(crib.kernel, crib.clock())
    assert [each["asset_path"] for each in (await ann.get("/api/locks")).json()] == ["new"]
