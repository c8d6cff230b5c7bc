"""Hundreds of workflows wait while the server is killed; each goes on when it is signalled."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from bench import definitions
from bench.client import Connection
from tests.killable_server import running

WAITING = 500
CLIENTS = 8


async def by_many(port: int, do: Callable[[Connection, int], Awaitable[None]]) -> None:
    """Do something once for each workflow, with several connections."""
    numbers = iter(range(WAITING))

    async def serve() -> None:
        client = await Connection.open(port)
        for number in numbers:
            await do(client, number)
        client.close()

    await asyncio.gather(*(serve() for _ in range(CLIENTS)))


async def start_all(port: int) -> list[str]:
    client = await Connection.open(port)
    await client.register(definitions.wait("patience"))
    client.close()
    ids: list[str] = []

    async def start(client: Connection, number: int) -> None:
        ids.append(await client.start("patience", {"number": number}))

    await by_many(port, start)
    return ids


async def signal_all(port: int, ids: list[str]) -> None:
    await by_many(port, lambda client, number: client.signal(ids[number]))


async def count(port: int, status: str) -> int:
    client = await Connection.open(port)
    found = await client.count("patience", status)
    client.close()
    return found


def test_waiting_workflows_outlive_the_server_and_are_signalled(tmp_path: Path) -> None:
    with running(tmp_path) as server:
        ids = asyncio.run(start_all(server.port))
        server.kill()
        server.start()
        assert asyncio.run(count(server.port, "RUNNING")) == WAITING

        asyncio.run(signal_all(server.port, ids))

        assert asyncio.run(count(server.port, "COMPLETED")) == WAITING
        assert asyncio.run(count(server.port, "RUNNING")) == 0
