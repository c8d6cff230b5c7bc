"""Tasks taken from their SQS queues; the messages' visibility is the lease."""

import asyncio
import logging
import math
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Final, TypeAlias, TypeVar

from dalsegno.client import AsyncDalsegno
from dalsegno.errors import ConductorError, PayloadTooLargeError
from dalsegno.models import JsonObject, Task, TaskResult, TaskStatus
from dalsegno.workers.batches import Batches
from dalsegno.workers.http import is_open, report
from dalsegno.workers.source import Ask, Deliveries, Delivery
from dalsegno.workers.sqs import MOST_BATCH_BYTES, SqsMessage, SqsQueues, body_of
from dalsegno.workers.threads import Threads

T = TypeVar("T")
Waiting: TypeAlias = dict[str, Task | None]

logger = logging.getLogger(__name__)

_LONGEST_WAIT_SECONDS: Final = 20
_WAIT_FOR_QUEUE_SECONDS: Final = 5.0
_MOST_REMEMBERED: Final = 10_000
# SQS counts in seconds, and clocks differ: a message so early is on time.
_EARLY_SECONDS: Final = 1.0
_SERVER_ERROR: Final = 500


@dataclass(slots=True)
class SqsDelivery:
    """See ``Delivery``; there may be several messages of one task.

    Attributes:
        receipts: By the id of each message, its last receipt.
    """

    task: Task
    url: str
    source: "SqsSource"
    receipts: dict[str, str]
    _progress: JsonObject | None = field(default=None, init=False)

    @property
    def lease_seconds(self) -> float:
        """See ``Delivery.lease_seconds``."""
        return self.source.queues.visibility_seconds

    async def is_open(self) -> bool:
        """See ``Delivery.is_open``."""
        return await is_open(self.source.client, self.task)

    async def renew(self, progress: JsonObject | None) -> None:
        """See ``Delivery.renew``; progress goes over HTTP."""
        self._progress = progress if progress is not None else self._progress
        seconds = self.source.queues.visibility_seconds
        await self.source.hide(self.url, list(self.receipts.values()), seconds)
        if self._progress is not None:
            await self.source.client.tasks.update(
                report(self.task, output_data=self._progress, callback_after_seconds=seconds)
            )

    async def send(self, result: TaskResult) -> Delivery | None:
        """See ``Delivery.send``; one too large for a message goes over HTTP."""
        body = body_of(result)
        if len(body) > MOST_BATCH_BYTES:
            await self.source.client.tasks.update(result)
        else:
            await self.source.results.put(body)
        await self._let_go(is_done=TaskStatus(result.status.value).is_terminal)
        return None

    async def give_back(self) -> None:
        """See ``Delivery.give_back``."""
        self.source.in_hand.pop(self.task.task_id, None)
        await self.source.hide(self.url, list(self.receipts.values()), 0)

    async def drop(self) -> None:
        """See ``Delivery.drop``."""
        await self._let_go(is_done=True)

    async def _let_go(self, *, is_done: bool) -> None:
        if is_done:
            self.source.remember(self.task.task_id)
        self.source.in_hand.pop(self.task.task_id, None)
        with suppress(ConductorError):  # it comes again, and is found to be done
            await self.source.delete(self.url, list(self.receipts.values()))


class SqsSource:
    """See ``Source``; a message names its task, whose input the API tells.

    Nothing is claimed: a task stays SCHEDULED until its result arrives in the queue of results.
    """

    def __init__(self, queues: SqsQueues, client: AsyncDalsegno, worker_id: str) -> None:
        queues.connect()
        self.queues = queues
        self.client = client
        self.in_hand: dict[str, SqsDelivery] = {}
        self.results = Batches(self._send, most_bytes=MOST_BATCH_BYTES)
        self._worker_id = worker_id
        self._deletions: dict[str, Batches] = {}
        self._done: OrderedDict[str, None] = OrderedDict()
        self._threads = Threads("sqs")

    async def receive(self, ask: Ask) -> Deliveries:
        """See ``Source.receive``."""
        name = f"{ask.domain}:{ask.task_type}" if ask.domain else ask.task_type
        url = await self._call(partial(self.queues.url, name))
        if url is None:  # made with the first task
            await asyncio.sleep(min(_WAIT_FOR_QUEUE_SECONDS, ask.wait_seconds))
            return []
        wait = min(math.ceil(ask.wait_seconds), _LONGEST_WAIT_SECONDS)
        messages = await self._call(partial(self.queues.receive, url, ask.count, wait))
        new = [message for message in messages if not self._is_in_hand(message)]
        tasks: Waiting = {each.task_id: None for each in new if each.task_id in self._done}
        tasks |= await waiting(self.client, {each.task_id for each in new} - tasks.keys())
        told = [message for message in new if message.task_id in tasks]
        found = await asyncio.gather(
            *(self._open(url, message, tasks[message.task_id]) for message in told)
        )
        return [delivery for delivery in found if delivery is not None]

    async def close(self) -> None:
        """See ``Source.close``."""
        self._threads.close()
        await self.client.close()

    async def hide(self, url: str, receipts: list[str], seconds: int) -> None:
        """Keep messages from others for a while. Raises ConductorError."""
        for receipt in receipts:
            await self._call(partial(self.queues.hide, url, receipt, seconds))

    async def delete(self, url: str, receipts: list[str]) -> None:
        """Delete messages, together with others'. Raises ConductorError."""
        if url not in self._deletions:
            self._deletions[url] = Batches(partial(self._delete, url), most_bytes=MOST_BATCH_BYTES)
        await asyncio.gather(*map(self._deletions[url].put, receipts))

    def remember(self, task_id: str) -> None:
        """Note that a task is done, though the engine may not know it yet."""
        self._done[task_id] = None
        if len(self._done) > _MOST_REMEMBERED:
            self._done.popitem(last=False)

    def _is_in_hand(self, message: SqsMessage) -> bool:
        """Return whether a message's task is in hand already; then it goes with that."""
        known = self.in_hand.get(message.task_id)
        if known is not None:
            known.receipts[message.message_id] = message.receipt
        return known is not None

    async def _open(self, url: str, message: SqsMessage, task: Task | None) -> SqsDelivery | None:
        """Return a task to do; None if it is not, or not yet, or is in hand."""
        early = 0.0 if task is None else early_seconds(task)
        try:
            if task is None:
                await self.delete(url, [message.receipt])
            elif early > _EARLY_SECONDS:
                await self.hide(url, [message.receipt], math.ceil(early))
            elif not self._is_in_hand(message):  # another message of it came along
                task = task.model_copy(update={"worker_id": self._worker_id})
                delivery = SqsDelivery(task, url, self, {message.message_id: message.receipt})
                self.in_hand[message.task_id] = delivery
                return delivery
        except ConductorError as error:
            logger.warning("task %s is left in its queue: %s", message.task_id, error)
        return None

    async def _send(self, bodies: list[str]) -> frozenset[int]:
        return await self._call(partial(self.queues.send_results, bodies))

    async def _delete(self, url: str, receipts: list[str]) -> frozenset[int]:
        return await self._call(partial(self.queues.delete, url, receipts))

    async def _call(self, request: Callable[[], T]) -> T:
        return await self._threads.call(request)


async def waiting(client: AsyncDalsegno, task_ids: Iterable[str]) -> Waiting:
    """Return tasks by their ids, None for those that are not to be done.

    Those of which nobody could tell are left out. Each is asked for by itself if the server fails
    at all of them together, or says that they are too large for one answer.
    """
    asked = list(task_ids)
    if not asked:
        return {}
    try:
        found = await client.tasks.waiting(asked)
    except ConductorError as error:
        is_divisible = error.status >= _SERVER_ERROR or error.status == PayloadTooLargeError.status
        if not is_divisible or len(asked) == 1:
            logger.warning("tasks are left in their queue: %s: %s", ", ".join(asked), error)
            return {}
        each = await asyncio.gather(*(waiting(client, [task_id]) for task_id in asked))
        return {task_id: task for one in each for task_id, task in one.items()}
    return {**dict.fromkeys(asked), **{task.task_id: task for task in found}}


def early_seconds(task: Task) -> float:
    """Return how long a task is not to be handed out yet."""
    visible_at_ms = task.update_time + task.callback_after_seconds * 1000
    return max(0.0, visible_at_ms / 1000 - time.time()) if task.callback_after_seconds else 0.0
