"""What crosses the wire on the routes of the calendar."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel


class CalendarEntry(BaseModel):
    """One machine for one time: a `hold`, of now or before, or a `booking` that has not begun."""

    reservation: str
    machine: str
    holder: str
    purpose: str | None
    starts_at: datetime
    ends_at: datetime
    kind: Literal["hold", "booking"]

    @classmethod
    def of(cls, entry: Any) -> CalendarEntry:
        return cls.model_validate(entry, from_attributes=True)


class CalendarRead(BaseModel):
    """`is_complete` is false where there is more than one answer may have: ask for a shorter time."""

    entries: list[CalendarEntry]
    is_complete: bool


class FeedWish(BaseModel):
    everything: bool = False


class FeedAddress(BaseModel):
    url: str


class Feed(BaseModel):
    """`created_at` is that of the secret address; null where there is none."""

    created_at: datetime | None
    everything: bool
