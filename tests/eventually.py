"""Waiting for what comes sooner or later."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def eventually(
    look: Callable[[], T],
    is_good: Callable[[T], bool],
    *,
    within_seconds: float = 90,
    every_seconds: float = 0.03,
) -> T:
    """Return what ``look`` sees as soon as it is good; fail if that takes too long.

    The time is for machines under load: it costs nothing where all is well.
    """
    deadline = time.monotonic() + within_seconds
    while True:
        seen = look()
        if is_good(seen):
            return seen
        assert time.monotonic() < deadline, f"still {seen} after {within_seconds} s"
        time.sleep(every_seconds)
