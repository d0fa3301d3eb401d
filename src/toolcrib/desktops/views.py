"""What crosses the wire on our own routes."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field

from toolcrib.desktops.schemas import Short, WireId
from toolcrib.kernel.claims.schemas import Text
from toolcrib.kernel.schema import Schema

MOST_HOURS = 8760


class DesktopWish(Schema):
    """`volume` is the name of one. `hours`: for how long; without, as long as one may."""

    name: Short
    configuration_id: WireId = None
    persistent_home: bool = True
    volume: Short | None = None
    hours: Annotated[float, Field(gt=0, le=MOST_HOURS)] | None = None


class DesktopExtension(Schema):
    """So many hours later, or until then; with neither, as late as it can."""

    hours: Annotated[float, Field(gt=0, le=MOST_HOURS)] | None = None
    until: datetime | None = None


class DesktopRead(Schema):
    """A desktop. `state` is queued, starting, running, stopping, stopped, deleting or failed; `end_text` says in one
    sentence when it ends and what can be done; `cannot` says why something cannot be done now."""

    id: int
    name: str
    holder: str
    state: str
    progress: str
    reason: str | None
    configuration_id: int | None
    configuration: str | None
    persistent_home: bool
    volume: str | None
    created_at: datetime
    started_at: datetime | None
    ready_at: datetime | None
    stopped_at: datetime | None
    ends_at: datetime | None
    end_reason: str | None
    end_text: str | None
    extend_to: datetime | None
    keep_until: datetime | None
    idle_ends_at: datetime | None
    queue_position: int | None
    expected_at: datetime | None
    fence: int | None
    copy_out: bool
    paste_in: bool
    files: bool
    controller: str | None
    views: int
    cannot: dict[str, str]


class DesktopLimits(Schema):
    """`queue`: whether one may wait. `hours_left` of this week, where they are limited. `problem`: why desktops cannot
    be run now."""

    per_person: int
    in_total: int
    running: int
    mine: int
    queue: bool
    waiting: int
    hours_per_week: float | None
    hours_left: float | None
    launcher: str
    problem: str | None


class DesktopList(Schema):
    desktops: list[DesktopRead]
    limits: DesktopLimits


class DesktopUsage(Schema):
    """None where the platform does not tell."""

    cpu_seconds: float | None
    cpu_cores: float | None
    memory_bytes: int | None


class DesktopFile(Schema):
    name: str
    is_folder: bool
    size: int
    changed_at: datetime


class DesktopFiles(Schema):
    files: list[DesktopFile]


class DesktopFileSent(Schema):
    size: int


class Guest(Schema):
    username: str
    may_control: bool


class Guests(Schema):
    guests: list[Guest]


class Invitation(Schema):
    """`may_control`: may ask for pointer and keyboard, and be given them."""

    may_control: bool = False


class DesktopImages(Schema):
    images: list[str]


HomePath = Annotated[Text, Field(max_length=4096)]
