"""The fields by which workflows and tasks are searched and sorted."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from pydantic_core import to_json

from dalsegno.models import TaskStatus, WorkflowStatus
from dalsegno_state.conditions import Value
from dalsegno_state.execution import Payload, WorkflowState
from dalsegno_state.ports import FoundTask, Order

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Field(Generic[T]):
    """One field.

    Attributes:
        of: Returns its value, None if there is none.
        is_number: Its values are whole numbers, and can be compared.
        words: The only values it can have, if they are few.
        is_sortable: Results can be put in its order.
    """

    of: Callable[[T], Value | None]
    is_number: bool = False
    words: frozenset[str] = frozenset()
    is_sortable: bool = True


ALWAYS_MASKED: Final = ("_secrets", "_masked")


def searched_text(payload: Payload, workflow: WorkflowState) -> str | None:
    """Return a payload as searches see it, or None if they do not.

    One that is kept beside its item is not searched, nor one that is masked for readers: who
    cannot read a value must not find it by guessing.
    """
    if not isinstance(payload, dict) or not payload or workflow.masks_payloads:
        return None
    text = to_json(payload).decode()
    return None if any(f'"{name}"' in text for name in ALWAYS_MASKED) else text


WORKFLOW_FIELDS: Final[Mapping[str, Field[WorkflowState]]] = {
    "workflowId": Field(lambda w: w.workflow_id),
    "workflowType": Field(lambda w: w.name),
    "version": Field(lambda w: w.version, is_number=True),
    "status": Field(lambda w: w.status.value, words=frozenset(WorkflowStatus)),
    "correlationId": Field(lambda w: w.correlation_id),
    "parentWorkflowId": Field(lambda w: w.parent_workflow_id),
    "startTime": Field(lambda w: w.created_at, is_number=True),
    "endTime": Field(lambda w: w.ended_at or None, is_number=True),
    "updateTime": Field(lambda w: w.updated_at or None, is_number=True),
    "executionTime": Field(
        lambda w: w.ended_at - w.created_at if w.ended_at else None, is_number=True
    ),
    "priority": Field(lambda w: w.priority, is_number=True),
    "classifier": Field(lambda w: w.classifier),
    "event": Field(lambda w: w.event),
    "ownerApp": Field(lambda w: w.owner_app),
    "createdBy": Field(lambda w: w.created_by),
    "idempotencyKey": Field(lambda w: w.idempotency_key),
    "reasonForIncompletion": Field(lambda w: w.reason),
    "failedReferenceTaskNames": Field(lambda w: ",".join(w.failed_refs) or None),
    "input": Field(lambda w: searched_text(w.input, w), is_sortable=False),
    "output": Field(lambda w: searched_text(w.output, w), is_sortable=False),
}

_OTHER_NAMES: Final = {"createTime": "startTime", "modifiedTime": "updateTime"}


def field_name(name: str, fields: Mapping[str, object]) -> str:
    """Return the name under which a field is known here: Orkes's clients have others for some."""
    other = _OTHER_NAMES.get(name, name)
    return other if name not in fields and other in fields else name


TASK_FIELDS: Final[Mapping[str, Field[FoundTask]]] = {
    "taskId": Field(lambda t: t.task.task_id),
    "taskType": Field(lambda t: t.task.task_type),
    "taskDefName": Field(lambda t: t.task.name),
    "referenceTaskName": Field(lambda t: t.task.ref),
    "status": Field(lambda t: t.task.status.value, words=frozenset(TaskStatus)),
    "workflowId": Field(lambda t: t.workflow.workflow_id),
    "workflowType": Field(lambda t: t.workflow.name),
    "correlationId": Field(lambda t: t.workflow.correlation_id),
    "workflowStartTime": Field(lambda t: t.workflow.created_at, is_number=True),
    "scheduledTime": Field(lambda t: t.task.scheduled_at or None, is_number=True),
    "startTime": Field(lambda t: t.task.started_at or None, is_number=True),
    "endTime": Field(lambda t: t.task.ended_at or None, is_number=True),
    "updateTime": Field(lambda t: t.task.updated_at or None, is_number=True),
    "retryCount": Field(lambda t: t.task.retry_count, is_number=True),
    "workerId": Field(lambda t: t.task.worker_id),
    "domain": Field(lambda t: t.task.domain),
    "reasonForIncompletion": Field(lambda t: t.task.reason),
    "input": Field(lambda t: searched_text(t.task.input, t.workflow), is_sortable=False),
    "output": Field(lambda t: searched_text(t.task.output, t.workflow), is_sortable=False),
}


def in_order(
    found: list[T], fields: Mapping[str, Field[T]], order: tuple[Order, ...], identity: str
) -> list[T]:
    """Return what was found, sorted; the field ``identity`` decides between equals."""
    ordered = list(found)
    for each in (*order, Order(identity, order[-1].ascending))[::-1]:
        ordered.sort(key=_ranked(fields[each.field]), reverse=not each.ascending)
    return ordered


def check_order(fields: Mapping[str, Field[T]], order: tuple[Order, ...]) -> None:
    """Raise ValueError if hits cannot be put in an order."""
    for each in order:
        if each.field not in fields or not fields[each.field].is_sortable:
            raise ValueError(f"hits cannot be ordered by {each.field!r}")


def _ranked(field: Field[T]) -> Callable[[T], tuple[bool, Value]]:
    def rank(found: T) -> tuple[bool, Value]:
        value = field.of(found)
        return (False, 0) if value is None else (True, value)

    return rank
