"""Parts as a table: CSV in and out."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from pydantic import ValidationError
from sqlalchemy import Row, func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.kernel.database import take_write_lock
from toolcrib.parts.errors import ImportProblems
from toolcrib.parts.models import parts
from toolcrib.parts.service.contract import new_row
from toolcrib.parts.service.opening import Doer
from toolcrib.parts.service.told import tell
from toolcrib.parts.views import NewPart

COLUMNS = (
    *("part_number", "name", "type", "material", "material_thickness", "amount", "subsystem", "notes"),
    *("onshape_url", "priority", "due_at"),
)
EXPORTED = (
    *("id", *COLUMNS, "status", "category", "assigned", "author", "reviewer", "made", "scrapped"),
    *("created_at", "completed_at"),
)
# Other spellings of columns, and the contract's.
ALIASES = {
    "partid": "part_number",
    "part_id": "part_number",
    "materialthickness": "material_thickness",
    "thickness": "material_thickness",
    "quantity": "amount",
    "onshapeurl": "onshape_url",
    "due": "due_at",
    "due_date": "due_at",
}
MOST_ROWS = 5_000
MOST_PROBLEMS = 100
# In one statement.
AT_ONCE = 500
# Spreadsheets take what begins so for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def write_table(rows: Iterable[Any]) -> Iterator[str]:
    """Yield the lines of a table, beginning with the names of the columns."""
    yield _line(EXPORTED)
    for row in rows:
        yield _line([_cell(getattr(row, name)) for name in EXPORTED])


def _line(cells: Iterable[Any]) -> str:
    out = io.StringIO()
    csv.writer(out).writerow(cells)
    return out.getvalue()


def _cell(value: Any) -> Any:
    if value is None:
        return ""
    if hasattr(value, "isoformat"):
        return value.isoformat()
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return value


def _read_cell(value: str) -> str:
    return value[1:] if value.startswith("'") and value[1:].startswith(_FORMULA) else value


def read_table(raw: bytes) -> list[NewPart]:
    """Read the parts of a table. The first line names the columns, in any order and case; others are left out.

    Raises:
        ImportProblems: no part can be read (400): `details.problems` has line, field and message of each.
    """
    try:
        lines = list(csv.reader(io.StringIO(raw.decode("utf-8-sig")), strict=True))
    except (csv.Error, UnicodeDecodeError) as error:
        raise _refused([{"line": 0, "field": None, "message": f"This is no CSV: {error}"}]) from None
    lines = [line for line in lines if any(cell.strip() for cell in line)] if lines else []
    if len(lines) < 2:
        raise _refused([{"line": 1, "field": None, "message": "There is no part in the table."}])
    if len(lines) > MOST_ROWS + 1:
        raise _refused([{"line": 0, "field": None, "message": f"A table has at most {MOST_ROWS} parts."}])
    names = [_name(cell) for cell in lines[0]]
    found, problems = [], []
    for number, line in enumerate(lines[1:], 2):
        cells = {name: _read_cell(cell.strip()) for name, cell in zip(names, line, strict=False) if name}
        try:
            found.append(NewPart(**{name: cell for name, cell in cells.items() if cell != ""}))
        except ValidationError as bad:
            problems += [
                {"line": number, "field": str(each["loc"][0]), "message": each["msg"]}
                for each in bad.errors()
            ]
    if problems:
        raise _refused(problems)
    return found


def _name(cell: str) -> str | None:
    name = cell.strip().lower().replace(" ", "_").replace("-", "_")
    name = ALIASES.get(name, name)
    return name if name in COLUMNS else None


def _refused(problems: Sequence[Mapping[str, Any]]) -> ImportProblems:
    text = (
        f"Nothing was added: {len(problems)} problems." if len(problems) > 1 else str(problems[0]["message"])
    )
    return ImportProblems(text, {"problems": list(problems[:MOST_PROBLEMS])})


async def import_parts(session: AsyncSession, doer: Doer, scope: str, found: list[NewPart]) -> list[int]:
    """Add all parts of a table, to be reviewed. Returns their ids."""
    doer.me.require(scope, "member")
    await take_write_lock(session)
    before = (await session.execute(select(func.coalesce(func.max(parts.c.id), 0)))).scalar_one()
    lines = []
    for part in found:
        values = part.model_dump(exclude={"steps", "materials", "project"})
        lines.append(new_row(values, scope, doer.me, doer.now))
    for start in range(0, len(lines), AT_ONCE):
        await session.execute(insert(parts), lines[start : start + AT_ONCE])
    columns = (parts.c.id, parts.c.scope, parts.c.part_number, parts.c.name, parts.c.category)
    added = select(*columns).where(parts.c.id > before, parts.c.scope == scope).order_by(parts.c.id)
    rows = (await session.execute(added)).all()
    for row in rows:
        await tell(session, row, "part_added", actor=doer.me.username, now=doer.now, category=row.category)
    return [row.id for row in rows]


async def rows_of(session: AsyncSession, scope: str, category: str | None) -> list[Row[Any]]:
    query = select(parts).where(parts.c.scope == scope).order_by(parts.c.id)
    if category:
        query = query.where(parts.c.category == category)
    return list(await session.execute(query))
