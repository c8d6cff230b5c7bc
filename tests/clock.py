"""A clock that tests move by hand."""

from dalsegno.models import EpochMillis
from tests.builders import NOW


class ManualClock:
    """See ``Clock``; time stands still until it is advanced."""

    def __init__(self, now: EpochMillis = NOW) -> None:
        self._now = now

    def now(self) -> EpochMillis:
        """See ``Clock.now``."""
        return self._now

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self._now += round(seconds * 1000)
