"""What a failed attempt leads to: another attempt, going on, or the end of the workflow."""

import hashlib
from dataclasses import dataclass, replace
from typing import Final

from dalsegno.models import RetryLogic, TaskDef, TaskStatus, WorkflowStatus, WorkflowTask
from dalsegno_state.execution import TaskState

NEVER_RETRIED: Final = frozenset(
    {"DECISION", "SWITCH", "FORK", "JOIN", "EXCLUSIVE_JOIN", "DO_WHILE"}
)
_INT_MAX: Final = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Again:
    """Another attempt, after a delay."""

    delay_seconds: int
    delay_ms: int


@dataclass(frozen=True, slots=True)
class GoOn:
    """The workflow goes on as if the task had done its work."""


@dataclass(frozen=True, slots=True)
class GiveUp:
    """The workflow ends with the task."""

    status: WorkflowStatus
    reason: str


Verdict = Again | GoOn | GiveUp


def verdict(task: TaskState, node: WorkflowTask, task_def: TaskDef | None) -> Verdict:
    """Return what follows from an attempt that ended badly; depends on nothing else."""
    if task.ends_workflow:
        return GiveUp(WorkflowStatus.TIMED_OUT, task.reason or "")
    if _may_retry(task, node, task_def) and task_def is not None:
        return _within_total_time(task, task_def)
    if node.optional or node.permissive:
        return GoOn()
    return _give_up(task)


def settled_status(task: TaskState, node: WorkflowTask, task_def: TaskDef | None) -> TaskStatus:
    """Return the status to store: an optional task that is given up ends with errors."""
    if not task.status.is_terminal or task.status.is_successful or not node.optional:
        return task.status
    if isinstance(verdict(task, node, task_def), GoOn):
        return TaskStatus.COMPLETED_WITH_ERRORS
    return task.status


def next_attempt(task: TaskState, new_task_id: str, again: Again, now: int) -> TaskState:
    """Return the attempt after this one, still with its old input."""
    return replace(
        task,
        task_id=new_task_id,
        status=TaskStatus.SCHEDULED,
        retry_count=task.retry_count + 1,
        retried_task_id=task.task_id,
        output={},
        scheduled_at=now,
        started_at=0,
        ended_at=0,
        updated_at=now,
        start_delay_seconds=again.delay_seconds,
        callback_after_seconds=again.delay_seconds,
        wait_until=now + again.delay_ms,
        poll_count=0,
        take_overs=0,
        worker_id=None,
        sub_workflow_id=None,
        external_output_path=None,
        cache_key=None,
    )


def delay_seconds(task_def: TaskDef, retry_count: int) -> int:
    """Return the pause before attempt ``retry_count + 1``, without jitter.

    FIXED: d; LINEAR_BACKOFF: d x backoffScaleFactor x (n + 1); EXPONENTIAL_BACKOFF: d x 2^n;
    capped by maxRetryDelaySeconds, and by 2^31 - 1 (Conductor's ``DeciderService``).
    """
    base = task_def.retry_delay_seconds
    match task_def.retry_logic:
        case RetryLogic.FIXED:
            delay = base
        case RetryLogic.LINEAR_BACKOFF:
            delay = base * task_def.backoff_scale_factor * (retry_count + 1)
        case RetryLogic.EXPONENTIAL_BACKOFF:
            delay = base << min(retry_count, 62)
    if delay < 0 or delay > _INT_MAX:
        delay = _INT_MAX
    cap = task_def.max_retry_delay_seconds
    return min(delay, cap) if cap > 0 else delay


def _may_retry(task: TaskState, node: WorkflowTask, task_def: TaskDef | None) -> bool:
    if task_def is None or not task.status.is_retriable or task.task_type in NEVER_RETRIED:
        return False
    allowed = task_def.retry_count if node.retry_count is None else node.retry_count
    return task.retry_count < allowed


def _within_total_time(task: TaskState, task_def: TaskDef) -> Verdict:
    total = task_def.total_timeout_seconds
    elapsed = (task.ended_at - task.first_scheduled_at) // 1000
    if 0 < total <= elapsed:
        timed_out = task.status is TaskStatus.TIMED_OUT
        status = WorkflowStatus.TIMED_OUT if timed_out else WorkflowStatus.FAILED
        return GiveUp(status, total_timeout_reason(task, task_def, elapsed))
    seconds = delay_seconds(task_def, task.retry_count)
    return Again(seconds, seconds * 1000 + _jitter_ms(task.task_id, task_def.backoff_jitter_ms))


def total_timeout_reason(task: TaskState, task_def: TaskDef, elapsed_seconds: int) -> str:
    """Return what to say of a task that used up its total time."""
    return (
        f"Task {task.name}/{task.task_id} exceeded total timeout of "
        f"{task_def.total_timeout_seconds} seconds (elapsed {elapsed_seconds} seconds across all "
        f"attempts including retry delays). Timeout policy: {task_def.timeout_policy}"
    )


def _jitter_ms(task_id: str, most_ms: int) -> int:
    """Return 0 to ``most_ms``, spread over task ids but the same for each evaluator."""
    if most_ms <= 0:
        return 0
    return int.from_bytes(hashlib.sha256(task_id.encode()).digest()[:8], "big") % (most_ms + 1)


def _give_up(task: TaskState) -> GiveUp:
    match task.status:
        case TaskStatus.CANCELED:
            status = WorkflowStatus.TERMINATED
        case TaskStatus.TIMED_OUT:
            status = WorkflowStatus.TIMED_OUT
        case _:
            status = WorkflowStatus.FAILED
    return GiveUp(
        status, f"Task {task.task_id} failed with status: {status} and reason: '{task.reason}'"
    )
