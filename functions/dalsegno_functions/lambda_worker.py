"""A worker as a Lambda function: takes a task from its queue, and has another function do it."""

import json
import os
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any, Final, Protocol, cast

from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
from pydantic import ValidationError

from dalsegno.json_text import unicode_json
from dalsegno.models import Seconds, Task, TaskResult
from dalsegno.trace_header import begin_new_lineage
from dalsegno_functions.batch import SqsEvent
from dalsegno_functions.function_results import result_of
from dalsegno_functions.observability import correlate, instrument
from dalsegno_functions.wiring import aws_engine, worker_engine
from dalsegno_state.ports import STAYS, Caller, Message, Queues, QueueSize, Received

_LONGEST_CALL_SECONDS: Final = 890
# What the SDK's handler raises in the function that is invoked: see ``LambdaHandler``.
_COMES_BACK: Final = "TaskComesBack"


class Invoke(Protocol):
    """Has a function do a task."""

    def __call__(self, task: bytes) -> tuple[bytes, bool]:
        """Return what it answered, and whether it failed."""
        ...


class HandedOver:
    """``Queues`` whose messages SQS has handed to this function already.

    Those that are done with are deleted by SQS when the invocation ends.

    Attributes:
        kept: Receipts of those that are to come again.
    """

    def __init__(self, inner: Queues, messages: Sequence[Received]) -> None:
        self._inner = inner
        self._messages = list(messages)
        self.kept: set[str] = set()

    def send(self, messages: Sequence[Message]) -> None:
        """See ``Queues.send``."""
        self._inner.send(messages)

    def receive(
        self,
        queue: str,
        *,
        count: int,
        wait_seconds: float,
        visibility_seconds: Seconds,
        caller: Caller = STAYS,
    ) -> list[Received]:
        """See ``Queues.receive``; each message once."""
        received, self._messages = self._messages[:count], self._messages[count:]
        return received

    def delete(self, queue: str, receipts: Sequence[str]) -> None:
        """See ``Queues.delete``; left to SQS."""

    def postpone(self, queue: str, receipt: str, delay_seconds: float) -> None:
        """See ``Queues.postpone``."""
        self._inner.postpone(queue, receipt, delay_seconds)
        self.kept.add(receipt)

    def sizes(self, names: Iterable[str] | None = None) -> dict[str, QueueSize]:
        """See ``Queues.sizes``."""
        return self._inner.sizes(names)


@instrument
def handler(event: SqsEvent, context: Any) -> PartialItemFailureResponse:
    """Lambda entry point; replies with the ids of the messages that are to come again.

    A function that dies over a task leaves it in progress; its response timeout brings it back.
    """
    queues = aws_engine().ports.queues
    messages = [(record, queues.relay(record["body"])) for record in event["Records"]]
    handed = HandedOver(
        queues,
        [
            Received(body=body, receipt=record["receiptHandle"])
            for record, body in messages
            if body is not None
        ],
    )
    engine = worker_engine(handed)
    tasks = engine.tasks.poll(
        os.environ["DALSEGNO_TASK_TYPE"],
        worker_id=context.function_name,
        domain=os.environ.get("DALSEGNO_TASK_DOMAIN") or None,
        count=len(messages),
        wait_seconds=0,
    )
    for task in tasks:
        correlate(workflow_id=task.workflow_instance_id)
        engine.tasks.update(work(task, _function()))
    kept = [record for record, _ in messages if record["receiptHandle"] in handed.kept]
    return {"batchItemFailures": [{"itemIdentifier": record["messageId"]} for record in kept]}


def work(task: Task, invoke: Invoke) -> TaskResult:
    """Return what came of a task: its output, the reason why it failed, or when it comes back."""
    said, failed = invoke(task.to_wire_json())
    answer = json.loads(unicode_json(said)) if said else None
    if failed and (result := _comes_back(answer)) is not None:
        ids = {"task_id": task.task_id, "workflow_instance_id": task.workflow_instance_id}
        return result.model_copy(update={**ids, "worker_id": task.worker_id})
    return result_of(
        answer,
        failed=failed,
        task_id=task.task_id,
        workflow_id=task.workflow_instance_id,
        worker_id=task.worker_id,
    )


def _comes_back(error: Any) -> TaskResult | None:
    """Return the result in an error that says that the attempt is to be handed out again."""
    if not isinstance(error, dict) or error.get("errorType") != _COMES_BACK:
        return None
    try:
        return TaskResult.model_validate_json(error.get("errorMessage", ""))
    except ValidationError:
        return None


@cache
def _function() -> Invoke:
    """Return what invokes the function that does the work."""
    import botocore.session
    from botocore.config import Config

    # Invoked once: who knows whether a call without an answer took effect leaves it to the task.
    config = Config(read_timeout=_LONGEST_CALL_SECONDS, retries={"total_max_attempts": 1})
    client: Any = botocore.session.get_session().create_client("lambda", config=config)
    begin_new_lineage(client)
    name = os.environ["DALSEGNO_WORKER_FUNCTION"]

    def invoke(task: bytes) -> tuple[bytes, bool]:
        reply = client.invoke(FunctionName=name, Payload=task)
        return cast("bytes", reply["Payload"].read()), "FunctionError" in reply

    return invoke
