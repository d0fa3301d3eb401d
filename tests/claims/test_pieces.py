"""Changes of thousands of locks: others come between, and it is all of them or none, whatever happens meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from sqlalchemy import select

from toolcrib.assets import service
from toolcrib.kernel.claims import planned_releases
from toolcrib.kernel.claims.commands import Acquire
from toolcrib.kernel.claims.pieces import PIECE
from toolcrib.kernel.claims.planned_releases import LEASE
from toolcrib.kernel.claims.sweep import announce_ends
from toolcrib.kernel.database import take_write_lock
from toolcrib.kernel.events.writer import Event
from toolcrib.kernel.identity.models import User
from toolcrib.kernel.identity.principal import Principal

if TYPE_CHECKING:
    from tests.servers.inprocess import AppServer

pytestmark = pytest.mark.every_database

# In the order in which they are taken.
PATHS = [f"game/{number:05}.uasset" for number in range(3 * PIECE)]
LAST = PATHS[-1]


@pytest.fixture
async def crib(app_server: Callable[..., Awaitable[AppServer]], database_url: str) -> AppServer:
    return await app_server(database_url=database_url)


async def bulk(
    client: httpx.AsyncClient, action: str = "lock", paths: Sequence[str] = PATHS
) -> httpx.Response:
    return await client.post("/api/locks/bulk", json={"action": action, "paths": paths, "branch": "main"})


async def lock(client: httpx.AsyncClient, path: str) -> httpx.Response:
    return await client.post("/api/locks", json={"asset_path": path, "branch": "other"})


def after_first_piece(crib: AppServer, do: Callable[[], Any]) -> asyncio.Future[Any]:
    """Do that as soon as a transaction has changed as much as a piece. Returns what will come of it."""
    loop = asyncio.get_running_loop()
    outcome: asyncio.Future[Any] = loop.create_future()
    tasks: list[asyncio.Task[None]] = []

    async def run() -> None:
        outcome.set_result(await do())

    def look(lines: list[Event]) -> None:
        if not tasks and len(lines) >= PIECE:
            tasks.append(loop.create_task(run()))

    crib.kernel.database.on_commit(look)
    return outcome


async def held(client: httpx.AsyncClient) -> dict[str, str]:
    return {each["asset_path"]: each["locked_by"] for each in (await client.get("/api/locks")).json()}


async def test_no_transaction_changes_more_than_a_piece_and_others_come_between(crib: AppServer) -> None:
    ann, ben, admin = await crib.user("ann"), await crib.user("ben"), await crib.admin()
    sizes: list[int] = []
    crib.kernel.database.on_commit(lambda lines: sizes.append(len(lines)))
    orders: list[tuple[str, Callable[[], Any]]] = [
        ("acquired", lambda: bulk(ann)),
        ("released", lambda: bulk(ann, "release")),
        ("acquired", lambda: bulk(ann)),
        ("force_released", lambda: admin.post("/api/locks/auto-release", json={"branch": "main"})),
        ("acquired", lambda: bulk(ann)),
        (
            "force_released",
            lambda: admin.post("/api/locks/force-release", json={"paths": PATHS, "reason": "fire"}),
        ),
    ]
    for number, (verb, order) in enumerate(orders):
        between = after_first_piece(crib, partial(lock, ben, f"ben/{number}"))
        answer = await order()
        assert answer.is_success, answer.text
        mine = (await between).json()["lock"]["fence"]
        page = (await ann.get("/api/events", params={"verb": verb, "after": mine, "limit": 1})).json()
        assert page["events"], f"{verb}: nothing of the whole came after the other's lock"
    assert max(sizes) <= PIECE


async def test_a_lock_that_comes_between_undoes_the_whole(crib: AppServer) -> None:
    ann, ben = await crib.user("ann"), await crib.user("ben")
    between = after_first_piece(crib, partial(lock, ben, LAST))
    refused = await bulk(ann)
    assert (await between).status_code == 201
    assert refused.status_code == 409, refused.text
    assert refused.json()["details"]["holder"] == "ben"
    assert await held(ann) == {LAST: "ben"}
    await ben.delete(f"/api/locks/{LAST}")
    assert (await bulk(ann)).json()["count"] == len(PATHS)


async def test_what_passes_on_between_is_not_released_again(crib: AppServer) -> None:
    ann, ben, admin = await crib.user("ann"), await crib.user("ben"), await crib.admin()
    await bulk(ann)

    async def take_over() -> int:
        await admin.post("/api/locks/force-release", json={"paths": [LAST], "reason": "urgent"})
        return (await lock(ben, LAST)).status_code

    between = after_first_piece(crib, take_over)
    released = await bulk(ann, "release")
    assert await between == 201
    assert released.status_code == 200
    assert await held(ann) == {LAST: "ben"}


async def test_a_release_that_is_refused_releases_nothing(crib: AppServer) -> None:
    ann, ben = await crib.user("ann"), await crib.user("ben")
    await lock(ben, LAST)
    order = {"action": "lock", "paths": PATHS[:-1], "branch": "main"}
    await ann.post("/api/locks/bulk", json=order)
    assert (await bulk(ann, "release")).status_code == 403
    await ben.delete(f"/api/locks/{LAST}")
    assert (await bulk(ann, "release")).status_code == 404
    assert len(await held(ann)) == len(PATHS) - 1


@pytest.mark.parametrize("action", ["lock", "release"])
@pytest.mark.parametrize("found_by", ["the sweep", "the same person"])
async def test_what_an_interrupted_call_left_is_ended(crib: AppServer, action: str, found_by: str) -> None:
    ann = await crib.user("ann")
    if action == "release":
        await bulk(ann)
    me, many = await principal(crib, "ann"), crib.kernel.claim_pieces
    if action == "lock":
        refs = [service.ref("default", path) for path in PATHS]
        commands = [Acquire(ref, me.holder, "main") for ref in refs]
        call = asyncio.create_task(many.take(me.holder, commands, allowed))
    else:
        call = asyncio.create_task(service.release_many(many, me, "default", PATHS))
    await after_first_piece(crib, lambda: cancelled(call))
    assert 0 < len(await held(ann)) < len(PATHS)
    crib.clock.advance(seconds=LEASE.total_seconds())
    if found_by == "the sweep":
        await announce_ends(crib.kernel, crib.clock())
        assert await held(ann) == {}
        assert (await bulk(ann)).json()["count"] == len(PATHS)
    else:
        repeated = await bulk(ann, action)
        assert repeated.status_code == (201 if action == "lock" else 404)
        assert len(await held(ann)) == (len(PATHS) if action == "lock" else 0)


async def allowed() -> None:
    """The rights of whoever calls are as they were."""


async def cancelled(call: asyncio.Task[Any]) -> None:
    call.cancel()
    await asyncio.wait([call])


async def principal(crib: AppServer, name: str) -> Principal:
    async with crib.kernel.database.read() as session:
        user = (await session.execute(select(User).where(User.username == name))).scalar_one()
        return Principal(user.id, user.uuid, user.username, is_admin=False)


@pytest.mark.parametrize("action", ["lock", "release"])
async def test_a_call_whose_plan_was_carried_out_by_others_is_not_taken_for_done(
    crib: AppServer, action: str
) -> None:
    ann, kernel = await crib.user("ann"), crib.kernel
    if action == "release":
        await bulk(ann)

    async def carry_out() -> None:
        async with kernel.database.write() as session:
            await take_write_lock(session)
            crib.clock.advance(seconds=LEASE.total_seconds())
            (plan,) = await planned_releases.due(session, crib.clock())
            assert await planned_releases.next_piece(session, plan, crib.clock()) is not None

    carried_out = after_first_piece(crib, carry_out)
    answer = await bulk(ann, action)
    assert (answer.status_code, answer.json()["code"]) == (503, "change_interrupted")
    await carried_out


async def test_of_two_calls_for_the_same_things_one_gets_them_all(crib: AppServer) -> None:
    people = {name: await crib.user(name) for name in ("ann", "ben", "carl")}
    orders = [(name, PATHS if number % 2 else PATHS[::-1]) for number, name in enumerate(people)]
    answers = await asyncio.gather(*(bulk(people[name], paths=paths) for name, paths in orders))
    assert sorted(each.status_code for each in answers) == [201, 409, 409]
    (won,) = [number for number, each in enumerate(answers) if each.status_code == 201]
    name, paths = orders[won]
    assert [each["asset_path"] for each in answers[won].json()["locks"]] == paths
    assert await held(people[name]) == dict.fromkeys(PATHS, name)


async def test_who_lost_the_right_in_the_middle_gets_nothing(crib: AppServer) -> None:
    dan, admin = await crib.user("dan"), await crib.admin()
    uuid = (await dan.get("/api/currentuser")).json()["uuid"]
    (found,) = [each for each in (await admin.get("/api/admin/users")).json() if each["uuid"] == uuid]

    async def disable() -> int:
        status = {"is_active": False}
        return (await admin.put(f"/api/admin/users/{found['id']}/status", json=status)).status_code

    between = after_first_piece(crib, disable)
    refused = await bulk(dan, paths=[f"game/{number}" for number in range(10 * PIECE)])
    assert await between == 200
    assert refused.status_code == 401, refused.text[:200]
    assert await held(admin) == {}
