"""Worker functions as a Lambda function: on the queue of their tasks, or invoked with a task."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, Final, NoReturn, Protocol

import httpx

from dalsegno.models import JsonObject, Task, TaskResult, TaskResultStatus
from dalsegno.workers.context import TaskContext
from dalsegno.workers.emf import EmfMetrics
from dalsegno.workers.function import WorkerFunction
from dalsegno.workers.lambda_batch import LambdaBatch, function_for
from dalsegno.workers.sqs import SqsQueues

# What is not done so long before the function's end is left to another invocation.
_MARGIN_SECONDS: Final = 2.0


class LambdaContext(Protocol):
    """What Lambda tells a handler of its invocation."""

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds that are left."""
        ...


class TaskFailed(Exception):
    """The attempt has failed; ``LambdaWorker`` reports it so."""


class NonRetryableException(Exception):
    """The task has failed for good; ``LambdaWorker`` reports it so."""


class TaskComesBack(Exception):
    """The attempt is to be handed out again; its result is the message, as JSON.

    ``LambdaWorker`` reports it so.
    """


class LambdaHandler:
    """A handler for both ways in which a Lambda function gets tasks.

    As a target of a task type's queue, it is invoked with messages; results go to the queue of
    results before it answers which messages are to come again. As the function behind a
    ``LambdaWorker``, it is invoked with one task, and answers with its output, or fails; then it
    needs neither URL nor queues.
    """

    def __init__(
        self,
        functions: Sequence[WorkerFunction[Any, Any]],
        *,
        url: str | None,
        auth: httpx.Auth | None,
        queues: SqsQueues | None,
    ) -> None:
        self._functions = functions
        self._url = url
        self._auth = auth
        self._queues = queues
        self._metrics = EmfMetrics()
        self._runner = asyncio.Runner()  # its connections outlive an invocation

    def __call__(self, event: Mapping[str, Any], context: LambdaContext) -> JsonObject:
        """Do what the event brings: Lambda's entry point.

        Raises:
            TaskFailed: It was one task, and the attempt has failed.
            NonRetryableException: It was one task, and it has failed for good.
            TaskComesBack: It was one task, and it is to come back after a time.
            ValueError: The event is neither a batch of messages nor a task.
        """
        remaining_seconds = context.get_remaining_time_in_millis() / 1000
        try:
            if "Records" in event:
                seconds = max(0.0, remaining_seconds - _MARGIN_SECONDS)
                failed = self._runner.run(self._batch.do(event["Records"], seconds))
                return {"batchItemFailures": [{"itemIdentifier": each} for each in failed]}
            if "taskId" in event:
                task = Task.model_validate(event)
                return self._do(task, time.time() + remaining_seconds)
        finally:
            self._metrics.write()
        raise ValueError(
            f"neither messages of a queue (Records) nor a task (taskId): {sorted(event)}"
        )

    @cached_property
    def _batch(self) -> LambdaBatch:
        return LambdaBatch(
            self._functions,
            url=self._url,
            auth=self._auth,
            queues=self._queues or SqsQueues(),
            metrics=self._metrics,
        )

    def _do(self, task: Task, ends_at: float) -> JsonObject:
        function, began = function_for(task, self._functions), time.monotonic()
        self._metrics.started(function.task_type, 0.0)
        result = function.run(task, TaskContext(task, ends_at=ends_at))
        self._metrics.ended(function.task_type, result.status.value, time.monotonic() - began)
        return _answer(result)


def _answer(result: TaskResult) -> JsonObject:
    """Return a task's output. Raises what tells ``LambdaWorker`` that there is none."""
    if result.status is TaskResultStatus.COMPLETED:
        return result.output_data
    _fail(result)


def _fail(result: TaskResult) -> NoReturn:
    if result.status is TaskResultStatus.IN_PROGRESS:
        raise TaskComesBack(result.to_wire_json().decode())
    reason = result.reason_for_incompletion or result.status.value
    if result.status is TaskResultStatus.FAILED_WITH_TERMINAL_ERROR:
        raise NonRetryableException(reason)
    raise TaskFailed(reason)
