"""The load model of docs/scaling.md, run with numbers of one's own."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from benchmarks import costs, model


@pytest.fixture
def machine(tmp_path: Path) -> str:
    """One that has the costs of docs/scaling.md, as an option of the model."""
    told = {
        costs.LOCK: 600,
        costs.RELEASE: 620,
        costs.LIST: 420,
        costs.REQUEST: 3_800,
        costs.DELIVERY: 110,
        costs.MIB_UP: 6_000,
        costs.MIB_DOWN: 1_700,
        costs.STREAM_MEMORY: 11,
        costs.EVENT_DISK: 0.8,
    }
    figures = [{"name": name, "value": value} for name, value in told.items()]
    file = tmp_path / "costs.json"
    file.write_text(json.dumps({"figures": figures}))
    return f"--costs={file}"


@pytest.mark.parametrize(
    ("people", "locks", "up", "down", "events"),
    [
        (500, 40, 0, 0, 40_000),
        (300, 40, 500, 2_000, 24_000),
        (90, 40, 3_000, 10_000, 7_200),
        (180, 400, 0, 0, 144_000),
    ],
)
def test_the_teams_of_the_page_fill_one_process(
    capsys: pytest.CaptureFixture[str],
    machine: str,
    people: int,
    locks: int,
    up: int,
    down: int,
    events: int,
) -> None:
    team = f"--people {people} --streams {people} --locks {locks} --uploaded {up} --downloaded {down}"
    assert model.main([machine, *team.split()]) == 0
    said = capsys.readouterr().out
    assert f"Events a day: {events:,}." in said
    assert re.search(r"One process is enough up to 1\.[01] times as much\.", said)


@pytest.mark.parametrize("team", ["--people 0 --streams 0", "--peak 0", "--people 0"])
def test_a_team_without_work_needs_nothing(
    capsys: pytest.CaptureFixture[str], machine: str, team: str
) -> None:
    assert model.main([machine, *team.split()]) == 0
    assert "one process is enough" in capsys.readouterr().out


@pytest.mark.parametrize("number", ["-5", "nan", "inf", "1e300", "many"])
def test_a_number_that_no_team_has_is_refused(capsys: pytest.CaptureFixture[str], number: str) -> None:
    with pytest.raises(SystemExit) as refused:
        model.main([f"--people={number}"])
    assert refused.value.code == 2
    assert "argument --people" in capsys.readouterr().err
