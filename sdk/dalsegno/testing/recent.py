"""The runs of the test under way, to be shown if it fails."""

from collections import deque
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from dalsegno.testing.run import Run

_MOST: Final = 3
RECENT: Final[deque["Run"]] = deque(maxlen=_MOST)


def remember(run: "Run") -> None:
    """Keep a run in mind, among the last few."""
    RECENT.append(run)
