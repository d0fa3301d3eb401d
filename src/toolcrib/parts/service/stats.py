"""Figures about parts (parts contract, section 8)."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.parts.misc_info import workers
from toolcrib.parts.models import BOARDS, CATEGORIES, COMPLETED, IN_PROGRESS, PENDING, part_counts, parts
from toolcrib.parts.service.each_part import for_each

DISTRIBUTION = ("< 1 hour", "1-4 hours", "4-8 hours", "8-24 hours", "> 24 hours")
_LIMITS = (1, 4, 8, 24)
CONTRIBUTORS = 5
SHOWN_PEOPLE = 50
WEEKS = 26


async def stats(session: AsyncSession, scope: str) -> dict[str, Any]:
    """Count rows, not pieces."""
    mine = parts.c.scope == scope
    by_category = await _counts(session, parts.c.category, mine)
    by_status = await _counts(session, parts.c.status, mine)
    shown = {category: by_category.get(category, 0) for category in CATEGORIES}
    held = select(func.count()).where(mine, parts.c.assigned.is_not(None))
    assigned = (await session.execute(held)).scalar_one()
    return {
        "by_category": shown,
        "by_status": {
            "pending": by_status.get(PENDING, 0),
            "in_progress": by_status.get(IN_PROGRESS, 0),
            "completed": by_status.get(COMPLETED, 0),
        },
        "assignment": {"assigned": assigned, "unassigned": sum(by_category.values()) - assigned},
        "total": sum(shown.values()),
    }


async def _counts(session: AsyncSession, column: Any, condition: Any) -> dict[str, int]:
    rows = await session.execute(select(column, func.count()).where(condition).group_by(column))
    return {value: count for value, count in rows}  # noqa: C416 - rows are no pairs to the type checker


async def leaderboard(session: AsyncSession, scope: str) -> list[dict[str, Any]]:
    """Score who completed parts: highest first."""
    query = select(parts.c.assigned, parts.c.misc_info).where(
        parts.c.scope == scope, parts.c.category == "completed"
    )
    scores: defaultdict[str, float] = defaultdict(float)

    def add(row: Any) -> None:
        if row.assigned:
            scores[row.assigned] += -1 if (row.misc_info or {}).get("completedIncorrectly") else 1
        for worker in workers(row.misc_info):
            name = worker.get("name") if isinstance(worker, dict) else None
            if isinstance(name, str) and name and name != row.assigned:
                scores[name] += 0.5

    await for_each(session, query, add)
    ranked = sorted(scores.items(), key=lambda each: (-each[1], each[0]))
    return [{"name": name, "score": score} for name, score in ranked]


async def detailed(session: AsyncSession, scope: str) -> dict[str, Any]:
    """What a newer client of the contract asks for: amounts, and how long parts took."""
    columns = (parts.c.category, parts.c.type, parts.c.status, parts.c.amount, parts.c.assigned)
    query = select(*columns, parts.c.claimed_at, parts.c.created_at, parts.c.completed_at)
    by_type: Counter[str] = Counter(dict.fromkeys(BOARDS, 0))
    by_category: Counter[str] = Counter(dict.fromkeys(CATEGORIES, 0))
    people: Counter[str] = Counter()
    sums: Counter[str] = Counter()
    hours: list[float] = []

    def add(row: Any) -> None:
        sums["total"] += row.amount
        by_category[row.category] += row.amount
        by_type[row.type if row.type in BOARDS else "hand"] += row.amount
        if row.status == IN_PROGRESS:
            sums["in_progress"] += row.amount
        if row.category == "completed":
            sums["completed"] += row.amount
            if row.assigned:
                people[row.assigned] += row.amount
            if row.completed_at is not None:
                hours.append(_hours(row))

    await for_each(session, query.where(parts.c.scope == scope), add)
    return {
        "total_parts": sums["total"],
        "completed_parts": sums["completed"],
        "in_progress_parts": sums["in_progress"],
        "average_completion_time": round(sum(hours) / len(hours), 2) if hours else None,
        "completion_time_distribution": distribution(hours),
        "by_type": dict(by_type),
        "by_category": dict(by_category),
        "top_contributors": [
            {"name": name, "count": count} for name, count in people.most_common(CONTRIBUTORS)
        ],
    }


def _hours(row: Any) -> float:
    """Return how long a completed part took."""
    return float(max(0.0, (row.completed_at - (row.claimed_at or row.created_at)).total_seconds() / 3600))


def distribution(hours: list[float]) -> dict[str, int]:
    found = dict.fromkeys(DISTRIBUTION, 0)
    for each in hours:
        found[DISTRIBUTION[sum(each >= limit for limit in _LIMITS)]] += 1
    return found


async def shop_stats(session: AsyncSession, scope: str, now: datetime) -> dict[str, Any]:
    """Return the figures of our own page: rows, pieces, scrap, lateness, who made what, and how it went by week."""
    columns = ("category", "status", "amount", "made", "scrapped", "due_at", "blocked_at", "assigned")
    query = select(*(parts.c[name] for name in (*columns, "claimed_at", "created_at", "completed_at")))
    sums: Counter[str] = Counter()
    hours: list[float] = []
    weeks: Counter[str] = Counter()

    def add(row: Any) -> None:
        sums["wanted"] += row.amount
        sums["made"] += row.made
        sums["scrapped"] += row.scrapped
        if row.category != "completed":
            sums["blocked"] += row.blocked_at is not None
            sums["overdue"] += row.due_at is not None and row.due_at < now and row.status != "Cancelled"
        elif row.completed_at is not None:
            hours.append(_hours(row))
            year, week, _ = row.completed_at.isocalendar()
            weeks[f"{year}-W{week:02}"] += 1

    await for_each(session, query.where(parts.c.scope == scope), add)
    mine = (part_counts.c.part_id == parts.c.id, parts.c.scope == scope)
    reasons = select(part_counts.c.reason, func.sum(part_counts.c.scrapped)).where(*mine)
    scrap = await session.execute(reasons.where(part_counts.c.scrapped > 0).group_by(part_counts.c.reason))
    return {
        **await stats(session, scope),
        "quantities": {name: sums[name] for name in ("wanted", "made", "scrapped")},
        "scrap_reasons": {row[0]: int(row[1]) for row in scrap},
        "overdue": sums["overdue"],
        "blocked": sums["blocked"],
        "hours": {
            "average": round(sum(hours) / len(hours), 2) if hours else None,
            "distribution": distribution(hours),
        },
        "per_week": [{"week": week, "completed": weeks[week]} for week in sorted(weeks)[-WEEKS:]],
        "leaderboard": await leaderboard(session, scope),
        "contributors": await _contributors(session, scope),
    }


async def _contributors(session: AsyncSession, scope: str) -> list[dict[str, Any]]:
    pieces = (
        select(part_counts.c.by, func.sum(part_counts.c.made))
        .where(part_counts.c.part_id == parts.c.id, parts.c.scope == scope)
        .group_by(part_counts.c.by)
    )
    made = {row[0]: int(row[1]) for row in await session.execute(pieces) if row[0]}
    completed = await session.execute(
        select(parts.c.assigned, func.count())
        .where(parts.c.scope == scope, parts.c.category == "completed", parts.c.assigned.is_not(None))
        .group_by(parts.c.assigned)
    )
    done = {row[0]: row[1] for row in completed}
    people = [
        {"name": name, "completed": done.get(name, 0), "made": made.get(name, 0)} for name in done | made
    ]
    return sorted(people, key=lambda each: (-each["completed"], -each["made"], each["name"]))[:SHOWN_PEOPLE]
