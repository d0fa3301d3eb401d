"""What a caller knows of a part that they change: nothing is overwritten that they have not seen."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from toolcrib.kernel.claims.schemas import in_utc


@dataclass(frozen=True, slots=True)
class Known:
    """What the caller says that the part is; what they do not say is not checked. `tags` are those of If-Match."""

    tags: frozenset[str] | None = None
    updated_at: datetime | None = None

    def fits(self, row: Any) -> bool:
        if self.tags is not None and "*" not in self.tags and str(row.version) not in self.tags:
            return False
        return self.updated_at is None or self.updated_at == row.updated_at


NOTHING_KNOWN = Known()


def tags_of(header: str | None) -> frozenset[str] | None:
    """Return the tags of an If-Match header; None if there is none."""
    if header is None:
        return None
    return frozenset(each.strip().removeprefix("W/").strip('"') for each in header.split(","))


def moment_of(text: Any) -> datetime | None:
    """Return the moment that a client sends as `updatedAt`; None if it sends none.

    Raises:
        ValueError: it is no moment.
        InvalidRequest: it lies outside the years that can be kept (400).
    """
    if text is None or text == "":
        return None
    return in_utc(datetime.fromisoformat(str(text)))
