"""What crosses the wire on the routes of the calendar."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from toolcrib.kernel.schema import Schema


class CalendarEntry(Schema):
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


class CalendarRead(Schema):
    """`is_complete` is false where there is more than one answer may have: ask for a shorter time."""

    entries: list[CalendarEntry]
    is_complete: bool


class FeedWish(Schema):
    everything: bool = False


class FeedAddress(Schema):
    url: str


class Feed(Schema):
    """`created_at` is that of the secret address; null where there is none."""

    created_at: datetime | None
    everything: bool
