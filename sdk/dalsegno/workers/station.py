"""The tasks of one type: asked for as long as there are free slots, done, reported."""

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from dalsegno.errors import ConductorError
from dalsegno.models import Task, TaskResult
from dalsegno.workers.attempt import Attempt
from dalsegno.workers.backoff import Backoff
from dalsegno.workers.context import TaskContext
from dalsegno.workers.function import WorkerFunction
from dalsegno.workers.metrics import Metrics
from dalsegno.workers.outbox import Outbox
from dalsegno.workers.outcomes import Fail
from dalsegno.workers.polling import Polling
from dalsegno.workers.source import Ask, Deliveries, Delivery, Source
from dalsegno.workers.threads import Threads
from dalsegno.workers.watch import Watch

logger = logging.getLogger(__name__)

# Slots that become free together share a poll; nobody notices so short a wait.
_GATHER_SECONDS: Final = 0.01


@dataclass(frozen=True, slots=True)
class Habits:
    """How a station works.

    Attributes:
        concurrency: How many tasks it does at once.
        look_seconds: How often it asks whether a long task is still open.
    """

    concurrency: int
    polling: Polling
    look_seconds: float


class Station:
    """Does the tasks of one worker function."""

    def __init__(
        self,
        function: WorkerFunction[Any, Any],
        source: Source,
        habits: Habits,
        metrics: Metrics,
    ) -> None:
        self._function = function
        self._source = source
        self._habits = habits
        self._metrics = metrics
        self._outbox = Outbox(metrics)
        self._threads = Threads(f"worker-{function.task_type}")
        self._in_work: set[asyncio.Task[None]] = set()
        self._slot_freed = asyncio.Event()

    async def run(self, stopping: asyncio.Event) -> None:
        """Work until stopping; return once all that was in work then is done and reported."""
        backoff, empty_polls = Backoff(), 0
        while not stopping.is_set():
            free = await self._free_slots(stopping)
            if stopping.is_set():
                break
            try:
                deliveries = await self._receive(free)
            except Exception as error:  # noqa: BLE001 - whatever it is, tasks wait for a worker
                await self._rest(stopping, self._wait_after(error, backoff))
                continue
            backoff.succeed()
            empty_polls = 0 if deliveries else empty_polls + 1
            await self._begin(deliveries, stopping)
            if empty_polls:
                await self._rest(stopping, self._habits.polling.pause_after(empty_polls))
        while self._in_work:
            await asyncio.wait(self._in_work)
        self._threads.close()

    def abandon(self) -> None:
        """Give back what is in work; ``run`` returns once that is done."""
        for task in self._in_work:
            task.cancel()

    async def _free_slots(self, stopping: asyncio.Event) -> int:
        """Return how many tasks may be asked for, as soon as it is one; 0 if stopping."""
        if self._in_work:
            await asyncio.sleep(_GATHER_SECONDS)
        while len(self._in_work) >= self._habits.concurrency and not stopping.is_set():
            self._slot_freed.clear()
            waits = [asyncio.ensure_future(e.wait()) for e in (self._slot_freed, stopping)]
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            for wait in waits:
                wait.cancel()
        return self._habits.concurrency - len(self._in_work)

    async def _receive(self, free: int) -> Deliveries:
        deliveries = await self._source.receive(
            Ask(
                task_type=self._function.task_type,
                domain=self._function.domain,
                count=free,
                wait_seconds=self._habits.polling.wait_seconds,
            )
        )
        self._metrics.polled(self._function.task_type, len(deliveries))
        return deliveries

    def _wait_after(self, error: Exception, backoff: Backoff) -> float:
        self._metrics.poll_failed(self._function.task_type)
        seconds = backoff.next_seconds()
        known = isinstance(error, ConductorError)
        logger.warning(
            "no tasks of %s for %.1f s: %s",
            self._function.task_type,
            seconds,
            error,
            exc_info=None if known else error,
        )
        return seconds

    async def _rest(self, stopping: asyncio.Event, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await stopping.wait()

    async def _begin(self, deliveries: Deliveries, stopping: asyncio.Event) -> None:
        for delivery in deliveries:
            if stopping.is_set():
                await self._give_back(delivery)
                continue
            work = asyncio.create_task(self._work(delivery, stopping))
            self._in_work.add(work)
            work.add_done_callback(self._end_of)

    def _end_of(self, work: "asyncio.Task[None]") -> None:
        self._in_work.discard(work)
        self._slot_freed.set()
        if not work.cancelled() and (error := work.exception()) is not None:
            logger.error("a task of %s is left behind", self._function.task_type, exc_info=error)

    async def _work(self, delivery: Delivery, stopping: asyncio.Event) -> None:
        """Do a task, and those that come with the answers to results."""
        following = await self._do(delivery)
        while following is not None and not stopping.is_set():
            following = await self._do(following)
        if following is not None:
            await self._give_back(following)

    async def _do(self, delivery: Delivery) -> Delivery | None:
        """Do a task, and see its result taken; return another if one came with the answer."""
        task_type, began = self._function.task_type, time.monotonic()
        self._metrics.started(task_type, _waited_seconds(delivery.task))
        outcome = "CANCELED"
        try:
            result = await self._result(delivery)
            outcome = outcome if result is None else result.status.value
        except asyncio.CancelledError:
            await self._give_back(delivery)
            raise
        finally:
            self._metrics.ended(task_type, outcome, time.monotonic() - began)
        if result is not None:
            return await self._outbox.send(delivery, result)
        with suppress(ConductorError):
            await delivery.drop()
        return None

    async def _result(self, delivery: Delivery) -> TaskResult | None:
        """Return what became of a task; None if it was ended elsewhere meanwhile."""
        loop = asyncio.get_running_loop()
        watch = Watch(delivery, every_seconds=self._habits.look_seconds)
        context = TaskContext(
            delivery.task,
            on_progress=lambda: _soon(loop, watch.on_progress),
        )
        running = asyncio.create_task(self._run(context))
        watching = asyncio.create_task(watch.over(context))
        try:
            await asyncio.wait({running, watching}, return_when=asyncio.FIRST_COMPLETED)
            if not running.done() and self._function.is_async:
                running.cancel()
            await asyncio.wait({running})
        finally:
            running.cancel()
            async with watch.telling:
                watching.cancel()
        if context.cancelled:
            context.logger.warning("the task is not open any more; its result is not sent")
            return None
        return _result_of(running, context)

    async def _run(self, context: TaskContext) -> TaskResult:
        if self._function.is_async:
            return await self._function.run_async(context.task, context)
        return await self._threads.call(partial(self._function.run, context.task, context))

    async def _give_back(self, delivery: Delivery) -> None:
        try:
            await delivery.give_back()
        except ConductorError as error:
            logger.warning("task %s is not given back: %s", delivery.task.task_id, error)


def _soon(loop: asyncio.AbstractEventLoop, call: Callable[[], None]) -> None:
    with suppress(RuntimeError):  # the worker has stopped, and its function goes on
        loop.call_soon_threadsafe(call)


def _result_of(running: "asyncio.Task[TaskResult]", context: TaskContext) -> TaskResult:
    if running.cancelled():
        error: BaseException | None = Fail("the function was cancelled by what it awaited")
    else:
        error = running.exception()
    if error is None:
        return running.result()
    attempt = Attempt(context.task, context)
    with attempt:
        raise error if isinstance(error, Exception) else Fail(f"{type(error).__name__}: {error}")
    return attempt.result


def _waited_seconds(task: Task) -> float:
    """Return how long a task could have been taken before somebody took it."""
    if not task.scheduled_time:
        return 0.0
    visible_at = task.scheduled_time + task.callback_after_seconds * 1000
    return max(0.0, (task.start_time or time.time() * 1000) - visible_at) / 1000
