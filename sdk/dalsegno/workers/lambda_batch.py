"""A batch of messages that SQS has handed to a Lambda function."""

import asyncio
import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any, TypeAlias

import httpx

from dalsegno.client import AsyncDalsegno
from dalsegno.errors import ConductorError
from dalsegno.models import Task, TaskResult
from dalsegno.queue_bodies import decoded
from dalsegno.workers.context import TaskContext
from dalsegno.workers.function import WorkerFunction
from dalsegno.workers.metrics import Metrics
from dalsegno.workers.sqs import BATCH, MOST_BATCH_BYTES, SqsQueues, body_of
from dalsegno.workers.sqs_source import Waiting, early_seconds, waiting
from dalsegno.workers.threads import Threads

logger = logging.getLogger(__name__)

Record: TypeAlias = Mapping[str, Any]
_Done: TypeAlias = tuple[TaskResult, list[str]]  # and the ids of its messages


class LambdaBatch:
    """Does the tasks that messages name, all at once, and sends their results."""

    def __init__(
        self,
        functions: Sequence[WorkerFunction[Any, Any]],
        *,
        url: str | None,
        auth: httpx.Auth | None,
        queues: SqsQueues,
        metrics: Metrics,
    ) -> None:
        queues.connect()
        self._functions = functions
        self._queues = queues
        self._metrics = metrics
        self._threads = Threads("lambda")
        self._client = AsyncDalsegno(url, auth=auth)

    async def do(self, records: Sequence[Record], seconds: float) -> list[str]:
        """Return the ids of the messages that are to come again; their tasks are not done."""
        ends_at = time.time() + seconds
        by_task: dict[str, list[str]] = {}
        for record in records:
            by_task.setdefault(decoded(record["body"]), []).append(record["messageId"])
        tasks = asyncio.create_task(waiting(self._client, by_task))
        doing = {
            asyncio.create_task(self._result(task_id, tasks, ends_at)): message_ids
            for task_id, message_ids in by_task.items()
        }
        await asyncio.wait(doing, timeout=seconds)
        tasks.cancel()
        failed: list[str] = []
        results: list[_Done] = []
        for task, message_ids in doing.items():
            if not task.done() or task.cancelled() or task.exception() is not None:
                _complain(task, message_ids)
                failed += message_ids
            elif (result := task.result()) is not None:
                results.append((result, message_ids))
        return failed + await self._send(results)

    async def _result(
        self, task_id: str, tasks: asyncio.Task[Waiting], ends_at: float
    ) -> TaskResult | None:
        """Return what became of a task; None if it is not to be done.

        Raises:
            LookupError: Nobody knows, or there is no function for it.
            TimeoutError: It is not to be done yet.
        """
        task = (await asyncio.shield(tasks))[task_id]
        if task is None:
            return None
        if early_seconds(task) > 1:
            raise TimeoutError(f"task {task_id} is not to be handed out yet")
        function, began = function_for(task, self._functions), time.monotonic()
        self._metrics.started(function.task_type, 0.0)
        context = TaskContext(task, ends_at=ends_at)
        if function.is_async:
            result = await function.run_async(task, context)
        else:
            result = await self._threads.call(partial(function.run, task, context))
        self._metrics.ended(function.task_type, result.status.value, time.monotonic() - began)
        return result

    async def _send(self, results: list[_Done]) -> list[str]:
        """Send results; return the ids of the messages whose results were not taken."""
        small = [(body_of(result), ids) for result, ids in results]
        large = [done for done, (body, _) in zip(results, small, strict=True) if _is_large(body)]
        failed: list[str] = []
        for result, message_ids in large:
            try:
                await self._client.tasks.update(result)
            except ConductorError as error:
                logger.warning("result of task %s is not taken: %s", result.task_id, error)
                failed += message_ids
        for batch in _batches([each for each in small if not _is_large(each[0])]):
            try:
                request = partial(self._queues.send_results, [body for body, _ in batch])
                left = await self._threads.call(request)
            except ConductorError as error:
                logger.warning("results are not taken: %s", error)
                left = frozenset(range(len(batch)))
            failed += [each for place in left for each in batch[place][1]]
        return failed


def function_for(
    task: Task, functions: Sequence[WorkerFunction[Any, Any]]
) -> WorkerFunction[Any, Any]:
    """Return the function that does a task. Raises LookupError."""
    named = [each for each in functions if each.task_type == task.task_def_name]
    fitting = [each for each in named if each.domain == task.domain] or named
    if not fitting and len(functions) == 1:
        fitting = list(functions)
    if not fitting:
        known = ", ".join(each.task_type for each in functions)
        raise LookupError(f"no worker of task type {task.task_def_name}; there are: {known}")
    return fitting[0]


def _is_large(body: str) -> bool:
    return len(body) > MOST_BATCH_BYTES


def _batches(items: list[tuple[str, list[str]]]) -> Iterator[list[tuple[str, list[str]]]]:
    batch: list[tuple[str, list[str]]] = []
    for item in items:
        if len(batch) == BATCH or sum(len(b) for b, _ in batch) + len(item[0]) > MOST_BATCH_BYTES:
            yield batch
            batch = []
        batch.append(item)
    if batch:
        yield batch


def _complain(task: "asyncio.Task[TaskResult | None]", message_ids: list[str]) -> None:
    if not task.done():
        task.cancel()
        logger.warning("the time is up; left to another invocation: %s", message_ids)
    elif not task.cancelled():
        logger.warning("left to another invocation: %s", message_ids, exc_info=task.exception())
