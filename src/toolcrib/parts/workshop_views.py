"""What a workshop has and how it works: machines, vendors, material, rules, tables, statistics."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from toolcrib.kernel.claims.schemas import Text
from toolcrib.kernel.schema import Schema
from toolcrib.parts.schemas import Score, Stats
from toolcrib.parts.views import Board, Count, LastStep, Note, Words


class NewResource(Schema):
    kind: Literal["machine", "vendor"]
    name: Annotated[Words, Field(max_length=200)]
    board: Board | None = None
    note: Note | None = None
    is_active: bool = True
    project: Text | None = None


class ResourceChange(Schema):
    kind: Literal["machine", "vendor"] = "machine"
    name: Annotated[Words, Field(max_length=200)] = ""
    board: Board | None = None
    note: Note | None = None
    is_active: bool = True


class ResourceRead(Schema):
    id: int
    kind: Literal["machine", "vendor"]
    name: str
    board: Board | None
    note: str | None
    is_active: bool


class Resources(Schema):
    resources: list[ResourceRead]


class NewMaterial(Schema):
    name: Annotated[Words, Field(max_length=200)]
    unit: Annotated[Text, Field(max_length=50)] | None = None
    on_hand: Count = 0
    note: Note | None = None
    project: Text | None = None


class MaterialChange(Schema):
    name: Annotated[Words, Field(max_length=200)] = ""
    unit: Annotated[Text, Field(max_length=50)] | None = None
    on_hand: Count = 0
    note: Note | None = None


class MaterialRead(Schema):
    id: int
    name: str
    unit: str | None
    on_hand: int
    reserved: int
    free: int
    note: str | None


class Materials(Schema):
    materials: list[MaterialRead]


class RulesChange(Schema):
    last_step: LastStep | None = None
    reviewer_is_not_author: bool = False
    scrap_reasons: Annotated[
        list[Annotated[Words, Field(max_length=50)]], Field(min_length=1, max_length=50)
    ] = ["other"]
    remind_hours: Annotated[int, Field(ge=0, le=87_600)] = 0
    return_hours: Annotated[int, Field(ge=0, le=87_600)] = 0


class RulesRead(Schema):
    """`role` is the caller's in the project."""

    project: str
    role: Literal["owner", "admin", "member", "viewer"]
    last_step: LastStep | None
    reviewer_is_not_author: bool
    scrap_reasons: list[str]
    remind_hours: int
    return_hours: int


class TableToImport(Schema):
    csv: Annotated[Text, Field(max_length=131_072)]
    dry_run: bool = False
    project: Text | None = None


class ImportedParts(Schema):
    added: int
    ids: list[int]


class Pieces(Schema):
    wanted: int
    made: int
    scrapped: int


class Hours(Schema):
    average: float | None
    distribution: dict[str, int]


class Week(Schema):
    week: str
    completed: int


class Maker(Schema):
    name: str
    completed: int
    made: int


class ShopStats(Stats):
    quantities: Pieces
    scrap_reasons: dict[str, int]
    overdue: int
    blocked: int
    hours: Hours
    per_week: list[Week]
    leaderboard: list[Score]
    contributors: list[Maker]
