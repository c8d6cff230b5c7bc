"""Workers as the official SDKs run them: one loop polls, a number of slots do what it gets."""

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Any, Self

from bench.client import Connection

Task = dict[str, Any]


class Workers:
    """Completes every task of one type, up to ``slots`` at a time.

    A task that comes with the answer to an update is done at once in the same slot, and polls ask
    for as many tasks as there are free slots.

    Args:
        on_done: Called when the completion of a task is acknowledged.
    """

    def __init__(
        self,
        task_type: str,
        poller: Connection,
        slots: list[Connection],
        on_done: Callable[[Task], None],
    ) -> None:
        self._task_type = task_type
        self._poller = poller
        self._idle = slots
        self._slots = len(slots)
        self._on_done = on_done
        self._freed = asyncio.Event()
        self._running: set[asyncio.Task[None]] = set()
        self._is_stopping = False

    @classmethod
    async def connect(
        cls,
        task_type: str,
        port: int,
        slots: int,
        on_done: Callable[[Task], None],
        requests: Counter[str],
    ) -> Self:
        """Return workers with a connection for each slot and one to poll with."""
        poller = await Connection.open(port, requests)
        connections = [await Connection.open(port, requests) for _ in range(slots)]
        return cls(task_type, poller, connections, on_done)

    async def run(self) -> None:
        """Work until stopped; what is in a slot then is finished first."""
        while not self._is_stopping:
            if not self._idle:
                self._freed.clear()
                await self._freed.wait()
            for task in await self._poller.poll(self._task_type, len(self._idle)):
                running = asyncio.create_task(self._do(self._idle.pop(), task))
                self._running.add(running)
                running.add_done_callback(self._running.discard)
        await asyncio.gather(*self._running)
        self.close()

    def stop(self) -> None:
        """Let the poll under way be the last: one that is given up may have taken a task along."""
        self._is_stopping = True

    def close(self) -> None:
        """Hang up."""
        for connection in (self._poller, *self._idle):
            connection.close()

    async def _do(self, slot: Connection, task: Task) -> None:
        following: Task | None = task
        while following is not None:
            task = following
            following = await slot.complete(task)
            self._on_done(task)
        self._idle.append(slot)
        self._freed.set()
