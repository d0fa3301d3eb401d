"""`toolcrib events --archived`, with a server that moves old events by itself."""

from __future__ import annotations

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


def test_old_events_are_read_from_where_they_were_moved(
    crib: ToolcribServer, ann: Person, tmp_path: Path
) -> None:
    ann.run("lock", "old.psd")
    ann.run("unlock", "old.psd")
    ann.run("lock", "held.psd")
    assert ann.run("events", "--archived").out == ""
    crib.stop()
    with closing(sqlite3.connect(tmp_path / "data" / "toolcrib.db")) as database:
        database.execute("UPDATE events SET at = datetime(at, '-50 days') || '.000000'")
        database.execute("UPDATE schedule SET next_at = '2000-01-01 00:00:00.000000'")
        database.commit()
    crib.start()
    wait_until(lambda: "old.psd" in ann.run("events", "--archived").out, "old events to move")
    (taken, given_back) = ann.json_lines("events", "--archived", "--path", "old.psd")
    assert (taken["verb"], given_back["verb"]) == ("acquired", "released")
    assert "held.psd" not in ann.run("events", "--archived").out
    assert "held.psd" in ann.run("events").out
    assert ann.json_lines("events", "--archived", "--since", "2h") == []
    assert "--archived" in ann.run("events", "--after", "1").err
    assert "cannot be followed" in ann.run("events", "--archived", "--follow", code=2).err
