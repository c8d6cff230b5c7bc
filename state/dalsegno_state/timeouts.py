"""The four timeouts of a task, and that of a workflow; all are looked at when it is woken."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from dalsegno.models import EpochMillis, TaskDef, TaskStatus, TimeoutPolicy, WorkflowDef
from dalsegno_state.execution import TaskState, WorkflowState
from dalsegno_state.retry import total_timeout_reason

# They wait for others, who take the time they take.
_WAITING: Final = frozenset(
    {
        "DO_WHILE",
        "HUMAN",
        "JOIN",
        "PULL_WORKFLOW_MESSAGES",
        "SUB_WORKFLOW",
        "WAIT",
        "WAIT_FOR_WEBHOOK",
    }
)
# Without a response timeout they have the default one of definitions, so that none stays in
# progress for ever.
_DONE_BY_SYSTEM_WORKERS: Final = frozenset(
    {"EVENT", "GET_WORKFLOW", "HTTP", "HTTP_POLL", "KAFKA_PUBLISH"}
)
_DEFAULT_SECONDS: Final = 3_600
# Their effect shows in their output; whoever completes them then takes the time it takes.
_ASYNC_COMPLETE: Final = frozenset({"EVENT", "HTTP", "KAFKA_PUBLISH"})


@dataclass(frozen=True, slots=True)
class Expiry:
    """A timeout of a task that has run out.

    Attributes:
        at: When it ran out, or will.
        ends_workflow: The policy is TIME_OUT_WF.
    """

    at: EpochMillis
    reason: str
    ends_workflow: bool


def expiries(task: TaskState, task_def: TaskDef | None, now: EpochMillis) -> list[Expiry]:
    """Return the timeouts that an open task can run into, in the order they are checked."""
    if task.status.is_terminal:
        return []
    if task_def is None:
        if task.status is TaskStatus.SCHEDULED or task.task_type not in _DONE_BY_SYSTEM_WORKERS:
            return []
        return list(_response_expiry(task, TaskDef(name=task.name)))
    return list(_expiries(task, task_def, now))


def deadline(task: TaskState, task_def: TaskDef | None, now: EpochMillis) -> EpochMillis | None:
    """Return when the first of a task's timeouts runs out, or None if none can."""
    return min((expiry.at for expiry in expiries(task, task_def, now)), default=None)


def expired(task: TaskState, task_def: TaskDef | None, now: EpochMillis) -> Expiry | None:
    """Return the first timeout that has run out, or None."""
    return next((e for e in expiries(task, task_def, now) if e.at <= now), None)


def workflow_deadline(workflow: WorkflowState, definition: WorkflowDef) -> EpochMillis | None:
    """Return when the workflow as a whole has taken too long, or None."""
    if definition.timeout_seconds <= 0:
        return None
    since = workflow.last_retried_at or workflow.created_at
    return since + definition.timeout_seconds * 1000


def _expiries(task: TaskState, task_def: TaskDef, now: EpochMillis) -> Iterator[Expiry]:
    alert_only = task_def.timeout_policy is TimeoutPolicy.ALERT_ONLY
    if task_def.total_timeout_seconds > 0 and not alert_only:
        at = task.first_scheduled_at + task_def.total_timeout_seconds * 1000
        elapsed = max(0, now - task.first_scheduled_at) // 1000
        yield _by_policy(task_def, at, total_timeout_reason(task, task_def, elapsed))
    if task_def.timeout_seconds > 0 and task.started_at > 0 and not alert_only:
        begun = task.started_at + task.start_delay_seconds * 1000
        at = begun + task_def.timeout_seconds * 1000
        reason = _timed_out("Task timed out", now - begun, task_def.timeout_seconds, task_def)
        yield _by_policy(task_def, at, reason)
    if task.status is TaskStatus.SCHEDULED:
        yield from _poll_expiry(task, task_def, now)
    else:
        yield from _response_expiry(task, task_def)


def _poll_expiry(task: TaskState, task_def: TaskDef, now: EpochMillis) -> Iterator[Expiry]:
    limit = task_def.poll_timeout_seconds or 0
    if limit <= 0 or task_def.timeout_policy is TimeoutPolicy.ALERT_ONLY:
        return
    begun = task.scheduled_at + task.start_delay_seconds * 1000
    at = begun + (limit + task.callback_after_seconds) * 1000
    reason = _timed_out("Task poll timed out", now - begun, limit, task_def)
    yield _by_policy(task_def, at, reason)


def _response_expiry(task: TaskState, task_def: TaskDef) -> Iterator[Expiry]:
    limit = task_def.response_timeout_seconds
    if limit <= 0 and task.task_type in _DONE_BY_SYSTEM_WORKERS:
        limit = _DEFAULT_SECONDS
    if limit <= 0 or task.task_type in _WAITING:
        return
    if task.task_type in _ASYNC_COMPLETE and task.output:
        return
    yield Expiry(
        at=task.updated_at + (limit + task.callback_after_seconds) * 1000,
        reason=(
            f"responseTimeout: {limit} exceeded for the taskId: {task.task_id} "
            f"with Task Definition: {task.name}"
        ),
        ends_workflow=False,
    )


def _by_policy(task_def: TaskDef, at: EpochMillis, reason: str) -> Expiry:
    return Expiry(at, reason, task_def.timeout_policy is TimeoutPolicy.TIME_OUT_WF)


def _timed_out(what: str, elapsed_ms: int, limit_seconds: int, task_def: TaskDef) -> str:
    return (
        f"{what} after {max(0, elapsed_ms) // 1000} seconds. Timeout configured as "
        f"{limit_seconds} seconds. Timeout policy configured to {task_def.timeout_policy}"
    )
