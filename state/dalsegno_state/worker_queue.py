"""Which queue a task waits in, and the message that announces it there."""

from collections.abc import Mapping
from typing import Final

from dalsegno.models import EpochMillis, TaskDef
from dalsegno_state import ids
from dalsegno_state.draft import BUSY_WAKE_MS, Draft, Place
from dalsegno_state.execution import TaskState
from dalsegno_state.ports import Message
from dalsegno_state.reserved_names import TEST_DOMAIN

# How long a task may lie in its queue before a wake doubts that its message still exists.
DOUBT_MS = 60_000
# A lost message is noticed after a minute, and, should its repetition be lost too, a little
# later; the weekly ones are for queues that forget (SQS keeps messages for 14 days at most).
_MARKS_MS = (DOUBT_MS, 16 * DOUBT_MS, 256 * DOUBT_MS)
_WEEK_MS = 7 * 86_400_000
# Where tasks of system types wait, whatever their definitions say of name spaces.
_SHARED_QUEUES: Final[Mapping[str, str]] = {
    "AWS_LAMBDA": ids.SYSTEM_QUEUE,
    "EVENT": ids.SYSTEM_QUEUE,
    "GET_WORKFLOW": ids.SYSTEM_QUEUE,
    "HTTP": "HTTP",
    "HTTP_POLL": "HTTP",
    "KAFKA_PUBLISH": ids.SYSTEM_QUEUE,
    "PULL_WORKFLOW_MESSAGES": ids.SYSTEM_QUEUE,
    "WAIT_FOR_WEBHOOK": ids.SYSTEM_QUEUE,
}


def queue_name(task_type: str, domain: str | None, task_def: TaskDef | None = None) -> str:
    """Return ``[domain:]type[@executionNameSpace][-isolationGroupId]``."""
    name = f"{domain}:{task_type}" if domain else task_type
    if task_def is not None and task_def.execution_name_space:
        name += f"@{task_def.execution_name_space}"
    if task_def is not None and task_def.isolation_group_id:
        name += f"-{task_def.isolation_group_id}"
    return name


def queue_of(task: TaskState, task_def: TaskDef | None) -> str:
    """Return the queue that a task waits in."""
    shared = _SHARED_QUEUES.get(task.task_type)
    return queue_name(task.task_type, task.domain, task_def) if shared is None else shared


def announce(draft: Draft, task: TaskState, place: Place, *, at: EpochMillis) -> None:
    """Put a task into its queue, to be seen from a time on."""
    if draft.workflow.task_to_domain.get("*") == TEST_DOMAIN:
        return
    draft.send(
        Message(
            queue=queue_of(task, draft.task_def(place, task.name)),
            body=task.task_id,
            deliver_at=at if at > draft.now else None,
            priority=draft.workflow.priority,
        )
    )


def visible_at(task: TaskState) -> EpochMillis:
    """Return from when on a scheduled task is to be handed out."""
    return task.scheduled_at if task.wait_until is None else task.wait_until


def announce_again(draft: Draft, task: TaskState, place: Place) -> None:
    """Put a scheduled task into its queue once more, in case its message was lost.

    A wake does so only when it has lain there long enough for that to be likely, and then ever
    more seldom: copies of a message that was not lost make a queue look longer than it is.
    """
    at = visible_at(task)
    if not draft.waking or draft.has_written(task.ref) or _is_doubtful(draft, at):
        announce(draft, task, place, at=at)


def _is_doubtful(draft: Draft, at: EpochMillis) -> bool:
    """Return whether a task that could be handed out since ``at`` passed a mark lately.

    Lately is since the last wake; that of a new task may be as long ago as a wake is pulled.
    """
    age_ms = draft.now - at
    last_wake_ms = max(draft.view.workflow.wake_interval_ms, BUSY_WAKE_MS)
    return _marks_passed(age_ms) > _marks_passed(age_ms - last_wake_ms)


def _marks_passed(age_ms: int) -> int:
    """Return how many times a message of that age has been repeated: see ``_MARKS_MS``."""
    marks = sum(mark <= age_ms for mark in _MARKS_MS)
    return marks + max(0, age_ms) // _WEEK_MS


def choose_domain(draft: Draft, task_type: str, task_name: str) -> str | None:
    """Return the domain a new worker task goes to.

    The workflow's ``taskToDomain`` names a list by task type, or ``*``; the first domain with a
    recent poll wins, else the last; ``NO_DOMAIN`` is none.
    """
    domains = draft.workflow.task_to_domain
    wanted = domains.get(task_type) or domains.get(task_name) or domains.get("*")
    if not wanted:
        return None
    names = [name.strip() for name in wanted.split(",") if name.strip()]
    for name in names[:-1]:
        if name != "NO_DOMAIN" and draft.has_recent_poll(task_type, name):
            return name
    return names[-1] if names and names[-1] != "NO_DOMAIN" else None
