"""`toolcrib events --archived`, with a server that moves old events by itself."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.conftest import Person
from tests.servers.process import wait_until
from tests.servers.toolcrib import ToolcribServer


@pytest.fixture
def crib(server: Callable[..., ToolcribServer], tmp_path: Path) -> ToolcribServer:
    return server(tmp_path / "data", EVENTS_KEEP_DAYS="30")


def move_old_events(crib: ToolcribServer, tmp_path: Path) -> None:
    """Make all events so old that they move: those before the first of `kept.psd`, if there is one, to another file."""
    crib.stop()
    with closing(sqlite3.connect(tmp_path / "data" / "toolcrib.db")) as database:
        kept = "SELECT min(seq) FROM events WHERE key = 'kept.psd'"
        days = f"CASE WHEN seq < ({kept}) THEN '-51 days' ELSE '-50 days' END"
        database.execute(f"UPDATE events SET at = datetime(at, {days}) || '.000000'")
        database.execute("UPDATE schedule SET next_at = '2000-01-01 00:00:00.000000'")
        database.commit()
    crib.start()


def test_old_events_are_read_from_where_they_were_moved(
    crib: ToolcribServer, ann: Person, tmp_path: Path
) -> None:
    ann.run("lock", "old.psd")
    ann.run("unlock", "old.psd")
    ann.run("lock", "held.psd")
    assert ann.run("events", "--archived").out == ""
    move_old_events(crib, tmp_path)
    wait_until(lambda: "old.psd" in ann.run("events", "--archived").out, "old events to move")
    (taken, given_back) = ann.json_lines("events", "--archived", "--path", "old.psd")
    assert (taken["verb"], given_back["verb"]) == ("acquired", "released")
    assert "held.psd" not in ann.run("events", "--archived").out
    assert "held.psd" in ann.run("events").out
    assert ann.json_lines("events", "--archived", "--since", "2h") == []
    assert "--archived" in ann.run("events", "--after", "1").err
    assert "cannot be followed" in ann.run("events", "--archived", "--follow", code=2).err


def test_a_damaged_file_is_told_of_after_what_can_be_read(
    crib: ToolcribServer, ann: Person, tmp_path: Path
) -> None:
    for path in ("lost.psd", "kept.psd", "newest.psd"):  # the newest event stays in the log
        ann.run("lock", path)
        ann.run("unlock", path)
    move_old_events(crib, tmp_path)
    wait_until(lambda: "kept.psd" in ann.run("events", "--archived").out, "old events to move")
    with closing(sqlite3.connect(tmp_path / "data" / "toolcrib.db")) as database:
        (key,) = database.execute("SELECT key FROM event_archives ORDER BY last_seq").fetchone()
    (tmp_path / "data" / "files" / key).write_bytes(b"")
    done = ann.run("events", "--archived", code=1)
    assert "kept.psd" in done.out
    assert "lost.psd" not in done.out
    assert "Not all old events were shown: 1 file of them cannot be read." in done.err
    told = ann.run("events", "--archived", "--json", code=1)
    assert [json.loads(line)["verb"] for line in told.out.splitlines() if "kept.psd" in line] == [
        "acquired",
        "released",
    ]
    assert json.loads(told.err.splitlines()[-1])["code"] == "archive_damaged"
