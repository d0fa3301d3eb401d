"""STEP files become models (parts contract, section 6), and what is known of each revision."""

from __future__ import annotations

import io
import json
import lzma
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import trimesh

from tests.parts.models import step_files
from tests.parts.models.models import a_box

if TYPE_CHECKING:
    from tests.parts.models.models import Models

ASSEMBLY = Path(__file__).with_name("assembly.step.xz")


def _scene(content: bytes) -> Any:
    """The model as another program reads it."""
    return trimesh.load(io.BytesIO(content), file_type="glb")


@pytest.mark.every_database
def test_an_upload_answers_with_the_model_made(models: Models) -> None:
    part = models.part()
    answer = models.upload(part, a_box(), "My Part (1).STEP")
    assert answer.status_code == 201, answer.text
    assert answer.json() == {
        "message": "File uploaded successfully",
        "filename": "My_Part_1.STEP",
        "file_path": f"{part}/My_Part_1.STEP",
        "conversion": {"success": True, "error": None, "gltf_path": f"{part}/My_Part_1.glb"},
    }
    model = models.get(f"{part}/model")
    assert model.status_code == 200
    assert model.headers["content-type"] == "model/gltf-binary"
    assert model.headers["content-disposition"] == 'inline; filename="My_Part_1.glb"'
    assert model.content.startswith(b"glTF")
    started, done = models.events(part, "conversion_started"), models.events(part, "conversion_done")
    assert len(started) == len(done) == 1
    assert done[0]["data"]["revision"] == 1
    assert done[0]["data"]["label"]


def test_another_program_reads_the_model_in_its_known_size(models: Models) -> None:
    part = models.converted(step_files.box(12.5, 40, 7))
    scene = _scene(models.get(f"{part}/model").content)
    for measured, meant in zip(scene.extents, (0.0125, 0.04, 0.007), strict=True):
        assert measured == pytest.approx(meant, rel=1e-3)
    figures = models.figures(part)
    assert (figures["solids"], figures["faces"], figures["is_approximate"]) == (1, 6, True)
    assert figures["bounding_box"]["size_mm"] == pytest.approx([12.5, 40, 7], rel=1e-3)
    assert figures["volume_mm3"] == pytest.approx(12.5 * 40 * 7, rel=1e-3)
    assert figures["area_mm2"] == pytest.approx(2 * (12.5 * 40 + 40 * 7 + 7 * 12.5), rel=1e-3)


def test_an_assembly_of_hundreds_of_solids_keeps_its_size(models: Models) -> None:
    """It was made by a CAD kernel, which says what it measures: see make_assembly.py."""
    part = models.converted(lzma.decompress(ASSEMBLY.read_bytes()))
    measured = json.loads(ASSEMBLY.with_name("assembly.json").read_text())
    scene = _scene(models.get(f"{part}/model").content)
    figures = models.figures(part)
    assert scene.extents * 1000 == pytest.approx(measured["size_mm"], rel=1e-3)
    assert figures["bounding_box"]["size_mm"] == pytest.approx(measured["size_mm"], rel=1e-3)
    assert (figures["solids"], figures["faces"]) == (measured["solids"], measured["faces"])
    # Flat triangles lie within curved surfaces.
    assert figures["volume_mm3"] == pytest.approx(measured["volume_mm3"], rel=0.01)
    assert figures["area_mm2"] == pytest.approx(measured["area_mm2"], rel=0.01)


def test_model_answers_have_the_headers_of_files(models: Models) -> None:
    part = models.converted()
    whole = models.get(f"{part}/model")
    assert whole.headers["cache-control"] == "private, no-cache"
    assert whole.headers["x-content-type-options"] == "nosniff"
    assert whole.headers["last-modified"].endswith("GMT")
    known = models.get(f"{part}/model", headers={"If-None-Match": whole.headers["etag"]})
    assert (known.status_code, known.content) == (304, b"")
    piece = models.get(f"{part}/model", headers={"Range": "bytes=0-3"})
    assert (piece.status_code, piece.content) == (206, b"glTF")
    assert piece.headers["content-range"] == f"bytes 0-3/{len(whole.content)}"
    beyond = models.get(f"{part}/model", headers={"Range": "bytes=99999999-"})
    assert beyond.status_code == 416


@pytest.mark.every_database
def test_identical_content_is_converted_once_whoever_brings_it(models: Models) -> None:
    content = a_box()
    parts = [models.part() for _ in range(4)]
    with ThreadPoolExecutor(4) as together:
        outcomes = list(together.map(lambda part: models.outcome(part, content), parts))
    assert all(each["success"] for each in outcomes)
    started = {each["seq"] for part in parts for each in models.events(part, "conversion_started")}
    takings = {event["at"] for part in parts for event in models.events(part, "conversion_started")}
    assert started
    assert len(takings) == 1
    tags = {models.get(f"{part}/model").headers["etag"] for part in parts}
    assert len(tags) == 1


def test_what_is_no_step_file_is_kept_and_remembered(models: Models) -> None:
    part, content = models.part(), b"%PDF-1.7 called by another name" + a_box()[-20:]
    outcome = models.outcome(part, content, "drawing.step")
    assert outcome == {
        "success": False,
        "error": "This is no STEP file, or it is damaged.",
        "gltf_path": None,
    }
    assert models.get(f"{part}/download").content == content
    for _ in range(2):
        refused = models.get(f"{part}/model")
        assert refused.status_code == 422
        assert (refused.json()["error"], refused.json()["details"]) == (
            "Model conversion failed",
            "This is no STEP file, or it is damaged.",
        )
    other = models.part()
    assert not models.outcome(other, content)["success"]
    assert len(models.events(part, "conversion_started")) == 1
    assert not models.events(other, "conversion_started")
    failed = models.events(part, "conversion_failed")
    assert [each["data"]["problem"] for each in failed] == ["unreadable"]


def test_a_failure_is_tried_again_when_somebody_asks_for_it(models: Models) -> None:
    part = models.part()
    assert not models.outcome(part, a_box()[:900])["success"]
    again = models.ours.post(f"/api/shop/parts/{part}/model/convert")
    assert again.status_code == 202, again.text
    models.settle()
    assert len(models.events(part, "conversion_started")) == 2
    shown = models.our(f"{part}/figures").json()["conversion"]
    assert (shown["state"], shown["problem"], shown["figures"]) == ("failed", "unreadable", None)


def test_other_limits_forget_a_failure(own_models: Any) -> None:
    models = own_models()
    part = models.part()
    assert not models.outcome(part, a_box()[:900])["success"]
    settings = models.kernel.settings
    assert models.get(f"{part}/model").status_code == 422
    models.kernel.database.settings = models.kernel.settings = settings.model_copy(
        update={"convert_memory_mb": 3000}
    )
    assert models.get(f"{part}/model").status_code == 422
    assert len(models.events(part, "conversion_started")) == 2


def test_a_part_without_a_model_says_why(models: Models) -> None:
    part = models.part()
    missing = models.get(f"{part}/model")
    assert (missing.status_code, missing.json()["error"]) == (404, "No file associated with this part")
    labelled = models.part(file="later.step")
    missing = models.get(f"{labelled}/model")
    assert (missing.status_code, missing.json()["error"]) == (404, "File not found on server")
    assert models.get("999999/model").json()["error"] == "Part not found"
    models.upload(part, b"%PDF-1.7 a drawing", "drawing.pdf")
    refused = models.get(f"{part}/model")
    assert (refused.status_code, refused.json()["error"]) == (422, "Model conversion failed")
    for route in ("model", "thumbnail", "figures", "compare"):
        refused = models.our(f"{part}/{route}")
        assert (refused.status_code, refused.json()["code"]) == (404, "model_not_found"), route


def test_revisions_keep_their_models_and_are_compared(models: Models) -> None:
    part = models.converted(step_files.box(10, 10, 41))
    assert models.outcome(part, step_files.box(10, 20, 41))["success"]
    first, second = (models.our(f"{part}/model", params={"revision": each}) for each in (1, 2))
    assert first.status_code == second.status_code == 200
    assert first.content != second.content
    assert models.our(f"{part}/model").content == second.content
    compared = models.our(f"{part}/compare").json()
    assert (compared["a"]["revision"], compared["b"]["revision"]) == (1, 2)
    change = compared["change"]
    assert change["volume_mm3"] == pytest.approx(4100, rel=1e-3)
    assert change["volume_ratio"] == pytest.approx(2, rel=1e-3)
    assert change["size_mm"] == pytest.approx([0, 10, 0], abs=0.01)
    assert (change["solids"], change["faces"]) == (0, 0)
    swapped = models.our(f"{part}/compare", params={"a": 2, "b": 1}).json()
    assert swapped["change"]["volume_ratio"] == pytest.approx(0.5, rel=1e-3)
    unknown = models.our(f"{part}/compare", params={"a": 1, "b": 9})
    assert (unknown.status_code, unknown.json()["code"]) == (404, "model_not_found")


def test_a_picture_of_each_revision_is_drawn(models: Models) -> None:
    part = models.converted()
    picture = models.our(f"{part}/thumbnail")
    assert (picture.status_code, picture.headers["content-type"]) == (200, "image/png")
    pixels, width = step_files.png_pixels(picture.content)
    assert width == 256
    drawn = [pixel for pixel in pixels if pixel[3] == 255]
    assert 0.2 < len(drawn) / len(pixels) < 0.9
    assert len({pixel[:3] for pixel in drawn}) >= 3  # its three sides in different light
    assert pixels[0][3] == 0
    assert (
        models.our(f"{part}/thumbnail", headers={"If-None-Match": picture.headers["etag"]}).status_code == 304
    )


def test_a_lost_model_is_made_again(models: Models) -> None:
    part = models.converted()
    key = models.crib.run(_model_key(models, part))
    models.crib.run(models.kernel.blobs.store.delete(key))
    assert models.get(f"{part}/model").status_code == 503
    models.settle()
    assert models.get(f"{part}/model").status_code == 200


async def _model_key(models: Models, part: int) -> str:
    from sqlalchemy import select  # noqa: PLC0415

    from toolcrib.parts.conversion.tables import conversions  # noqa: PLC0415
    from toolcrib.parts.models import part_files  # noqa: PLC0415

    query = select(conversions.c.model_key).join(part_files, part_files.c.sha256 == conversions.c.sha256)
    async with models.kernel.database.read() as session:
        return str(await session.scalar(query.where(part_files.c.part_id == part)))


def test_models_of_removed_parts_go_after_the_grace_period(own_models: Any) -> None:
    models = own_models()
    part = models.converted()
    key = models.crib.run(_model_key(models, part))
    path = models.crib.folder / "files" / key
    assert path.exists()
    assert models.old.delete(f"/api/parts/{part}").status_code == 200
    models.turn()
    assert path.exists()
    models.crib.clock.advance(hours=models.kernel.settings.files_grace_hours + 1)
    models.turn()
    models.crib.clock.advance(hours=2)
    models.turn()
    assert not path.exists()


def test_models_in_use_outlive_the_sweep(own_models: Any) -> None:
    models = own_models()
    part = models.converted()
    for _ in range(3):
        models.crib.clock.advance(hours=models.kernel.settings.files_grace_hours + 1)
        models.turn()
    assert models.get(f"{part}/model").status_code == 200
    assert models.our(f"{part}/thumbnail").status_code == 200


def test_without_the_converter_all_else_works(own_models: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from toolcrib.parts.conversion import outcomes  # noqa: PLC0415

    monkeypatch.setattr(outcomes, "LIBRARY", "no_such_converter")
    outcomes._library_version.cache_clear()
    try:
        models = own_models()
        part, content = models.part(), a_box()
        outcome = models.outcome(part, content)
        assert (outcome["success"], outcome["gltf_path"]) == (False, None)
        assert "not installed" in outcome["error"]
        assert models.get(f"{part}/download").content == content
        refused = models.get(f"{part}/model")
        assert (refused.status_code, refused.json()["error"]) == (503, "Model conversion failed")
        monkeypatch.undo()
    finally:
        outcomes._library_version.cache_clear()
    models.crib.clock.advance(minutes=1)
    models.turn()  # once it is installed
    assert models.get(f"{part}/model").status_code == 200
