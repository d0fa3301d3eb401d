"""How a project works: its own rules, else the settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.kernel.database import take_write_lock
from toolcrib.kernel.events import log as event_log
from toolcrib.parts.models import KIND, part_rules
from toolcrib.settings import Settings

LAST_STEPS = ("inspected", "picked_up")
SCRAP_REASONS = (
    "dimension",
    "surface",
    "wrong_material",
    "tool_broke",
    "program",
    "setup",
    "handling",
    "other",
)


@dataclass(frozen=True, slots=True)
class ProjectRules:
    last_step: str | None
    reviewer_is_not_author: bool
    scrap_reasons: list[str]
    remind_hours: int
    return_hours: int


async def rules_of(session: AsyncSession, settings: Settings, scope: str) -> ProjectRules:
    row = (await session.execute(select(part_rules).where(part_rules.c.scope == scope))).first()
    return _joined(row, settings)


def _joined(row: Any, settings: Settings) -> ProjectRules:
    def own(name: str, default: Any) -> Any:
        found = getattr(row, name) if row is not None else None
        return default if found is None else found

    return ProjectRules(
        last_step=own("last_step", None),
        reviewer_is_not_author=own("reviewer_is_not_author", settings.parts_reviewer_is_not_author),
        scrap_reasons=list(own("scrap_reasons", {}).get("codes", SCRAP_REASONS)),
        remind_hours=own("remind_hours", settings.parts_remind_hours),
        return_hours=own("return_hours", settings.parts_return_hours),
    )


async def all_rules(session: AsyncSession, settings: Settings) -> dict[str, ProjectRules]:
    """Return the rules of the projects that have their own, by scope."""
    return {row.scope: _joined(row, settings) for row in await session.execute(select(part_rules))}


async def set_rules(
    session: AsyncSession, scope: str, values: Mapping[str, Any], *, actor: str, now: datetime
) -> None:
    """Change the rules of a project. The caller has checked them, and who asks."""
    await take_write_lock(session)
    known = (await session.execute(select(part_rules.c.scope).where(part_rules.c.scope == scope))).first()
    if known is None:
        await session.execute(insert(part_rules).values(scope=scope, **values))
    else:
        await session.execute(update(part_rules).where(part_rules.c.scope == scope).values(**values))
    project = scope.partition(":")[2]
    await event_log.record(
        session,
        "part_rules_changed",
        kind=KIND,
        key=project,
        actor=actor,
        now=now,
        scope=scope,
        fields=sorted(values),
    )
