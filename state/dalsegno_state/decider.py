"""The decider: from what is stored and what happened to what must be written. Pure."""

from collections.abc import Mapping
from dataclasses import replace
from typing import assert_never

from dalsegno.models import EpochMillis, TaskStatus
from dalsegno_state import attempts, ending, flow, publishing, waking
from dalsegno_state.draft import Draft, Place, Tools
from dalsegno_state.events import (
    ChildEnded,
    ChildNews,
    Close,
    Closed,
    Event,
    Expire,
    Joined,
    Launched,
    LeaseExtended,
    Look,
    Published,
    Reported,
    Tell,
    Terminate,
    Wake,
)
from dalsegno_state.execution import TaskState
from dalsegno_state.expressions import ExpressionError
from dalsegno_state.forgetting import is_forgotten
from dalsegno_state.task_type import TaskType
from dalsegno_state.tasks.join import end_join
from dalsegno_state.tasks.registry import TASK_TYPES
from dalsegno_state.tasks.sub_workflow import take_child_result, with_version
from dalsegno_state.transition import Transition
from dalsegno_state.view import View
from dalsegno_state.worker_queue import announce, visible_at


def decide(
    view: View,
    event: Event,
    *,
    now: EpochMillis,
    tools: Tools,
    types: Mapping[str, TaskType] = TASK_TYPES,
) -> Transition:
    """Return what must be written and sent because of an event.

    Deciding the same event again, at any time and by anybody, does no harm: what is there
    already is left alone and what is missing is added.

    Raises:
        NotLoadedError: The decision needs more of what is stored; load it and decide again.
    """
    draft = Draft(view, tools, now, types)
    try:
        _take_in(draft, event)
        flow.drain(draft)
    except ExpressionError as error:
        draft.agenda.clear()
        ending.give_up(
            draft,
            None,
            f"Error scheduling tasks: {error}, for workflow: {view.workflow.workflow_id}",
        )
    for ref in draft.agenda:
        draft.look_later(ref)
    if not isinstance(event, Published):
        publishing.publish(draft)
    return draft.transition()


def forget_late(
    view: View, *, now: EpochMillis, tools: Tools, refs: Mapping[str, TaskState]
) -> Transition:
    """Return what forgets those of some tasks whose turns were dropped before they were stored."""
    draft = Draft(view, tools, now, TASK_TYPES)
    for ref, task in refs.items():
        if is_forgotten(draft, draft.place_of(task), soon=True):
            draft.delete(ref)
    return draft.transition()


def _take_in(draft: Draft, event: Event) -> None:  # noqa: C901  (a closed union, an arm each)
    match event:
        case Look():
            _look(draft, event)
        case Reported():
            _report(draft, event)
        case LeaseExtended():
            _extend_lease(draft, event)
        case Joined():
            end_join(draft, event)
        case Launched():
            _note_launch(draft, event)
        case ChildEnded():
            take_child_result(draft, event)
        case Terminate(reason=reason):
            ending.terminate(draft, reason)
        case Close():
            ending.close(draft, event)
        case Closed(failure_workflow_id=failure_workflow_id):
            ending.closed(draft, failure_workflow_id)
        case Tell(ref=ref):
            draft.require([ref])
        case Published():
            publishing.take_off(draft, event)
        case Wake():
            waking.wake(draft)
        case ChildNews():
            raise TypeError("a child is read before it is decided on, as ChildEnded")
        case Expire():
            raise TypeError("what is not needed any more is removed, not decided on")
        case _:
            assert_never(event)


def _look(draft: Draft, event: Look) -> None:
    if draft.workflow.status.is_terminal:
        _look_after_end(draft, event)
    elif event.ref is not None:
        draft.start = event.start
        draft.agenda.append(event.ref)
    elif draft.is_running:
        flow.begin(draft)


def _look_after_end(draft: Draft, event: Look) -> None:
    """Close again a workflow in which somebody met an open task."""
    task = None if event.ref is None else draft.task(event.ref)
    if task is not None and not task.status.is_terminal:
        draft.go_on_with(Close())


def _open_attempt(draft: Draft, ref: str, task_id: str) -> TaskState | None:
    """Return the attempt if it is open; otherwise see that what follows it is under way."""
    task = draft.task(ref)
    if task is not None and not draft.is_planned(task):
        return None
    if task is not None and task.task_id == task_id and not task.status.is_terminal:
        return task
    if task is not None:
        draft.agenda.append(ref)
    return None


def _report(draft: Draft, event: Reported) -> None:
    task = _open_attempt(draft, event.ref, event.task_id)
    if (
        task is None
        or draft.workflow.status.is_terminal
        or task.task_type in flow.ENDED_BY_CONTENTS
    ):
        return
    place = draft.place_of(task)
    reported = replace(
        task,
        worker_id=event.worker_id or task.worker_id,
        external_output_path=event.external_output_path,
    )
    if event.status.is_terminal:
        flow.finish(draft, reported, place, event.status, output=event.output, reason=event.reason)
        return
    kept_open = attempts.fitting(_kept_open(draft, reported, place, event))
    if kept_open.status.is_terminal:
        reason = kept_open.reason
        flow.finish(draft, reported, place, kept_open.status, output={}, reason=reason)
        return
    updated = draft.replace(task, kept_open)
    if updated.status is TaskStatus.SCHEDULED:
        announce(draft, updated, place, at=visible_at(updated))
    attempts.watch_deadline(draft, updated, place)


def _kept_open(draft: Draft, task: TaskState, place: Place, event: Reported) -> TaskState:
    """Return an attempt its worker is not done with: handed out again after the callback."""
    callback_seconds = max(0, event.callback_after_seconds)
    comes_back = flow.behaviour(draft, place, task).type in flow.HANDED_OUT_AGAIN
    return replace(
        task,
        status=TaskStatus.SCHEDULED if comes_back else TaskStatus.IN_PROGRESS,
        output=event.output,
        reason=event.reason,
        callback_after_seconds=callback_seconds,
        wait_until=draft.now + callback_seconds * 1000 if comes_back else task.wait_until,
        updated_at=draft.now,
    )


def _extend_lease(draft: Draft, event: LeaseExtended) -> None:
    task = draft.task(event.ref)
    if task is None or task.task_id != event.task_id or task.status.is_terminal:
        return
    draft.replace(task, replace(task, updated_at=draft.now))


def _note_launch(draft: Draft, event: Launched) -> None:
    task = _open_attempt(draft, event.ref, event.task_id)
    if task is None or task.sub_workflow_id is not None:
        return
    if task.task_type == "START_WORKFLOW":
        flow.finish(
            draft,
            task,
            draft.place_of(task),
            TaskStatus.COMPLETED,
            output={"workflowId": event.child_id},
        )
        return
    draft.replace(
        task,
        replace(
            task,
            status=TaskStatus.IN_PROGRESS,
            sub_workflow_id=event.child_id,
            input=with_version(task.input, event.child_version),
            output={"subWorkflowId": event.child_id},
            started_at=task.started_at or draft.now,
            updated_at=draft.now,
        ),
    )
