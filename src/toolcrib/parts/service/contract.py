"""Parts as the contract's clients list and write them (parts contract, section 4)."""

from __future__ import annotations

import secrets as random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, false, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.kernel.database import take_write_lock
from toolcrib.kernel.search import text_match
from toolcrib.parts import values as checks
from toolcrib.parts.after_claim import is_done
from toolcrib.parts.caller import Caller
from toolcrib.parts.errors import PartChanged
from toolcrib.parts.misc_info import with_worker
from toolcrib.parts.models import PENDING, parts
from toolcrib.parts.service.claiming import settle, up_to_date
from toolcrib.parts.service.contract_json import part_json
from toolcrib.parts.service.kept_lines import LISTED_KEYS
from toolcrib.parts.service.lookup import get_part
from toolcrib.parts.service.removing import remove_part
from toolcrib.parts.service.told import tell
from toolcrib.parts.service.writing import add, write

SORTS = {
    "name": parts.c.name,
    "status": parts.c.status,
    "assigned": parts.c.assigned,
    "created_at": parts.c.created_at,
    "updated_at": parts.c.updated_at,
    "category": parts.c.category,
    "material": parts.c.material,
    "subsystem": parts.c.subsystem,
    "amount": parts.c.amount,
    "id": parts.c.id,
}
SEARCHED = (
    parts.c.name,
    parts.c.notes,
    parts.c.subsystem,
    parts.c.assigned,
    parts.c.material,
    parts.c.part_number,
)


@dataclass(frozen=True, slots=True)
class Listing:
    """What is asked of a list. `limit` None: everything."""

    category: str | None = None
    search: str | None = None
    sort_by: str = "created_at"
    is_descending: bool = True
    limit: int | None = None
    offset: int = 0


async def list_parts(session: AsyncSession, scope: str, asked: Listing) -> tuple[list[Row[Any]], int]:
    """Return the LISTED_KEYS columns of a page's parts in their order, and how many match in all."""
    matches = conditions(scope, asked)
    column = SORTS.get(asked.sort_by, parts.c.created_at)
    order = (column, parts.c.id)
    query = select(*LISTED_KEYS).where(matches)
    query = query.order_by(*(each.desc() if asked.is_descending else each.asc() for each in order))
    if asked.limit is None or asked.limit <= 0:
        rows = list(await session.execute(query))
        return rows, len(rows)
    total = (await session.execute(select(func.count()).select_from(parts).where(matches))).scalar_one()
    rows = list(await session.execute(query.limit(asked.limit).offset(max(0, asked.offset))))
    return rows, total


def conditions(scope: str, asked: Listing) -> ColumnElement[bool]:
    if "\0" in f"{asked.category or ''}{asked.search or ''}":
        return false()  # no text has it, and PostgreSQL refuses to look for it
    found = [parts.c.scope == scope]
    if asked.category:
        found.append(parts.c.category == asked.category)
    if asked.search:
        found.append(or_(*(text_match(column, asked.search) for column in SEARCHED)))
    return and_(*found)


def new_row(values: Mapping[str, Any], scope: str, author: Any, now: datetime) -> dict[str, Any]:
    """Return all columns of a new part that nobody holds yet."""
    category, status = values.get("category") or "review", values.get("status") or PENDING
    return {
        "scope": scope,
        "type": None,
        "name": None,
        "material_thickness": None,
        "amount": 1,
        "notes": None,
        "file": None,
        "onshape_url": None,
        "misc_info": None,
        "priority": 0,
        "due_at": None,
        **values,
        "part_number": values.get("part_number") or random.token_hex(4),  # D14
        "assigned": None,
        "status": status,
        "category": category,
        "created_at": now,
        "updated_at": now,
        "version": 1,
        "author": author.username if author else None,
        "author_uuid": author.uuid if author else None,
        "completed_at": now if category == "completed" else None,
        "revision": 0,
        "recheck": False,
        "made": 0,
        "scrapped": 0,
    }


async def create(
    session: AsyncSession,
    caller: Caller,
    values: Mapping[str, Any],
    *,
    open_projects: bool,
    now: datetime,
) -> Row[Any]:
    """Add a part, and hold it for whoever it is assigned to."""
    await take_write_lock(session)
    row = new_row(values, caller.scope, caller.me, now)
    part_id = await add(session, parts, row)
    found = await get_part(session, caller.scope, part_id)
    await tell(session, found, "part_added", actor=caller.me.username, now=now, category=found.category)
    assigned = values.get("assigned")
    if not assigned:
        return found
    changed: dict[str, Any] = {"assigned": assigned}
    if found.type == "hand":
        changed["misc_info"] = with_worker(found.misc_info, assigned, now)
    return await _change(session, caller, found, changed, open_projects=open_projects, now=now)


async def open_for(session: AsyncSession, caller: Caller, part_id: int, now: datetime) -> Row[Any]:
    """Return a part that nobody else changes before the commit.

    Raises:
        PartNotFound: (404).
        PartChanged: it is not what the caller knows (409).
    """
    row = await up_to_date(session, await get_part(session, caller.scope, part_id, lock=True), now)
    if not caller.known.fits(row):
        raise PartChanged("Somebody changed the part since you read it.", {"part": part_json(row, now)})
    return row


async def update(
    session: AsyncSession,
    caller: Caller,
    part_id: int,
    sent: Mapping[str, Any],
    *,
    open_projects: bool,
    now: datetime,
) -> Row[Any]:
    """Change the fields that were sent.

    Raises:
        PartNotFound: (404).
        Refused: a value cannot be kept (400).
    """
    row = await open_for(session, caller, part_id, now)
    changed = checks.of_change(sent, dict(row._mapping))
    if not changed:
        return row
    if changed.get("assigned"):
        changed["misc_info"] = with_worker(changed.get("misc_info", row.misc_info), changed["assigned"], now)
    fields = sorted(changed)
    await tell(session, row, "part_changed", actor=caller.me.username, now=now, fields=fields)
    return await _change(session, caller, row, changed, open_projects=open_projects, now=now)


async def _change(
    session: AsyncSession,
    caller: Caller,
    row: Row[Any],
    changed: Mapping[str, Any],
    *,
    open_projects: bool,
    now: datetime,
) -> Row[Any]:
    claimed = await settle(session, row, changed, caller.me, caller.by, open_projects=open_projects, now=now)
    values = {**kept(row), **changed, **claimed, **completion(row, changed, now)}
    return await write(session, row, values, now)


def kept(row: Any) -> dict[str, Any]:
    """Return what stays of a part whatever the hook made of it."""
    names = ("assigned", "claimed_at", "status", "category", "misc_info")
    return {name: getattr(row, name) for name in names}


def completion(row: Any, changed: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """Return when the part was completed, as it follows from what changes."""
    was = is_done(row.category, row.status)
    now_done = is_done(changed.get("category", row.category), changed.get("status", row.status))
    if was == now_done:
        return {}
    return {"completed_at": now if now_done else None}


async def delete(session: AsyncSession, caller: Caller, part_id: int, *, now: datetime) -> None:
    """Remove a part with its files (D12).

    Raises:
        PartNotFound: (404).
    """
    row = await open_for(session, caller, part_id, now)
    await remove_part(session, row, caller.me, caller.by, now=now)
