"""Threads for functions that block; one that never ends does not keep the process from ending."""

import asyncio
import contextvars
import threading
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from typing import TypeVar

T = TypeVar("T")

_Job = Callable[[], None]


class Threads:
    """Runs functions in threads that are made as needed, and used again.

    ``concurrent.futures`` waits for its threads when the process ends, however long that takes.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._idle = 0
        self._count = 0

    async def call(self, function: Callable[[], T]) -> T:
        """Return what a function returns, or raise what it raises.

        If this is cancelled the function goes on, and nobody hears of it.
        """
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[T] = loop.create_future()
        context = contextvars.copy_context()

        def work() -> None:
            try:
                value = context.run(function)
            except BaseException as error:  # noqa: BLE001 - raised where it is awaited
                _tell(loop, self._failed, answer, error)
            else:
                _tell(loop, self._done, answer, value)

        if self._idle:
            self._idle -= 1
        else:
            self._count += 1
            name = f"{self._name}-{self._count}"
            threading.Thread(target=self._serve, name=name, daemon=True).start()
        self._jobs.put(work)
        return await answer

    def close(self) -> None:
        """Let the threads end once they are done."""
        for _ in range(self._count):
            self._jobs.put(None)

    def _serve(self) -> None:
        while (job := self._jobs.get()) is not None:
            job()

    def _done(self, answer: "asyncio.Future[T]", value: T) -> None:
        self._idle += 1
        if not answer.done():
            answer.set_result(value)

    def _failed(self, answer: "asyncio.Future[T]", error: BaseException) -> None:
        self._idle += 1
        if not answer.done():
            answer.set_exception(error)


def _tell(loop: asyncio.AbstractEventLoop, *call: object) -> None:
    with suppress(RuntimeError):  # the loop is closed: nobody waits any more
        loop.call_soon_threadsafe(*call)  # type: ignore[arg-type]  # a function and its arguments
