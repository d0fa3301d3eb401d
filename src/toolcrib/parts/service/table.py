"""Parts as a table: CSV in and out."""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from pydantic import ValidationError
from sqlalchemy import Row, func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.kernel import long_work
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
# Empty ones included.
MOST_LINES = 20_000
MOST_COLUMNS = 500
# In characters; the longest part that can be added is a fourth of it.
LONGEST_ROW = 200_000
# So many characters are read in one go: a millisecond or two, whatever they are.
PIECE = 65_536
# In one statement.
AT_ONCE = 500
# Spreadsheets take what begins so for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def columns_line() -> str:
    """Return the first line of a table: the names of the columns."""
    return _line(EXPORTED)


async def part_lines(rows: Sequence[Any]) -> str:
    """Return the lines of these parts in a table."""
    return "".join(await long_work.each(lambda row: _line([_cell(cell) for cell in row]), rows))


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


async def read_table(raw: bytes) -> list[NewPart]:
    """Read the parts of a table. The first line names the columns, in any order and case; others are left out.

    Others are served meanwhile, and it ends at the hundredth problem.

    Raises:
        ImportProblems: no part can be read (400): `details.problems` has line, field and message of each.
    """
    try:
        reading = _Reading(raw.decode("utf-8-sig"))
        while not reading.is_over:
            async with long_work.turns().turn():
                reading.go_on()
    except (csv.Error, UnicodeDecodeError) as error:
        raise _refused([_problem(0, None, f"This is no CSV: {error}")]) from None
    if reading.problems:
        raise _refused(reading.problems)
    if not reading.found:
        raise _refused([_problem(1, None, "There is no part in the table.")])
    return reading.found


class _Reading:
    """A table that is read a piece at a time. `problems` are what is wrong with it so far."""

    def __init__(self, text: str) -> None:
        self.found: list[NewPart] = []
        self.problems: list[Mapping[str, Any]] = []
        self.is_over = False
        self._characters = _Characters(text)
        self._rows = csv.reader(self._characters, strict=True)
        self._names: list[str | None] = []
        self._rows_seen = self._rows_filled = 0

    def go_on(self) -> None:
        """Read a few rows, fewer if they are long."""
        size = 0
        for _ in range(long_work.FEW):
            line = self._rows.line_num + 1
            row = next(self._rows, None)
            size += self._characters.of_row
            self._characters.of_row = 0
            self._rows_seen += 1
            if row is None:
                self.is_over = True
            elif self._rows_seen > MOST_LINES:
                self._give_up(f"A table has at most {MOST_LINES} lines.")
            elif any(cell.strip() for cell in row):
                self._rows_filled += 1
                self._take(row, line)
            if self.is_over or size > PIECE:
                return

    def _take(self, row: list[str], line: int) -> None:
        """Take a row that is not empty and begins in this line."""
        if self._rows_filled == 1:
            if len(row) > MOST_COLUMNS:
                self._give_up(f"A table has at most {MOST_COLUMNS} columns.")
            self._names = [_name(cell) for cell in row[:MOST_COLUMNS]]
            return
        if self._rows_filled > MOST_ROWS + 1:
            self._give_up(f"A table has at most {MOST_ROWS} parts.")
            return
        cells = {name: _read_cell(cell.strip()) for name, cell in zip(self._names, row, strict=False) if name}
        try:
            self.found.append(NewPart(**{name: cell for name, cell in cells.items() if cell != ""}))
        except ValidationError as bad:
            self.problems += [
                _problem(line, str(each["loc"][0]), each["msg"])
                for each in bad.errors(include_url=False, include_input=False)
            ]
            self.is_over = len(self.problems) >= MOST_PROBLEMS

    def _give_up(self, message: str) -> None:
        self.problems = [_problem(0, None, message)]
        self.is_over = True


class _Characters(Iterator[str]):
    """The lines of a text, as long as a row, which may have several, is not too long."""

    def __init__(self, text: str) -> None:
        self._lines = io.StringIO(text, newline="")  # a line may also end in a carriage return alone
        self.of_row = 0

    def __next__(self) -> str:
        line = next(self._lines)
        self.of_row += len(line)
        if self.of_row > LONGEST_ROW:
            raise csv.Error(f"a row has more than {LONGEST_ROW} characters")
        return line


def _problem(line: int, field: str | None, message: str) -> dict[str, Any]:
    return {"line": line, "field": field, "message": message}


def _name(cell: str) -> str | None:
    name = cell.strip().lower().replace(" ", "_").replace("-", "_")
    name = ALIASES.get(name, name)
    return name if name in COLUMNS else None


def _refused(problems: Sequence[Mapping[str, Any]]) -> ImportProblems:
    if len(problems) >= MOST_PROBLEMS:
        text = f"Nothing was added: {MOST_PROBLEMS} problems or more."
    elif len(problems) > 1:
        text = f"Nothing was added: {len(problems)} problems."
    else:
        text = str(problems[0]["message"])
    return ImportProblems(text, {"problems": list(problems[:MOST_PROBLEMS])})


async def import_parts(session: AsyncSession, doer: Doer, scope: str, found: list[NewPart]) -> list[int]:
    """Add all parts of a table, to be reviewed. Returns their ids."""
    doer.me.require(scope, "member")
    made = await long_work.each(
        lambda part: new_row(
            part.model_dump(exclude={"steps", "materials", "project"}), scope, doer.me, doer.now
        ),
        found,
    )
    await take_write_lock(session)
    before = (await session.execute(select(func.coalesce(func.max(parts.c.id), 0)))).scalar_one()
    for some in long_work.pieces(made, AT_ONCE):
        await session.execute(insert(parts), some)
    columns = (parts.c.id, parts.c.scope, parts.c.part_number, parts.c.name, parts.c.category)
    added = select(*columns).where(parts.c.id > before, parts.c.scope == scope).order_by(parts.c.id)
    rows = (await session.execute(added)).all()
    for piece in long_work.pieces(rows, long_work.PIECE):
        await asyncio.sleep(0)
        for row in piece:
            await tell(
                session, row, "part_added", actor=doer.me.username, now=doer.now, category=row.category
            )
    return [row.id for row in rows]


async def rows_of(
    session: AsyncSession, scope: str, category: str | None, *, after: int, limit: int
) -> Sequence[Row[Any]]:
    """Return the parts that come after the one with this id, at most `limit`."""
    query = select(*(parts.c[name] for name in EXPORTED)).where(parts.c.scope == scope, parts.c.id > after)
    if category:
        query = query.where(parts.c.category == category)
    return (await session.execute(query.order_by(parts.c.id).limit(limit))).all()
