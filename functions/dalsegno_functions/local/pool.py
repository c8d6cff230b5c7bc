"""Threads that run blocking work for an event loop."""

from asyncio import AbstractEventLoop, Future, InvalidStateError, get_running_loop
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from threading import Semaphore, Thread
from typing import Any, TypeAlias, TypeVar

T = TypeVar("T")

_Job: TypeAlias = tuple[Callable[[], Any], "Future[Any]", AbstractEventLoop]


class ThreadPool:
    """At most ``size`` threads, started when first needed.

    The threads are daemons: what they do is durable at every step, so the process need not
    wait for them when it ends. The standard library's pool insists on waiting, and costs
    twice as much per call.
    """

    def __init__(self, name: str, size: int) -> None:
        self._name = name
        self._size = size
        self._started = 0
        self._idle = Semaphore(0)
        self._jobs: SimpleQueue[_Job] = SimpleQueue()

    def run(self, work: Callable[[], T]) -> "Future[T]":
        """Return the future of ``work``; to be called from one event loop only."""
        loop = get_running_loop()
        future: Future[T] = loop.create_future()
        self._jobs.put((work, future, loop))
        if not self._idle.acquire(blocking=False) and self._started < self._size:
            self._started += 1
            name = f"{self._name}-{self._started}"
            Thread(target=self._work, name=name, daemon=True).start()
        return future

    def _work(self) -> None:
        while True:
            work, future, loop = self._jobs.get()
            try:
                result = work()
            except BaseException as error:  # noqa: BLE001 - it is handed over to the caller
                _tell(loop, future, None, error)
            else:
                _tell(loop, future, result, None)
            self._idle.release()


def _tell(
    loop: AbstractEventLoop, future: "Future[Any]", result: object, error: BaseException | None
) -> None:
    with suppress(RuntimeError):  # the loop is closed: nobody waits any more
        loop.call_soon_threadsafe(_settle, future, result, error)


def _settle(future: "Future[Any]", result: object, error: BaseException | None) -> None:
    with suppress(InvalidStateError):  # the request was cancelled
        if error is None:
            future.set_result(result)
        else:
            future.set_exception(error)
