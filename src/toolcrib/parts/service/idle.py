"""Parts that somebody has and does nothing with: a reminder first, then they return to the board."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import select, update

from toolcrib.kernel.claims import service as claims
from toolcrib.kernel.claims.commands import ForceRelease, Group
from toolcrib.kernel.claims.models import claims as claim_table
from toolcrib.kernel.context import Kernel
from toolcrib.kernel.database import take_write_lock
from toolcrib.kernel.failure_words import database_failure, failure_in_words
from toolcrib.kernel.identity.models import RetiredName
from toolcrib.parts.models import parts
from toolcrib.parts.service.lookup import ref_of
from toolcrib.parts.service.project_rules import ProjectRules, all_rules, rules_of
from toolcrib.parts.service.told import tell

log = structlog.get_logger()

AT_ONCE = 500


async def look_after_idle(kernel: Kernel, now: datetime) -> None:
    """Remind holders, and return parts to the board, each in a transaction of its own.

    A part with which this fails stops none of the others. It is logged, tried again at the next turn, and fails this
    one. A database that fails ends it at once.
    """
    async with kernel.database.read() as session:
        default = await rules_of(session, kernel.settings, "")
        rules = await all_rules(session, kernel.settings)
        shortest = _shortest([default, *rules.values()])
        if shortest is None:
            return
    idle = select(parts.c.id, parts.c.scope, parts.c.active_at, parts.c.reminded_at).where(
        parts.c.claim_fence.is_not(None), parts.c.active_at <= now - timedelta(hours=shortest)
    )
    failed: list[Exception] = []
    last = 0
    while True:
        async with kernel.database.read() as session:
            page = idle.where(parts.c.id > last).order_by(parts.c.id).limit(AT_ONCE)
            rows = (await session.execute(page)).all()
        for row in rows:
            rule = rules.get(row.scope, default)
            if _is_due(rule.return_hours, row.active_at, now) or (
                row.reminded_at is None and _is_due(rule.remind_hours, row.active_at, now)
            ):
                try:
                    await _remind_or_return(kernel, row.id, rule, now)
                except Exception as error:
                    if database_failure(error) is not None:
                        raise
                    log.error("idle_part_not_looked_after", part=row.id, error=failure_in_words(error))
                    failed.append(error)
        if len(rows) < AT_ONCE:
            break
        last = rows[-1].id
    if failed:
        raise failed[0]


def _shortest(rules: list[ProjectRules]) -> int | None:
    hours = [each for rule in rules for each in (rule.remind_hours, rule.return_hours) if each]
    return min(hours, default=None)


def _is_due(hours: int, since: datetime, now: datetime) -> bool:
    return bool(hours) and since <= now - timedelta(hours=hours)


async def _remind_or_return(kernel: Kernel, part_id: int, rule: ProjectRules, now: datetime) -> None:
    async with kernel.database.write() as session:
        await take_write_lock(session)
        row: Any = (await session.execute(select(parts).where(parts.c.id == part_id))).first()
        if row is None or row.claim_fence is None or row.active_at is None:
            return
        if _is_due(rule.return_hours, row.active_at, now):
            reason = f"Nothing was done with it for {rule.return_hours} hours."
            ended = ForceRelease(ref_of(row), None, reason, row.claim_fence, refusable=False)
            await claims.run_groups(session, [Group([ended])], now=now)
            log.info("part_returned", part=part_id)
        elif row.reminded_at is None and _is_due(rule.remind_hours, row.active_at, now):
            await tell(session, row, "claim_idle", actor=None, now=now, holder=row.assigned)
            await session.execute(update(parts).where(parts.c.id == part_id).values(reminded_at=now))


async def show_names_of_now(kernel: Kernel, _now: datetime) -> None:
    """Have parts show the present name of holders who were renamed since they took them."""
    outdated = (
        select(parts.c.id, claim_table.c.holder, RetiredName.name)
        .join(claim_table, claim_table.c.fence == parts.c.claim_fence)
        .join(RetiredName, RetiredName.user_uuid == parts.c.holder_uuid)
        .where(parts.c.assigned == RetiredName.name, parts.c.assigned != claim_table.c.holder)
    )
    async with kernel.database.read() as session:
        rows = (await session.execute(outdated.limit(AT_ONCE))).all()
    for row in rows:
        async with kernel.database.write() as session:
            mine = update(parts).where(parts.c.id == row.id, parts.c.assigned == row.name)
            await session.execute(mine.values(assigned=row.holder, version=parts.c.version + 1))
