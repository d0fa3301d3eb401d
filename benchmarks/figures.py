"""One figure: what was measured, against what, and the aim."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from benchmarks.load import Report


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


def compared(
    what: str,
    than: str,
    pairs: Sequence[tuple[Report, Report]],
    names: tuple[str, str],
    aims: tuple[float, float],
) -> list[Figure]:
    """The rate and the slowest 1 % of the first of each pair against the second, which `than` says. The pairs were
    taken one after the other, so that a noisy machine bothers both; `names` are those of the two in the details."""
    return [
        Figure(
            f"{what}: rate, {than}",
            statistics.median(one.rate / other.rate for one, other in pairs),
            "×",
            aim=aims[0],
            detail={
                f"{name}_per_second": [round(pair[side].rate) for pair in pairs]
                for side, name in enumerate(names)
            },
        ),
        Figure(
            f"{what}: slowest 1 %, {than}",
            statistics.median(one.p99_ms / other.p99_ms for one, other in pairs),
            "×",
            aim=aims[1],
            better="lower",
            detail={
                f"{name}_p99_ms": [round(pair[side].p99_ms, 1) for pair in pairs]
                for side, name in enumerate(names)
            },
        ),
    ]
