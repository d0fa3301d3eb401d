"""One figure: what was measured, against what, and the aim."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass
class Figure:
    """`aim` None is for orientation only. `detail` keeps the raw numbers behind `value`."""

    name: str
    value: float
    unit: str
    aim: float | None = None
    better: Literal["higher", "lower"] = "higher"
    detail: dict[str, Any] = field(default_factory=dict)

    @property
    def met(self) -> bool | None:
        if self.aim is None:
            return None
        return self.value >= self.aim if self.better == "higher" else self.value <= self.aim
