"""Telling of changes of status: events for the queue of events, each until it is known as sent.

The body of a message is a JSON object of ``event`` (``conductor:<workflow>:<name>``), ``id``
and ``payload``, and ``optional`` if nobody need be there for it. It may come more than once, with
the same id.
"""

from dataclasses import replace
from typing import Final

from pydantic_core import to_json

from dalsegno.models import JsonObject, StateChangeEvent, TaskStatus
from dalsegno_state.draft import Draft, size_bytes
from dalsegno_state.events import Published
from dalsegno_state.execution import TaskState
from dalsegno_state.expressions import ExpressionError, evaluate
from dalsegno_state.ids import EVENTS_QUEUE
from dalsegno_state.ports import Message
from dalsegno_state.scope import DraftScope
from dalsegno_state.state_changes import Note, events_of

WORKFLOW_STATUS: Final = "workflow_status"
_MOST_BYTES: Final = 200 * 1024  # of 256 KB: something goes around it


def publish(draft: Draft) -> None:
    """Send the events of all notes that are known; have the notes taken off after that."""
    for text in draft.workflow.unpublished:
        _send_workflow_event(draft, Note.parse(text), f"{draft.workflow.workflow_id}{text}")
    if draft.workflow.unpublished:
        draft.go_on_first_with(Published(notes=draft.workflow.unpublished))
    for task in draft.known_tasks():
        for text in task.unpublished:
            _send_task_events(draft, task, Note.parse(text), text)
        if task.unpublished:
            draft.go_on_first_with(Published(ref=task.ref, notes=task.unpublished))


def take_off(draft: Draft, event: Published) -> None:
    """Forget notes whose events have been sent."""
    if event.ref is None:
        left = _without(draft.workflow.unpublished, event.notes)
        if left != draft.workflow.unpublished:
            draft.update_workflow(replace(draft.workflow, unpublished=left))
        return
    task = draft.task(event.ref)
    if task is not None and (left := _without(task.unpublished, event.notes)) != task.unpublished:
        draft.replace(task, replace(task, unpublished=left))


def _without(notes: tuple[str, ...], sent: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(note for note in notes if note not in sent)


def _send_workflow_event(draft: Draft, note: Note, event_id: str) -> None:
    workflow, definition = draft.workflow, draft.view.plan.definition
    name = definition.workflow_status_listener_sink or WORKFLOW_STATUS
    payload = _about_workflow(draft)
    payload |= {"status": note.status, "reasonForIncompletion": workflow.reason}
    _send(draft, name, event_id, payload, optional=definition.workflow_status_listener_sink is None)


def _send_task_events(draft: Draft, task: TaskState, note: Note, event_id: str) -> None:
    node = draft.place_of(task).node.task
    about: JsonObject = {
        **_about_workflow(draft),
        "taskId": note.task_id,
        "taskType": task.task_type,
        "taskDefName": task.name,
        "referenceTaskName": task.ref,
        "status": note.status,
    }
    for number, event in enumerate(events_of(node, TaskStatus(note.status))):
        payload = {**_payload(draft, event), **about}
        if size_bytes(payload) > _MOST_BYTES:
            payload = about
        _send(draft, event.type, f"{event_id}.{number}", payload)


def _payload(draft: Draft, event: StateChangeEvent) -> JsonObject:
    try:
        value = evaluate(event.payload, DraftScope(draft))
    except ExpressionError:
        return event.payload
    return value if isinstance(value, dict) else event.payload


def _about_workflow(draft: Draft) -> JsonObject:
    workflow = draft.workflow
    return {
        "workflowInstanceId": workflow.workflow_id,
        "workflowType": workflow.name,
        "workflowVersion": workflow.version,
        "correlationId": workflow.correlation_id,
    }


def _send(
    draft: Draft, name: str, event_id: str, payload: JsonObject, *, optional: bool = False
) -> None:
    event: JsonObject = {
        "event": f"conductor:{draft.workflow.name}:{name}",
        "id": event_id,
        "payload": payload,
    }
    if optional:
        event["optional"] = True
    if draft.workflow.generation:
        event["generation"] = draft.workflow.generation
    draft.send(Message(queue=EVENTS_QUEUE, body=to_json(event).decode()))
