"""Workflows of three worker tasks, one after the other, by 1, 16 and 64 clients at once."""

import asyncio
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from bench import definitions
from bench.client import Connection
from bench.figures import Figure, percentile
from bench.scale import Scale
from bench.server import Server, running_server
from bench.workers import Task, Workers

STEPS = ["first", "second", "third"]
_WARM_UP_SECONDS = 2.0
_MOST_SLOTS = 16


@dataclass(slots=True)
class _Run:
    """What came of one number of clients."""

    clients: int
    seconds: float = 0.0
    server_cpu_seconds: float = 0.0
    generator_cpu_seconds: float = 0.0
    latencies_ms: list[float] = field(default_factory=list)
    requests: Counter[str] = field(default_factory=Counter)


class _Load:
    """Clients that start a workflow, wait until it has ended, and start the next."""

    def __init__(self, server: Server, clients: int) -> None:
        self._server = server
        self._run = _Run(clients)
        self._ended: dict[str, asyncio.Future[None]] = {}
        self._is_over = False

    async def measure(self, seconds: float) -> _Run:
        """Return what came of it."""
        run, port = self._run, self._server.port
        slots = min(run.clients, _MOST_SLOTS)
        setup = await Connection.open(port)
        await setup.register(definitions.chain("three_steps", STEPS))
        setup.close()
        workers = [
            await Workers.connect(step, port, slots, self._on_done, run.requests) for step in STEPS
        ]
        clients = [await Connection.open(port, run.requests) for _ in range(run.clients)]
        working = [asyncio.create_task(job.run()) for job in workers]
        starting = [asyncio.create_task(self._client(client)) for client in clients]
        await asyncio.sleep(_WARM_UP_SECONDS)
        await self._watch(seconds)
        self._is_over = True
        await asyncio.gather(*starting)
        for job in workers:
            job.stop()
        await asyncio.gather(*working)
        return run

    async def _watch(self, seconds: float) -> None:
        run = self._run
        run.requests.clear()
        run.latencies_ms.clear()
        began, server_began = time.perf_counter(), self._server.cpu_seconds()
        generator_began = time.process_time()
        await asyncio.sleep(seconds)
        run.seconds = time.perf_counter() - began
        run.server_cpu_seconds = self._server.cpu_seconds() - server_began
        run.generator_cpu_seconds = time.process_time() - generator_began
        run.requests = Counter(run.requests)
        run.latencies_ms = list(run.latencies_ms)

    async def _client(self, connection: Connection) -> None:
        while not self._is_over:
            latencies_ms = self._run.latencies_ms
            began = time.perf_counter()
            workflow_id = await connection.start("three_steps", {"order": "4711"})
            await self._end_of(workflow_id)
            latencies_ms.append((time.perf_counter() - began) * 1000)
            del self._ended[workflow_id]
        connection.close()

    def _on_done(self, task: Task) -> None:
        """Note the end of a workflow: the answer to its last update comes after its end."""
        if task["referenceTaskName"] == f"step_{len(STEPS) - 1}":
            ended = self._end_of(task["workflowInstanceId"])
            if not ended.done():
                ended.set_result(None)

    def _end_of(self, workflow_id: str) -> "asyncio.Future[None]":
        """Return the future of an end, whoever of client and worker asks first."""
        if workflow_id not in self._ended:
            self._ended[workflow_id] = asyncio.get_running_loop().create_future()
        return self._ended[workflow_id]


def measure(scale: Scale) -> Iterator[Figure]:
    """Yield throughput and time from start to end, for each number of clients."""
    for clients in (1, 16, 64):
        with running_server() as server:
            run = asyncio.run(_Load(server, clients).measure(scale.seconds))
        yield from _figures(run)


def _figures(run: _Run) -> Iterator[Figure]:
    who = f"{run.clients} client{'s' if run.clients > 1 else ''}"
    ended = len(run.latencies_ms)
    yield Figure(
        f"{who}: workflows",
        ended / run.seconds,
        "/s",
        at_least=470 if run.clients == 64 else None,
    )
    yield Figure(
        f"{who}: start to end, p50",
        percentile(run.latencies_ms, 50),
        "ms",
        at_most=7 if run.clients == 1 else None,
    )
    yield Figure(f"{who}: start to end, p99", percentile(run.latencies_ms, 99), "ms")
    yield Figure(f"{who}: requests", run.requests.total() / run.seconds, "/s")
    yield Figure(f"{who}: requests a workflow", run.requests.total() / ended, "")
    yield Figure(f"{who}: server CPU", run.server_cpu_seconds / ended * 1000, "ms a workflow")
    yield Figure(f"{who}: generator CPU", run.generator_cpu_seconds / run.seconds * 100, "%")
