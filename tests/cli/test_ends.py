"""`--expires` and `--at` take a length of time, a time of the day, or a date."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from tests.cli.conftest import Person
from tests.servers.process import wait_until
from toolcrib.cli.core.durations import read_moment


@pytest.fixture
def berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as changed:
        changed.setenv("TZ", "Europe/Berlin")
        time.tzset()
        yield
    time.tzset()


SUMMER_NOON = "2026-07-01T10:00Z"  # 12:00 in Berlin
BEFORE_SPRING = "2026-03-28T22:00Z"  # 23:00; the clock is put forward at 02:00
BEFORE_AUTUMN = "2026-10-24T21:00Z"  # 23:00; it is put back at 03:00


@pytest.mark.usefixtures("berlin")
@pytest.mark.parametrize(
    ("now", "text", "moment"),
    [
        (SUMMER_NOON, "18:00", "2026-07-01T16:00Z"),
        (SUMMER_NOON, "9:30", "2026-07-02T07:30Z"),
        (SUMMER_NOON, "12:00", "2026-07-02T10:00Z"),
        (SUMMER_NOON, "18:00Z", "2026-07-01T18:00Z"),
        (SUMMER_NOON, "01:00+09:00", "2026-07-01T16:00Z"),
        (SUMMER_NOON, "2026-07-03", "2026-07-03T21:59:00Z"),
        (SUMMER_NOON, "2026-12-24", "2026-12-24T22:59:00Z"),
        (SUMMER_NOON, "2026-07-03T18:00", "2026-07-03T16:00Z"),
        (SUMMER_NOON, "2026-07-03 18:00", "2026-07-03T16:00Z"),
        (SUMMER_NOON, "2026-07-03T18:00Z", "2026-07-03T18:00Z"),
        (BEFORE_SPRING, "08:00", "2026-03-29T06:00Z"),
        (BEFORE_AUTUMN, "08:00", "2026-10-25T07:00Z"),
        (SUMMER_NOON, "25:00", None),
        (SUMMER_NOON, "18", None),
        (SUMMER_NOON, "2026-13-01", None),
        (SUMMER_NOON, "tomorrow", None),
        (SUMMER_NOON, "18:00 2026-07-03", None),
    ],
)
def test_moments(now: str, text: str, moment: str | None) -> None:
    found = read_moment(text, datetime.fromisoformat(now))
    assert found == (datetime.fromisoformat(moment) if moment else None)


def test_a_lock_ends_at_a_moment(ann: Person) -> None:
    wanted = datetime.now(UTC) + timedelta(hours=3)
    ann.run("lock", "a", "--expires", wanted.isoformat(timespec="seconds"))
    ends = datetime.fromisoformat(ann.locks()["a"]["expires_at"])
    assert abs(ends - wanted) < timedelta(seconds=30)
    ann.run("renew", "a", "--expires", (wanted + timedelta(days=2)).date().isoformat())
    ends = datetime.fromisoformat(ann.locks()["a"]["expires_at"])
    assert ends.astimezone().date() == (wanted + timedelta(days=2)).date()
    assert "has passed" in ann.run("lock", "b", "--expires", "2020-01-01", code=2).err
    assert "18:00" in ann.run("lock", "b", "--expires", "soon", code=2).err
    assert "out of range" in ann.run("lock", "b", "--expires", "2990-01-01", code=2).err
    assert ann.holds() == {"a"}


def test_a_moment_stays_where_it_is_while_one_waits(ann: Person, ben: Person) -> None:
    ann.run("lock", "a")
    wanted = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=3)
    waiting = ben.start("lock", "a", "--wait", "--expires", wanted.isoformat())
    fence = ann.locks()["a"]["fence"]
    wait_until(lambda: ann.client.get(f"/api/claims/{fence}/queue").json(), "ben to stand in line")
    ann.run("unlock", "a")
    _out, err = waiting.communicate(timeout=60)
    assert waiting.returncode == 0, err
    assert datetime.fromisoformat(ann.locks()["a"]["expires_at"]) == wanted


def test_bookings_of_hours_meet(ann: Person, ben: Person, admin: Person) -> None:
    machine = {"name": "hourly", "host": "127.0.0.1", "port": 1, "user": "root", "password": "secret"}
    admin.client.post("/api/machines", json=machine).raise_for_status()
    day = (datetime.now(UTC) + timedelta(days=1)).date()
    made = ben.json("machines", "book", "hourly", "--at", f"{day}T18:00Z", "--for", "1h")
    assert datetime.fromisoformat(made["starts_at"]) == datetime.fromisoformat(f"{day}T18:00Z")
    ann.run("machines", "book", "hourly", "--at", f"{day}T19:00Z", "--for", "1h")
    moved = ann.json("machines", "rebook", "hourly", "--at", f"{day}T17:00Z", "--for", "1h")
    assert datetime.fromisoformat(moved["ends_at"]) == datetime.fromisoformat(f"{day}T18:00Z")
    listed = ann.json("machines", "calendar", "hourly", "--from", f"{day}T18:00Z", "--for", "1h")
    assert [entry["holder"] for entry in listed["entries"]] == ["ben"]
    for person in (ann, ben):
        person.run("machines", "release", "--all")
    admin.client.delete("/api/machines/hourly").raise_for_status()
