"""What goes on behind the API: evaluations, system tasks and due workflows."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from threading import Event, Thread
from typing import Final, TypeAlias

from dalsegno_functions.local.waker import Waker
from dalsegno_state.engine import (
    EVALUATOR_QUEUE,
    EVENTS_QUEUE,
    SYSTEM_QUEUES,
    WORKERS_PER_HOST,
    Engine,
)
from dalsegno_state.ports import Queues, Received
from dalsegno_state.versions import NewerVersionError

logger = logging.getLogger(__name__)

_SWEEP_EVERY_SECONDS: Final = 0.2
_REMOVE_EVERY_SECONDS: Final = 1.0
_ANNOUNCE_EVERY_SECONDS: Final = 60.0
_RECEIVE_WAIT_SECONDS: Final = 1.0  # how long a stop may take to be noticed
_PAUSE_AFTER_FAILURE_SECONDS: Final = 1.0
_LONGEST_POSTPONE_SECONDS: Final = 60.0
_DELIVERIES: Final = 20
# More than one host may keep busy, so that a slow one leaves some to the others.
_SYSTEM_WORKERS: Final = WORKERS_PER_HOST + 4

Work: TypeAlias = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Consumer:
    """Hands the messages of one queue to ``work``.

    A message is deleted once its work is done. If that fails it comes again, later and later;
    after ``_DELIVERIES`` it is dropped, because the table is the truth: the workflow's wake
    brings back whatever is really due. What only a newer version can read is kept for it.

    Attributes:
        count: How many messages to take at once.
        visibility_seconds: By when they must be done, or others get them.
    """

    queues: Queues
    queue: str
    work: Work
    count: int
    visibility_seconds: int

    def run_once(self) -> None:
        """Wait a moment for messages and work on them."""
        received = self.queues.receive(
            self.queue,
            count=self.count,
            wait_seconds=_RECEIVE_WAIT_SECONDS,
            visibility_seconds=self.visibility_seconds,
        )
        done = [message.receipt for message in received if self._finish(message)]
        if done:
            self.queues.delete(self.queue, done)

    def _finish(self, message: Received) -> bool:
        """Return whether the message may be deleted."""
        try:
            self.work(message.body)
        except NewerVersionError as error:
            logger.warning("a message of queue %s is left: %s", self.queue, error)
            self.queues.postpone(self.queue, message.receipt, _LONGEST_POSTPONE_SECONDS)
            return False
        except Exception:  # one message must not stop the others
            logger.exception("a message of queue %s failed: %.200s", self.queue, message.body)
            if message.delivery_count >= _DELIVERIES:
                return True
            delay_seconds = min(2.0**message.delivery_count, _LONGEST_POSTPONE_SECONDS)
            self.queues.postpone(self.queue, message.receipt, delay_seconds)
            return False
        return True


class Background:
    """The threads that do what the cloud's queues and timers cause Lambda functions to do."""

    def __init__(
        self,
        engine: Engine,
        queues: Queues,
        *,
        evaluators: int = 2,
        system_workers: int = _SYSTEM_WORKERS,
        wakers: int = 4,
    ) -> None:
        self._stopping = Event()
        evaluator = Consumer(
            queues, EVALUATOR_QUEUE, engine.evaluate, count=10, visibility_seconds=60
        )
        self._threads = [self._thread("evaluator", evaluator.run_once) for _ in range(evaluators)]
        events = Consumer(
            queues, EVENTS_QUEUE, lambda body: _take_event(engine, body), 10, visibility_seconds=60
        )
        self._threads.append(self._thread("events", events.run_once))
        waker = Waker(engine)
        self._threads.append(self._thread("sweeper", lambda: self._sweep(waker)))
        self._threads += [self._thread("waker", waker.wake_quick) for _ in range(wakers)]
        self._threads.append(self._thread("slow-waker", waker.wake_slow))
        self._threads.append(self._thread("removal", lambda: self._remove(engine)))
        self._threads.append(self._thread("scheduler", lambda: self._announce(engine)))
        for queue in SYSTEM_QUEUES:
            # One at a time: a slow call must not make the others behind it late.
            system = Consumer(queues, queue, engine.run_system_task, count=1, visibility_seconds=15)
            self._threads += [
                self._thread(queue.lower(), system.run_once) for _ in range(system_workers)
            ]

    def start(self) -> None:
        """Start the threads; they end with the process, or earlier by ``stop``."""
        for thread in self._threads:
            thread.start()

    def stop(self, timeout_seconds: float) -> None:
        """Have every thread end after what it is doing, and wait so long for that."""
        self._stopping.set()
        each_seconds = timeout_seconds / len(self._threads)
        for thread in self._threads:
            thread.join(each_seconds)

    def _thread(self, name: str, turn: Callable[[], None]) -> Thread:
        return Thread(target=self._repeat, args=(turn,), name=name, daemon=True)

    def _repeat(self, turn: Callable[[], None]) -> None:
        while not self._stopping.is_set():
            try:
                turn()
            except Exception:  # such as a full disk: it may pass
                if self._stopping.is_set():
                    return
                logger.exception("background work failed, trying again")
                self._stopping.wait(_PAUSE_AFTER_FAILURE_SECONDS)

    def _sweep(self, waker: Waker) -> None:
        waker.sweep()
        self._stopping.wait(_SWEEP_EVERY_SECONDS)

    def _remove(self, engine: Engine) -> None:
        engine.sweep_out()
        self._stopping.wait(_REMOVE_EVERY_SECONDS)

    def _announce(self, engine: Engine) -> None:
        engine.scheduler.announce()
        self._stopping.wait(_ANNOUNCE_EVERY_SECONDS)


def _take_event(engine: Engine, body: str) -> None:
    """Take an event in; one that no handler is there for is remembered, and goes no further."""
    from dalsegno_state.engine.event_intake import UnmatchedEventError

    try:
        engine.take_event(body)
    except UnmatchedEventError as error:
        logger.warning("%s", error)
