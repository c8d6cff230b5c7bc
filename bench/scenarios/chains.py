"""Worker tasks one after the other, 50 and 2,000: what a step costs at the beginning and end."""

import asyncio
import time
from collections.abc import Iterator
from statistics import median

from bench import definitions
from bench.client import Connection
from bench.figures import Figure
from bench.scale import Scale
from bench.server import running_server

_SHORT = 50
_LONG = 2_000


def measure(scale: Scale) -> Iterator[Figure]:
    """Yield the time of a step in the first and the last tenth of each chain."""
    with running_server() as server:
        short = asyncio.run(_runs(server.port, _SHORT, 10 * scale.repetitions))
        yield from _figures(_SHORT, short)
        yield from _figures(_LONG, asyncio.run(_runs(server.port, _LONG, scale.repetitions)))


async def _runs(port: int, steps: int, runs: int) -> list[list[float]]:
    connection = await Connection.open(port)
    name = f"chain_{steps}"
    await connection.register(definitions.chain(name, ["link"] * steps))
    times = [await _run(connection, name) for _ in range(runs)]
    connection.close()
    return times


async def _run(connection: Connection, name: str) -> list[float]:
    """Return the milliseconds from update to update, each of which hands out the next task."""
    workflow_id = await connection.start(name, {"order": "4711"})
    tasks = await connection.poll("link", 1)
    times = []
    following = tasks[0] if tasks else None
    while following is not None:
        began = time.perf_counter()
        following = await connection.complete(following)
        times.append((time.perf_counter() - began) * 1000)
    assert await connection.status(workflow_id) == "COMPLETED"
    return times


def _figures(steps: int, runs: list[list[float]]) -> Iterator[Figure]:
    tenth = steps // 10
    first = median(value for run in runs for value in run[:tenth])
    last = median(value for run in runs for value in run[-tenth:])
    yield Figure(f"{steps:,} steps: a step in the first tenth", first, "ms")
    yield Figure(f"{steps:,} steps: a step in the last tenth", last, "ms")
    yield Figure(f"{steps:,} steps: growth", (last / first - 1) * 100, "%", at_most=5)
