"""Wakes due workflows on several threads, so that none of them keeps another waiting."""

from collections.abc import Callable
from queue import Empty, SimpleQueue
from time import monotonic, time
from typing import Final

from dalsegno_state.engine import Engine

_DUE_AT_ONCE: Final = 100
SLOW_SECONDS: Final = 1.0
_MAX_REMEMBERED: Final = 10_000
_TAKE_WAIT_SECONDS: Final = 1.0
# After a start, workers repeat the reports that found no server: what was due meanwhile waits.
_GRACE_SECONDS: Final = 5.0


class Waker:
    """Hands due workflows to threads; those that took long before share a thread of their own.

    Args:
        wall_seconds: The time since the epoch, as the wakes of workflows have it.
        grace_seconds: Wakes that were due before the start wait so long after it.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        wall_seconds: Callable[[], float] = time,
        grace_seconds: float = _GRACE_SECONDS,
    ) -> None:
        self._engine = engine
        self._wall_seconds = wall_seconds
        self._grace_seconds = grace_seconds
        self._started_at = wall_seconds()
        self._waking: set[str] = set()
        self._slow: dict[str, None] = {}  # oldest first
        self._quick_lane: SimpleQueue[str] = SimpleQueue()
        self._slow_lane: SimpleQueue[str] = SimpleQueue()

    def sweep(self) -> None:
        """Put the workflows that are due, and not in a thread's hands yet, into a lane."""
        for workflow in self._engine.due(_DUE_AT_ONCE + len(self._waking)):
            workflow_id = workflow.workflow_id
            if workflow_id in self._waking or self._is_in_grace(workflow.wake_at / 1000):
                continue
            self._waking.add(workflow_id)
            lane = self._slow_lane if workflow_id in self._slow else self._quick_lane
            lane.put(workflow_id)

    def wake_quick(self) -> None:
        """Wake the next workflow that is not known to be slow, or wait a moment for one."""
        self._wake_next(self._quick_lane)

    def wake_slow(self) -> None:
        """Wake the next workflow that took long before, or wait a moment for one."""
        self._wake_next(self._slow_lane)

    def _is_in_grace(self, wake_at_seconds: float) -> bool:
        is_over = self._wall_seconds() >= self._started_at + self._grace_seconds
        return not is_over and wake_at_seconds < self._started_at

    def _wake_next(self, lane: "SimpleQueue[str]") -> None:
        try:
            workflow_id = lane.get(timeout=_TAKE_WAIT_SECONDS)
        except Empty:
            return
        began = monotonic()
        try:
            self._engine.wake(workflow_id)
        finally:
            self._slow.pop(workflow_id, None)
            if monotonic() - began > SLOW_SECONDS:
                self._slow[workflow_id] = None
                while len(self._slow) > _MAX_REMEMBERED:
                    self._slow.pop(next(iter(self._slow)), None)
            self._waking.discard(workflow_id)
