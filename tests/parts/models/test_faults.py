"""Conversions that are cut off, loop, crash or find no room; and servers that are killed meanwhile."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.parts.models.converters import converters_of, is_running, slot_taken
from tests.parts.models.models import a_box, change_settings
from tests.parts.models.step_files import ENDLESS
from tests.parts.workshop import KEY, PART
from tests.servers.full_disk import SmallDisk, small_disk
from tests.servers.process import wait_until

if TYPE_CHECKING:
    from tests.parts.models.models import Models
    from tests.servers.toolcrib import ToolcribServer


def test_an_upload_waits_for_its_turn_only_so_long(own_models: Callable[..., Models]) -> None:
    models = own_models()
    part = models.part()
    change_settings(models, convert_timeout=0.3)
    with slot_taken(models.crib.folder):
        outcome = models.outcome(part, a_box())
        assert (outcome["success"], outcome["gltf_path"]) == (False, None)
        assert outcome["error"] == "The model is still being converted."
        late = models.get(f"{part}/model")
        assert (late.status_code, late.json()["details"]) == (503, "The model is still being converted.")
        ours = models.our(f"{part}/model")
        assert (ours.status_code, ours.json()["code"]) == (409, "model_not_ready")
        assert ours.json()["details"]["state"] == "pending"
        assert models.our(f"{part}/thumbnail").status_code == 404
    change_settings(models, convert_timeout=60)
    models.crib.clock.advance(seconds=11)
    models.turn()
    assert models.get(f"{part}/model").status_code == 200


def test_a_file_that_takes_too_long_is_given_up_and_remembered(own_models: Callable[..., Models]) -> None:
    models = own_models(CONVERT_TIMEOUT="2")
    part = models.part()
    outcome = models.outcome(part, ENDLESS)
    models.settle()
    assert not outcome["success"]
    assert not converters_of(os.getpid())
    for _ in range(2):
        refused = models.get(f"{part}/model")
        assert refused.status_code == 422
        assert "CONVERT_TIMEOUT" in refused.json()["details"]
    assert len(models.events(part, "conversion_started")) == 1
    assert models.crib.client().get("/health").status_code == 200


def test_a_converter_that_is_killed_is_started_again_a_few_times(models: Models) -> None:
    part = models.part()
    killed: list[int] = []
    with ThreadPoolExecutor(1) as beside:
        upload = beside.submit(models.outcome, part, ENDLESS)
        while not upload.done():
            for process in set(converters_of(os.getpid())) - set(killed):
                with suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)
                killed.append(process)
        outcome = upload.result()
    assert len(killed) == 3
    assert outcome["error"] == "The converter was ended several times before it had finished."
    assert models.get(f"{part}/model").status_code == 422
    assert len(models.events(part, "conversion_started")) == 3
    assert [each["data"]["problem"] for each in models.events(part, "conversion_failed")] == ["died"]


def test_want_of_room_is_not_remembered(own_models: Callable[..., Models]) -> None:
    models = own_models()
    part = models.part()
    slot = models.crib.folder / "converting" / "0"
    slot.parent.mkdir()
    slot.write_bytes(b"no folder")
    change_settings(models, convert_timeout=0.3)
    assert models.outcome(part, a_box())["error"] == "The model is still being converted."
    models.settle()
    assert models.our(f"{part}/figures").json()["conversion"]["state"] == "pending"
    slot.unlink()
    change_settings(models, convert_timeout=60)
    models.crib.clock.advance(seconds=31)
    models.turn()
    assert models.get(f"{part}/model").status_code == 200
    assert not models.events(part, "conversion_failed")


@pytest.fixture
def disk() -> Iterator[SmallDisk]:
    with small_disk(16) as disk:
        yield disk


def test_a_full_disk_is_told_and_nothing_is_lost(
    disk: SmallDisk, tmp_path: Path, own_models: Callable[..., Models]
) -> None:
    scratch = tmp_path / "data0" / "converting"
    scratch.parent.mkdir()
    (disk.path / "converting").mkdir()
    scratch.symlink_to(disk.path / "converting")
    models = own_models(FILES_DIR=disk.path / "files", FILES_KEEP_FREE_MIB="0")
    part = models.part()
    disk.fill()
    refused = models.upload(part, a_box())
    assert (refused.status_code, refused.json()["code"]) == (503, "storage_full")
    assert models.get(str(part)).json()["file"] is None
    disk.make_room()
    change_settings(models, convert_timeout=0.3)
    with slot_taken(models.crib.folder):
        models.outcome(part, a_box())
    disk.fill()
    models.crib.clock.advance(seconds=11)
    models.turn()
    assert models.our(f"{part}/figures").json()["conversion"]["state"] == "pending"
    disk.make_room()
    change_settings(models, convert_timeout=60)
    models.crib.clock.advance(seconds=31)
    models.turn()
    assert models.get(f"{part}/model").status_code == 200
    assert not models.events(part, "conversion_failed")


def test_content_that_the_store_has_lost_is_not_blamed(own_models: Callable[..., Models]) -> None:
    models = own_models()
    part = models.part()
    change_settings(models, convert_timeout=0.3)
    with slot_taken(models.crib.folder):
        models.outcome(part, a_box())
    for path in (models.crib.folder / "files" / "blobs").rglob("*"):
        if path.is_file():
            path.unlink()
    missing = models.get(f"{part}/model")
    assert (missing.status_code, missing.json()["error"]) == (404, "Original file not found")
    models.crib.clock.advance(seconds=11)
    models.turn()
    assert not models.events(part, "conversion_failed")


@pytest.mark.every_database
def test_a_server_killed_before_or_in_a_conversion_loses_none(
    server: Callable[..., ToolcribServer], database_url: str
) -> None:
    one = server(PARTS_API_KEY=KEY, DATABASE_URL=database_url)
    key = {"X-API-Key": KEY}
    old = httpx.Client(base_url=one.url, headers=key, timeout=60)

    def upload(part: int, content: bytes) -> None:
        with suppress(httpx.TransportError):
            old.post(f"/api/parts/{part}/upload", files={"file": ("part.step", content)})

    def state(part: int) -> Any:
        found = one.admin.get(f"/api/shop/parts/{part}/figures")
        return found.json()["conversion"]["state"] if found.status_code == 200 else None

    def new_part() -> int:
        return int(old.post("/api/parts/", json=PART).raise_for_status().json()["id"])

    with ThreadPoolExecutor(2) as beside:
        part = new_part()
        with slot_taken(one.data_dir):
            beside.submit(upload, part, a_box())
            wait_until(lambda: state(part) == "pending", "the upload is kept", 30)
            one.kill()
        one.start()
        assert old.get(f"/api/parts/{part}/model").status_code == 200

        endless = new_part()
        beside.submit(upload, endless, ENDLESS)
        wait_until(lambda: bool(converters_of(one.pid)), "it is being converted", 30)
        (process,) = converters_of(one.pid)
        one.kill()
        wait_until(lambda: not is_running(process), "the converter ends with its server", 10)
    old.close()
