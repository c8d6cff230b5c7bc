"""Doing again what ended badly: each such task gets another attempt, or goes on in place."""

from dataclasses import replace
from typing import Final

from dalsegno.models import TaskStatus
from dalsegno_state import attempts, ids
from dalsegno_state.draft import Draft, Place
from dalsegno_state.execution import Operation, TaskState
from dalsegno_state.retry import Again, next_attempt

_REOPENED_IN_PLACE: Final = frozenset({"JOIN", "EXCLUSIVE_JOIN", "DO_WHILE"})
_WAITING: Final = frozenset({"WAIT", "HUMAN"})


def retriable(tasks: list[TaskState]) -> list[TaskState]:
    """Return the tasks that a retry would do again."""
    return [task for task in tasks if task.status.is_terminal and not task.status.is_successful]


def is_of_this_run(draft: Draft, task: TaskState) -> bool:
    """Return whether an attempt was created since the operation began."""
    address = ids.parse_task_id(task.task_id)
    return address is not None and address.run >= draft.workflow.run


def delete(draft: Draft, tasks: list[TaskState]) -> bool:
    """Delete the tasks of earlier runs; return whether there are no more of them."""
    for task in tasks:
        if not is_of_this_run(draft, task):
            if not draft.has_budget:
                return False
            draft.delete(task.ref)
    return True


def reopen_unsuccessful(draft: Draft) -> bool:
    """Give every task that ended badly another go; return whether that is all of them."""
    for task in filter(draft.is_planned, retriable(draft.everything())):
        if is_of_this_run(draft, task):
            continue  # this operation's own attempt, and it failed already
        if not draft.has_budget:
            return False
        _reopen(draft, task)
    return True


def revives_child(operation: Operation, task: TaskState) -> bool:
    """Return whether an operation goes on with the workflow that a task had started.

    A cancelled one was doing well until something else ended its parent. One that failed starts
    anew only by a retry of its parent, which asks for that.
    """
    if task.task_type != "SUB_WORKFLOW" or task.sub_workflow_id is None:
        return False
    if not task.status.is_terminal or task.status.is_successful:
        return False
    return task.status is TaskStatus.CANCELED or operation.kind == "revive"


def _reopen(draft: Draft, task: TaskState) -> None:
    operation = draft.view.workflow.operation
    if operation is not None and revives_child(operation, task):
        draft.replace(task, _taken_up(draft, task))
        draft.look_later(task.ref)
        return
    place = draft.place_of(task)
    if task.task_type in _REOPENED_IN_PLACE:
        again = replace(
            task,
            status=TaskStatus.IN_PROGRESS,
            retry_count=task.retry_count + 1,
            reason=None,
            first_scheduled_at=draft.now,
            started_at=draft.now,
            ended_at=0,
            updated_at=draft.now,
            ends_workflow=False,
        )
    else:
        again = _another_attempt(draft, task, place)
        draft.freeze(task)
    draft.replace(task, again)
    draft.look_later(task.ref)


def _another_attempt(draft: Draft, task: TaskState, place: Place) -> TaskState:
    new_id = ids.task_id(task.workflow_id, draft.workflow.run, task.retry_count + 1, task.ref)
    fresh = attempts.evaluated(draft, place.node.task.input_parameters, new_id)
    attempt = replace(
        next_attempt(task, new_id, Again(0, 0), draft.now),
        input={**draft.payload(task.input), **(fresh if isinstance(fresh, dict) else {})},
        reason=None,
        first_scheduled_at=draft.now,  # or its total timeout would end it again at once
        ends_workflow=False,
    )
    if task.task_type not in _WAITING:
        return attempt
    return replace(
        attempt,
        status=TaskStatus.IN_PROGRESS,
        started_at=draft.now,
        wait_until=task.wait_until,
    )


def revive(draft: Draft, ref: str | None) -> bool:
    """Take up a SUB_WORKFLOW task whose workflow runs again, if any, and all that was cut short."""
    task = None if ref is None else draft.task(ref)
    if task is not None and task.status.is_terminal:
        draft.replace(task, _taken_up(draft, task))
    return reopen_unsuccessful(draft)


def _taken_up(draft: Draft, task: TaskState) -> TaskState:
    """Return a SUB_WORKFLOW task in progress again, with the workflow that it has."""
    return replace(
        task,
        status=TaskStatus.IN_PROGRESS,
        reason=None,
        ended_at=0,
        updated_at=draft.now,
        ends_workflow=False,
    )
