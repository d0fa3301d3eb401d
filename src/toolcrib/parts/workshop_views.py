"""What a workshop has and how it works: machines, vendors, material, rules, tables, statistics."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from toolcrib.kernel.claims.schemas import Text
from toolcrib.parts.schemas import Score, Stats
from toolcrib.parts.views import Board, Count, LastStep, Note, Words


class NewResource(BaseModel):
    kind: Literal["machine", "vendor"]
    name: Annotated[Words, Field(max_length=200)]
    board: Board | None = None
    note: Note | None = None
    is_active: bool = True
    project: Text | None = None


class ResourceChange(BaseModel):
    kind: Literal["machine", "vendor"] = "machine"
    name: Annotated[Words, Field(max_length=200)] = ""
    board: Board | None = None
    note: Note | None = None
    is_active: bool = True


class ResourceRead(BaseModel):
    id: int
    kind: Literal["machine", "vendor"]
    name: str
    board: Board | None
    note: str | None
    is_active: bool


class Resources(BaseModel):
    resources: list[ResourceRead]


class NewMaterial(BaseModel):
    name: Annotated[Words, Field(max_length=200)]
    unit: Annotated[Text, Field(max_length=50)] | None = None
    on_hand: Count = 0
    note: Note | None = None
    project: Text | None = None


class MaterialChange(BaseModel):
    name: Annotated[Words, Field(max_length=200)] = ""
    unit: Annotated[Text, Field(max_length=50)] | None = None
    on_hand: Count = 0
    note: Note | None = None


class MaterialRead(BaseModel):
    id: int
    name: str
    unit: str | None
    on_hand: int
    reserved: int
    free: int
    note: str | None


class Materials(BaseModel):
    materials: list[MaterialRead]


class RulesChange(BaseModel):
    last_step: LastStep | None = None
    reviewer_is_not_author: bool = False
    scrap_reasons: Annotated[
        list[Annotated[Words, Field(max_length=50)]], Field(min_length=1, max_length=50)
    ] = ["other"]
    remind_hours: Annotated[int, Field(ge=0, le=87_600)] = 0
    return_hours: Annotated[int, Field(ge=0, le=87_600)] = 0


class RulesRead(BaseModel):
    """`role` is the caller's in the project."""

    project: str
    role: Literal["owner", "admin", "member", "viewer"]
    last_step: LastStep | None
    reviewer_is_not_author: bool
    scrap_reasons: list[str]
    remind_hours: int
    return_hours: int


class TableToImport(BaseModel):
    csv: Annotated[Text, Field(max_length=131_072)]
    dry_run: bool = False
    project: Text | None = None


class ImportedParts(BaseModel):
    added: int
    ids: list[int]


class Pieces(BaseModel):
    wanted: int
    made: int
    scrapped: int


class Hours(BaseModel):
    average: float | None
    distribution: dict[str, int]


class Week(BaseModel):
    week: str
    completed: int


class Maker(BaseModel):
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
