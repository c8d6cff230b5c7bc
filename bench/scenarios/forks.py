"""Dynamic forks of 100, 1,000 and 10,000 worker tasks, until they are joined."""

import asyncio
import time
from collections import Counter
from collections.abc import Iterator
from statistics import median

from bench import definitions
from bench.client import Connection
from bench.figures import Figure
from bench.scale import Scale
from bench.server import running_server
from bench.workers import Workers

_SLOTS = 8
_LOOK_SECONDS = 0.01


def measure(scale: Scale) -> Iterator[Figure]:
    """Yield the time of each width, and how it grows."""
    seconds: dict[int, float] = {}
    for width in (100, 1_000, 10_000):
        repetitions = 1 if width == 10_000 else scale.repetitions
        with running_server() as server:
            runs = [asyncio.run(_run(server.port, width)) for _ in range(repetitions)]
        seconds[width] = median(runs)
        yield Figure(f"{width:,} branches: start to end", seconds[width], "s")
        yield Figure(f"{width:,} branches: each", seconds[width] / width * 1000, "ms")
    yield Figure("10,000 : 1,000", seconds[10_000] / seconds[1_000], "×", at_most=10.5)


async def _run(port: int, width: int) -> float:
    connection = await Connection.open(port)
    await connection.register(definitions.fork("fork"))
    workers = await Workers.connect("part", port, _SLOTS, lambda _: None, Counter())
    working = asyncio.create_task(workers.run())
    began = time.perf_counter()
    workflow_id = await connection.start("fork", definitions.fork_input("part", width))
    while await connection.status(workflow_id) == "RUNNING":
        await asyncio.sleep(_LOOK_SECONDS)
    seconds = time.perf_counter() - began
    assert await connection.status(workflow_id) == "COMPLETED"
    workers.stop()
    await working
    connection.close()
    return seconds
