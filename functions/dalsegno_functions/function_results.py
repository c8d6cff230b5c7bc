"""What Lambda functions answer, as results of the tasks they were invoked with."""

from typing import Any, Final

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel
from pydantic_core import from_json

from dalsegno.json_text import not_a_number, unicode_json
from dalsegno.models import JsonObject, TaskResult, TaskResultStatus
from dalsegno_state.versions import known

# What the official Python SDK calls a failure that trying again does not mend.
_FOR_GOOD: Final = "NonRetryableException"
_SUCCESS: Final = "Success"


class _Camel(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True)


class _Invoked(_Camel):
    task_id: str
    workflow_instance_id: str


class _Context(_Camel):
    condition: str
    function_arn: str = ""


class _Envelope(_Camel):
    """What Lambda sends to a destination of an asynchronous invocation."""

    request_context: _Context
    request_payload: _Invoked
    response_payload: Any = None


def read_result(body: str) -> TaskResult:
    """Return the result in a message: a ``TaskResult``, or what Lambda tells of an invocation.

    Raises:
        NewerVersionError: It is neither, as far as this version knows.
    """
    with known("a message of the queue of results"):
        value = from_json(unicode_json(body))
        if not isinstance(value, dict) or "requestContext" not in value:
            return _finite(TaskResult.model_validate(value))
        envelope = _Envelope.model_validate(value)
    answer, condition = envelope.response_payload, envelope.request_context.condition
    if condition != _SUCCESS and answer is None:  # it was never run, or was cut off
        answer = {"errorType": condition, "errorMessage": "the function did not answer"}
    return result_of(
        answer,
        failed=condition != _SUCCESS,
        task_id=envelope.request_payload.task_id,
        workflow_id=envelope.request_payload.workflow_instance_id,
        worker_id=envelope.request_context.function_arn,
    )


def result_of(
    answer: Any, *, failed: bool, task_id: str, workflow_id: str, worker_id: str | None
) -> TaskResult:
    """Return what came of a task: a function's answer is its output, an error its failure."""
    status, output, reason = TaskResultStatus.COMPLETED, _output(answer), None
    if failed:
        error = answer if isinstance(answer, dict) else {}
        kind = str(error.get("errorType", "Error"))
        reason = f"{kind}: {error.get('errorMessage', answer)}"
        for_good = kind.rpartition(".")[2] == _FOR_GOOD
        status = (
            TaskResultStatus.FAILED_WITH_TERMINAL_ERROR if for_good else TaskResultStatus.FAILED
        )
        output = {}
    return _finite(
        TaskResult(
            task_id=task_id,
            workflow_instance_id=workflow_id,
            worker_id=worker_id,
            status=status,
            output_data=output,
            reason_for_incompletion=reason,
        )
    )


def _finite(result: TaskResult) -> TaskResult:
    """Return a result, as a failure if its output has a number that cannot be stored."""
    if (fault := not_a_number(result.output_data)) is None:
        return result
    failed = {
        "status": TaskResultStatus.FAILED,
        "output_data": {},
        "reason_for_incompletion": f"the output cannot be written as JSON: {fault}",
    }
    return result.model_copy(update=failed)


def _output(value: Any) -> JsonObject:
    """Return an answer as a task's output; one that is no object becomes its ``result``."""
    if isinstance(value, dict):
        return value
    return {} if value is None else {"result": value}
