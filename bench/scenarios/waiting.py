"""10,000 workflows that wait at once: the memory they take, and how fast they are signalled."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator

from bench import definitions
from bench.client import Connection
from bench.figures import Figure
from bench.scale import Scale
from bench.server import Server, running_server

_WAITING = 10_000
_WAITING_QUICK = 2_000
_SIGNALLED = 2_000
_CLIENTS = 16


def measure(scale: Scale) -> Iterator[Figure]:
    """Yield memory and times."""
    with running_server() as server:
        yield from asyncio.run(_run(server, _WAITING_QUICK if scale.is_quick else _WAITING))


async def _run(server: Server, waiting: int) -> list[Figure]:
    clients = [await Connection.open(server.port) for _ in range(_CLIENTS)]
    await clients[0].register(definitions.wait("wait"))
    await clients[0].start("wait")
    empty_mb = server.memory_mb()
    ids: list[str] = []

    async def start(client: Connection, _number: int) -> None:
        ids.append(await client.start("wait", {"order": "4711"}))

    async def signal(client: Connection, number: int) -> None:
        await client.signal(ids[number])

    start_seconds = await _timed(clients, waiting, start)
    full_mb = server.memory_mb()
    signal_seconds = await _timed(clients, _SIGNALLED, signal)
    assert await clients[0].count("wait", "COMPLETED") == _SIGNALLED
    for client in clients:
        client.close()
    return [
        Figure("server with one workflow", empty_mb, "MB"),
        Figure(f"server with {waiting:,} waiting", full_mb, "MB"),
        Figure(f"{waiting:,} starts", start_seconds, "s"),
        Figure(f"{_SIGNALLED:,} signals", signal_seconds, "s"),
        Figure("a signal", signal_seconds / _SIGNALLED * 1000, "ms"),
    ]


async def _timed(
    clients: list[Connection], times: int, do: Callable[[Connection, int], Awaitable[None]]
) -> float:
    """Return how many seconds it took the clients to do something so many times between them."""
    numbers = iter(range(times))

    async def serve(client: Connection) -> None:
        for number in numbers:
            await do(client, number)

    began = time.perf_counter()
    await asyncio.gather(*(serve(client) for client in clients))
    return time.perf_counter() - began
