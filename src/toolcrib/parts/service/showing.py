"""Parts as our own routes show them, with what belongs to them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.kernel.claims.models import claims
from toolcrib.parts import conversion
from toolcrib.parts.after_claim import after_end
from toolcrib.parts.models import (
    CURRENT_STEP,
    StepState,
    part_files,
    part_materials,
    part_reservations,
    part_resources,
    part_steps,
)
from toolcrib.parts.service.files import STEP, files_of
from toolcrib.parts.service.lookup import is_over
from toolcrib.parts.service.project_rules import all_rules, rules_of
from toolcrib.settings import Settings

# In one statement.
AT_ONCE = 500
COPIED = (
    *("id", "part_number", "name", "type", "material", "material_thickness", "amount", "subsystem", "notes"),
    *("category", "onshape_url", "misc_info", "author", "reviewer", "created_at", "updated_at", "version"),
    *("completed_at", "priority", "due_at", "file", "revision"),
)


async def shown_part(session: AsyncSession, settings: Settings, row: Any, now: datetime) -> dict[str, Any]:
    """Return one part with its files, steps and materials."""
    (found,) = await shown_parts(session, settings, [row], now)
    files = await files_of(session, row.id)
    models = await conversion.shown(session, {file.sha256 for file in files if file.kind == STEP})
    rows = await _steps(session, [row.id])
    return {
        **found,
        "files": [file_json(file, models.get(file.sha256)) for file in files],
        "steps": [step_json(step, row) for step in rows],
        "materials": await _materials(session, row.id),
    }


async def shown_parts(
    session: AsyncSession, settings: Settings, rows: Sequence[Any], now: datetime
) -> list[dict[str, Any]]:
    """Return parts without what is long of them."""
    found: list[dict[str, Any]] = []
    rules = await all_rules(session, settings)
    default = await rules_of(session, settings, "")
    for start in range(0, len(rows), AT_ONCE):
        page = rows[start : start + AT_ONCE]
        ids = [row.id for row in page]
        newest = await _newest(session, ids)
        models = await conversion.shown(session, {file.sha256 for file in newest.values()})
        steps = {step.part_id: step for step in await _steps(session, ids, CURRENT_STEP)}
        holders = await _holders(session, [row.claim_fence for row in page if row.claim_fence is not None])
        for row in page:
            step, file = steps.get(row.id), newest.get(row.id)
            model = None if file is None else models.get(file.sha256)
            found.append(
                {
                    **_part(row, holders.get(row.claim_fence), now),
                    "revision_label": None if file is None else file.label,
                    "conversion": model,
                    "thumbnail": model is not None and model["thumbnail"],
                    "step": None if step is None else step_json(step, row),
                    "last_step": rules.get(row.scope, default).last_step,
                }
            )
    return found


def _part(row: Any, holder: str | None, now: datetime) -> dict[str, Any]:
    over = is_over(row, now)
    is_held = row.claim_fence is not None and not over
    return {
        **{name: getattr(row, name) for name in COPIED},
        "project": row.scope.partition(":")[2],
        "status": after_end(row.status) if over else row.status,
        "assigned": None if over else row.assigned,
        "claimed_at": None if over else row.claimed_at,
        "claim": {
            "fence": row.claim_fence,
            "holder": holder or row.assigned,
            "expires_at": row.claim_ends_at,
            "recheck": row.recheck,
            "revision": row.claimed_revision,
        }
        if is_held
        else None,
        "quantities": {
            "wanted": row.amount,
            "made": row.made,
            "scrapped": row.scrapped,
            "remaining": max(0, row.amount - row.made),
        },
        "blocked": _said(row, "blocked"),
        "rework": _said(row, "rework"),
        "last_step_done": {"at": row.last_step_at, "by": row.last_step_by} if row.last_step_at else None,
    }


def _said(row: Any, what: str) -> dict[str, Any] | None:
    if getattr(row, f"{what}_at") is None:
        return None
    return {name: getattr(row, f"{what}_{name}") for name in ("reason", "at", "by")}


def file_json(file: Any, model: dict[str, Any] | None) -> dict[str, Any]:
    names = ("id", "name", "kind", "revision", "label", "approved_at", "approved_by", "sha256", "size")
    shown = {name: getattr(file, name) for name in (*names, "at", "by", "note", "is_current")}
    return {**shown, "conversion": model}


def step_json(step: Any, row: Any) -> dict[str, Any]:
    resource = None
    if step.resource_name is not None:
        resource = {"id": step.resource_id, "name": step.resource_name, "kind": step.resource_kind}
    is_going_on = step.state == StepState.IN_PROGRESS and row.assigned
    names = (
        "id",
        "position",
        "process",
        "board",
        "state",
        "note",
        "started_at",
        "finished_at",
        "finished_by",
    )
    return {
        **{name: getattr(step, name) for name in names},
        "person": row.assigned if is_going_on else step.person,
        "resource": resource,
    }


async def _steps(
    session: AsyncSession, ids: Sequence[int], states: Sequence[str] | None = None
) -> Sequence[Row[Any]]:
    query = (
        select(
            part_steps,
            part_resources.c.name.label("resource_name"),
            part_resources.c.kind.label("resource_kind"),
        )
        .outerjoin(part_resources, part_resources.c.id == part_steps.c.resource_id)
        .where(part_steps.c.part_id.in_(ids))
        .order_by(part_steps.c.part_id, part_steps.c.position)
    )
    if states is not None:
        query = query.where(part_steps.c.state.in_(states))
    return (await session.execute(query)).all()


async def _newest(session: AsyncSession, ids: Sequence[int]) -> dict[int, Any]:
    """Return the newest STEP file of each part that has one."""
    query = select(part_files.c.part_id, part_files.c.label, part_files.c.sha256).where(
        part_files.c.part_id.in_(ids), part_files.c.kind == STEP, part_files.c.is_current
    )
    rows: Sequence[Any] = (await session.execute(query)).all()
    return {row.part_id: row for row in rows}


async def _holders(session: AsyncSession, fences: Sequence[int]) -> dict[int, str]:
    query = select(claims.c.fence, claims.c.holder).where(claims.c.fence.in_(fences))
    return {row.fence: row.holder for row in await session.execute(query)}


async def _materials(session: AsyncSession, part_id: int) -> list[dict[str, Any]]:
    query = (
        select(part_materials, part_reservations.c.quantity, part_reservations.c.is_used)
        .join(part_reservations, part_reservations.c.material_id == part_materials.c.id)
        .where(part_reservations.c.part_id == part_id)
        .order_by(part_materials.c.name)
    )
    return [
        {
            "id": row.id,
            "name": row.name,
            "unit": row.unit,
            "quantity": row.quantity,
            "state": "used" if row.is_used else "reserved",
        }
        for row in await session.execute(query)
    ]
