"""AWS_LAMBDA: a function is invoked; what it answers comes through the queue of results."""

from typing import Final

from pydantic_core import to_json

from dalsegno.models import TaskStatus
from dalsegno_state.engine.effects.work import Effect, Work
from dalsegno_state.events import Reported
from dalsegno_state.ports import FunctionInvoker, ServiceCallError

_MOST_BYTES: Final = 256 * 1024


class InvokeFunction(Effect):
    """Invokes a function with the task, as a worker would get it.

    Its answer may come before this is reported, more than once, or never: then the task's
    response timeout has it invoked again.
    """

    def __init__(self, functions: FunctionInvoker) -> None:
        self._functions = functions

    def perform(self, work: Work) -> Reported:
        """See ``Effect.perform``."""
        name = str(work.inputs.get("functionName") or "")
        if not name:
            return work.failed("Missing functionName", final=True)
        body = _as_worker_gets_it(work)
        if len(body) > _MOST_BYTES:
            return work.failed(
                f"The task is {len(body)} bytes long; functions take at most {_MOST_BYTES}",
                final=True,
            )
        try:
            self._functions.invoke(name, body)
        except ServiceCallError as error:
            return work.failed(f"Failed to invoke {name}: {error}", final=error.is_final)
        return work.reported(TaskStatus.IN_PROGRESS, {"functionName": name})


def _as_worker_gets_it(work: Work) -> bytes:
    """Return the task as JSON.

    Secrets stay named: the function's result brings all of it back through a queue.
    """
    task = work.task
    return to_json(
        {
            "taskId": task.task_id,
            "workflowInstanceId": task.workflow_id,
            "workflowType": work.workflow.name,
            "correlationId": work.workflow.correlation_id,
            "taskType": task.task_type,
            "taskDefName": task.name,
            "referenceTaskName": task.ref,
            "retryCount": task.retry_count,
            "status": task.status.value,
            "inputData": work.inputs,
        }
    )
