"""Lengths of time and moments, as people write and read them."""

import re
from datetime import UTC, datetime, timedelta

from toolcrib.cli.core.failures import CannotTell

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_DURATION = re.compile(r"(?:\d+(?:\.\d+)?[smhdw])+")
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
    if not 1 <= seconds <= 10 * 366 * 86_400:
        raise ValueError(f"{text!r} is out of range: one second to ten years.")
    return timedelta(seconds=round(seconds))


def duration_seconds(text: str | None) -> int | None:
    """Read the value of an option such as `--expires 2h`, in seconds; None when it was not given.

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
    return None if text.strip().lower() in ("none", "never") else duration_seconds(text)


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
