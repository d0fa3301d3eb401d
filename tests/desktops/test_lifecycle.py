"""What becomes of desktops: limits, the queue, ends, idleness, and a platform that fails."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from tests.desktops.place import Place, call, connection, desktop, error_of, scale_up, start, volume
from tests.servers.process import wait_until
from toolcrib.desktops.models import desktops

Own = Callable[..., Place]


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


# Limits and the queue


@pytest.mark.every_database
def test_twenty_at_once_on_a_limit_of_five(own_place: Own) -> None:
    place = own_place(DESKTOPS_IN_TOTAL=5, DESKTOPS_PER_PERSON=5)
    people = [place.person() for _ in range(20)]
    made: list[dict[str, Any]] = []
    ready = threading.Barrier(20)

    def begin(number: int) -> None:
        ready.wait()
        made.append(scale_up(people[number], f"d{number}"))

    threads = [threading.Thread(target=begin, args=[number]) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    waiting = sorted(
        (each for each in made if "queue_position" in each), key=lambda each: each["queue_position"]
    )
    running = [each for each in made if each["status"] == "ready"]
    assert len(running) == 5
    assert [each["queue_position"] for each in waiting] == list(range(1, 16))
    assert {each["status"] for each in waiting} == {"provisioning"}
    assert place.platform.running() == {each["name"] for each in running}
    by_name = {person.username: person for person in people}
    first = desktop(by_name[waiting[0]["created_by"]], waiting[0]["name"])
    assert (first["state"], first["queue_position"]) == ("queued", 1)
    assert first["expected_at"] == min(
        desktop(by_name[each["created_by"]], each["name"])["ends_at"] for each in running
    )
    most = 0
    order = [each["name"] for each in waiting]
    while order:
        ending = running.pop(0)
        person = by_name[ending["created_by"]]
        connection(person, "scaledown", name=ending["name"]).raise_for_status()
        place.settle()
        most = max(most, len(place.platform.running()))
        following = order.pop(0)
        assert following in place.platform.running()
        running.append(next(each for each in waiting if each["name"] == following))
    assert most <= 5


def test_without_a_queue_one_more_is_refused(own_place: Own) -> None:
    place = own_place(DESKTOPS_IN_TOTAL=2, DESKTOPS_PER_PERSON=1, DESKTOP_QUEUE=False)
    ann, ben, eve = place.person(), place.person(), place.person()
    scale_up(ann)
    assert error_of(connection(ann, "scaleup", name="d2")) == (
        409,
        "You have 1 running desktops, of at most 1.",
    )
    scale_up(ben)
    refused = connection(eve, "scaleup", name="d1")
    assert error_of(refused) == (409, "2 desktops are running, of at most 2. Try again later.")
    assert refused.json()["code"] == "no_room_for_desktop"
    assert call(eve, "GET", "/api/connections/list").json() == {"connections": []}


def test_who_has_no_room_of_their_own_lets_others_pass(own_place: Own) -> None:
    place = own_place(DESKTOPS_IN_TOTAL=2, DESKTOPS_PER_PERSON=1)
    ann, ben, eve = place.person(), place.person(), place.person()
    one = scale_up(ann)["name"]
    mine = scale_up(ann, "d2")
    assert mine["queue_position"] == 1
    second = scale_up(ben)
    assert second["status"] == "ready"
    third = scale_up(eve)
    assert third["queue_position"] == 2
    connection(ben, "scaledown", name=second["name"])
    place.settle()
    assert desktop(eve, third["name"])["state"] == "running"
    connection(ann, "scaledown", name=one)
    place.settle()
    assert desktop(ann, mine["name"])["state"] == "running"


def test_leaving_the_queue(own_place: Own) -> None:
    place = own_place(DESKTOPS_IN_TOTAL=1)
    ann, ben = place.person(), place.person()
    scale_up(ann)
    kept, lost = start(ben, "kept"), start(ben, "lost", persistent_home=False)
    assert [kept["queue_position"], lost["queue_position"]] == [1, 2]
    assert call(ben, "POST", f"/api/desktops/{kept['name']}/stop").json()["state"] == "stopped"
    assert desktop(ben, lost["name"])["queue_position"] == 1
    call(ben, "POST", f"/api/desktops/{lost['name']}/stop").raise_for_status()
    place.settle()
    assert call(ben, "GET", f"/api/desktops/{lost['name']}").status_code == 404
    assert call(ben, "POST", f"/api/desktops/{kept['name']}/resume").json()["state"] == "queued"


def test_hours_per_week(own_place: Own) -> None:
    place = own_place(DESKTOP_HOURS_PER_WEEK=10, DESKTOP_HOURS=8, DESKTOP_IDLE_MINUTES=0)
    ann = place.person()
    made = start(ann)
    place.settle()
    place.advance(hours=8)
    assert desktop(ann, made["name"])["state"] == "stopped"
    again = call(ann, "POST", f"/api/desktops/{made['name']}/resume").json()
    assert (again["end_reason"], moment(again["ends_at"])) == (
        "hours",
        place.crib.clock() + timedelta(hours=2),
    )
    place.settle()
    assert call(ann, "GET", "/api/desktops").json()["limits"]["hours_left"] == 2
    assert "your hours of the week" in desktop(ann, made["name"])["cannot"]["extend"].lower()
    place.advance(hours=2)
    refused = call(ann, "POST", f"/api/desktops/{made['name']}/resume")
    assert (refused.status_code, refused.json()["code"]) == (409, "desktop_hours_used")
    place.advance(days=7)
    assert call(ann, "POST", f"/api/desktops/{made['name']}/resume").status_code == 200


# Ends


def test_a_desktop_ends_and_can_be_extended(own_place: Own) -> None:
    place = own_place(DESKTOP_HOURS=8, DESKTOPS_IN_TOTAL=1, DESKTOP_IDLE_MINUTES=0)
    ann = place.person()
    name = scale_up(ann)["name"]
    began = place.crib.clock()
    shown = desktop(ann, name)
    assert (shown["end_reason"], moment(shown["ends_at"])) == ("limit", began + timedelta(hours=8))
    assert shown["end_text"].startswith(f"ends {began + timedelta(hours=8):%H:%M} UTC: 8 h limit")
    place.advance(hours=7, minutes=51)
    assert place.verbs(name).count("warned") == 1
    place.advance(minutes=1)
    assert place.verbs(name).count("warned") == 1
    (said,) = place.platform.said(name)
    assert said.startswith(f"This desktop ends at {began + timedelta(hours=8):%H:%M} UTC: 8 h limit.")
    shown = desktop(ann, name)
    later = place.crib.clock() + timedelta(hours=8)
    assert moment(shown["extend_to"]) == later
    assert shown["end_text"].endswith(f"extend to {later:%H:%M}, nobody waits")
    ben = place.person()
    waits = scale_up(ben)
    refused = call(ann, "POST", f"/api/desktops/{name}/extend", hours=1)
    assert error_of(refused) == (409, "Somebody waits for a desktop: it cannot be extended now.")
    assert desktop(ann, name)["extend_to"] is None
    connection(ben, "scaledown", name=waits["name"])
    extended = call(ann, "POST", f"/api/desktops/{name}/extend", hours=1).json()
    assert moment(extended["ends_at"]) == began + timedelta(hours=9)
    for until, status in (
        ("9999-12-31T23:59:59-10:00", 400),
        ((began + timedelta(hours=9)).isoformat(), 400),
        ((began + timedelta(days=2)).isoformat(), 400),
        ((began + timedelta(hours=10)).isoformat(), 200),
    ):
        answer = call(ann, "POST", f"/api/desktops/{name}/extend", until=until)
        assert answer.status_code == status, answer.text
    claims = call(ann, "GET", "/api/claims?kind=desktop").json()["claims"]
    assert {moment(claim["expires_at"]) for claim in claims} == {began + timedelta(hours=10)}
    place.advance(hours=1, minutes=59)
    assert place.verbs(name).count("warned") == 2
    place.advance(minutes=10)
    assert desktop(ann, name)["state"] == "stopped"
    assert name in place.platform.homes()
    assert call(ann, "GET", "/api/claims?kind=desktop").json()["claims"] == []


def test_what_is_chosen_counts(place: Place) -> None:
    ann = place.person()
    made = start(ann, hours=1)
    assert (made["end_reason"], moment(made["ends_at"])) == (
        "chosen",
        place.crib.clock() + timedelta(hours=1),
    )


def test_idleness_ends_it_and_what_is_not_persistent_is_kept_for_a_while(own_place: Own) -> None:
    place = own_place(DESKTOP_IDLE_MINUTES=60, DESKTOP_KEEP_HOURS=24)
    ann = place.person()
    name = scale_up(ann, persistent_home=False)["name"]
    place.platform.home(name).joinpath("work").write_text("unsaved")
    assert moment(desktop(ann, name)["idle_ends_at"]) == place.crib.clock() + timedelta(hours=1)
    idle = place.crib.clock() + timedelta(hours=1)
    assert desktop(ann, name)["end_text"].endswith(f"; at {idle:%H:%M} if nobody uses it until then")
    place.advance(minutes=51)
    assert place.verbs(name).count("warned") == 1
    place.advance(minutes=10)
    shown = desktop(ann, name)
    assert (shown["state"], shown["reason"]) == ("stopped", "Nobody used it for 60 minutes.")
    assert moment(shown["keep_until"]) == place.crib.clock() + timedelta(hours=24)
    assert connection(ann, "resume", name=name).json()["connection"]["status"] == "ready"
    assert place.platform.home(name).joinpath("work").read_text() == "unsaved"
    place.advance(hours=2)
    assert desktop(ann, name)["state"] == "stopped"
    place.advance(hours=25)
    assert call(ann, "GET", f"/api/desktops/{name}").status_code == 404
    assert name not in place.platform.homes()


def test_our_own_outage_makes_nobody_idle(own_place: Own) -> None:
    from toolcrib.desktops.desk import desk_of  # noqa: PLC0415
    from toolcrib.desktops.service.sweeping import forgive_outage  # noqa: PLC0415

    place = own_place(DESKTOP_IDLE_MINUTES=60)
    ann = place.person()
    name = scale_up(ann)["name"]
    place.crib.clock.advance(hours=3)
    place.crib.run(forgive_outage(desk_of(place.crib.app.kernel)))
    place.settle()
    assert desktop(ann, name)["state"] == "running"
    place.advance(hours=1)
    assert desktop(ann, name)["state"] == "stopped"


# Doors


def test_every_door_stops_it(place: Place) -> None:
    admin = place.admin()

    def release(person: Any, fence: int) -> None:
        call(person, "POST", f"/api/claims/{fence}/release").raise_for_status()

    def force(_person: Any, fence: int) -> None:
        call(admin, "POST", f"/api/claims/{fence}/force-release", reason="fire drill").raise_for_status()

    def disable(person: Any, _fence: int) -> None:
        people = call(admin, "GET", "/api/admin/users").json()
        (account,) = (each["id"] for each in people if each["username"] == person.username)
        call(admin, "PUT", f"/api/admin/users/{account}/status", is_active=False).raise_for_status()

    for door in (release, force, disable):
        ann = place.person()
        name = scale_up(ann)["name"]
        door(ann, desktop(ann, name)["fence"])
        place.settle()
        assert desktop(admin, name)["state"] == "stopped", door
        assert name not in place.platform.running()
        held = call(admin, "GET", "/api/claims?kind=desktop").json()["claims"]
        assert not [claim for claim in held if name in claim["key"]]
    ann, ben = place.person(), place.person()
    fence = desktop(ann, scale_up(ann)["name"])["fence"]
    for verb, body in (
        ("transfer", {"to": ben.username}),
        ("renew", {"ttl_seconds": 60}),
        ("queue", {"take": True}),
    ):
        assert call(ann, "POST", f"/api/claims/{fence}/{verb}", **body).status_code == 409, verb
    home = next(
        claim
        for claim in call(ann, "GET", "/api/claims?kind=desktop").json()["claims"]
        if "/" in claim["key"]
    )
    assert call(ann, "POST", f"/api/claims/{home['fence']}/release").status_code == 409


def test_a_removed_person_s_desktops_are_cleaned_up(place: Place) -> None:
    admin, ann = place.admin(), place.person()
    running = scale_up(ann)["name"]
    stopped = scale_up(ann, "d2")["name"]
    connection(ann, "scaledown", name=stopped)
    people = call(admin, "GET", "/api/admin/users").json()
    (account,) = (each["id"] for each in people if each["username"] == ann.username)
    call(admin, "DELETE", f"/api/admin/users/{account}").raise_for_status()
    place.settle()
    place.settle()
    assert not {running, stopped} & (place.platform.known() | place.platform.homes())
    for name in (running, stopped):
        assert call(admin, "GET", f"/api/desktops/{name}").status_code == 404


def test_an_exclusive_volume_is_for_one_running_desktop(place: Place) -> None:
    admin, ann, ben = place.admin(), place.person(), place.person()
    data = volume(admin, f"only{ann.uuid[:8]}", is_public=True, exclusive=True)
    name = scale_up(ann, external_pvc=data["name"])["name"]
    refused = connection(ben, "scaleup", name="d1", external_pvc=data["name"])
    assert (refused.status_code, refused.json()["code"]) == (409, "volume_taken")
    other = scale_up(ben)
    answer = connection(ben, "attach-pvc", connection_id=other["id"], pvc_id=data["id"])
    assert answer.status_code == 409, answer.text
    place.platform.order(stop="hang")
    try:
        call(ann, "POST", f"/api/desktops/{name}/stop").raise_for_status()
        answer = connection(ben, "attach-pvc", connection_id=other["id"], pvc_id=data["id"])
        assert answer.status_code == 409, "it is still being used while it stops"
    finally:
        place.platform.order(stop=None)
    place.settle()
    connection(ben, "attach-pvc", connection_id=other["id"], pvc_id=data["id"]).raise_for_status()
    assert connection(ann, "resume", name=name).status_code == 409
    connection(ben, "detach-pvc", connection_id=other["id"]).raise_for_status()
    assert connection(ann, "resume", name=name).status_code == 200


# A platform that fails


def test_a_platform_that_is_down_is_asked_again(place: Place) -> None:
    ann = place.person()
    place.platform.order(start="down", check="down")
    try:
        name = start(ann)["name"]
        place.settle()
        shown = desktop(ann, name)
        assert (shown["state"], shown["progress"]) == ("starting", "The platform does not answer.")
        place.advance(seconds=3)
        asked = place.platform.calls("start", name)
        assert asked == 2
        place.advance(seconds=3)
        assert place.platform.calls("start", name) == 2, "the delay grows"
    finally:
        place.platform.order(start=None, check=None)
    place.advance(seconds=10)
    assert desktop(ann, name)["state"] == "running"
    place.platform.order(stop="nonsense")
    try:
        call(ann, "POST", f"/api/desktops/{name}/stop").raise_for_status()
        place.settle()
        shown = desktop(ann, name)
        assert shown["state"] == "stopping"
        assert "secret" not in str(shown)
    finally:
        place.platform.order(stop=None)
    place.advance(seconds=10)
    assert desktop(ann, name)["state"] == "stopped"


def test_a_start_that_never_ends_fails(place: Place) -> None:
    ann = place.person()
    place.platform.order(wait_ready="never")
    try:
        name = start(ann)["name"]
        place.settle()
        assert desktop(ann, name)["state"] == "starting"
        place.advance(minutes=16)
    finally:
        place.platform.order(wait_ready=None)
    shown = desktop(ann, name)
    assert (shown["state"], shown["reason"]) == ("failed", "It did not start in time: pulling image.")
    assert name not in place.platform.running()


def test_a_start_is_ended_by_its_hold(place: Place) -> None:
    ann = place.person()
    place.platform.order(wait_ready="hang")
    try:
        name = start(ann)["name"]
        call(ann, "POST", f"/api/desktops/{name}/stop").raise_for_status()
        place.settle()
        assert desktop(ann, name)["state"] == "stopped"
    finally:
        place.platform.order(wait_ready=None)
    assert name not in place.platform.running()


@pytest.mark.every_database
def test_who_was_held_up_leaves_it_to_whoever_has_taken_over(place: Place) -> None:
    ann = place.person()
    name = start(ann)["name"]
    place.settle()
    lease = select(desktops.c.state, desktops.c.worker).where(desktops.c.name == name)

    async def take_over(until: datetime | None) -> None:
        async with place.crib.app.kernel.database.short_write() as connection:
            mine = update(desktops).where(desktops.c.name == name)
            await connection.execute(mine.values(worker=until and "another", busy_until=until))

    async def now() -> tuple[str, str | None]:
        async with place.crib.app.kernel.database.read() as session:
            return tuple((await session.execute(lease)).one())

    place.platform.order(stop="hang")
    call(ann, "POST", f"/api/desktops/{name}/stop").raise_for_status()
    wait_until(lambda: place.platform.calls("stop", name) == 1, "the stop to begin")
    place.crib.run(take_over(place.crib.clock() + timedelta(minutes=1)))
    place.platform.order(stop=None)
    place.settle()
    assert place.crib.run(now()) == ("stopping", "another")
    place.crib.run(take_over(None))
    place.settle()
    assert desktop(ann, name)["state"] == "stopped"


def test_what_died_is_marked_and_what_nobody_knows_is_stopped(place: Place) -> None:
    ann = place.person()
    lost, died, stopped = (scale_up(place.person() if n else ann, f"d{n}") for n in range(3))
    admin = place.admin()
    connection(admin, "scaledown", name=stopped["name"])
    place.advance(seconds=1)
    place.platform.lose(lost["name"])
    place.platform.put(died["name"], phase="failed", text="out of memory")
    place.platform.put(stopped["name"], phase="ready")
    place.platform.put("d9-orphan", phase="ready")
    place.platform.home("d9-orphan").mkdir()
    place.compare()
    assert desktop(admin, lost["name"])["state"] == "failed"
    shown = desktop(admin, died["name"])
    assert (shown["state"], shown["reason"]) == ("failed", "out of memory")
    assert "died" in place.verbs(died["name"])
    assert "d9-orphan" not in place.platform.known()
    assert "d9-orphan" in place.platform.homes(), "what is in a home is not deleted for want of a row"
    assert stopped["name"] not in place.platform.running()
    assert desktop(admin, stopped["name"])["state"] == "stopped"
    assert connection(ann, "resume", name=lost["name"]).json()["connection"]["status"] == "ready"


def test_a_platform_that_is_down_loses_nothing_by_comparison(place: Place) -> None:
    ann = place.person()
    name = scale_up(ann)["name"]
    place.advance(seconds=1)
    for order in ("down", "nonsense"):
        place.platform.order(statuses=order)
        place.compare()
        place.platform.order(statuses=None)
        assert desktop(ann, name)["state"] == "running"
