"""A clock that tests move by hand."""

from dalsegno.models import EpochMillis
from dalsegno.testing import clock
from tests.builders import NOW


class ManualClock(clock.ManualClock):
    """See ``dalsegno.testing.clock.ManualClock``; begins at the time of the builders."""

    def __init__(self, now: EpochMillis = NOW) -> None:
        super().__init__(now)
