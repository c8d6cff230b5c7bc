"""Tasks that wait in a queue, done by a process of workers: this project's, and the official SDK's.

Each takes tasks of one type in one process with ten slots; the functions do nothing.
"""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from bench import definitions
from bench.client import Connection
from bench.figures import Figure
from bench.scale import Scale
from bench.server import running_server

_SLOTS: Final = 10
_STEPS: Final = 3
_LONGEST_SECONDS: Final = 120
_KINDS: Final = {"async": "async functions", "sync": "functions", "sdk": "official SDK"}


def measure(scale: Scale) -> Iterator[Figure]:
    """Yield how many tasks a second each kind of worker does, and the ratio to the SDK's."""
    workflows = 60 if scale.is_quick else 400
    rates: dict[str, float] = {}
    with running_server() as server:
        for kind in _KINDS:
            rates[kind] = asyncio.run(_rate(server.port, kind, workflows))
    for kind, name in _KINDS.items():
        yield Figure(f"{name}: tasks", rates[kind], "/s")
    for kind in ("async", "sync"):
        yield Figure(f"{_KINDS[kind]}: times the SDK", rates[kind] / rates["sdk"], "×")


async def _rate(port: int, kind: str, workflows: int) -> float:
    connection = await Connection.open(port)
    name = f"waiting_{kind}"
    await connection.register(definitions.chain(name, [f"link_{kind}"] * _STEPS))
    await connection.start(name, {"order": "warm"})  # its end tells that the process is ready
    with _process(port, kind):
        await _completed(connection, name, 1)
        for _ in range(workflows):
            await connection.start(name, {"order": "4711"})
        began = time.perf_counter()
        before = await connection.count(name, "COMPLETED")
        await _completed(connection, name, workflows + 1)
        seconds = time.perf_counter() - began
    connection.close()
    return (workflows + 1 - before) * _STEPS / seconds


async def _completed(connection: Connection, name: str, count: int) -> None:
    async with asyncio.timeout(_LONGEST_SECONDS):
        while await connection.count(name, "COMPLETED") < count:
            await asyncio.sleep(0.05)


@contextmanager
def _process(port: int, kind: str) -> Iterator[None]:
    program = "bench.sdk_worker_program" if kind == "sdk" else "bench.worker_program"
    arguments = [f"http://127.0.0.1:{port}", kind, f"link_{kind}", str(_SLOTS)]
    process = subprocess.Popen(
        [sys.executable, "-m", program, *arguments],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield
    finally:
        os.killpg(process.pid, signal.SIGKILL)  # the SDK's processes, too
        process.wait()
