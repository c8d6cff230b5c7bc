"""A process's worth of worker functions: started, drained, stopped."""

import asyncio
import os
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

import httpx

from dalsegno.client import AsyncDalsegno, Retries
from dalsegno.workers.function import DEFAULT_CONCURRENCY, WorkerFunction
from dalsegno.workers.http import HttpSource
from dalsegno.workers.metrics import Metrics, NoMetrics, PrometheusMetrics
from dalsegno.workers.outcomes import SignatureError
from dalsegno.workers.polling import Polling
from dalsegno.workers.source import Source
from dalsegno.workers.station import Habits, Station

if TYPE_CHECKING:
    from dalsegno.workers.lambda_function import LambdaHandler
    from dalsegno.workers.sqs import SqsQueues

_GIVE_BACK_SECONDS: Final = 5.0


class Worker:
    """Does tasks: takes them, runs their functions, reports what came of it.

    Args:
        functions: What ``@worker`` made; one for each task type and domain.
        url: See ``Dalsegno``.
        auth: See ``Dalsegno``.
        queues: Takes the tasks from their SQS queues; if absent, the API is polled.
        worker_id: Shown with tasks; host and process if absent.
        concurrency: How many tasks of a type are done at once, if its function does not say.
        polling: How tasks are asked for, if a function does not say.
        grace_seconds: How long what is in work may take to end once the worker is to stop; what
            is not done then is given back.
        look_seconds: How often to ask whether a long task is still open.
        metrics: Is told what happens.
        metrics_port: Where Prometheus finds the metrics, on this host only; needs the extra
            ``metrics``.

    Raises:
        SignatureError: A function cannot be a worker as it is written.
    """

    def __init__(
        self,
        *functions: WorkerFunction[Any, Any],
        url: str | None = None,
        auth: httpx.Auth | None = None,
        queues: "SqsQueues | None" = None,
        worker_id: str | None = None,
        concurrency: int = DEFAULT_CONCURRENCY,
        polling: Polling | None = None,
        grace_seconds: float = 30.0,
        look_seconds: float = 30.0,
        metrics: Metrics | None = None,
        metrics_port: int | None = None,
    ) -> None:
        _check(functions)
        self.functions = functions
        self._url = url
        self._auth = auth
        self._queues = queues
        self._worker_id = worker_id or f"{socket.gethostname()}:{os.getpid()}"
        self._concurrency = concurrency
        self._polling = polling or Polling()
        self._grace_seconds = grace_seconds
        self._look_seconds = look_seconds
        self._metrics = metrics or (NoMetrics() if metrics_port is None else PrometheusMetrics())
        self._metrics_port = metrics_port
        self._stop = _Stop()
        self._thread: threading.Thread | None = None

    def run(self) -> None:
        """Work until SIGTERM or SIGINT; then take nothing more, end what is in work, and return.

        A second signal cuts the time of grace short. Elsewhere than in the main thread, no
        signals are heard, and ``stop`` ends it.
        """
        with self._stop.on_signals():
            asyncio.run(self._main())

    def start(self) -> None:
        """Begin to work, in a thread of its own."""
        self._stop = _Stop()
        self._thread = threading.Thread(target=self.run, name="worker", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Take nothing more; return when what is in work has ended, or its time of grace."""
        self._stop.ask()
        if self._thread is not None:
            self._thread.join()

    def lambda_handler(self) -> "LambdaHandler":
        """Return the handler of a Lambda function that does these tasks."""
        from dalsegno.workers.lambda_function import LambdaHandler

        return LambdaHandler(self.functions, url=self._url, auth=self._auth, queues=self._queues)

    def __enter__(self) -> Self:
        """Begin to work, in a thread of its own."""
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop."""
        self.stop()

    async def _main(self) -> None:
        if self._metrics_port is not None and isinstance(self._metrics, PrometheusMetrics):
            self._metrics.serve(self._metrics_port)
        stopping, hurrying = self._stop.listen()
        source = self._source()
        try:
            stations = [self._station(function, source) for function in self.functions]
            running = [asyncio.create_task(station.run(stopping)) for station in stations]
            await stopping.wait()
            await self._drain(stations, running, hurrying)
        finally:
            await source.close()

    async def _drain(
        self, stations: list[Station], running: list[asyncio.Task[None]], hurrying: asyncio.Event
    ) -> None:
        """Return when all is done and reported, or given back after the time of grace."""
        drained = asyncio.create_task(_all(running))
        hurry = asyncio.create_task(_set(hurrying))
        try:
            await asyncio.wait(
                {drained, hurry},
                timeout=self._grace_seconds,
                return_when=asyncio.FIRST_COMPLETED,
            )
            for station in stations:
                station.abandon()
            await asyncio.wait({drained}, timeout=_GIVE_BACK_SECONDS)
        finally:
            for task in (hurry, drained, *running):
                task.cancel()

    def _source(self) -> Source:
        # What is tried again, and how often, is the stations' affair.
        client = AsyncDalsegno(self._url, auth=self._auth, retries=Retries(attempts=1))
        if self._queues is None:
            return HttpSource(client, self._worker_id)
        from dalsegno.workers.sqs_source import SqsSource

        return SqsSource(self._queues, client, self._worker_id)

    def _station(self, function: WorkerFunction[Any, Any], source: Source) -> Station:
        habits = Habits(
            concurrency=function.concurrency or self._concurrency,
            polling=function.polling or self._polling,
            look_seconds=self._look_seconds,
        )
        return Station(function, source, habits, self._metrics)


async def _all(running: list[asyncio.Task[None]]) -> None:
    await asyncio.gather(*running)


async def _set(event: asyncio.Event) -> None:
    await event.wait()


class _Stop:
    """The wish to stop, from whatever thread; twice, and it is urgent."""

    def __init__(self) -> None:
        self._lock = threading.RLock()  # a signal may come to who holds it
        self._times = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._events: tuple[asyncio.Event, asyncio.Event] | None = None

    def listen(self) -> tuple[asyncio.Event, asyncio.Event]:
        """Return what is set when it is to stop, and when that is urgent; in this loop."""
        with self._lock:
            self._loop = asyncio.get_running_loop()
            self._events = (asyncio.Event(), asyncio.Event())
            self._tell()
            return self._events

    def ask(self, *_: int | FrameType | None) -> None:
        """Ask to stop, as a signal's handler or otherwise."""
        with self._lock:
            self._times += 1
            if self._loop is not None and not self._loop.is_closed():
                self._loop.call_soon_threadsafe(self._tell)

    @contextmanager
    def on_signals(self) -> Iterator[None]:
        """Ask when the process is told to end."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        numbers = (signal.SIGTERM, signal.SIGINT)
        before = {number: signal.signal(number, self.ask) for number in numbers}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _tell(self) -> None:
        for event, _ in zip(self._events or (), range(self._times), strict=False):
            event.set()


def _check(functions: tuple[WorkerFunction[Any, Any], ...]) -> None:
    """Have every mistake in a signature tell of itself now; two functions share no type."""
    known: set[tuple[str, str | None]] = set()
    for function in functions:
        if not isinstance(function, WorkerFunction):
            raise SignatureError(f"{function!r} is no worker: put @worker above it")
        _ = function.signature
        key = (function.task_type, function.domain)
        if key in known:
            raise SignatureError(f"two workers of task type {function.task_type}: name one apart")
        known.add(key)
