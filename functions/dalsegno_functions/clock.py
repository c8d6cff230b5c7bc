"""Time as the machine tells it."""

import time

from dalsegno.models import EpochMillis


class SystemClock:
    """See ``Clock``."""

    def now(self) -> EpochMillis:
        """See ``Clock.now``."""
        return time.time_ns() // 1_000_000
