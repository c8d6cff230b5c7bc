"""A DO_WHILE around one worker task, and one around a script: 1,000 and 10,000 turns."""

import asyncio
import time
from collections.abc import Iterator
from statistics import median

from bench import definitions
from bench.client import Connection
from bench.figures import Figure
from bench.scale import Scale
from bench.server import running_server

_LOOK_SECONDS = 0.01


def measure(scale: Scale) -> Iterator[Figure]:
    """Yield the time of a turn, at the beginning and at the end."""
    with running_server() as server:
        for turns in (1_000,) if scale.is_quick else (1_000, 10_000):
            times = asyncio.run(_with_worker(server.port, turns))
            first, last = median(times[: turns // 10]), median(times[-turns // 10 :])
            who = f"{turns:,} turns, worker"
            yield Figure(f"{who}: a turn in the first tenth", first, "ms")
            yield Figure(f"{who}: a turn in the last tenth", last, "ms")
            yield Figure(f"{who}: growth", (last / first - 1) * 100, "%", at_most=5)
            seconds = asyncio.run(_with_script(server.port, turns))
            yield Figure(f"{turns:,} turns, script: each", seconds / turns * 1000, "ms")


async def _with_worker(port: int, turns: int) -> list[float]:
    connection = await Connection.open(port)
    name = f"loop_{turns}"
    await connection.register(definitions.loop(name, definitions.worker("turn", "turn"), turns))
    workflow_id = await connection.start(name)
    tasks = await connection.poll("turn", 1)
    times = []
    following = tasks[0] if tasks else None
    while following is not None:
        began = time.perf_counter()
        following = await connection.complete(following)
        times.append((time.perf_counter() - began) * 1000)
    await _end_of(connection, workflow_id)
    connection.close()
    assert len(times) == turns
    return times


async def _with_script(port: int, turns: int) -> float:
    connection = await Connection.open(port)
    name = f"script_loop_{turns}"
    await connection.register(definitions.loop(name, definitions.script("turn"), turns))
    began = time.perf_counter()
    await _end_of(connection, await connection.start(name))
    seconds = time.perf_counter() - began
    connection.close()
    return seconds


async def _end_of(connection: Connection, workflow_id: str) -> None:
    while (status := await connection.status(workflow_id)) == "RUNNING":
        await asyncio.sleep(_LOOK_SECONDS)
    assert status == "COMPLETED"
