"""The calendar, and its secret address for calendar programs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import icalendar
import pytest

from toolcrib.machines.calendar_file import Appointment, write_calendar

if TYPE_CHECKING:
    from tests.machines.pool import PoolCrib
    from tests.servers.crib import Person

NOW = datetime(2026, 3, 1, 12, 0, 5, 123, tzinfo=UTC)
AWKWARD = "a,b;c\\d\nBEGIN:VALARM\r\nx\x07" + "é" * 80 + "\u2028end 🎉"


def test_what_is_written_is_read_by_others() -> None:
    end = NOW + timedelta(hours=1)
    content = write_calendar(
        "Pool, all; of it",
        [Appointment("r1@x", NOW, end, 3, AWKWARD, AWKWARD), Appointment("r2@x", NOW, end, 0, "", "")],
        NOW,
    )
    assert content.endswith(b"END:VCALENDAR\r\n")
    assert b"\n" not in content.replace(b"\r\n", b"")
    lines = content.split(b"\r\n")
    assert max(map(len, lines)) <= 75
    for line in lines:
        line.decode()  # none is cut within a character
    assert rb"X-WR-CALNAME:Pool\, all\; of it" in lines
    read: Any = icalendar.Calendar.from_ical(content)
    assert read["version"] == "2.0"
    first, second = read.walk("VEVENT")
    assert str(first["summary"]) == "a,b;c\\d\nBEGIN:VALARM\nx" + "é" * 80 + "\nend 🎉"
    assert first["dtstart"].dt == NOW.replace(microsecond=0)
    assert first["dtend"].dt == end.replace(microsecond=0)
    assert (str(first["uid"]), first["dtstamp"].dt) == ("r1@x", NOW.replace(microsecond=0))
    assert (first["sequence"], second["sequence"]) == (3, 0)
    assert not first.errors
    assert "description" not in second


def calendar(pool: PoolCrib, person: Person, **query: Any) -> list[dict[str, Any]]:
    answer = person.client.get("/api/pool/calendar", params=query)
    assert answer.status_code == 200, answer.text
    assert answer.json()["is_complete"]
    found: list[dict[str, Any]] = answer.json()["entries"]
    return found


def days(pool: PoolCrib, count: float) -> str:
    moment: datetime = pool.crib.clock() + timedelta(days=count)
    return moment.isoformat()


def test_the_calendar_shows_holds_and_bookings_to_who_may_see_the_machines(pool: PoolCrib) -> None:
    ann, ben = pool.person(), pool.person()
    project = pool.crib.project(ann)
    named = ann.client.get(f"/api/projects/{project}").json()["name"]
    (name,) = pool.machines(scope=f"project:{named}")
    held = pool.have(ann, [name], minutes=30, purpose="a trial")
    booked = pool.ask(ann, [name], starts_at=days(pool, 1), purpose="the release").json()
    shown = calendar(pool, ann, machine=name)
    assert [(each["kind"], each["reservation"], each["purpose"]) for each in shown] == [
        ("hold", held["id"], "a trial"),
        ("booking", booked["id"], "the release"),
    ]
    assert (shown[1]["starts_at"], shown[1]["ends_at"]) == (booked["starts_at"], booked["ends_at"])
    assert calendar(pool, ben, machine=name) == []
    assert [each["kind"] for each in calendar(pool, ann, machine=name, **{"from": days(pool, 0.5)})] == [
        "booking"
    ]
    ann.client.delete(f"/api/reservations/{held['id']}")
    pool.crib.clock.advance(minutes=20)
    past = {"from": days(pool, -1), "to": days(pool, 0)}
    (over,) = calendar(pool, ann, machine=name, **past)
    assert over["ends_at"] < held["ends_at"]
    for query in (
        {"from": days(pool, 0), "to": days(pool, 93)},
        {"from": days(pool, 1), "to": days(pool, 1)},
        {"from": "yesterday"},
        {"from": "0001-01-01T00:00:00+14:00"},
        {"to": "0001-01-01T00:00:00"},
    ):
        refused = ann.client.get("/api/pool/calendar", params=query)
        assert (refused.status_code, refused.json()["code"]) == (400, "invalid_request"), query
    assert pool.crib.client().get("/api/pool/calendar").status_code == 401


def feed(pool: PoolCrib, person: Person, **body: Any) -> str:
    answer = person.client.post("/api/pool/calendar/feed", json=body)
    assert answer.status_code == 201, answer.text
    url: str = answer.json()["url"]
    assert url.startswith(pool.crib.url)
    return url


def titles(pool: PoolCrib, url: str) -> list[str]:
    answer = pool.crib.client().get(url)  # nobody signed in
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/calendar; charset=utf-8")
    read: Any = icalendar.Calendar.from_ical(answer.content)
    return [str(each["summary"]) for each in read.walk("VEVENT")]


@pytest.mark.every_database
def test_a_feed_shows_what_its_owner_may_see_until_it_ends(pool: PoolCrib) -> None:
    ann, ben = pool.person(), pool.person()
    project = pool.crib.project(ann, member=ben)
    named = ann.client.get(f"/api/projects/{project}").json()["name"]
    names = pool.machines(2, scope=f"project:{named}")
    pool.ask(ben, names, count=2, starts_at=days(pool, 1)).raise_for_status()
    mine, all_of_it, anns = feed(pool, ben), "", feed(pool, ann)
    assert titles(pool, mine) == [", ".join(names)]
    assert titles(pool, anns) == []
    all_of_it = feed(pool, ann, everything=True)
    assert f"{', '.join(names)} ({ben.username})" in titles(pool, all_of_it)
    assert pool.crib.client().get(anns).status_code == 404  # a new address ends the old one
    # What its owner may not see any more is gone.
    ann.client.delete(f"/api/projects/{project}/members/{ben.username}").raise_for_status()
    assert titles(pool, mine) == []
    shown = ann.client.get("/api/pool/calendar/feed").json()
    assert shown["everything"] is True
    assert ann.client.delete("/api/pool/calendar/feed").status_code == 204
    assert pool.crib.client().get(all_of_it).status_code == 404
    assert ann.client.get("/api/pool/calendar/feed").json()["created_at"] is None
    # A disabled account's address does not come back with it.
    people = pool.admin.client.get("/api/admin/users").json()
    (id_,) = (each["id"] for each in people if each["username"] == ben.username)
    for active in (False, True):
        status = {"is_active": active}
        pool.admin.client.put(f"/api/admin/users/{id_}/status", json=status).raise_for_status()
        refused = pool.crib.client().get(mine)
        assert (refused.status_code, refused.json()["code"]) == (404, "calendar_not_found")
    for method, path in (("POST", "/feed"), ("DELETE", "/feed"), ("GET", "/feed")):
        assert pool.crib.client().request(method, f"/api/pool/calendar{path}").status_code == 401
