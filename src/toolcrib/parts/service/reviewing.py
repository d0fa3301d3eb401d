"""Reviewing: who may approve, and what becomes of the files that are approved."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.kernel.identity.principal import AccessDenied, Principal
from toolcrib.parts.errors import ReviewerIsAuthor
from toolcrib.parts.models import part_files
from toolcrib.parts.service.project_rules import rules_of
from toolcrib.settings import Settings


async def refuse_own_review(
    session: AsyncSession, settings: Settings, row: Any, me: Principal, *, shared: bool
) -> None:
    """Where the project wants that, refuse that somebody approves what they brought.

    Raises:
        ReviewerIsAuthor: (409).
        AccessDenied: the shared key was used, which names nobody (403).
    """
    rules = await rules_of(session, settings, row.scope)
    if not rules.reviewer_is_not_author:
        return
    if shared:
        raise AccessDenied("Here another person than the author approves: use a personal API key.")
    newest = (
        select(part_files.c.by_uuid)
        .where(part_files.c.part_id == row.id, part_files.c.is_current)
        .where(part_files.c.by_uuid == me.uuid)
    )
    if row.author_uuid == me.uuid or (await session.execute(newest)).first() is not None:
        raise ReviewerIsAuthor("Somebody else than the author approves a part here.")


async def approve_files(session: AsyncSession, row: Any, who: str, *, now: datetime) -> str | None:
    """Give the newest model and drawing the next letter, if they have none. Returns the letter, if one was given."""
    mine = part_files.c.part_id == row.id
    fresh = select(part_files.c.id).where(mine, part_files.c.is_current, part_files.c.label.is_(None))
    ids = list(await session.scalars(fresh))
    if not ids:
        return None
    used = select(func.count(part_files.c.label.distinct())).where(mine, part_files.c.label.is_not(None))
    label = letter((await session.execute(used)).scalar_one())
    approved = update(part_files).where(part_files.c.id.in_(ids))
    await session.execute(approved.values(label=label, approved_at=now, approved_by=who))
    return label


def letter(index: int) -> str:
    """Return A, B, …, Z, AA, AB, … for 0, 1, …"""
    text = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        text = chr(ord("A") + rest) + text
    return text
