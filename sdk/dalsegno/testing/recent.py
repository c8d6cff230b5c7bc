"""The runs of the test under way, to be shown if it fails."""

from collections import deque
from typing import Final

_MOST: Final = 3
RECENT: Final[deque[object]] = deque(maxlen=_MOST)


def remember(run: object) -> None:
    """Keep a run in mind, whose text tells what happened, among the last few."""
    RECENT.append(run)
