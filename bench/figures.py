"""What was measured, beside what it may cost."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """Whether a figure keeps its budget."""

    PASS = "pass"  # noqa: S105  # not a password
    MISS = "miss"
    NONE = ""


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured value.

    Attributes:
        at_most: Its budget, where less is better.
        at_least: Its budget, where more is better.
    """

    name: str
    value: float
    unit: str
    at_most: float | None = None
    at_least: float | None = None

    @property
    def verdict(self) -> Verdict:
        """Whether the budget is kept."""
        if self.at_most is not None:
            return Verdict.PASS if self.value <= self.at_most else Verdict.MISS
        if self.at_least is not None:
            return Verdict.PASS if self.value >= self.at_least else Verdict.MISS
        return Verdict.NONE

    @property
    def budget(self) -> str:
        """The budget in words; empty if there is none."""
        if self.at_most is not None:
            return f"≤ {self.at_most:g}"
        return "" if self.at_least is None else f"≥ {self.at_least:g}"

    def to_json(self) -> dict[str, object]:
        """Return the figure with its verdict, for a file."""
        return {**asdict(self), "verdict": self.verdict.value}


def percentile(values: Sequence[float], percent: float) -> float:
    """Return the value that ``percent`` of the values do not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]
