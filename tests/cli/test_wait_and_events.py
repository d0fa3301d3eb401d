"""Standing in line for a file, and following what happens."""

from __future__ import annotations

import asyncio
import json
import os
import select
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import IO, Any

import pytest

from tests.cli.conftest import Person
from tests.cli.documents import new_project, put
from tests.servers.environment import settings
from tests.servers.process import wait_until
from tests.servers.toolcrib import ToolcribServer
from toolcrib.kernel.clock import system_clock
from toolcrib.kernel.events.archives import archive_old
from toolcrib.server import build_kernel

MAP = "Content/Maps/L1.umap"


SUBSCRIBERS = "toolcrib_subscribers"


def queue(person: Person, path: str = MAP) -> list[str]:
    lock = person.locks()[path]
    waiting: list[dict[str, Any]] = person.client.get(f"/api/claims/{lock['fence']}/queue").json()
    return [one["username"] for one in waiting]


def finish(process: subprocess.Popen[str], seconds: float = 30) -> tuple[int, str, str]:
    try:
        out, err = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
    return process.returncode, out, err


def lines_of(stream: IO[str] | None, seconds: float = 30) -> Iterator[str]:
    """The lines that a program prints, each of which must come within `seconds`."""
    assert stream is not None
    rest = b""
    while True:
        *lines, rest = rest.split(b"\n")
        yield from (line.decode() for line in lines)
        if not select.select([stream], [], [], seconds)[0]:
            pytest.fail(f"waited {seconds:g} s in vain for a line, after {rest!r}")
        block = os.read(stream.fileno(), 65_536)
        if not block:
            return
        rest += block


def start_waiting(person: Person, *options: str) -> subprocess.Popen[str]:
    """Start a program that waits for MAP, and read that it is in line: whoever loses that answer to a killed server
    gives up."""
    program = person.start("lock", "--wait", MAP, *options)
    assert any("Waiting in line" in line for line in lines_of(program.stderr))
    return program


def test_a_free_file_needs_no_waiting(ann: Person) -> None:
    assert ann.run("lock", "--wait", MAP).out == f"Locked {MAP}\n"


def test_those_who_wait_are_given_the_file_in_turn(
    ann: Person, ben: Person, person: Callable[..., Person]
) -> None:
    cleo = person("cleo")
    ann.run("lock", MAP)
    first = ben.start("lock", "--wait", MAP, "-m", "bens turn", "--expires", "2h", "--branch", "bens")
    wait_until(lambda: queue(ann) == ["ben"], "ben to stand in line")
    second = cleo.start("lock", "--wait", MAP)
    wait_until(lambda: queue(ann) == ["ben", "cleo"], "cleo to stand in line")
    assert "1. ben" in ann.run("hold", "who", MAP).out

    ann.run("unlock", MAP)
    code, out, err = finish(first)
    assert (code, out.startswith(f"Locked {MAP} until")) == (0, True), err
    assert f"{MAP} is held by ann" in err
    assert "place 1" in err
    lock = ann.locks()[MAP]
    assert (lock["locked_by"], lock["comment"], lock["branch"]) == ("ben", "bens turn", "bens")
    ends = datetime.fromisoformat(lock["expires_at"])
    assert abs(ends - datetime.now(UTC) - timedelta(hours=2)) < timedelta(minutes=1)
    assert second.poll() is None
    ben.run("unlock", MAP)
    assert finish(second)[0] == 0
    assert cleo.holds() == {MAP}


def test_giving_up_leaves_the_line(ann: Person, ben: Person) -> None:
    ann.run("lock", MAP)
    waiting = ben.start("lock", "--wait", MAP)
    wait_until(lambda: queue(ann) == ["ben"], "ben to stand in line")
    waiting.send_signal(signal.SIGINT)
    code, _out, err = finish(waiting)
    assert code == 130
    assert "Traceback" not in err
    assert queue(ann) == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_that_ends_the_program_leaves_the_line(
    ann: Person, ben: Person, number: signal.Signals
) -> None:
    ann.run("lock", MAP)
    waiting = ben.start("lock", "--wait", "--timeout", "1h", MAP)
    wait_until(lambda: queue(ann) == ["ben"], "ben to stand in line")
    waiting.send_signal(number)
    code, _out, err = finish(waiting)
    assert (code, "Traceback" in err) == (128 + number, False), err
    assert queue(ann) == []


def test_a_killed_program_neither_holds_up_the_line_nor_ends_as_the_holder(
    server: Callable[..., ToolcribServer], person: Callable[..., Person]
) -> None:
    mine = server(WAIT_CONFIRM_SECONDS=4, HEARTBEAT_GRACE_SECONDS=4, SWEEP_SECONDS="0.5")
    ann, ben, cleo = (person(name, server=mine) for name in ("ann", "ben", "cleo"))
    ann.run("lock", MAP)
    killed, lives = start_waiting(ben), start_waiting(cleo)
    assert queue(ann) == ["ben", "cleo"]
    killed.kill()
    killed.wait()
    ann.run("unlock", MAP)
    assert ann.locks()[MAP]["locked_by"] == "ben"
    # The server is killed in between; what time it loses is forgiven.
    mine.kill()
    mine.start()
    code, out, err = finish(lives, 90)
    assert (code, out) == (0, f"Locked {MAP}\n"), err
    assert (ann.locks()[MAP]["locked_by"], ann.locks()[MAP]["expires_at"]) == ("cleo", None)


@pytest.mark.every_database
def test_two_programs_of_one_account_wait_each_for_itself_through_kills_and_an_outage(
    server: Callable[..., ToolcribServer], person: Callable[..., Person], database_url: str
) -> None:
    terms = {"WAIT_LEASE_SECONDS": 5, "WAIT_CONFIRM_SECONDS": 5, "HEARTBEAT_GRACE_SECONDS": 10}
    mine = server(DATABASE_URL=database_url, SWEEP_SECONDS="0.5", **terms)
    ann, ben = (person(name, server=mine) for name in ("ann", "ben"))
    ann.run("lock", MAP)
    first, killed, last = (start_waiting(ben, "-m", job) for job in ("first", "killed", "last"))
    killed.kill()
    killed.wait()
    mine.kill()
    # Leases end by the clock, of which nothing tells while the server is down.
    time.sleep(terms["WAIT_LEASE_SECONDS"] + 1)
    mine.start()
    assert queue(ann) == ["ben"] * 3
    ann.run("unlock", MAP)
    code, out, err = finish(first, 90)
    assert (code, out) == (0, f"Locked {MAP}\n"), err
    assert (ann.locks()[MAP]["comment"], last.poll()) == ("first", None)
    wait_until(lambda: queue(ann) == ["ben"], "the place of the killed program to lapse", 30)
    # A program that comes while another of its account holds the file, and is ended, takes nothing away.
    late = ben.start("lock", "--wait", MAP)
    wait_until(lambda: queue(ann) == ["ben", "ben"], "one more program to stand in line", 30)
    assert any("Another program of your account took it" in line for line in lines_of(late.stderr))
    late.terminate()
    finish(late)
    assert (ann.locks()[MAP]["comment"], queue(ann)) == ("first", ["ben"])
    ben.run("unlock", MAP)
    code, out, err = finish(last, 90)
    assert (code, out) == (0, f"Locked {MAP}\n"), err
    assert (ann.locks()[MAP]["comment"], ann.locks()[MAP]["expires_at"]) == ("last", None)


def test_waiting_may_have_an_end(ann: Person, ben: Person) -> None:
    ann.run("lock", MAP)
    done = ben.run("lock", "--wait", "--timeout", "1s", MAP, code=3)
    assert f"{MAP} is held by ann" in done.err
    assert queue(ann) == []


def test_waiting_for_what_one_holds_or_for_many_is_refused(ann: Person) -> None:
    ann.run("lock", MAP)
    assert "already hold" in ann.run("lock", "--wait", MAP, code=1).err
    assert ann.holds() == {MAP}
    assert "one path at a time" in ann.run("lock", "--wait", "a", "b", code=2).err


def test_past_events_tell_who_did_what(ann: Person, ben: Person) -> None:
    ann.run("lock", MAP, "-m", "roof")
    ann.run("transfer", MAP, "ben")
    ben.run("unlock", MAP)
    words = [line.split() for line in ann.run("events", "--path", MAP).out.splitlines()]
    assert [(line[2], line[3]) for line in words] == [
        ("ann", "acquired"),
        ("ann", "transferred"),
        ("ben", "released"),
    ]
    assert "roof" in ann.run("events", "--path", MAP, "--verb", "acquired").out
    events = ann.json_lines("events", "--path", MAP, "--actor", "ben", "--since", "1h")
    assert [event["verb"] for event in events] == ["released"]
    assert ann.json_lines("events", "--path", MAP, "--after", str(events[0]["seq"])) == []
    assert "is not a time" in ann.run("events", "--since", "yesterday", code=2).err


def test_events_of_a_document_are_found_by_the_names_it_has_and_had(ann: Person, ben: Person) -> None:
    gears = new_project(ann, member=ben)
    put(ann, f"{gears}:old/part.step", "one")
    ben.run("docs", "lock", f"{gears}:old/part.step")
    ben.run("docs", "unlock", f"{gears}:old/part.step")
    ann.run("docs", "mv", f"{gears}:old/part.step", f"{gears}:new/part.step")
    put(ann, f"{gears}:new/part.step", "two")
    put(ann, f"{gears}:old/part.step", "another")
    put(ann, f"{gears}:new/other.step", "x")

    def verbs(place: str, *more: str) -> list[str]:
        return [event["verb"] for event in ann.json_lines("events", "--path", place, *more)]

    life = ["uploaded", "acquired", "released", "moved", "uploaded"]
    assert verbs(f"{gears}:new/part.step") == life
    assert verbs(f"{gears}:old/part.step") == [*life, "uploaded"]
    assert verbs(f"/projects/{gears}/new/part.step", "--actor", "ben") == ["acquired", "released"]
    ann.run("docs", "rm", "--destroy", "--yes", f"{gears}:new/part.step")
    assert verbs(f"{gears}:new/part.step") == [*life, "destroyed"]
    ann.run("docs", "mkdir", f"{gears}:made")
    assert verbs(f"{gears}:made/") == ["folder_made"]
    assert verbs(f"{gears}:never.step") == []


def test_following_survives_restarts_without_a_gap_or_a_repeat(
    server: Callable[..., ToolcribServer], person: Callable[..., Person]
) -> None:
    mine = server()
    ann = person("ann", server=mine)
    following = ann.start("events", "--follow", "-n", "0", "--kind", "asset", "--json")
    wait_until(lambda: f"{SUBSCRIBERS} 1" in mine.client.get("/metrics").text, "the stream to begin")
    expected = []
    for round_ in range(3):
        for number in range(5):
            path = f"{round_}-{number}"
            ann.client.post("/api/locks", json={"asset_path": path, "branch": "main"}).raise_for_status()
            expected.append(path)
        mine.restart()
    ann.client.post("/api/locks", json={"asset_path": "last", "branch": "main"}).raise_for_status()
    expected.append("last")
    seen = []
    for line in lines_of(following.stdout):
        event = json.loads(line)
        seen.append(event["key"])
        if event["key"] == "last":
            break
    following.send_signal(signal.SIGINT)
    code, _out, err = finish(following)
    assert (code, err) == (130, "")
    assert seen == expected


def test_who_follows_in_too_many_places_hears_everything_and_ends_no_other_stream(
    server: Callable[..., ToolcribServer], person: Callable[..., Person]
) -> None:
    mine = server(STREAMS_PER_PERSON=1)
    ann = person("ann", server=mine)
    following = ann.start("events", "--follow", "--json", "-n", "0", "--kind", "asset")
    wait_until(lambda: f"{SUBSCRIBERS} 1" in mine.client.get("/metrics").text, "the stream to begin")
    with ann.client.stream("GET", "/api/events/stream") as newer:
        lines = newer.iter_lines()
        assert "hello" in next(lines)
        for path in ("one", "two"):
            ann.client.post("/api/locks", json={"asset_path": path, "branch": "main"}).raise_for_status()
        printed = lines_of(following.stdout)
        seen = [json.loads(next(printed))["key"] for _ in range(2)]
        heard = [json.loads(line[6:])["key"] for line in lines_of_events(lines, 2)]
        # What is moved away before the next request is missed, and said to be.
        for turn in range(20):
            ann.client.post(
                "/api/locks", json={"asset_path": f"gone{turn}", "branch": "main"}
            ).raise_for_status()
            ann.client.delete(f"/api/locks/gone{turn}").raise_for_status()
            ann.client.post(
                "/api/locks", json={"asset_path": f"kept{turn}", "branch": "main"}
            ).raise_for_status()
            asyncio.run(move_old_events(mine))
            keys = iter(lambda: json.loads(next(printed))["key"], f"kept{turn}")
            if f"gone{turn}" not in list(keys):
                break
    following.send_signal(signal.SIGINT)
    _code, _out, err = finish(following)
    assert seen == heard == ["one", "two"]
    assert "too many places" in err
    assert "were moved out of the log" in err


async def move_old_events(server: ToolcribServer) -> None:
    kernel = build_kernel(settings(data_dir=server.data_dir), system_clock, ())
    try:
        await archive_old(kernel, system_clock() + timedelta(days=3), 1)
    finally:
        await kernel.database.close()


def lines_of_events(lines: Iterator[str], count: int) -> list[str]:
    return list(islice((line for line in lines if '"verb"' in line), count))


def test_following_with_a_credential_that_ends_says_so(
    server: Callable[..., ToolcribServer], person: Callable[..., Person]
) -> None:
    mine = server()
    ann = person("ann", server=mine)
    following = ann.start("events", "--follow")
    wait_until(lambda: f"{SUBSCRIBERS} 1" in mine.client.get("/metrics").text, "the stream to begin")
    ann.client.put(
        "/api/users/me/password",
        json={"current_password": "correct horse battery", "new_password": "another horse battery"},
    ).raise_for_status()
    mine.restart()
    code, _out, err = finish(following)
    assert code == 2
    assert "toolcrib login" in err
