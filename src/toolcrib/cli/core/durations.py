"""Lengths of time and moments, as people write and read them."""

import math
import re
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from toolcrib.cli.core.failures import CannotTell

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_DURATION = re.compile(r"(?:\d+(?:\.\d+)?[smhdw])+")
_CLOCK = re.compile(r"\d{1,2}:\d\d(:\d\d)?(Z|[+-]\d\d:?\d\d)?")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
LONGEST = timedelta(days=10 * 366)
_PART = re.compile(r"(\d+(?:\.\d+)?)([smhdw])")


def parse_duration(text: str) -> timedelta:
    """Read `90m`, `2h`, `1d12h`, `1.5h`.

    Raises:
        ValueError: not a length of time, zero, or beyond ten years.
    """
    compact = text.strip().lower().replace(" ", "")
    if not _DURATION.fullmatch(compact):
        raise ValueError(f"{text!r} is not a length of time; write for example 30m, 2h or 3d.")
    seconds = sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(compact))
    if not 1 <= seconds <= LONGEST.total_seconds():
        raise ValueError(f"{text!r} is out of range: one second to ten years.")
    return timedelta(seconds=round(seconds))


def end_seconds(text: str | None) -> int | None:
    """Read the value of `--expires`, in seconds from now: a length of time, or a moment (`read_moment`); None when it
    was not given.

    Raises:
        CannotTell: as `moment_meant`.
    """
    if text is None:
        return None
    now = datetime.now(UTC)
    return math.ceil((moment_meant(text, now) - now).total_seconds())


def moment_meant(text: str, now: datetime) -> datetime:
    """Return the moment that a length of time from `now`, or a moment (`read_moment`), names.

    Raises:
        CannotTell: it is neither, or lies in the past.
    """
    try:
        return now + parse_duration(text)
    except ValueError as bad:
        moment = read_moment(text, now)
        if moment is None:
            hint = "write for example 30m, 2h, 3d, 18:00, 2026-05-01 or 2026-05-01T18:00"
            raise CannotTell(f"{text!r} is no time: {hint}.") from bad
    if moment <= now:
        raise CannotTell(f"{text!r} has passed: it is {now.astimezone():%Y-%m-%d %H:%M} here.")
    if moment - now > LONGEST:
        raise CannotTell(f"{text!r} is out of range: at most ten years.")
    return moment


def end_fields(text: str | None) -> dict[str, Any]:
    """Return what a request says of the end that `--expires` names: seconds from when the thing is had, or the moment
    itself, which does not move while one waits.

    Raises:
        CannotTell: as `moment_meant`.
    """
    if text is None:
        return {}
    try:
        return {"expires_in": int(parse_duration(text).total_seconds())}
    except ValueError:
        return {"expires_at": moment_meant(text, datetime.now(UTC)).isoformat()}


def read_moment(text: str, now: datetime) -> datetime | None:
    """Return the moment that people mean, or None if it is none.

    `18:00` is the next time the clock shows that; `2026-05-01` the end of that day; `2026-05-01T18:00` (or with a
    blank) that moment. All are in the reader's time zone, unless an offset or `Z` is given. The clock's time is what
    counts on days when it is put forward or back.
    """
    compact = text.strip()
    if _CLOCK.fullmatch(compact):
        try:
            clock = time.fromisoformat(f"0{compact}" if compact[1:2] == ":" else compact)
        except ValueError:
            return None
        zone = clock.tzinfo
        today = now.astimezone(zone).date()
        days = (today + timedelta(days=ahead) for ahead in (0, 1, 2))
        moments = (datetime.combine(day, clock).astimezone(UTC) for day in days)
        return next((moment for moment in moments if moment > now), None)
    try:
        if _DATE.fullmatch(compact):
            # Not its last second: the server counts from when it hears of it, and would come to the next day.
            return datetime.combine(date.fromisoformat(compact), time(23, 59)).astimezone(UTC)
        return datetime.fromisoformat(compact).astimezone(UTC) if _DATE.match(compact) else None
    except (ValueError, OverflowError, OSError):
        return None


def duration_seconds(text: str | None) -> int | None:
    """Read the value of an option such as `--timeout 2h`, in seconds; None when it was not given.

    Raises:
        CannotTell: it is not a length of time.
    """
    if text is None:
        return None
    try:
        return int(parse_duration(text).total_seconds())
    except ValueError as bad:
        raise CannotTell(str(bad)) from bad


def new_end_seconds(text: str) -> int | None:
    """Read the value of `renew --expires`: seconds from now, or None for `none` (no end)."""
    return None if text.strip().lower() in ("none", "never") else end_seconds(text)


def parse_moment(text: str | None) -> datetime | None:
    """Parse an ISO 8601 moment from the server as an aware datetime; no offset means UTC."""
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def span(length: timedelta) -> str:
    """Format a length of time by its two largest units: `45 s`, `12 min`, `3 h 20 min`, `2 d 4 h`."""
    seconds = max(0, round(length.total_seconds()))
    if seconds < 60:
        return f"{seconds} s"
    minutes = round(seconds / 60)
    hours, days = minutes // 60, minutes // 1440
    if minutes < 60:
        return f"{minutes} min"
    if hours < 24:
        return f"{hours} h {minutes % 60} min" if minutes % 60 else f"{hours} h"
    return f"{days} d {hours % 24} h" if days < 10 and hours % 24 else f"{days} d"


def local(moment: datetime, now: datetime) -> str:
    """Format a moment in the reader's time zone: only the time if it is today, else with its date."""
    here = moment.astimezone()
    return (
        here.strftime("%H:%M") if here.date() == now.astimezone().date() else here.strftime("%Y-%m-%d %H:%M")
    )


def since(text: str | None, now: datetime) -> str:
    """Format when something began, for a table: `13:05 (2 h)`."""
    moment = parse_moment(text)
    return f"{local(moment, now)} ({span(now - moment)})" if moment else ""


def until(text: str | None, now: datetime) -> str:
    """Format when something ends, for a table: `15:05 (in 40 min)`, or nothing without an end."""
    moment = parse_moment(text)
    return f"{local(moment, now)} (in {span(moment - now)})" if moment else ""
