"""Watches over a task in hand: keeps its lease, tells of progress, learns of its end elsewhere."""

import asyncio
import logging
import time
from typing import Final

from dalsegno.errors import ConductorError
from dalsegno.workers.context import TaskContext
from dalsegno.workers.source import Delivery

logger = logging.getLogger(__name__)

# A lease is renewed when so much of it is over: there is time for another attempt.
_RENEWED_AFTER: Final = 0.4
_LEAST_SECONDS: Final = 0.05
_BETWEEN_PROGRESS_SECONDS: Final = 0.5


class Watch:
    """Looks after a task while its function runs.

    Args:
        every_seconds: How often to ask whether the task is still open.

    Attributes:
        telling: Held while the server is told something; a result must not overtake that.
    """

    def __init__(self, delivery: Delivery, *, every_seconds: float) -> None:
        self._delivery = delivery
        self._every_seconds = every_seconds
        self._renewed_at = time.monotonic()
        self._has_progress = asyncio.Event()
        self.telling = asyncio.Lock()

    def on_progress(self) -> None:
        """Note that there is progress to tell; on the event loop."""
        self._has_progress.set()

    async def over(self, context: TaskContext) -> None:
        """Return once the task is not open any more; then its context says so."""
        looked_at = time.monotonic()
        while True:
            if self._has_progress.is_set():
                self._has_progress.clear()
                if not await self._renew(context):
                    self._has_progress.set()  # told when the server is back
                await asyncio.sleep(_BETWEEN_PROGRESS_SECONDS)
                continue
            await self._pause(looked_at)
            if time.monotonic() - looked_at >= self._every_seconds:
                looked_at = time.monotonic()
                if not await self._is_open():
                    context.cancel()
                    return
            if self._lease_used() >= _RENEWED_AFTER:
                await self._renew(context)

    async def _pause(self, looked_at: float) -> None:
        """Wait until there is something to do."""
        now = time.monotonic()
        times = [looked_at + self._every_seconds]
        if self._delivery.lease_seconds > 0:
            times.append(self._renewed_at + self._delivery.lease_seconds * _RENEWED_AFTER)
        try:
            async with asyncio.timeout(max(_LEAST_SECONDS, min(times) - now)):
                await self._has_progress.wait()
        except TimeoutError:
            return

    def _lease_used(self) -> float:
        seconds = self._delivery.lease_seconds
        return (time.monotonic() - self._renewed_at) / seconds if seconds > 0 else 0

    async def _is_open(self) -> bool:
        try:
            return await self._delivery.is_open()
        except ConductorError as error:
            logger.debug("cannot ask after task %s: %s", self._delivery.task.task_id, error)
            return True

    async def _renew(self, context: TaskContext) -> bool:
        began = time.monotonic()
        try:
            async with self.telling:
                await self._delivery.renew(context.told)
        except ConductorError as error:
            logger.warning(
                "the lease of task %s is not renewed: %s", self._delivery.task.task_id, error
            )
            await asyncio.sleep(min(1.0, self._delivery.lease_seconds / 20))
            return False
        self._renewed_at = began
        return True
