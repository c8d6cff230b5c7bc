"""Tasks polled from the API."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from dalsegno.client import AsyncDalsegno
from dalsegno.errors import NotFoundError
from dalsegno.models import JsonObject, Task, TaskResult, TaskResultStatus
from dalsegno.workers.source import Ask, Deliveries, Delivery

_LONGEST_WAIT_SECONDS: Final = 5.0  # of Conductor, too
# An attempt that shows its progress is kept by a time after which others may have it.
_LONGEST_PROGRESS_LEASE_SECONDS: Final = 300


@dataclass(slots=True)
class HttpDelivery:
    """See ``Delivery``; its lease is the response timeout of the task's definition."""

    task: Task
    source: "HttpSource"
    asked_for: Ask
    _progress: JsonObject | None = field(default=None, init=False)

    @property
    def lease_seconds(self) -> float:
        """See ``Delivery.lease_seconds``."""
        seconds = self.task.response_timeout_seconds
        if self._progress is None:
            return seconds
        return min(seconds or _LONGEST_PROGRESS_LEASE_SECONDS, _LONGEST_PROGRESS_LEASE_SECONDS)

    async def is_open(self) -> bool:
        """See ``Delivery.is_open``."""
        return await is_open(self.source.client, self.task)

    async def renew(self, progress: JsonObject | None) -> None:
        """See ``Delivery.renew``.

        A report of progress gives the task back for later: as long as the lease, so that it is
        not handed out while it is renewed.
        """
        self._progress = progress if progress is not None else self._progress
        if self._progress is None:
            await self.source.client.tasks.update(report(self.task, extend_lease=True))
            return
        await self.source.client.tasks.update(
            report(
                self.task,
                output_data=self._progress,
                callback_after_seconds=math.ceil(self.lease_seconds),
            )
        )

    async def send(self, result: TaskResult) -> Delivery | None:
        """See ``Delivery.send``; another task is asked for while there seem to be more."""
        following = await self.source.exchange(result, self.asked_for)
        self.source.in_hand.pop(self.task.task_id, None)
        return following

    async def give_back(self) -> None:
        """See ``Delivery.give_back``."""
        self.source.in_hand.pop(self.task.task_id, None)
        await self.source.client.tasks.update(report(self.task, output_data=self.task.output_data))

    async def drop(self) -> None:
        """See ``Delivery.drop``."""
        self.source.in_hand.pop(self.task.task_id, None)


class HttpSource:
    """See ``Source``; long polls, each for as many tasks as there are free slots.

    While more tasks wait than there are slots, a result is answered with the next of them. At other
    times asking for that would mostly be in vain, and on AWS each time is billed.
    """

    def __init__(self, client: AsyncDalsegno, worker_id: str) -> None:
        self.client = client
        self.in_hand: dict[str, HttpDelivery] = {}
        self._worker_id = worker_id
        self._has_more: set[tuple[str, str | None]] = set()

    async def receive(self, ask: Ask) -> Deliveries:
        """See ``Source.receive``."""
        tasks = await self.client.tasks.poll(
            ask.task_type,
            count=ask.count,
            wait_seconds=min(ask.wait_seconds, _LONGEST_WAIT_SECONDS),
            worker_id=self._worker_id,
            domain=ask.domain,
        )
        self._note(ask, has_more=len(tasks) >= ask.count)
        return self._new(tasks, ask)

    async def exchange(self, result: TaskResult, ask: Ask) -> HttpDelivery | None:
        """Report a result; return another task if it was worth asking for and there is one.

        Raises:
            ConductorError: The result was not taken.
        """
        if (ask.task_type, ask.domain) not in self._has_more:
            await self.client.tasks.update(result)
            return None
        task = await self.client.tasks.update_and_poll(result)
        self._note(ask, has_more=task is not None)
        return next(iter(self._new([task] if task else [], ask)), None)

    def _note(self, ask: Ask, *, has_more: bool) -> None:
        change = self._has_more.add if has_more else self._has_more.discard
        change((ask.task_type, ask.domain))

    def _new(self, tasks: Sequence[Task], ask: Ask) -> list[HttpDelivery]:
        # One that is in hand comes again if its lease ran out while the server was away.
        new = [task for task in tasks if task.task_id not in self.in_hand]
        deliveries = [HttpDelivery(task, self, ask) for task in new]
        self.in_hand |= {delivery.task.task_id: delivery for delivery in deliveries}
        return deliveries

    async def close(self) -> None:
        """See ``Source.close``."""
        await self.client.close()


async def is_open(client: AsyncDalsegno, task: Task) -> bool:
    """Return whether a task waits for its result. Raises ConductorError."""
    try:
        return not (await client.tasks.get(task.task_id)).status.is_terminal
    except NotFoundError as error:
        if is_gone(error, task.task_id, task.workflow_instance_id):
            return False
        raise


def is_gone(error: NotFoundError, *ids: str) -> bool:
    """Return whether the engine says that there is no such thing: it names what it looked for.

    What stands before a server that is being replaced may say 404, too, and knows nothing.
    """
    return any(each in str(error) for each in ids if each)


def report(
    task: Task,
    *,
    extend_lease: bool = False,
    output_data: JsonObject | None = None,
    callback_after_seconds: int = 0,
) -> TaskResult:
    """Return a report on a task that is not done."""
    return TaskResult(
        workflow_instance_id=task.workflow_instance_id,
        task_id=task.task_id,
        worker_id=task.worker_id,
        status=TaskResultStatus.IN_PROGRESS,
        extend_lease=extend_lease,
        output_data=output_data or {},
        callback_after_seconds=callback_after_seconds,
    )
