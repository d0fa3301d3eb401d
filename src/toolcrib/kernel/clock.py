"""The current time, read once per request and passed to functions as `now`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]


def system_clock() -> datetime:
    """Now, aware, in UTC."""
    return datetime.now(UTC)


def iso_format(moment: datetime) -> str:
    """ISO 8601 in UTC with an explicit `+00:00`: older Python parsers cannot read `Z`."""
    return (moment if moment.tzinfo is UTC else moment.astimezone(UTC)).isoformat()
