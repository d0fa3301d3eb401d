"""JSON objects in the database: what may be stored, and what is made of a row that cannot be read.

One bad row never fails the list it is in: it is shown as damaged, and logged.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import orjson
import structlog

log = structlog.get_logger()

# No row is deeper. An answer that shows one adds a few levels, and the serialisers stop at about 250.
MAX_LEVELS = 100
# What reading a damaged row leaves of it in an answer.
MARK: dict[str, Any] = {"damaged": True}
REPORTS = 1_000
_reported: set[tuple[str, object]] = set()


class Damaged(dict[str, Any]):
    """Stands for stored text that is no JSON object, or too deep to be shown. It is empty, so whatever looks into the
    row goes on without it, and what is written anew mends it."""


class Limits(NamedTuple):
    """What a client may store: levels of lists and objects, values in all of them, bytes as JSON."""

    levels: int
    values: int
    bytes: int


def load(text: str) -> dict[str, Any]:
    """Return the object in stored text, or a `Damaged`."""
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        return Damaged()
    if not isinstance(found, dict) or _is_too_deep(found, text):
        return Damaged()
    return found


def dump(value: Any) -> str:
    """Return the text to store.

    Raises:
        ValueError: it is deeper than MAX_LEVELS; whoever takes it from a client checks that before (`excess`).
    """
    text = orjson.dumps(value).decode()
    if _is_too_deep(value, text):
        raise ValueError(f"more than {MAX_LEVELS} levels of JSON cannot be stored")
    return text


def excess(value: Any, limits: Limits) -> str | None:
    """Return why a client may not store `value`; None if it may."""
    levels, values = _measure(value)
    if levels > limits.levels:
        return f"may be at most {limits.levels} levels deep"
    if values > limits.values:
        return f"may hold at most {limits.values} values"
    if len(orjson.dumps(value)) > limits.bytes:
        return f"may have at most {limits.bytes} bytes as JSON"
    return None


def is_damaged(value: Any, table: str, row: object) -> bool:
    """Whether the value of that row could not be read. Logs it if so."""
    if not isinstance(value, Damaged):
        return False
    report_damage(table, row)
    return True


def report_damage(table: str, row: object) -> None:
    """Log a row that cannot be read, once in this process: lists come across it again and again."""
    if (table, row) not in _reported and len(_reported) < REPORTS:
        _reported.add((table, row))
        log.error("damaged_row", table=table, row=row)


def _is_too_deep(value: Any, text: str) -> bool:
    # Counting brackets costs next to nothing, and rows that have so many are few.
    return text.count("[") + text.count("{") > MAX_LEVELS and _measure(value)[0] > MAX_LEVELS


def _measure(value: Any) -> tuple[int, int]:
    """Return how many levels of lists and objects there are, and how many values in them."""
    levels, values = 0, 0
    level = [value]
    while level := [each for each in level if isinstance(each, dict | list)]:
        levels += 1
        level = [part for each in level for part in (each.values() if isinstance(each, dict) else each)]
        values += len(level)
    return levels, values
