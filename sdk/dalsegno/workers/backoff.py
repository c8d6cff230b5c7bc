"""How long to wait before something that failed is tried again."""

import random
from dataclasses import dataclass


@dataclass(slots=True)
class Backoff:
    """Waits that grow with each failure, each between half and all of its length."""

    first_seconds: float = 0.1
    longest_seconds: float = 20.0
    failures: int = 0

    def next_seconds(self) -> float:
        """Note a failure; return how long to wait."""
        most = min(self.longest_seconds, self.first_seconds * 2 ** min(self.failures, 16))
        self.failures += 1
        return random.uniform(most / 2, most)  # noqa: S311 - nobody gains by guessing it

    def succeed(self) -> None:
        """Begin anew."""
        self.failures = 0
