"""Times at which something is due, as rows have them."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, or_

# The clocks of several server processes may differ by this much.
CLOCK_DIFFERENCE = timedelta(seconds=10)


def is_due(column: ColumnElement[datetime], now: datetime, longest: timedelta) -> ColumnElement[bool]:
    """SQL: whether the time in `column` has come, for times that are set at most `longest` ahead.

    One that lies further ahead was set before the clock was set back. Waiting for it could take days, so it is due.
    """
    return or_(column <= now, column > now + longest + CLOCK_DIFFERENCE)
