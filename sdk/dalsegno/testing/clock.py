"""Time that stands still until somebody moves it."""

from typing import Final

from dalsegno.models import EpochMillis

# 2026-01-01T00:00:00Z: the same in each run, so that what depends on a date does so each time.
BEGINNING: Final[EpochMillis] = 1_767_225_600_000


class ManualClock:
    """See ``Clock`` of the engine; moved by hand."""

    def __init__(self, now: EpochMillis = BEGINNING) -> None:
        self._now = now

    def now(self) -> EpochMillis:
        """Return the time in epoch milliseconds."""
        return self._now

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self._now += round(seconds * 1000)

    def advance_to(self, at: EpochMillis) -> None:
        """Let time pass up to a moment, unless that is past."""
        self._now = max(self._now, at)
