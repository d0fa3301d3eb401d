"""Every way in which a claim can change (door), for every kind: the kind's own record agrees with the claim.

`docs/architecture.md` lists the doors. A new one is added there and here, a new kind in `kinds.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from tests.claims import kinds, room_keys
from tests.claims.kinds import Kind
from tests.conftest import databases_of, is_full
from tests.desktops import fake_launcher
from tests.machines.folder_hosts import FolderHosts
from tests.servers.crib import Crib, Person
from tests.servers.databases import Databases
from toolcrib.kernel.claims.sweep import announce_ends, forgive_outage
from toolcrib.machines.pool import pool_of

pytestmark = pytest.mark.every_database


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """In the quick matrix the pairs of kind and door are dealt out to the databases."""
    found = databases_of(metafunc)
    if "door" in metafunc.fixturenames:
        each = [
            pytest.param(database, kind, door, id=f"{database}-{kind}-{door.__name__}")
            for number, (kind, door) in enumerate(PAIRS)
            for database in (found if is_full(metafunc.config) else [found[number % len(found)]])
        ]
        metafunc.parametrize(("crib", "kind", "door"), each, indirect=["crib"], scope="module")
    else:
        metafunc.parametrize("crib", found, indirect=True, scope="module")


@pytest.fixture(scope="module")
def crib(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crib]:
    """One server for all of these, with the kind of an installed package."""
    databases: Databases = request.getfixturevalue(request.param)
    folder: Path = tmp_path_factory.mktemp("doors")
    database = databases.fresh()
    kinds.make_tables(database.url)
    with pytest.MonkeyPatch.context() as patch:
        room_keys.install(folder / "site")
        patch.syspath_prepend(folder / "site")
        fake_launcher.install(folder / "launchers")
        patch.syspath_prepend(folder / "launchers")
        settings = {"DESKTOP_LAUNCHER": fake_launcher.NAME, "DESKTOPS_IN_TOTAL": 1000}
        one = Crib.start(folder / "data", database_url=database.url, **settings)
    pool_of(one.app.kernel).driver = FolderHosts(folder / "hosts")
    yield one
    one.close()
    databases.drop(database)


@dataclass
class Scene:
    """One thing, and the people around it. The doors below return whom they leave it with."""

    crib: Crib
    kind: Kind
    ann: Person
    ben: Person
    viewer: Person

    def claims(self, verb: str, person: Person, **body: object) -> None:
        """The generic route on the thing's claim."""
        claim = kinds.claim_on(self.kind, self.viewer)
        assert claim is not None
        answer = person.client.post(f"/api/claims/{claim['fence']}/{verb}", json=body)
        assert answer.is_success, answer.text

    def sweep(self) -> None:
        self.crib.run(announce_ends(self.crib.app.kernel, self.crib.clock()))


def taken(scene: Scene) -> str | None:
    scene.kind.take(scene.ann)
    return scene.ann.username


def given_back(scene: Scene) -> str | None:
    scene.kind.take(scene.ann)
    scene.kind.give_back(scene.ann)
    return None


def renewed(scene: Scene) -> str | None:
    scene.kind.take(scene.ann)
    scene.claims("renew", scene.ann, ttl_seconds=600)
    return scene.ann.username


def released(scene: Scene) -> str | None:
    scene.kind.take(scene.ann)
    scene.claims("release", scene.ann)
    return None


def handed_over(scene: Scene) -> str | None:
    scene.kind.take(scene.ann)
    scene.claims("transfer", scene.ann, to=scene.ben.username)
    return scene.ben.username


def handed_over_by_authority(scene: Scene) -> str | None:
    scene.kind.take(scene.ann)
    scene.claims("transfer", scene.crib.admin(), to=scene.ben.username)
    return scene.ben.username


def ended_by_authority(scene: Scene) -> str | None:
    scene.kind.take(scene.ann)
    scene.claims("force-release", scene.crib.admin(), reason="fire drill")
    return None


def passed_to_the_queue(scene: Scene) -> str | None:
    scene.kind.take(scene.ann)
    scene.claims("queue", scene.ben)
    scene.claims("release", scene.ann)
    return scene.ben.username


def passed_to_the_queue_by_the_kind_s_route(scene: Scene) -> str | None:
    scene.kind.take(scene.ann)
    scene.claims("queue", scene.ben)
    scene.kind.give_back(scene.ann)
    return scene.ben.username


def ended_by_the_sweep(scene: Scene) -> str | None:
    scene.kind.take(scene.ann, seconds=60)
    scene.crib.clock.advance(seconds=61)
    scene.sweep()
    return None


def passed_to_the_queue_by_the_sweep(scene: Scene) -> str | None:
    scene.kind.take(scene.ann, seconds=60)
    scene.claims("queue", scene.ben)
    scene.crib.clock.advance(seconds=61)
    scene.sweep()
    return scene.ben.username


def ended_by_whoever_takes_it_next(scene: Scene) -> str | None:
    scene.kind.take(scene.ann, seconds=60)
    scene.crib.clock.advance(seconds=61)
    scene.kind.take(scene.ben)
    return scene.ben.username


def forgiven_at_a_start(scene: Scene) -> str | None:
    kernel = scene.crib.app.kernel
    scene.sweep()  # says: alive now
    scene.kind.take_for_as_long_as_the_client_lives(scene.ann)
    scene.crib.clock.advance(seconds=90)
    scene.crib.run(forgive_outage(kernel.database, scene.crib.clock(), timedelta(minutes=5)))
    return scene.ann.username


def outlived_by_the_claim_or_not(scene: Scene) -> str | None:
    """Ann's account is disabled: locks of assets and documents stay unless a setting says otherwise."""
    scene.kind.take(scene.ann)
    admin = scene.crib.admin().client
    people = admin.get("/api/admin/users").raise_for_status().json()
    (account,) = (person["id"] for person in people if person["username"] == scene.ann.username)
    admin.put(f"/api/admin/users/{account}/status", json={"is_active": False}).raise_for_status()
    return None if scene.kind.name in {room_keys.NAME, "part", "machine", "desktop"} else scene.ann.username


Door = Callable[[Scene], "str | None"]
DOORS: tuple[Door, ...] = (
    taken,
    given_back,
    renewed,
    released,
    handed_over,
    handed_over_by_authority,
    ended_by_authority,
    passed_to_the_queue,
    passed_to_the_queue_by_the_kind_s_route,
    ended_by_the_sweep,
    passed_to_the_queue_by_the_sweep,
    ended_by_whoever_takes_it_next,
    forgiven_at_a_start,
    outlived_by_the_claim_or_not,
)


# No client of assets and parts renews by itself, so none lives on heartbeats. Machines are extended as a whole
# reservation, have a queue of their own, and are cleaned before anybody else has them. Desktops, with their homes,
# belong to one person each.
CLOSED: dict[str, set[Door]] = {
    "asset": {forgiven_at_a_start},
    "part": {forgiven_at_a_start},
    "machine": {
        renewed,
        passed_to_the_queue,
        passed_to_the_queue_by_the_kind_s_route,
        passed_to_the_queue_by_the_sweep,
        ended_by_whoever_takes_it_next,
        forgiven_at_a_start,
    },
    "desktop": {
        renewed,
        handed_over,
        handed_over_by_authority,
        passed_to_the_queue,
        passed_to_the_queue_by_the_kind_s_route,
        passed_to_the_queue_by_the_sweep,
        ended_by_whoever_takes_it_next,
        forgiven_at_a_start,
    },
}
PAIRS = [(kind, door) for kind in kinds.KINDS for door in DOORS if door not in CLOSED.get(kind, ())]


def test_the_kind_s_record_agrees(crib: Crib, kind: str, door: Door) -> None:
    viewer = crib.person()
    ann, ben = crib.person(company=viewer.company), crib.person(company=viewer.company)
    if kind == "desktop":
        viewer = crib.admin()  # nobody else sees another person's
    thing = kinds.make(kind, viewer, crib.app.settings.database)
    left_with = door(Scene(crib, thing, ann, ben, viewer))
    held = kinds.agree(thing, viewer)
    assert (held[0] if held else None) == left_with


def test_the_hook_s_nudge_runs_its_job(crib: Crib) -> None:
    ann = crib.person()
    thing = kinds.RoomKey(crib.app.settings.database)
    thing.take(ann)
    crib.run(crib.app.kernel.jobs.idle())
    printed = room_keys.calls.select().where(room_keys.calls.c.room == thing.room)
    assert [row[-1] for row in kinds.run(crib.app.settings.database, printed)] == [True]
