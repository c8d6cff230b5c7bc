"""Threads that start at the same moment."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TypeVar

T = TypeVar("T")


def race(runners: int, run: Callable[[int], T]) -> list[T]:
    """Return what ``run(0)``, ``run(1)``, … return, each called in a thread of its own."""
    start = Barrier(runners)

    def runner(number: int) -> T:
        start.wait()
        return run(number)

    with ThreadPoolExecutor(runners) as threads:
        return list(threads.map(runner, range(runners)))
