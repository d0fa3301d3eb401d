"""A server killed with SIGKILL, right after an answer or in the middle of a hook: every kind's own record agrees with
its claims afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import delete, insert, select

from tests.claims import kinds, room_keys
from tests.claims.kinds import Kind, RoomKey
from tests.desktops import fake_launcher
from tests.servers.crib import Crib, Person
from tests.servers.process import wait_until
from tests.servers.toolcrib import ToolcribServer

pytestmark = pytest.mark.every_database


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the kind of `room_keys.py` is installed, and a platform for desktops that leaves none behind."""
    folder = tmp_path_factory.mktemp("site")
    room_keys.install(folder)
    fake_launcher.install(folder)
    return folder


@pytest.fixture
def server_process(server: Callable[..., ToolcribServer], database_url: str, site: Path) -> ToolcribServer:
    """A `toolcrib serve` that finds that kind."""
    kinds.make_tables(database_url)
    root = Path(__file__).parents[2]
    return server(
        DATABASE_URL=database_url,
        TRUST_TOKEN_ISSUERS="*",
        SWEEP_SECONDS="1",
        DESKTOP_LAUNCHER=fake_launcher.NAME,
        PYTHONPATH=f"{site}:{root}",
    )


@pytest.fixture
def crib(server_process: ToolcribServer) -> Iterator[Crib]:
    one = Crib(server_process)
    yield one
    one.close()


def generic(kind: Kind, viewer: Person, verb: str, person: Person, **body: Any) -> None:
    claim = kinds.claim_on(kind, viewer)
    assert claim is not None
    answer = person.client.post(f"/api/claims/{claim['fence']}/{verb}", json=body)
    assert answer.is_success, answer.text


def test_a_kill_after_the_answer_loses_nothing(
    crib: Crib, server_process: ToolcribServer, database_url: str
) -> None:
    ann, admin = crib.person(), crib.admin()
    ben = crib.person(company=ann.company)
    things = [kinds.make(name, ann, database_url) for name in kinds.KINDS]

    def renew(thing: Kind) -> None:
        if thing.renews:
            generic(thing, ann, "renew", ann, ttl_seconds=600)

    def transfer(thing: Kind) -> None:
        if thing.transfers:
            generic(thing, ann, "transfer", ann, to=ben.username)

    steps: tuple[tuple[Callable[[Kind], object], str | None], ...] = (
        (lambda thing: thing.take(ann), ann.username),
        (renew, ann.username),
        (transfer, ben.username),
        (lambda thing: generic(thing, ann, "force-release", admin, reason="fire drill"), None),
    )
    for step, holder in steps:
        for thing in things:
            step(thing)
        server_process.kill()
        server_process.start()
        for thing in things:
            held = kinds.agree(thing, ann)
            kept = ann.username if step is transfer and not thing.transfers else holder
            assert (held[0] if held else None) == kept


@pytest.mark.parametrize("verb", ["acquired", "renewed", "transferred", "released"])
def test_a_kill_inside_the_hook_undoes_the_claim_with_it(
    crib: Crib, server_process: ToolcribServer, database_url: str, verb: str
) -> None:
    ann = crib.person()
    ben = crib.person(company=ann.company)
    key = RoomKey(database_url)
    if verb != "acquired":
        key.take(ann)
    before = kinds.agree(key, ann)
    kinds.run(database_url, insert(room_keys.faults).values(room=key.room, verb=verb, what="die"))
    asked: dict[str, Callable[[], None]] = {
        "acquired": lambda: key.take(ann),
        "renewed": lambda: generic(key, ann, "renew", ann, ttl_seconds=600),
        "transferred": lambda: generic(key, ann, "transfer", ann, to=ben.username),
        "released": lambda: key.give_back(ann),
    }
    with pytest.raises(httpx.TransportError):
        asked[verb]()
    assert server_process.wait() == -9
    kinds.run(database_url, delete(room_keys.faults))
    server_process.start()
    assert kinds.agree(key, ann) == before
    asked[verb]()
    assert kinds.agree(key, ann) != before or verb == "renewed"


def test_a_kill_while_an_end_is_told_is_made_good_by_the_next_sweep(
    crib: Crib, server_process: ToolcribServer, database_url: str
) -> None:
    ann = crib.person()
    key = RoomKey(database_url)
    kinds.run(database_url, insert(room_keys.faults).values(room=key.room, verb="expired", what="die"))
    key.take(ann, seconds=1)
    assert server_process.wait() == -9  # the sweep of the claim's end
    book = select(room_keys.book).where(room_keys.book.c.room == key.room)
    assert len(kinds.run(database_url, book)) == 1
    # From now on the hook fails in a way that the server outlives, and it is killed after that.
    kinds.run(
        database_url,
        delete(room_keys.faults),
        insert(room_keys.faults).values(room=key.room, verb="expired", what="crash"),
    )
    server_process.start()
    wait_until(lambda: kinds.claim_on(key, ann) is None, "the end of the claim", 30)
    wait_until(lambda: "claim_hook_failed" in server_process.output(), "the hook's failure", 30)
    server_process.kill()
    assert len(kinds.run(database_url, book)) == 1
    kinds.run(database_url, delete(room_keys.faults))
    server_process.start()
    wait_until(lambda: kinds.run(database_url, book) == [], "the hook's next call", 60)
    assert kinds.agree(key, ann) is None
