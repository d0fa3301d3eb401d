"""A clock that stands still until a test moves it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class FakeClock:
    """Called like the real clock. It starts at the present: cookies and tokens surprise no client."""

    def __init__(self, start: datetime | None = None) -> None:
        self.now = start or datetime.now(UTC).replace(microsecond=0)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **by: float) -> datetime:
        """`advance(hours=2, minutes=5)`: the new time."""
        self.now += timedelta(**by)
        return self.now
