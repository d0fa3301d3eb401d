"""What crosses the wire about models and their views."""

from __future__ import annotations

from typing import Literal

from toolcrib.kernel.schema import Schema


class BoundingBox(Schema):
    min_mm: list[float]
    max_mm: list[float]
    size_mm: list[float]


class Figures(Schema):
    """Solids and faces are those that the STEP file defines; the rest is measured on the model, so it is approximate
    where surfaces are curved."""

    solids: int
    faces: int
    bounding_box: BoundingBox | None = None
    volume_mm3: float | None = None
    area_mm2: float | None = None
    triangles: int | None = None
    is_approximate: bool | None = None


class ModelConversion(Schema):
    """What became of a STEP file. `reason` says why there is no model, or not yet."""

    state: Literal["pending", "running", "done", "failed"]
    problem: str | None
    reason: str | None
    figures: Figures | None
    thumbnail: bool


class RevisionFigures(Schema):
    """A STEP file, and what is known of its model; nothing if nobody asked for it yet."""

    revision: int
    name: str
    label: str | None
    conversion: ModelConversion | None


class Change(Schema):
    """What the figures of `b` are more than those of `a`; the ratios are b / a."""

    volume_mm3: float | None
    area_mm2: float | None
    solids: float | None
    faces: float | None
    triangles: float | None
    size_mm: list[float] | None
    volume_ratio: float | None
    area_ratio: float | None


class Comparison(Schema):
    a: RevisionFigures
    b: RevisionFigures
    change: Change | None


class View(Schema):
    filename: str
    timestamp: str


class Views(Schema):
    """Views by their position, 0 to 7."""

    files: dict[str, View]
    updated_at: str


class ViewsRead(Schema):
    views: Views | None


class ViewsKept(Schema):
    success: bool
    views: Views | None
