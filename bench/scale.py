"""How much is measured."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scale:
    """How long and how often.

    Attributes:
        seconds: Duration of measurements under steady load.
        repetitions: How often short measurements are repeated; their median counts.
        is_quick: Leave out what takes long.
    """

    seconds: float
    repetitions: int
    is_quick: bool


FULL = Scale(seconds=10, repetitions=3, is_quick=False)
QUICK = Scale(seconds=3, repetitions=1, is_quick=True)
