"""What crosses the wire on the contract's routes, for the API's description; `values.py` checks what comes in."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from toolcrib.kernel.schema import Schema


class Authenticated(Schema):
    status: str
    message: str
    timestamp: datetime


class PartFields(Schema):
    """Fields of a part; `part_id`, `material_thickness`, `onshape_url` and `misc_info` are accepted too."""

    type: str | None = None
    name: str | None = None
    partId: str | None = None
    material: str | None = None
    materialThickness: str | None = None
    amount: int | str | None = None
    subsystem: str | None = None
    assigned: str | None = None
    status: str | None = None
    category: str | None = None
    notes: str | None = None
    file: str | None = None
    onshapeUrl: str | None = None
    miscInfo: dict[str, Any] | None = None


class ContractPart(Schema):
    id: int
    type: str | None
    name: str | None
    partId: str
    material: str
    materialThickness: str | None
    amount: int
    subsystem: str
    assigned: str | None
    status: str
    category: str
    notes: str | None
    file: str | None
    onshapeUrl: str | None
    claimedDate: datetime | None
    miscInfo: dict[str, Any] | None
    createdAt: datetime
    updatedAt: datetime


class ContractParts(Schema):
    parts: list[ContractPart]
    total: int
    limit: int | None
    offset: int


class PartRemoved(Schema):
    message: str


class MiscInfo(Schema):
    miscInfo: dict[str, Any] | None = None


class Review(MiscInfo):
    reviewer: str | None = None


class Assignment(Schema):
    assigned: str


class Password(Schema):
    password: str


class Wiped(Schema):
    message: str
    count: int


class Assigned(Schema):
    assigned: int
    unassigned: int


class Stats(Schema):
    by_category: dict[str, int]
    by_status: dict[str, int]
    assignment: Assigned
    total: int


class Contributor(Schema):
    name: str
    count: int


class DetailedStats(Schema):
    total_parts: int
    completed_parts: int
    in_progress_parts: int
    average_completion_time: float | None
    completion_time_distribution: dict[str, int]
    by_type: dict[str, int]
    by_category: dict[str, int]
    top_contributors: list[Contributor]


class Score(Schema):
    name: str
    score: float


class Leaderboard(Schema):
    leaderboard: list[Score]


class Conversion(Schema):
    success: bool
    error: str | None
    gltf_path: str | None


class Uploaded(Schema):
    message: str
    filename: str
    file_path: str
    conversion: Conversion | None = None
