"""Transfers that break off: what was sent or fetched is not sent or fetched again, and nothing half is left."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from tests.cli.conftest import Person
from tests.cli.documents import MIB, Wire, new_project, put, through, write
from tests.servers.environment import toolcrib
from tests.servers.process import wait_until

SIZE = 40 * MIB
MARGIN = MIB  # requests, headers, and what was under way in the buffers of the wire


@pytest.fixture
def wire(ann: Person) -> Iterator[Wire]:
    one = Wire(ann.server.port)
    yield one
    one.close()


@pytest.fixture
def place() -> str:
    return f"me:{uuid4().hex[:10]}/big.bin"


def start(person: Person, wire: Wire, *arguments: str | Path) -> subprocess.Popen[str]:
    person.env |= through(person, wire)
    return person.start(*(str(one) for one in arguments))


def kill_when_held(wire: Wire, process: subprocess.Popen[str], part: Path | None = None) -> None:
    """SIGKILL in mid-transfer: the client gets to tidy up nothing. `part` is where something must have come."""
    assert wire.held.wait(60), process.communicate()
    wait_until(lambda: part is None or (part.exists() and part.stat().st_size > 0), "the first bytes")
    process.send_signal(signal.SIGKILL)
    process.wait(30)
    wire.reset()


def transfers(person: Person) -> list[Path]:
    return list((person.home / ".cache" / "toolcrib" / "transfers").glob("*"))


def test_an_upload_whose_client_was_killed_goes_on(ann: Person, wire: Wire, place: str) -> None:
    content = os.urandom(SIZE)
    file = write(ann, "big.bin", content)
    wire.hold_up = 26 * MIB
    kill_when_held(wire, start(ann, wire, "docs", "put", file, place))
    (state,) = transfers(ann)
    assert state.stat().st_mode & 0o777 == 0o600
    assert state.parent.stat().st_mode & 0o777 == 0o700
    (sent,) = ann.json("docs", "put", file, place)
    # At least the pieces that were complete when the connection broke; the server keeps more.
    assert sent["resumed_at"] >= 16 * MIB
    assert sent["sent"] == SIZE - sent["resumed_at"]
    assert wire.up < SIZE - sent["resumed_at"] + MARGIN
    assert sent["version_number"] == 1
    assert transfers(ann) == []
    ann.run("docs", "get", place, "back.bin")
    assert (ann.cwd / "back.bin").read_bytes() == content


def test_an_upload_goes_on_by_itself_when_the_line_breaks(ann: Person, wire: Wire, place: str) -> None:
    file = write(ann, "big.bin", os.urandom(SIZE))
    wire.hold_up = 20 * MIB
    process = start(ann, wire, "docs", "put", file, place, "--json")
    assert wire.held.wait(60)
    sent = wire.up
    wire.reset()
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert '"version_number": 1' in out
    assert wire.up < SIZE - 16 * MIB + MARGIN
    assert sent + wire.up < SIZE + 2 * MARGIN + 4 * MIB


def test_an_upload_that_cannot_go_on_says_how_to(ann: Person, wire: Wire, place: str) -> None:
    file = write(ann, "big.bin", os.urandom(SIZE))
    wire.hold_up = 30 * MIB
    process = start(ann, wire, "docs", "put", file, place)
    assert wire.held.wait(60)
    wire.refuses = True
    wire.cut()
    _, err = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "Cannot reach" in err
    assert "run the same command again to resume" in err
    wire.reset()
    assert "resumed at" in ann.run("docs", "put", file, place).out
    assert wire.up < SIZE - 16 * MIB + MARGIN


def test_a_file_that_changed_meanwhile_is_sent_anew(ann: Person, wire: Wire, place: str) -> None:
    file = write(ann, "big.bin", os.urandom(SIZE))
    wire.hold_up = 20 * MIB
    kill_when_held(wire, start(ann, wire, "docs", "put", file, place))
    content = os.urandom(SIZE)
    file.write_bytes(content)
    (sent,) = ann.json("docs", "put", file, place)
    assert (sent["resumed_at"], sent["sent"]) == (0, SIZE)
    ann.run("docs", "get", place, "back.bin")
    assert (ann.cwd / "back.bin").read_bytes() == content


def test_an_upload_that_the_server_has_forgotten_begins_anew(ann: Person, wire: Wire, place: str) -> None:
    file = write(ann, "big.bin", os.urandom(20 * MIB))
    wire.hold_up = 18 * MIB
    kill_when_held(wire, start(ann, wire, "docs", "put", file, place))
    (state,) = transfers(ann)
    state.write_text(state.read_text().replace(state.read_text().split('"upload": "')[1][:32], "0" * 32))
    (sent,) = ann.json("docs", "put", file, place)
    assert (sent["resumed_at"], sent["version_number"]) == (0, 1)


def test_a_version_that_was_made_is_not_made_twice(ann: Person, wire: Wire, place: str) -> None:
    """The answer to the last piece was lost."""
    file = write(ann, "x.bin", os.urandom(3 * MIB))
    wire.hold_up = 3 * MIB - 1000
    process = start(ann, wire, "docs", "put", file, place)
    assert wire.held.wait(60)
    process.send_signal(signal.SIGKILL)
    process.wait(30)
    (state,) = transfers(ann)
    known = state.read_text()
    wire.reset()
    ann.run("docs", "put", file, place)
    # As if the client had been killed between the version and forgetting the upload.
    state.write_text(known)
    (sent,) = ann.json("docs", "put", file, place)
    assert (sent["version_number"], sent["sent"]) == (1, 0)
    assert len(ann.json("docs", "versions", place)["versions"]) == 1


def test_a_check_in_goes_on(ann: Person, ben: Person, wire: Wire) -> None:
    gears = new_project(ann, member=ben)
    put(ann, f"{gears}:x.bin", "one")
    env = through(ann, wire)
    ann.run("docs", "checkout", f"{gears}:x.bin", env=env)
    content = os.urandom(SIZE)
    write(ann, "x.bin", content)
    wire.reset()
    wire.hold_up = 26 * MIB
    kill_when_held(wire, start(ann, wire, "docs", "checkin", "-m", "big"))
    assert "held by ann" in ben.run("docs", "lock", f"{gears}:x.bin", code=3).err
    (sent,) = ann.json("docs", "checkin", "-m", "big")
    assert sent["resumed_at"] >= 16 * MIB
    assert wire.up < SIZE - sent["resumed_at"] + MARGIN
    ben.run("docs", "get", f"{gears}:x.bin")
    assert (ben.cwd / "x.bin").read_bytes() == content
    assert ben.json("docs", "locks", f"{gears}:") == []


def test_a_download_whose_client_was_killed_goes_on(ann: Person, wire: Wire, place: str) -> None:
    content = os.urandom(SIZE)
    ann.run("docs", "put", write(ann, "sent.bin", content), place)
    wire.hold_down = 25 * MIB
    part = ann.cwd / "big.bin.part"
    kill_when_held(wire, start(ann, wire, "docs", "get", place), part)
    there = part.stat().st_size
    assert 0 < there < SIZE
    assert not (ann.cwd / "big.bin").exists()
    got = ann.json("docs", "get", place)
    assert got["resumed_at"] == there
    assert wire.down < SIZE - there + MARGIN
    assert (ann.cwd / "big.bin").read_bytes() == content
    assert not part.exists()
    assert transfers(ann) == []


def test_a_download_goes_on_by_itself_when_the_line_breaks(ann: Person, wire: Wire, place: str) -> None:
    content = os.urandom(SIZE)
    ann.run("docs", "put", write(ann, "sent.bin", content), place)
    wire.hold_down = 25 * MIB
    process = start(ann, wire, "docs", "get", place)
    assert wire.held.wait(60)
    wire.reset()
    _, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert wire.down < SIZE - 20 * MIB + MARGIN
    assert (ann.cwd / "big.bin").read_bytes() == content


def test_a_download_to_a_pipe_goes_on_by_itself(ann: Person, wire: Wire, place: str) -> None:
    content = b"0123456789abcdef" * (MIB // 4)
    ann.run("docs", "put", write(ann, "sent.bin", content), place)
    wire.hold_down = 2 * MIB
    ann.env |= through(ann, wire)
    with (ann.cwd / "out").open("wb") as out:
        command = [toolcrib(), "docs", "get", place, "-"]
        process = subprocess.Popen(command, cwd=ann.cwd, env=ann.env, stdout=out)
    assert wire.held.wait(60)
    wire.reset()
    assert process.wait(60) == 0
    assert (ann.cwd / "out").read_bytes() == content


def test_a_whole_part_is_not_fetched_again(ann: Person, wire: Wire, place: str) -> None:
    """Killed after the last byte and before the file got its name."""
    content = os.urandom(4 * MIB)
    ann.run("docs", "put", write(ann, "sent.bin", content), place)
    wire.hold_down = 2 * MIB
    part = ann.cwd / "big.bin.part"
    kill_when_held(wire, start(ann, wire, "docs", "get", place), part)
    part.write_bytes(content)
    assert ann.json("docs", "get", place)["resumed_at"] == len(content)
    assert wire.down < MARGIN
    assert (ann.cwd / "big.bin").read_bytes() == content


def test_a_part_that_was_damaged_here_is_found_out_and_dropped(ann: Person, wire: Wire, place: str) -> None:
    ann.run("docs", "put", write(ann, "sent.bin", os.urandom(4 * MIB)), place)
    wire.hold_down = 2 * MIB
    part = ann.cwd / "big.bin.part"
    kill_when_held(wire, start(ann, wire, "docs", "get", place), part)
    part.write_bytes(b"x" + part.read_bytes()[1:])
    assert "damaged" in ann.run("docs", "get", place, code=1).err
    assert not (ann.cwd / "big.bin").exists()
    assert not part.exists()
    ann.run("docs", "get", place)
    assert (ann.cwd / "big.bin").read_bytes() == (ann.cwd / "sent.bin").read_bytes()


def test_an_upload_that_met_a_lock_at_its_end_goes_on_when_it_is_free(
    ann: Person, ben: Person, wire: Wire
) -> None:
    gears = new_project(ann, member=ben)
    at = f"{gears}:x.bin"
    put(ben, at, "one")
    file = write(ann, "x.bin", os.urandom(SIZE))
    wire.hold_up = 26 * MIB
    kill_when_held(wire, start(ann, wire, "docs", "put", file, at))
    ben.run("docs", "lock", at)
    assert "held by ben" in ann.run("docs", "put", file, at, code=3).err
    ben.run("docs", "unlock", at)
    wire.reset()
    (sent,) = ann.json("docs", "put", file, at)
    assert (sent["version_number"], wire.up < SIZE - 16 * MIB) == (2, True)


def test_a_submission_whose_client_was_killed_goes_on(ann: Person, ben: Person, wire: Wire) -> None:
    at = f"{new_project(ben, member=ann)}:big.bin"
    put(ben, at, "one")
    file = write(ann, "big.bin", os.urandom(SIZE))
    wire.hold_up = 26 * MIB
    kill_when_held(wire, start(ann, wire, "docs", "commit", file, at))
    done = ann.json("docs", "commit", file, at)
    assert done["resumed_at"] >= 16 * MIB
    assert done["bytes_sent"] == SIZE - done["resumed_at"]
    assert [row["status"] for row in ben.json("docs", "versions", at)["versions"]] == [
        "pending_validation",
        "draft",
    ]


def test_a_submission_is_refused_if_the_document_moves_on_while_it_is_sent(
    ann: Person, ben: Person, wire: Wire
) -> None:
    at = f"{new_project(ben, member=ann)}:big.bin"
    put(ben, at, "one")
    ann.env |= through(ann, wire)
    ann.run("docs", "checkout", at)
    write(ann, "big.bin", os.urandom(SIZE))
    wire.hold_up = wire.up + 20 * MIB
    process = start(ann, wire, "docs", "commit", "big.bin")
    assert wire.held.wait(60)
    ben.run("docs", "unlock", "--force", "-m", "urgent", at)
    put(ben, at, "theirs")
    wire.reset()
    _, err = process.communicate(timeout=60)
    assert process.returncode == 1, err
    assert "at version 2 now" in err
    assert {row["status"] for row in ben.json("docs", "versions", at)["versions"]} == {"draft"}
