"""Bookings that are changed before they begin: other times, other machines, colleagues."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier
from typing import TYPE_CHECKING, Any

import icalendar
import pytest

from tests.machines.test_bookings import at, book, refusal, state_of
from tests.machines.test_sharing import KEYS, share
from toolcrib.machines.hosts.driver import Problem

if TYPE_CHECKING:
    import httpx

    from tests.machines.pool import PoolCrib
    from tests.servers.crib import Person
    from tests.servers.inprocess import AppServer


def change(person: Person, made: dict[str, Any], **fields: Any) -> httpx.Response:
    return person.client.patch(f"/api/reservations/{made['id']}", json=fields)


def changed(person: Person, made: dict[str, Any], **fields: Any) -> dict[str, Any]:
    answer = change(person, made, **fields)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def events_of(person: Person, key: str) -> list[dict[str, Any]]:
    found = person.client.get("/api/events", params={"kind": "machine", "key": key}).json()
    events: list[dict[str, Any]] = found["events"]
    return events


@pytest.mark.every_database
def test_a_booking_is_moved_and_begins_at_its_new_time(pool: PoolCrib) -> None:
    ann, ben, names = pool.person(), pool.person(), pool.machines()
    made = book(pool, ann, names, 60, minutes=60)
    moved = changed(ann, made, starts_at=at(pool, minutes=120))
    assert (moved["id"], moved["state"], moved["minutes"]) == (made["id"], "booked", 60)
    length = datetime.fromisoformat(moved["ends_at"]) - datetime.fromisoformat(moved["starts_at"])
    assert length == timedelta(minutes=60)
    longer = changed(ann, made, minutes=90)
    assert (longer["starts_at"], longer["minutes"]) == (moved["starts_at"], 90)
    # What it leaves is free for others, and what it takes is not.
    assert pool.ask(ben, names, starts_at=at(pool, minutes=60), minutes=60).status_code == 201
    assert refusal(pool.ask(ben, names, starts_at=at(pool, minutes=200), minutes=30)) == (409, "booked_then")
    assert pool.state(names[0])["next_booking"]["holder"] == ben.username
    pool.crib.clock.advance(minutes=119)
    pool.work()
    assert state_of(ann, made)["state"] == "booked"
    pool.crib.clock.advance(minutes=1)
    pool.work()
    begun = state_of(ann, made)
    assert (begun["state"], begun["ends_at"]) == ("ready", longer["ends_at"])
    assert refusal(change(ann, made, minutes=30)) == (409, "reservation_over")


@pytest.mark.every_database
def test_of_twenty_who_move_into_one_hour_at_once_one_gets_it(pool: PoolCrib) -> None:
    names = pool.machines()
    people = [pool.person() for _ in range(20)]
    made = [book(pool, person, names, 60 * (number + 2), minutes=60) for number, person in enumerate(people)]
    together = Barrier(len(people))

    def move(number: int) -> httpx.Response:
        together.wait()
        return change(people[number], made[number], starts_at=at(pool, minutes=30))

    with ThreadPoolExecutor(len(people)) as threads:
        answers = list(threads.map(move, range(len(people))))
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 19
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {"booked_then"}
    for person, before, answer in zip(people, made, answers, strict=True):
        now = state_of(person, before)
        kept = answer.status_code == 409
        assert (now["starts_at"] == before["starts_at"]) is kept, "the others stay as they were"


def test_a_booking_overlaps_itself_but_nobody_else(pool: PoolCrib) -> None:
    ann, ben, names = pool.person(), pool.person(), pool.machines()
    made = book(pool, ann, names, 60, minutes=60)
    book(pool, ben, names, 150, minutes=60)
    assert changed(ann, made, starts_at=at(pool, minutes=90))["booked_machines"] == names
    assert refusal(change(ann, made, minutes=61)) == (409, "booked_then")
    assert refusal(change(ann, made, starts_at=at(pool, minutes=91))) == (409, "booked_then")
    pool.have(ben, names, minutes=80)
    assert refusal(change(ann, made, starts_at=at(pool, minutes=79))) == (409, "not_enough_machines")
    assert state_of(ann, made)["minutes"] == 60


def test_it_keeps_its_machine_where_that_is_free_and_else_gets_another(pool: PoolCrib) -> None:
    ann, ben, names = pool.person(), pool.person(), pool.machines(2)
    made = book(pool, ann, names, 60, minutes=60)
    (first,) = made["booked_machines"]
    (second,) = set(names) - {first}
    assert changed(ann, made, starts_at=at(pool, minutes=180))["booked_machines"] == [first]
    by_name = {"names": [first], "starts_at": at(pool, minutes=60), "minutes": 60, "password": "a password"}
    assert ben.client.post("/api/reservations", json=by_name).status_code == 201
    moved = changed(ann, made, starts_at=at(pool, minutes=60))
    assert moved["booked_machines"] == [second]
    # Back again: it prefers what it has now.
    assert changed(ann, made, starts_at=at(pool, minutes=240))["booked_machines"] == [second]
    verbs = [event["verb"] for event in events_of(ann, made["id"])]
    assert verbs.count("reservation_rebooked") == 3
    assert "machine_booking_ended" in {event["verb"] for event in events_of(ben, first)}
    assert "machine_booked" in {event["verb"] for event in events_of(ben, second)}


def test_a_booking_that_is_late_does_not_become_less_late_by_a_change(pool: PoolCrib) -> None:
    ann, ben, names = pool.person(), pool.person(), pool.machines()
    pool.have(ben, names, minutes=60)
    made = book(pool, ann, names, 60, minutes=60)
    pool.hosts.break_(names[0], Problem.FAILED, "remove")
    pool.crib.clock.advance(minutes=60)
    pool.work()
    pool.crib.clock.advance(minutes=8)
    pool.work()
    assert changed(ann, made, minutes=61)["state"] == "booked"
    pool.work()
    pool.crib.clock.advance(minutes=8)
    pool.work()
    assert state_of(ann, made)["state"] == "failed"
    pool.hosts.break_(names[0], None, "remove")


def test_other_machines_are_asked_for_as_in_a_booking(pool: PoolCrib) -> None:
    ann, names = pool.person(), pool.machines(3)
    made = book(pool, ann, names, 60, minutes=60)
    more = changed(ann, made, count=2)
    assert (more["count"], more["at_least"], more["tags"], len(more["booked_machines"])) == (
        2,
        2,
        made["tags"],
        2,
    )
    assert set(made["booked_machines"]) < set(more["booked_machines"])
    named = changed(ann, made, names=names[:1])
    assert (named["names"], named["tags"], named["booked_machines"]) == (names[:1], None, names[:1])
    assert refusal(change(ann, made, count=4, tags=names[0].rpartition("-")[0])) == (409, "too_few_machines")
    assert changed(ann, made, count=4, at_least=2, tags=made["tags"])["booked_machines"] == names
    assert state_of(ann, made)["names"] == []
    assert refusal(change(ann, made, names=["nowhere"])) == (404, "not_found")
    assert refusal(change(ann, made, tags="nobodyhasthis")) == (400, "unknown_tag")
    assert refusal(change(ann, made, names=names, count=2)) == (400, "invalid_request")
    assert refusal(change(ann, made, at_least=5)) == (400, "invalid_request")


def test_who_waits_is_not_overtaken_by_a_booking_that_moves(pool: PoolCrib) -> None:
    ann, ben, eve, names = pool.person(), pool.person(), pool.person(), pool.machines()
    pool.have(ann, names, minutes=30)
    made = book(pool, eve, names, 120, minutes=60)
    waiting = pool.ask(ben, names, minutes=60, wait=True).json()
    assert refusal(change(eve, made, starts_at=at(pool, minutes=60))) == (409, "somebody_waits")
    # It may always be shorter, or later than they need.
    assert changed(eve, made, minutes=30)["state"] == "booked"
    assert changed(eve, made, starts_at=at(pool, minutes=90))["state"] == "booked"
    assert state_of(ben, waiting)["queue"]["estimate"] is not None


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"starts_at": "2001-01-01T00:00:00Z"}, "invalid_request"),
        ({"starts_at": "9999-12-31T23:59:59-14:00"}, "invalid_request"),
        ({"starts_at": "soon"}, "invalid_request"),
        ({"minutes": 0}, "invalid_request"),
        ({"minutes": "long"}, "invalid_request"),
        ({"minutes": 5_256_000}, "too_many"),
        ({"count": 10_000}, "too_many"),
        ({"names": ["$(reboot)", "{{ 7*7 }}"]}, "not_found"),
        ({"tags": "gpu && ("}, "bad_tags"),
        ({"start": "2030-01-01T00:00:00Z"}, "invalid_request"),
        ([], "invalid_request"),
    ],
)
def test_what_a_booking_cannot_become_is_refused(pool: PoolCrib, fields: Any, code: str) -> None:
    ann = pool.person()
    made = book(pool, ann, pool.machines(), 60)
    answer = ann.client.patch(f"/api/reservations/{made['id']}", json=fields)
    assert answer.json()["code"] == code, answer.text
    assert answer.status_code in (400, 404)
    assert state_of(ann, made) == made


def test_only_its_holder_changes_a_booking(pool: PoolCrib) -> None:
    ann, ben, names = pool.person(), pool.person(), pool.machines()
    made = book(pool, ann, names, 60)
    later = {"starts_at": at(pool, minutes=90)}
    assert refusal(change(ben, made, **later)) == (404, "reservation_not_found")
    assert share(ann, made, ben.username).status_code == 200
    assert change(ben, made, **later).status_code == 403
    assert change(pool.admin, made, **later).status_code == 403
    assert pool.crib.client().patch(f"/api/reservations/{made['id']}", json=later).status_code == 401
    assert state_of(ann, made)["starts_at"] == made["starts_at"]
    held = pool.have(ben, pool.machines())
    assert refusal(change(ben, held, **later)) == (409, "reservation_over")


async def test_the_limits_of_a_person_hold_for_a_changed_booking(
    limited: tuple[AppServer, httpx.AsyncClient],
) -> None:
    crib, ann = limited

    def hours(ahead: float) -> str:
        return (crib.clock() + timedelta(hours=ahead)).isoformat()

    first, second = [
        (
            await ann.post("/api/reservations", json={"password": "a password", "starts_at": hours(ahead)})
        ).json()
        for ahead in (1, 5)
    ]

    async def ask(made: dict[str, Any], **fields: Any) -> tuple[int, str]:
        answer = await ann.patch(f"/api/reservations/{made['id']}", json=fields)
        return answer.status_code, answer.json().get("code", "")

    assert await ask(first, starts_at=hours(25)) == (400, "invalid_request")
    assert await ask(first, starts_at=hours(24)) == (200, "")
    assert await ask(first, count=2) == (409, "limit_reached")
    assert await ask(second, minutes=120) == (200, "")


def test_a_calendar_program_learns_of_the_change(pool: PoolCrib) -> None:
    ann, names = pool.person(), pool.machines()
    url = ann.client.post("/api/pool/calendar/feed", json={}).json()["url"]

    def appointment() -> Any:
        read: Any = icalendar.Calendar.from_ical(pool.crib.client().get(url).content)
        (found,) = read.walk("VEVENT")
        return found

    made = book(pool, ann, names, 60, minutes=60)
    before = appointment()
    moved = changed(ann, made, starts_at=at(pool, minutes=120), minutes=30)
    after = appointment()
    assert after["uid"] == before["uid"]
    assert after["dtstart"].dt == datetime.fromisoformat(moved["starts_at"]).astimezone(UTC).replace(
        microsecond=0
    )
    assert after["dtend"].dt - after["dtstart"].dt == timedelta(minutes=30)
    assert after["sequence"] == before["sequence"] + 1
    changed(ann, made)
    assert appointment()["sequence"] == after["sequence"], "nothing has changed"
    # An extension moves the end, too.
    pool.crib.clock.advance(minutes=120)
    pool.work()
    begun = appointment()
    ann.client.post(f"/api/reservations/{made['id']}/extend", json={"minutes": 30}).raise_for_status()
    extended = appointment()
    assert (extended["uid"], extended["sequence"] > begun["sequence"]) == (before["uid"], True)
    assert extended["dtend"].dt > begun["dtend"].dt


@pytest.mark.every_database
def test_a_booking_is_shared_before_it_begins(pool: PoolCrib) -> None:
    ann, ben, eve, names = pool.person(), pool.person(), pool.person(), pool.machines()
    made = book(pool, ann, names, 60, public_keys=[KEYS[0]])
    for person in (ben, eve):
        assert share(ann, made, person.username).status_code == 200
    unshared = ann.client.delete(f"/api/reservations/{made['id']}/share/{eve.username}")
    assert unshared.json()["shared_with"] == [ben.username]
    assert state_of(ben, made)["state"] == "booked"
    assert eve.client.get(f"/api/reservations/{made['id']}").status_code == 404
    pool.crib.clock.advance(minutes=60)
    pool.work()
    (account,) = pool.hosts.accounts(names[0]).values()
    assert account["keys"] == KEYS
    assert state_of(ben, made)["state"] == "ready"


def test_a_booking_is_shared_with_who_may_hold_its_machines_alone(pool: PoolCrib) -> None:
    ann, ben, eve = pool.person(), pool.person(), pool.person()
    project = pool.crib.project(ann, member=ben)
    named = ann.client.get(f"/api/projects/{project}").json()["name"]
    names = pool.machines(scope=f"project:{named}")
    made = book(pool, ann, names, 60, public_keys=[KEYS[0]])
    assert refusal(share(ann, made, eve.username)) == (400, "unknown_person")
    assert share(ann, made, ben.username).status_code == 200
    # Who leaves the project before it begins never gets an account.
    ann.client.delete(f"/api/projects/{project}/members/{ben.username}").raise_for_status()
    pool.crib.clock.advance(minutes=60)
    pool.work()
    (account,) = pool.hosts.accounts(names[0]).values()
    assert account["keys"] == KEYS[:1]
    assert state_of(ann, made)["shared_with"] == []
