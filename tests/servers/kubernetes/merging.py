"""The ways to change an object by a PATCH."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

# By what the items of a list are told apart, where not by their place.
KEYS = ("name", "mountPath", "containerPort", "port", "type")


def merge(old: Any, change: Any) -> Any:
    """RFC 7386."""
    if not isinstance(change, dict):
        return deepcopy(change)
    found = dict(old) if isinstance(old, dict) else {}
    for key, value in change.items():
        if value is None:
            found.pop(key, None)
        else:
            found[key] = merge(found.get(key), value)
    return found


def strategic(old: Any, change: Any) -> Any:
    """As `merge`, but items of a list are merged by their key."""
    if isinstance(change, list) and isinstance(old, list):
        key = next((k for k in KEYS if all(isinstance(i, dict) and k in i for i in [*old, *change])), None)
        if key is None:
            return deepcopy(change)
        by_key = {item[key]: item for item in old}
        for item in change:
            by_key[item[key]] = strategic(by_key.get(item[key]), item)
        return list(by_key.values())
    if not isinstance(change, dict):
        return deepcopy(change)
    found = dict(old) if isinstance(old, dict) else {}
    for key, value in change.items():
        if value is None:
            found.pop(key, None)
        elif not key.startswith("$"):
            found[key] = strategic(found.get(key), value)
    return found


def apply(old: dict[str, Any], last: dict[str, Any], wanted: dict[str, Any]) -> dict[str, Any]:
    """Server-side apply by one manager: what it said last and says no more goes, what it says now is set.

    What others or the server's defaults have set beside it stays, in the items of lists too.
    """
    found: dict[str, Any] = _apply(old, last, wanted)
    return found


def _apply(old: Any, last: Any, wanted: Any) -> Any:
    if isinstance(wanted, dict):
        old, last = (old if isinstance(old, dict) else {}), (last if isinstance(last, dict) else {})
        found = {key: value for key, value in old.items() if key in wanted or key not in last}
        for key, value in wanted.items():
            found[key] = _apply(old.get(key), last.get(key), value)
        return found
    if isinstance(wanted, list) and isinstance(old, list):
        last = last if isinstance(last, list) else []
        key = next((k for k in KEYS if all(isinstance(i, dict) and k in i for i in [*old, *wanted])), None)
        if key is None:
            return deepcopy(wanted)
        old_by, last_by = {i[key]: i for i in old}, {i[key]: i for i in last if key in i}
        others = [
            item for item in old if item[key] not in last_by and item[key] not in {i[key] for i in wanted}
        ]
        return [_apply(old_by.get(i[key]), last_by.get(i[key]), i) for i in wanted] + others
    return deepcopy(wanted)
