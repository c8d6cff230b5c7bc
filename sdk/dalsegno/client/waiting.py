"""Waiting for what an execution comes to."""

import time
from typing import Any, Final

from pydantic import ValidationError

from dalsegno.client.call import reads, sends
from dalsegno.client.execution_calls import ExecutionCalls
from dalsegno.client.failures import StillRunningError, WorkflowFailedError
from dalsegno.client.starting import run_call
from dalsegno.client.steps import Pause, Steps
from dalsegno.models import (
    JsonObject,
    StartWorkflowRequest,
    WorkflowRun,
    WorkflowStatus,
    WorkflowStatusResponse,
)

_FIRST_LOOK_SECONDS: Final = 0.05
_LONGEST_LOOK_SECONDS: Final = 2.0


def result_steps(
    execution: ExecutionCalls,
    kind: Any,
    timeout_seconds: float | None,
    began_at: float | None = None,
) -> Steps[Any]:
    """Look at an execution, less and less often, until it has ended; return its output.

    ``began_at`` is when the wait began, in monotonic seconds; now unless given.
    """
    began_at = time.monotonic() if began_at is None else began_at
    pause_seconds = _FIRST_LOOK_SECONDS
    status = ExecutionCalls.status.call(execution, include_output=True)
    while True:
        found: WorkflowStatusResponse = yield status
        if found.status.is_terminal:
            return (yield from _output_steps(execution, kind, found.status, found.output or {}))
        waited_seconds = time.monotonic() - began_at
        if timeout_seconds is not None:
            if waited_seconds >= timeout_seconds:
                raise StillRunningError(execution.id, found.status, timeout_seconds)
            pause_seconds = min(pause_seconds, timeout_seconds - waited_seconds)
        yield Pause(pause_seconds)
        pause_seconds = min(pause_seconds * 1.5, _LONGEST_LOOK_SECONDS)


def run_steps(
    request: StartWorkflowRequest, kind: Any, timeout_seconds: float | None
) -> Steps[Any]:
    """Start an execution, wait for its end, and return its output."""
    began_at = time.monotonic()
    run: WorkflowRun = yield run_call(request, timeout_seconds)
    execution = ExecutionCalls()
    execution.id = run.workflow_id or ""
    if run.status.is_terminal:
        return (yield from _output_steps(execution, kind, run.status, run.output))
    return (yield from result_steps(execution, kind, timeout_seconds, began_at))


def _output_steps(
    execution: ExecutionCalls, kind: Any, status: WorkflowStatus, output: JsonObject
) -> Steps[Any]:
    if status is not WorkflowStatus.COMPLETED:
        raise WorkflowFailedError((yield ExecutionCalls.get.call(execution)))
    try:
        return reads(kind)(sends(output))
    except ValidationError as error:
        error.add_note(f"workflow {execution.id} has COMPLETED, with another output than expected")
        raise
