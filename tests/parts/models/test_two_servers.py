"""Two servers on one database and one file store: each content is converted by one of them, whatever becomes of it."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.parts.models.converters import converters_of
from tests.parts.models.models import a_box, change_settings
from tests.parts.models.step_files import ENDLESS
from tests.servers.process import wait_until

if TYPE_CHECKING:
    from tests.parts.models.models import Models

pytestmark = pytest.mark.every_database


@pytest.fixture
def two(tmp_path: Path, database_url: str) -> Iterator[tuple[Models, Models]]:
    from tests.parts.models.models import Models  # noqa: PLC0415 - loads the whole server

    shared = {"database_url": database_url, "FILES_DIR": tmp_path / "files"}
    both = Models.start(tmp_path / "one", **shared), Models.start(tmp_path / "other", **shared)
    yield both
    for each in both:
        each.crib.close()


def test_one_of_two_servers_converts_a_content(two: tuple[Models, Models]) -> None:
    one, other = two
    content = a_box()
    parts = [each.part() for each in (one, other)]
    with ThreadPoolExecutor(2) as together:
        outcomes = list(
            together.map(lambda pair: pair[0].outcome(pair[1], content), zip(two, parts, strict=True))
        )
    assert all(each["success"] for each in outcomes), outcomes
    # A beginning is told for all parts that have the content by then, so a second one again for the first of them.
    begun = [len(one.events(part, "conversion_started")) for part in parts]
    assert max(begun) == 1
    assert one.get(f"{parts[1]}/model").content == other.get(f"{parts[0]}/model").content

    damaged = a_box()[:900]
    assert not one.outcome(one.part(), damaged)["success"]
    known = other.part()
    assert not other.outcome(known, damaged)["success"]
    assert not other.events(known, "conversion_started")


def test_a_change_on_one_server_is_in_the_list_of_the_other(two: tuple[Models, Models]) -> None:
    one, other = two
    part = one.part(name="first")

    def listed() -> list[tuple[str, str | None]]:
        return [
            (found["name"], found["assigned"])
            for each in two
            for found in each.old.get("/api/parts/").json()["parts"]
            if found["id"] == part
        ]

    assert listed() == [("first", None)] * 2
    other.old.put(f"/api/parts/{part}", json={"name": "second"}).raise_for_status()
    assert listed() == [("second", None)] * 2
    one.old.post(f"/api/parts/{part}/assign", json={"assigned": "Fay"}).raise_for_status()
    assert listed() == [("second", "Fay")] * 2
    (claim,) = other.ours.get("/api/claims", params={"kind": "part"}).json()["claims"]
    ended = other.ours.post(f"/api/claims/{claim['fence']}/force-release", json={"reason": "Enough."})
    assert ended.is_success, ended.text
    assert listed() == [("second", None)] * 2
    one.old.delete(f"/api/parts/{part}").raise_for_status()
    assert listed() == []


def test_what_a_silent_server_was_at_goes_to_another_for_good(two: tuple[Models, Models]) -> None:
    silent, other = two
    part = silent.part()
    with ThreadPoolExecutor(1) as beside:
        upload = beside.submit(silent.outcome, part, ENDLESS)
        wait_until(lambda: bool(converters_of(os.getpid())), "it is being converted", 30)
        (process,) = converters_of(os.getpid())
        other.crib.clock.advance(minutes=1)  # by this one's clock, the other has said nothing for a minute
        change_settings(other, convert_timeout=1.0)
        other.turn()
        assert upload.result()["error"] == "The conversion took longer than CONVERT_TIMEOUT allows."
    assert converters_of(os.getpid()) == [process]
    os.kill(process, signal.SIGKILL)
    silent.settle()
    for each in two:
        assert each.our(f"{part}/figures").json()["conversion"]["state"] == "failed"
        assert [event["verb"] for event in each.events(part) if event["verb"].startswith("conversion")] == [
            "conversion_started",
            "conversion_started",
            "conversion_failed",
        ]
