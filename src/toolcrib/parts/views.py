"""What crosses the wire on our own routes."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, StringConstraints

from toolcrib.kernel.claims.schemas import Text, TtlSeconds, in_utc
from toolcrib.kernel.problems import InvalidRequest
from toolcrib.kernel.schema import Schema
from toolcrib.parts import misc_info, values
from toolcrib.parts.errors import Refused
from toolcrib.parts.model_schemas import ModelConversion

Board = Literal["cnc", "hand", "misc"]
Category = Literal["review", "cnc", "hand", "misc", "completed"]
LastStep = Literal["inspected", "picked_up"]


def _utc(moment: datetime) -> datetime:
    try:
        return in_utc(moment)
    except InvalidRequest as bad:
        raise ValueError(bad.detail) from None


def _url(text: str | None) -> str | None:
    try:
        found: str | None = values.checked("onshape_url", text)
    except values.BadValue as bad:
        raise ValueError(bad.text) from None
    return found


def _info(found: dict[str, Any] | None) -> dict[str, Any] | None:
    try:
        return misc_info.checked(found)
    except Refused as bad:
        raise ValueError(bad.detail) from None


Moment = Annotated[datetime, AfterValidator(_utc)]
Words = Annotated[Text, StringConstraints(strip_whitespace=True, min_length=1)]
Reason = Annotated[Words, Field(max_length=2_000)]
Note = Annotated[Text, Field(max_length=20_000)]
Count = Annotated[int, Field(ge=0, le=values.MOST)]
Id = Annotated[int, Field(ge=1, le=2**63 - 1)]


class Expecting(Schema):
    """`expected_updated_at` is what the caller knows as the part's `updated_at`; `If-Match` does the same."""

    expected_updated_at: Moment | None = None


class NewStep(Schema):
    id: Id | None = None
    process: Annotated[Words, Field(max_length=100)]
    board: Board
    resource_id: Id | None = None
    person: Annotated[Text, Field(max_length=255)] | None = None
    note: Note | None = None


class MaterialNeed(Schema):
    material_id: Id
    quantity: Annotated[int, Field(ge=1, le=values.MOST)]


class PartChange(Expecting):
    """Fields that are left out stay."""

    name: Annotated[Text, Field(max_length=200)] | None = None
    part_number: Annotated[Words, Field(max_length=100)] = ""
    type: Board | None = None
    material: Annotated[Words, Field(max_length=200)] = ""
    material_thickness: Annotated[Text, Field(max_length=50)] | None = None
    amount: Annotated[int, Field(ge=1, le=values.MOST)] = 1
    subsystem: Annotated[Words, Field(max_length=100)] = ""
    notes: Note | None = None
    onshape_url: Annotated[Annotated[Text, Field(max_length=500)] | None, AfterValidator(_url)] = None
    misc_info: Annotated[dict[str, Any] | None, AfterValidator(_info)] = None
    priority: Annotated[int, Field(ge=-1, le=2)] = 0
    due_at: Moment | None = None


class NewPart(Schema):
    name: Annotated[Text, Field(max_length=200)] | None = None
    part_number: Annotated[Text, Field(max_length=100)] | None = None
    type: Board | None = None
    material: Annotated[Words, Field(max_length=200)]
    material_thickness: Annotated[Text, Field(max_length=50)] | None = None
    amount: Annotated[int, Field(ge=1, le=values.MOST)] = 1
    subsystem: Annotated[Words, Field(max_length=100)]
    notes: Note | None = None
    onshape_url: Annotated[Annotated[Text, Field(max_length=500)] | None, AfterValidator(_url)] = None
    misc_info: Annotated[dict[str, Any] | None, AfterValidator(_info)] = None
    priority: Annotated[int, Field(ge=-1, le=2)] = 0
    due_at: Moment | None = None
    steps: Annotated[list[NewStep], Field(max_length=50)] = []
    materials: Annotated[list[MaterialNeed], Field(max_length=50)] = []
    project: Text | None = None


class PartSteps(Expecting):
    steps: Annotated[list[NewStep], Field(max_length=50)]


class PartMaterials(Expecting):
    materials: Annotated[list[MaterialNeed], Field(max_length=50)]


class PartNote(Expecting):
    note: Reason | None = None


class PartReason(Expecting):
    reason: Reason | None = None


class PartReasonNeeded(Expecting):
    reason: Reason


class TakePart(Expecting):
    """`ttl_seconds`: the part returns to the board by itself then."""

    take_over: bool = False
    reason: Reason | None = None
    ttl_seconds: TtlSeconds | None = None


class AssignPart(Expecting):
    username: Annotated[Words, Field(max_length=255)]
    take_over: bool = False
    reason: Reason | None = None


class CountPieces(Expecting):
    """`reason` is the code that scrap needs; `override` with a `note` finishes the part to an older model."""

    made: Count = 0
    scrapped: Count = 0
    reason: Annotated[Text, Field(max_length=50)] | None = None
    note: Reason | None = None
    override: bool = False


class DonePart(Expecting):
    override: bool = False
    reason: Reason | None = None


class ReworkPart(Expecting):
    reason: Reason
    step_id: Id | None = None


class PartClaim(Schema):
    fence: int
    holder: str
    expires_at: datetime | None
    recheck: bool
    revision: int | None


class Quantities(Schema):
    wanted: int
    made: int
    scrapped: int
    remaining: int


class Said(Schema):
    reason: str
    at: datetime
    by: str | None


class DoneBy(Schema):
    at: datetime
    by: str | None


class StepResource(Schema):
    id: int
    name: str
    kind: Literal["machine", "vendor"]


class StepRead(Schema):
    id: int
    position: int
    process: str
    board: Board
    state: Literal["waiting", "due", "in_progress", "done"]
    person: str | None
    resource: StepResource | None
    note: str | None
    started_at: datetime | None
    finished_at: datetime | None
    finished_by: str | None


class PartFileRead(Schema):
    """`label` is the letter of an approved revision."""

    id: int
    name: str
    kind: str
    revision: int
    label: str | None
    approved_at: datetime | None
    approved_by: str | None
    sha256: str
    size: int
    at: datetime
    by: str | None
    note: str | None
    is_current: bool
    conversion: ModelConversion | None


class PartMaterialRead(Schema):
    id: int
    name: str
    unit: str | None
    quantity: int
    state: Literal["reserved", "used"]


class ShopPart(Schema):
    """`files`, `steps` and `materials` are there where one part is read or changed."""

    id: int
    project: str
    part_number: str
    name: str | None
    type: str | None
    material: str
    material_thickness: str | None
    amount: int
    subsystem: str
    notes: str | None
    status: str
    category: str
    onshape_url: str | None
    misc_info: dict[str, Any] | None
    author: str | None
    reviewer: str | None
    created_at: datetime
    updated_at: datetime
    version: int
    completed_at: datetime | None
    priority: int
    due_at: datetime | None
    assigned: str | None
    claimed_at: datetime | None
    claim: PartClaim | None
    quantities: Quantities
    blocked: Said | None
    rework: Said | None
    file: str | None
    revision: int
    revision_label: str | None
    step: StepRead | None
    last_step: LastStep | None
    last_step_done: DoneBy | None
    conversion: ModelConversion | None
    thumbnail: bool
    files: list[PartFileRead] | None = None
    steps: list[StepRead] | None = None
    materials: list[PartMaterialRead] | None = None


class ShopParts(Schema):
    parts: list[ShopPart]
    total: int


class NextPart(ShopPart):
    why: str


class NextParts(Schema):
    parts: list[NextPart]


class RemovedPart(Schema):
    deleted: int


class CountRead(Schema):
    id: int
    at: datetime
    by: str | None
    made: int
    scrapped: int
    reason: str | None
    note: str | None
    step_id: int | None


class Counts(Schema):
    counts: list[CountRead]


class PartEvent(Schema):
    seq: int
    at: datetime
    actor: str | None
    verb: str
    data: dict[str, Any]


class PartHistory(Schema):
    events: list[PartEvent]
