"""What somebody asks of the pool."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from toolcrib.kernel.stored_json import report_damage
from toolcrib.machines.models import reservations


@dataclass(frozen=True, slots=True)
class Wanted:
    """`count` machines, or as few as `at_least`: these `names`, or any that `tags` fits, of `scope` or of any."""

    count: int = 1
    at_least: int = 1
    names: tuple[str, ...] = ()
    tags: str | None = None
    scope: str | None = None

    def as_json(self) -> dict[str, Any]:
        return {
            "count": self.count,
            "at_least": self.at_least,
            "names": list(self.names),
            "tags": self.tags,
            "scope": self.scope,
        }

    @classmethod
    def of(cls, row: Any) -> Wanted:
        """What the row of a reservation says. If it cannot be read, no machine: so its reservation gets none."""
        try:
            return cls(**{**row.wanted, "names": tuple(row.wanted["names"])})
        except (KeyError, TypeError):
            report_damage(reservations.name, row.id)
            return cls(count=0)

    @property
    def is_damaged(self) -> bool:
        return self.count == 0
