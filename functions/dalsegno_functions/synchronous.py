"""Synchronous calls: wait until a workflow has ended or stands still, then tell how it stands."""

import time
from dataclasses import dataclass
from typing import Final

from dalsegno.models import ReturnStrategy, SignalResponse, Task, TaskRun, Workflow, WorkflowRun
from dalsegno_state.engine import Engine
from dalsegno_state.ports import Caller

# API Gateway gives up on a request after 30 s, and the answer must be out before that.
MAX_WAIT_SECONDS: Final = 28.0

_FIRST_PAUSE_SECONDS: Final = 0.002  # a workflow of instant tasks is over before anyone asks
_LONGEST_PAUSE_SECONDS: Final = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """What a synchronous call waits for, and what it answers with.

    Attributes:
        refs: Reference names that stop the wait once such a task has ended.
        seconds: How long to wait; never longer than ``MAX_WAIT_SECONDS``.
    """

    workflow_id: str
    refs: frozenset[str] = frozenset()
    seconds: float
    strategy: ReturnStrategy
    request_id: str | None = None


@dataclass(frozen=True, slots=True)
class _Outcome:
    """How the wait ended: by a blocking task, by the end of the workflow, or too late."""

    blocking: Task | None
    timed_out: bool


def run(engine: Engine, wait: Wait, caller: Caller) -> SignalResponse:
    """Wait, then return the workflow or task that ``wait.strategy`` asks for.

    The wait ends early if the caller leaves; the workflow goes on.
    Without a blocking task there is none to be returned: the answer is the target workflow.
    """
    outcome = _outcome(engine, wait, caller)
    blocking = outcome.blocking
    target = engine.queries.workflow(wait.workflow_id, include_tasks=True)
    match wait.strategy:
        case ReturnStrategy.TARGET_WORKFLOW:
            return _workflow_run(target, target, wait, outcome)
        case ReturnStrategy.BLOCKING_WORKFLOW:
            return _workflow_run(_holder(engine, target, blocking), target, wait, outcome)
        case _ if blocking is None:
            return _workflow_run(target, target, wait, outcome)
        case _:
            return _task_run(blocking, target, wait, outcome)


def _outcome(engine: Engine, wait: Wait, caller: Caller) -> _Outcome:
    deadline = time.monotonic() + min(wait.seconds, MAX_WAIT_SECONDS)
    pause_seconds = _FIRST_PAUSE_SECONDS
    while True:
        ended = engine.queries.status(wait.workflow_id).status.is_terminal
        blocking = engine.queries.blocking_task(wait.workflow_id, wait.refs)
        left_seconds = deadline - time.monotonic()
        if ended or blocking or left_seconds <= 0 or caller.has_left:
            return _Outcome(blocking, timed_out=not (ended or blocking))
        time.sleep(min(pause_seconds, left_seconds))
        pause_seconds = min(pause_seconds * 2, _LONGEST_PAUSE_SECONDS)


def _holder(engine: Engine, target: Workflow, blocking: Task | None) -> Workflow:
    """Return the workflow the blocking task is in."""
    if blocking is None or blocking.workflow_instance_id == target.workflow_id:
        return target
    return engine.queries.workflow(blocking.workflow_instance_id, include_tasks=True)


def _workflow_run(
    workflow: Workflow, target: Workflow, wait: Wait, outcome: _Outcome
) -> WorkflowRun:
    is_workflow_asked = wait.strategy in {
        ReturnStrategy.TARGET_WORKFLOW,
        ReturnStrategy.BLOCKING_WORKFLOW,
    }
    return WorkflowRun.model_construct(
        response_type=wait.strategy if is_workflow_asked else ReturnStrategy.TARGET_WORKFLOW,
        target_workflow_id=target.workflow_id,
        target_workflow_status=target.status,
        request_id=wait.request_id,
        workflow_id=workflow.workflow_id,
        correlation_id=workflow.correlation_id,
        input=workflow.input,
        output=workflow.output,
        signal_timeout=outcome.timed_out,
        priority=workflow.priority,
        variables=workflow.variables,
        tasks=workflow.tasks,
        created_by=workflow.created_by,
        create_time=workflow.create_time,
        status=workflow.status,
        update_time=workflow.update_time,
    )


def _task_run(task: Task, target: Workflow, wait: Wait, outcome: _Outcome) -> TaskRun:
    return TaskRun.model_construct(
        response_type=wait.strategy,
        target_workflow_id=target.workflow_id,
        target_workflow_status=target.status,
        request_id=wait.request_id,
        workflow_id=task.workflow_instance_id,
        correlation_id=task.correlation_id,
        input=task.input_data,
        output=task.output_data,
        signal_timeout=outcome.timed_out,
        task_type=task.task_type,
        task_id=task.task_id,
        reference_task_name=task.reference_task_name,
        retry_count=task.retry_count,
        task_def_name=task.task_def_name,
        retried_task_id=task.retried_task_id,
        workflow_type=task.workflow_type,
        reason_for_incompletion=task.reason_for_incompletion,
        priority=task.workflow_priority,
        created_by=task.worker_id,
        create_time=task.start_time,
        update_time=task.update_time,
        status=task.status,
    )
