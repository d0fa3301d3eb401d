"""A part as the contract's clients read it (parts contract, section 2)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Column, ColumnElement, DateTime, Text, type_coerce

from toolcrib.kernel import stored_json
from toolcrib.kernel.tables import JsonText, UtcDateTime
from toolcrib.parts.after_claim import after_end
from toolcrib.parts.models import parts
from toolcrib.parts.service.lookup import is_over

_COLUMNS = tuple(
    parts.c[name]
    for name in (
        "id",
        "type",
        "name",
        "part_number",
        "material",
        "material_thickness",
        "amount",
        "subsystem",
        "assigned",
        "status",
        "category",
        "notes",
        "file",
        "onshape_url",
        "claimed_at",
        "created_at",
        "updated_at",
    )
)


def _as_stored(column: Column[Any]) -> ColumnElement[Any]:
    if isinstance(column.type, UtcDateTime):
        return type_coerce(column, DateTime()).label(column.name)
    if isinstance(column.type, JsonText):
        return type_coerce(column, Text()).label(column.name)
    return column


# What `part_line` reads: moments without their offset, which orjson adds, and objects as text. In a list of thousands,
# making each of them ready would take half the time.
LISTED = tuple(_as_stored(column) for column in (*_COLUMNS, parts.c.misc_info, parts.c.claim_ends_at))


def part_json(row: Any, now: datetime) -> dict[str, Any]:
    """Return all keys; times, which orjson writes with their offset. Somebody whose claim has run out is not assigned,
    swept or not."""
    found = _with_names(*[getattr(row, column.name) for column in _COLUMNS], misc_info=row.misc_info)
    return found | _unassigned(row.status) if is_over(row, now) else found


def part_line(row: Sequence[Any], moment: datetime) -> dict[str, Any]:
    """Return what `part_json` does, of the values of LISTED columns; moments are UTC without an offset."""
    *values, misc_info, ends_at = row
    found = _with_names(*values, misc_info=None if misc_info is None else stored_json.load(misc_info))
    return found | _unassigned(found["status"]) if ends_at is not None and ends_at <= moment else found


def _with_names(
    id_: Any,
    type_: Any,
    name: Any,
    part_number: Any,
    material: Any,
    material_thickness: Any,
    amount: Any,
    subsystem: Any,
    assigned: Any,
    status: Any,
    category: Any,
    notes: Any,
    file: Any,
    onshape_url: Any,
    claimed_at: Any,
    created_at: Any,
    updated_at: Any,
    *,
    misc_info: Any,
) -> dict[str, Any]:
    return {
        "id": id_,
        "type": type_,
        "name": name,
        "partId": part_number,
        "material": material,
        "materialThickness": material_thickness,
        "amount": amount,
        "subsystem": subsystem,
        "assigned": assigned,
        "status": status,
        "category": category,
        "notes": notes,
        "file": file,
        "onshapeUrl": onshape_url,
        "claimedDate": claimed_at,
        "createdAt": created_at,
        "updatedAt": updated_at,
        "miscInfo": misc_info,
    }


def _unassigned(status: str) -> dict[str, Any]:
    return {"assigned": None, "status": after_end(status), "claimedDate": None}
