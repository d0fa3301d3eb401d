"""The free key/value object of a part (parts contract, section 3)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from toolcrib.parts.errors import refusal

WORKERS, LEGACY_WORKERS = "handWorkers", "hand_workers"
VIEWS = "views"
MOST_BYTES = 60_000
_PLAIN = (str, int, float, bool)


def _bad(text: str) -> Exception:
    return refusal(400, "invalid_request", text, field="misc_info")


def checked(found: Any) -> dict[str, Any] | None:
    """Return what is stored of a client's object; None if nothing is left of it.

    Raises:
        Refused: it is no such object (400, field `misc_info`).
    """
    if found is None:
        return None
    if not isinstance(found, dict):
        raise _bad("miscInfo must be an object")
    kept = {}
    for name, value in found.items():
        if name == VIEWS or value is None:
            continue
        if len(name) > 100:
            raise _bad("A name in miscInfo is longer than 100 characters")
        kept[name] = _value(name, value)
    if len(str(kept)) > MOST_BYTES:
        raise _bad("miscInfo is too large")
    return kept or None


def _value(name: str, value: Any) -> Any:
    if isinstance(value, _PLAIN):
        return value
    if isinstance(value, dict):
        return _flat(name, value)
    if isinstance(value, list):
        return [each if isinstance(each, _PLAIN) else _flat(name, each) for each in value if each is not None]
    raise _bad(f"miscInfo.{name} has a value that cannot be kept")


def _flat(name: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict) or not all(
        isinstance(each, _PLAIN) or each is None for each in value.values()
    ):
        raise _bad(f"miscInfo.{name} is nested too deeply")
    return {key: each for key, each in value.items() if each is not None}


def merged(old: dict[str, Any] | None, new: dict[str, Any] | None) -> dict[str, Any] | None:
    """Return both; `new` wins."""
    return {**(old or {}), **(new or {})} or None


def with_worker(old: dict[str, Any] | None, name: str, now: datetime) -> dict[str, Any]:
    """Return the object with one more line in the log of who worked on the part by hand."""
    kept = dict(old or {})
    log = workers(kept)
    kept.pop(LEGACY_WORKERS, None)
    kept[WORKERS] = [*log, {"name": name, "timestamp": now.isoformat()}]
    return kept


def workers(found: dict[str, Any] | None) -> list[Any]:
    """Return that log, oldest first."""
    for name in (WORKERS, LEGACY_WORKERS):
        log = (found or {}).get(name)
        if isinstance(log, list):
            return log
    return []
