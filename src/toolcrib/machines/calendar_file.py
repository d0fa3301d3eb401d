"""Calendars as files that calendar programs read (iCalendar, RFC 5545)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

# Octets in a line, without the line break (section 3.1).
LINE_LENGTH = 75
REFRESH = "PT15M"


@dataclass(frozen=True, slots=True)
class Appointment:
    """`uid` names it for good; the rest may change, and `revision` grows with it."""

    uid: str
    starts_at: datetime
    ends_at: datetime
    revision: int
    title: str
    description: str


def write_calendar(name: str, appointments: Iterable[Appointment], now: datetime) -> bytes:
    """Return the calendar `name` as of `now`."""
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Toolcrib//Machines//EN",
        "CALSCALE:GREGORIAN",
        f"NAME:{_text(name)}",
        f"X-WR-CALNAME:{_text(name)}",
        f"REFRESH-INTERVAL;VALUE=DURATION:{REFRESH}",
        f"X-PUBLISHED-TTL:{REFRESH}",
    ]
    for each in appointments:
        lines += [
            "BEGIN:VEVENT",
            f"UID:{_text(each.uid)}",
            f"SEQUENCE:{each.revision}",
            f"DTSTAMP:{_moment(now)}",
            f"DTSTART:{_moment(each.starts_at)}",
            f"DTEND:{_moment(each.ends_at)}",
            f"SUMMARY:{_text(each.title)}",
            *([f"DESCRIPTION:{_text(each.description)}"] if each.description else []),
            "END:VEVENT",
        ]
    lines.append("END:VCALENDAR")
    return b"".join(_folded(line) for line in lines)


def _moment(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _text(value: str) -> str:
    """Return a value of the type TEXT (section 3.3.11): control characters but line breaks and tabs are left out."""
    plain = "\n".join(value.splitlines())
    escaped = plain.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,").replace("\n", "\\n")
    return "".join(letter for letter in escaped if letter == "\t" or (ord(letter) >= 32 and letter != "\x7f"))


def _folded(line: str) -> bytes:
    """Return a line in pieces of which none is too long, and none ends within a character."""
    pieces, piece = [], b""
    for letter in line:
        octets = letter.encode()
        if len(piece) + len(octets) > LINE_LENGTH:
            pieces.append(piece)
            piece = b" "
        piece += octets
    return b"\r\n".join([*pieces, piece]) + b"\r\n"
