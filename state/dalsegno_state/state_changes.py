"""Changes of status that somebody wants to be told of: noted with the change, until told.

A note is stored by the write that makes the change, and taken off once the event is sent. It
holds what the event's id is made of, so that every repetition carries the same.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from dalsegno.models import StateChangeEvent, TaskStatus, WorkflowDef, WorkflowStatus, WorkflowTask
from dalsegno_state.execution import TaskState, WorkflowState

_CHANGES: Final = {
    "onScheduled": frozenset({TaskStatus.SCHEDULED}),
    "onStart": frozenset({TaskStatus.IN_PROGRESS}),
    "onSuccess": frozenset({TaskStatus.COMPLETED}),
    "onFailed": frozenset(
        {
            TaskStatus.FAILED,
            TaskStatus.FAILED_WITH_TERMINAL_ERROR,
            TaskStatus.TIMED_OUT,
            TaskStatus.COMPLETED_WITH_ERRORS,
        }
    ),
    "onCancelled": frozenset({TaskStatus.CANCELED}),
}


@dataclass(frozen=True, slots=True)
class Note:
    """A change that is yet to be told.

    Attributes:
        task_id: Empty in a note on a workflow.
        revision: Of the item that the change made; the same change never comes with another.
    """

    task_id: str
    revision: int
    status: str

    def __str__(self) -> str:
        """Return the text that ``parse`` reads."""
        return f"{self.task_id}.{self.revision}.{self.status}"

    @classmethod
    def parse(cls, text: str) -> "Note":
        """Return the note that a text was made of."""
        task_id, revision, status = text.rsplit(".", 2)
        return cls(task_id, int(revision), status)


def events_of(node: WorkflowTask, status: TaskStatus) -> Iterator[StateChangeEvent]:
    """Yield the events that a task's coming into a status calls for.

    A key of ``onStateChange`` may name several changes, joined by commas, as SDKs write them.
    """
    for names, events in node.on_state_change.items():
        for name in names.split(","):
            if status in _CHANGES.get(name.strip(), ()):
                yield from events


def noted_task(task: TaskState, before: TaskState | None, node: WorkflowTask) -> TaskState:
    """Return a task about to be stored, with a note if its change of status is to be told."""
    if not node.on_state_change:
        return task
    is_same = before is not None and (before.task_id, before.status) == (task.task_id, task.status)
    if is_same or not any(True for _ in events_of(node, task.status)):
        return task
    note = Note(task.task_id, task.revision, task.status)
    return replace(task, unpublished=(*task.unpublished, str(note)))


def noted_workflow(
    workflow: WorkflowState, before: WorkflowStatus | None, definition: WorkflowDef
) -> WorkflowState:
    """Return a workflow about to be stored, with a note if its change of status is to be told."""
    if not definition.workflow_status_listener_enabled or workflow.status is before:
        return workflow
    note = Note("", workflow.revision, workflow.status)
    return replace(workflow, unpublished=(*workflow.unpublished, str(note)))
