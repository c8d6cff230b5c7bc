"""The starts in a sliding window, exact for up to 64 of them, and strict for any number."""

import json
from dataclasses import dataclass
from typing import Final, Self

from dalsegno.models import EpochMillis

# With more starts than this, those of one such part of the window count as of its latest: a
# little too strict rather than too lax, and the item stays under a KB or two.
_PARTS: Final = 64


@dataclass(frozen=True, slots=True)
class RateWindow:
    """When something started: times, ascending, with how many starts each stands for."""

    starts: tuple[tuple[EpochMillis, int], ...] = ()

    @classmethod
    def parse(cls, stored: str | None) -> Self:
        """Return the window that ``dump`` made a text of; an empty one for None."""
        if stored is None:
            return cls()
        return cls(tuple((at, starts) for at, starts in json.loads(stored)))

    def dump(self) -> str:
        """Return the window as text."""
        return json.dumps(self.starts, separators=(",", ":"))

    def since(self, after: EpochMillis) -> "RateWindow":
        """Return the starts after a time."""
        return RateWindow(tuple(start for start in self.starts if start[0] > after))

    def blocking(self, limit: int) -> EpochMillis | None:
        """Return the start that must leave the window before there is room for another."""
        room = limit
        for at, starts in reversed(self.starts):
            room -= starts
            if room <= 0:
                return at
        return None

    def with_start(self, now: EpochMillis, window_ms: int) -> "RateWindow":
        """Return the window with one more start in it."""
        if self.starts:
            latest, starts = self.starts[-1]
            now = max(now, latest)  # clocks differ a little between machines
            part_ms = max(1, window_ms // _PARTS)
            is_crowded = len(self.starts) >= _PARTS and now // part_ms == latest // part_ms
            if now == latest or is_crowded:
                return RateWindow((*self.starts[:-1], (now, starts + 1)))
        return RateWindow((*self.starts, (now, 1)))
