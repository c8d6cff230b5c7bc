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
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
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
    """Yield what each kind of worker does in a second, and what CPU it takes, beside the SDK's."""
    workflows = 60 if scale.is_quick else 400
    paces: dict[str, _Pace] = {}
    with running_server() as server:
        for kind in _KINDS:
            paces[kind] = asyncio.run(_pace(server.port, kind, workflows))
    theirs = paces["sdk"]
    for kind, name in _KINDS.items():
        yield Figure(f"{name}: tasks", paces[kind].a_second, "/s")
        yield Figure(f"{name}: CPU a task", paces[kind].cpu_ms, "ms")
    for kind in ("async", "sync"):
        name, own = _KINDS[kind], paces[kind]
        yield Figure(f"{name}: times the SDK's tasks", own.a_second / theirs.a_second, "×")
        yield Figure(f"{name}: times the SDK's CPU", own.cpu_ms / theirs.cpu_ms, "×")


@dataclass(frozen=True, slots=True)
class _Pace:
    """How a process of workers has done.

    Attributes:
        a_second: Tasks.
        cpu_ms: Of its own, a task.
    """

    a_second: float
    cpu_ms: float


async def _pace(port: int, kind: str, workflows: int) -> _Pace:
    connection = await Connection.open(port)
    name = f"waiting_{kind}"
    await connection.register(definitions.chain(name, [f"link_{kind}"] * _STEPS))
    await connection.start(name, {"order": "warm"})  # its end tells that the process is ready
    with _process(port, kind) as process:
        await _completed(connection, name, 1)
        for _ in range(workflows):
            await connection.start(name, {"order": "4711"})
        began = time.perf_counter()
        cpu_before = _cpu_seconds(process)
        before = await connection.count(name, "COMPLETED")
        await _completed(connection, name, workflows + 1)
        seconds = time.perf_counter() - began
        cpu_seconds = _cpu_seconds(process) - cpu_before
    connection.close()
    tasks = (workflows + 1 - before) * _STEPS
    return _Pace(tasks / seconds, cpu_seconds * 1000 / tasks)


async def _completed(connection: Connection, name: str, count: int) -> None:
    async with asyncio.timeout(_LONGEST_SECONDS):
        while await connection.count(name, "COMPLETED") < count:
            await asyncio.sleep(0.05)


@contextmanager
def _process(port: int, kind: str) -> Iterator[int]:
    program = "bench.sdk_worker_program" if kind == "sdk" else "bench.worker_program"
    arguments = [f"http://127.0.0.1:{port}", kind, f"link_{kind}", str(_SLOTS)]
    process = subprocess.Popen(
        [sys.executable, "-m", program, *arguments],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield process.pid
    finally:
        os.killpg(process.pid, signal.SIGKILL)  # the SDK's processes, too
        process.wait()


def _cpu_seconds(leader: int) -> float:
    """Return what the processes of a group have taken so far: the SDK's are several."""
    ticks = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it has ended meanwhile
            fields = stat.read_text().rpartition(")")[2].split()
            if int(fields[2]) == leader:
                ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")
