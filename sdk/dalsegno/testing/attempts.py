"""The attempts of a run, and what they waited for."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from dalsegno.models import EpochMillis, Task, TaskStatus
from dalsegno.testing.report import started_by

# What the engine does by itself in no time: how a workflow goes, and not what it does.
OPERATORS: Final = frozenset(
    {
        "DECISION",
        "DO_WHILE",
        "DYNAMIC",
        "EXCLUSIVE_JOIN",
        "FORK",
        "FORK_JOIN",
        "FORK_JOIN_DYNAMIC",
        "INLINE",
        "JOIN",
        "JSON_JQ_TRANSFORM",
        "LAMBDA",
        "NOOP",
        "SET_VARIABLE",
        "SWITCH",
        "TERMINATE",
    }
)


@dataclass(frozen=True)
class TaskAttempt:
    """One attempt of one task.

    Attributes:
        ref: Reference name; in a loop with its turn, such as ``ship__2``.
        base_ref: Reference name as the definition spells it.
        type: Type at run time: a system type, or that of the worker's tasks.
        attempt: 1 for the first.
        scheduled_at: When it came into being, as the time since the run began.
        started_at: When somebody took it; None if nobody has.
        ended_at: When it ended; None if it is open.
    """

    ref: str
    base_ref: str
    type: str
    status: TaskStatus
    attempt: int
    input: dict[str, Any]
    output: dict[str, Any]
    reason: str | None
    scheduled_at: timedelta
    started_at: timedelta | None
    ended_at: timedelta | None
    sub_workflow_id: str | None


@dataclass(frozen=True)
class Timer:
    """Something that was waited for.

    Attributes:
        ref: Of the task that waited.
        kind: ``wait``, ``delay`` (before an attempt) or ``timeout``.
    """

    ref: str
    kind: str
    duration: timedelta


def attempt_of(task: Task, began_at: EpochMillis) -> TaskAttempt:
    """Return an attempt as a test sees it.

    Args:
        task: As the API shows it.
        began_at: When the run began.
    """

    def since(at: EpochMillis) -> timedelta | None:
        return timedelta(milliseconds=at - began_at) if at else None

    return TaskAttempt(
        ref=task.reference_task_name,
        base_ref=task.workflow_task.task_reference_name or task.reference_task_name,
        type=task.task_type,
        status=task.status,
        attempt=task.retry_count + 1,
        input=task.input_data,
        output=task.output_data,
        reason=task.reason_for_incompletion,
        scheduled_at=since(task.scheduled_time) or timedelta(),
        started_at=since(task.start_time),
        ended_at=since(task.end_time),
        sub_workflow_id=started_by(task),
    )


def timers_of(tasks: Iterable[Task]) -> list[Timer]:
    """Return what the tasks of a workflow waited for, in the order of their creation."""
    timers: list[Timer] = []
    ended_at: dict[str, EpochMillis] = {}
    for task in tasks:
        ref = task.reference_task_name
        timers.extend(_timers_of(task, ended_at.get(ref, task.scheduled_time)))
        ended_at[ref] = task.end_time
    return timers


def _timers_of(task: Task, since: EpochMillis) -> list[Timer]:
    """Return what an attempt waited for; ``since`` is when the one before it ended."""
    timers = []
    began_at = task.start_time or task.end_time
    if task.task_type != "WAIT" and began_at > since:
        timers.append(_timer(task, "delay", began_at - since))
    if task.task_type == "WAIT" and task.end_time:
        timers.append(_timer(task, "wait", task.end_time - task.scheduled_time))
    if task.status is TaskStatus.TIMED_OUT:
        timers.append(_timer(task, "timeout", task.end_time - began_at))
    return timers


def _timer(task: Task, kind: str, millis: int) -> Timer:
    return Timer(task.reference_task_name, kind, timedelta(milliseconds=millis))
