"""A part as the contract's clients read it (parts contract, section 2)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from toolcrib.parts.after_claim import after_end
from toolcrib.parts.service.lookup import is_over


def part_json(row: Any, now: datetime) -> dict[str, Any]:
    """Return all keys; times have an offset. Somebody whose claim has run out is not assigned, swept or not."""
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
        "claimedDate": _time(claimed_at),
        "miscInfo": row.misc_info,
        "createdAt": _time(row.created_at),
        "updatedAt": _time(row.updated_at),
    }


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
