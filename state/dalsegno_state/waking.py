"""The wake: everything of a workflow is looked at, and what is missing or overdue is mended."""

from dataclasses import replace
from typing import Final

from dalsegno.models import EpochMillis, TaskStatus, WorkflowStatus, WorkflowTimeoutPolicy
from dalsegno_state import ending, flow
from dalsegno_state.draft import Draft
from dalsegno_state.events import Close
from dalsegno_state.execution import TaskState, WorkflowState
from dalsegno_state.forgetting import is_forgotten, is_past
from dalsegno_state.timeouts import deadline, expired, workflow_deadline
from dalsegno_state.worker_queue import DOUBT_MS, visible_at
from dalsegno_state.writes import SetWake

FIRST_WAKE_MS: Final = 60_000
LONGEST_WAKE_MS: Final = 6 * 3_600_000
# Of a workflow that stands still: nothing of it is in a queue, or in the hands of another.
LONGEST_STILL_MS: Final = 7 * 86_400_000
_STANDING: Final = frozenset({"WAIT", "HUMAN", "JOIN", "EXCLUSIVE_JOIN", "DO_WHILE"})
# A wake that dies is tried again after this long, and after a failure ever later.
WAKE_RETRY_MS: Final = 30_000
# So many failures in a row end the workflow: about eight minutes after the first.
MAX_FAILED_WAKES: Final = 5
# One that waits for a slot begins no later, should the news of the slot be lost.
LONGEST_WAIT_MS: Final = 15 * 60_000


def wake(draft: Draft) -> None:
    """Look at everything, then move the wake to when the next look is due."""
    draft.waking = True
    workflow = draft.workflow
    if workflow.status.is_terminal:
        draft.go_on_with(Close()) if _has_open_end(draft) else draft.set_wake(None, 0)
        return
    if _time_out_workflow(draft):
        return
    if draft.is_running:
        _look_at_tasks(draft)
    if not draft.workflow.status.is_terminal:
        _move_wake(draft)


def failed_wake(workflow: WorkflowState, now: EpochMillis) -> SetWake:
    """Return the write that counts a failed wake and sets when the next one is due."""
    failures = workflow.failed_wakes
    at = now + WAKE_RETRY_MS * 2 ** min(failures, MAX_FAILED_WAKES)
    return SetWake(workflow.workflow_id, workflow.wake_at, at, -(failures + 1))


def _has_open_end(draft: Draft) -> bool:
    return draft.workflow.closing or any(not task.status.is_terminal for task in draft.everything())


def _time_out_workflow(draft: Draft) -> bool:
    definition = draft.view.plan.definition
    at = workflow_deadline(draft.workflow, definition)
    if at is None or at > draft.now:
        return False
    if definition.timeout_policy is not WorkflowTimeoutPolicy.TIME_OUT_WF:
        return False
    since = draft.workflow.last_retried_at or draft.workflow.created_at
    ending.give_up(
        draft,
        None,
        f"Workflow timed out after {(draft.now - since) // 1000} seconds. Timeout configured as "
        f"{definition.timeout_seconds} seconds. Timeout policy configured to TIME_OUT_WF",
        status=WorkflowStatus.TIMED_OUT,
    )
    return True


def _look_at_tasks(draft: Draft) -> None:
    tasks = draft.everything()
    if all(task.status is TaskStatus.SKIPPED for task in tasks) or _begins_skipped(draft):
        flow.begin(draft)
    for task in tasks:
        if not draft.is_running:
            return
        if task.status is TaskStatus.SKIPPED or not draft.is_planned(task):
            continue  # stepped over when execution comes to it, not before
        if _is_left_over(draft, task):
            continue
        if task.status.is_terminal or not _time_out_task(draft, task):
            flow.follow(draft, task.ref)
    flow.drain(draft)


def _begins_skipped(draft: Draft) -> bool:
    """Return whether the first task was stepped over, so that nothing else leads to the second."""
    first_ref = draft.view.plan.first_ref
    first = None if first_ref is None else draft.task(first_ref)
    return first is not None and first.status is TaskStatus.SKIPPED


def _is_left_over(draft: Draft, task: TaskState) -> bool:
    """Return whether somebody brought a task into being whose turn was over; forget it then."""
    place = draft.place_of(task)
    if is_forgotten(draft, place):
        draft.delete(task.ref)
        return True
    return not task.status.is_terminal and is_past(draft, place)


def _time_out_task(draft: Draft, task: TaskState) -> bool:
    place = draft.place_of(task)
    expiry = expired(task, draft.task_def(place, task.name), draft.now)
    if expiry is None:
        return False
    flow.finish(
        draft,
        replace(task, ends_workflow=expiry.ends_workflow),
        place,
        TaskStatus.TIMED_OUT,
        reason=expiry.reason,
    )
    return True


def _move_wake(draft: Draft) -> None:
    """Set the next wake: later each time nothing was amiss, but never behind a deadline.

    No message can be lost of a workflow that stands still, so it is looked at ever more seldom:
    whoever sets it going again pulls the wake before writing anything.
    """
    interval = FIRST_WAKE_MS
    if draft.writes_nothing:
        factor, longest = (4, LONGEST_STILL_MS) if _is_still(draft) else (2, LONGEST_WAKE_MS)
        interval = max(FIRST_WAKE_MS, draft.view.workflow.wake_interval_ms * factor)
        interval = min(interval, longest)
    if draft.workflow.rate_limited:
        interval = min(interval, LONGEST_WAIT_MS)
    draft.set_wake(min([draft.now + interval, *_deadlines(draft)]), interval)


def _is_still(draft: Draft) -> bool:
    """Return whether all that is open waits for a time, a signal, or other open tasks.

    A workflow that has a parent does not count: it may have been cancelled without hearing of it.
    """
    return draft.workflow.parent_task_id is None and all(
        task.status is TaskStatus.IN_PROGRESS and task.task_type in _STANDING
        for task in draft.everything()
        if not task.status.is_terminal
    )


def _deadlines(draft: Draft) -> list[EpochMillis]:
    found = [workflow_deadline(draft.workflow, draft.view.plan.definition)]
    for task in draft.everything():
        if not task.status.is_terminal and draft.is_planned(task):
            task_def = draft.task_def(draft.place_of(task), task.name)
            found.append(deadline(task, task_def, draft.now))
            found.append(_in_doubt_at(draft, task))
    return [at for at in found if at is not None and at > draft.now]


def _in_doubt_at(draft: Draft, task: TaskState) -> EpochMillis | None:
    """Return when to see whether an open task is past its time, or its message was lost.

    One that waits for a worker since shortly is looked at again together with all others.
    """
    if task.status is not TaskStatus.SCHEDULED:
        return task.wait_until
    doubt_at = visible_at(task) + DOUBT_MS
    return max(doubt_at, draft.now + DOUBT_MS) if doubt_at > draft.now else None
