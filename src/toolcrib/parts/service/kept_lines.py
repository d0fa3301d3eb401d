"""Parts of lists as JSON, kept in memory by the id and version of each: every change of a part raises its version."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import orjson
from sqlalchemy import DateTime, select, type_coerce

from toolcrib.kernel.context import Kernel
from toolcrib.kernel.database import Database
from toolcrib.kernel.long_work import FEW, pieces, turns
from toolcrib.kernel.newest import Newest
from toolcrib.parts.models import parts
from toolcrib.parts.service.contract_json import LISTED, part_line

NAME = "parts.lines"
# Together at most 80 MB; where parts have no long notes, 10.
MOST, LONGEST_BYTES = 20_000, 4_096
# What names the lines of a list, and when each ends: moments are UTC without an offset.
LISTED_KEYS = (
    parts.c.id,
    parts.c.version,
    type_coerce(parts.c.claim_ends_at, DateTime()).label("claim_ends_at"),
)


class KeptLines:
    def __init__(self) -> None:
        self._lines: Newest[tuple[int, int], bytes] = Newest(MOST)

    async def of(self, database: Database, heads: Sequence[Any], now: datetime) -> list[bytes]:
        """Return the JSON of these parts, in their order; those that are gone meanwhile are left out."""
        moment = now.astimezone(UTC).replace(tzinfo=None)
        found: dict[int, bytes] = {}
        missing: list[int] = []
        for part_id, version, ends_at in heads:
            line = self._lines.get((part_id, version)) if ends_at is None or ends_at > moment else None
            if line is None:
                missing.append(part_id)
            else:
                found[part_id] = line
        for some in pieces(missing, FEW):
            query = select(*LISTED, parts.c.version).where(parts.c.id.in_(some))
            async with database.read() as session:
                rows = (await session.execute(query)).all()
            async with turns().turn():
                for *row, version in rows:
                    part_id, ends_at = row[0], row[-1]
                    found[part_id] = orjson.dumps(part_line(row, moment), option=orjson.OPT_NAIVE_UTC)
                    # A claim that has run out is not to be seen in it, which no change tells.
                    if len(found[part_id]) <= LONGEST_BYTES and (ends_at is None or ends_at > moment):
                        self._lines.put((part_id, version), found[part_id])
        return [found[head.id] for head in heads if head.id in found]


def lines_of(kernel: Kernel) -> KeptLines:
    """Return what this process keeps."""
    kept: KeptLines = kernel.kinds.setdefault(NAME, KeptLines())
    return kept
