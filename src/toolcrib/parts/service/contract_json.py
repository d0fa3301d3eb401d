"""A part as the contract's clients read it (parts contract, section 2)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from toolcrib.parts.after_claim import after_end
from toolcrib.parts.models import parts
from toolcrib.parts.service.lookup import is_over


def part_json(row: Any, now: datetime) -> dict[str, Any]:
    """Return all keys; times, which orjson writes with their offset. Somebody whose claim has run out is not assigned,
    swept or not."""
    assigned, status, claimed_at = row.assigned, row.status, row.claimed_at
    if is_over(row, now):
        ended = after_end(row.status)
        assigned, claimed_at, status = None, None, ended
    return {
        "id": row.id,
        "type": row.type,
        "name": row.name,
        "partId": row.part_number,
        "material": row.material,
        "materialThickness": row.material_thickness,
        "amount": row.amount,
        "subsystem": row.subsystem,
        "assigned": assigned,
        "status": status,
        "category": row.category,
        "notes": row.notes,
        "file": row.file,
        "onshapeUrl": row.onshape_url,
        "claimedDate": claimed_at,
        "miscInfo": row.misc_info,
        "createdAt": row.created_at,
        "updatedAt": row.updated_at,
    }


# The columns of a list, in the order of `part_line`.
LISTED = tuple(
    parts.c[name]
    for name in (
        *("id", "type", "name", "part_number", "material", "material_thickness", "amount", "subsystem"),
        *("assigned", "status", "category", "notes", "file", "onshape_url", "claimed_at", "misc_info"),
        *("created_at", "updated_at", "claim_ends_at"),
    )
)
NAMES = (
    *("id", "type", "name", "partId", "material", "materialThickness", "amount", "subsystem"),
    *("assigned", "status", "category", "notes", "file", "onshapeUrl", "claimedDate", "miscInfo"),
    *("createdAt", "updatedAt"),
)


def part_line(row: Any, now: datetime) -> dict[str, Any]:
    """Return what `part_json` does, of a row of LISTED columns: in lists of thousands, access by name takes most of the
    time."""
    ends_at = row[-1]
    if ends_at is not None and ends_at <= now:
        return part_json(row, now)
    return dict(zip(NAMES, row, strict=False))
