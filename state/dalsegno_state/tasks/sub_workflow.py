"""SUB_WORKFLOW: run another workflow and wait for its end."""

from collections.abc import Iterator
from dataclasses import replace
from typing import ClassVar, Final

from dalsegno.models import JsonObject, TaskStatus, WorkflowStatus, WorkflowTask
from dalsegno_state import attempts, flow
from dalsegno_state.draft import Draft, Place
from dalsegno_state.events import ChildEnded
from dalsegno_state.execution import Payload, TaskState
from dalsegno_state.expressions import ExpressionError, written_secrets
from dalsegno_state.task_type import Seed
from dalsegno_state.worker_queue import visible_at

_TASK_STATUS: Final = {
    WorkflowStatus.COMPLETED: TaskStatus.COMPLETED,
    WorkflowStatus.FAILED: TaskStatus.FAILED,
    WorkflowStatus.TERMINATED: TaskStatus.CANCELED,
    WorkflowStatus.TIMED_OUT: TaskStatus.TIMED_OUT,
}


def violations(task: WorkflowTask) -> Iterator[str]:
    """Yield what keeps ``task`` from being registered."""
    if task.sub_workflow_param is None:
        yield f"subWorkflowParam field is required for taskType: SUB_WORKFLOW taskName: {task.name}"
    elif not (task.sub_workflow_param.name or task.sub_workflow_param.workflow_definition):
        yield (
            "subWorkflowParam.name or subWorkflowParam.workflowDefinition field is required for "
            f"taskType: SUB_WORKFLOW taskName: {task.name}"
        )


class SubWorkflow:
    """Is in progress while its workflow runs, and ends as that does."""

    type: ClassVar[str] = "SUB_WORKFLOW"
    is_instant: ClassVar[bool] = False

    def schedule(self, draft: Draft, place: Place, seed: Seed) -> None:
        """See ``TaskType.schedule``."""
        task = attempts.new_task(
            draft,
            place,
            seed,
            status=TaskStatus.SCHEDULED,
            task_type=self.type,
            inputs=_inputs(draft, place, seed),
        )
        if not task.status.is_terminal:
            draft.look_later(task.ref)

    def resume(self, draft: Draft, task: TaskState, place: Place) -> None:
        """See ``TaskType.resume``."""
        see_to_child(draft, task)

    def proceed(self, draft: Draft, task: TaskState, place: Place) -> None:
        """See ``TaskType.proceed``."""
        flow.advance(draft, place)


def see_to_child(draft: Draft, task: TaskState) -> None:
    """Have a task's workflow started or looked at, once the task's delay is over."""
    due_at = visible_at(task)
    if task.status is TaskStatus.SCHEDULED and draft.now < due_at:
        draft.look_later(task.ref, at=due_at)
    else:
        draft.launch(task.ref)


def take_child_result(draft: Draft, event: ChildEnded) -> None:
    """End a SUB_WORKFLOW task as its workflow ended."""
    task = draft.task(event.ref)
    if task is None or task.task_id != event.task_id:
        return
    if task.status.is_terminal:
        draft.agenda.append(task.ref)
        return
    if task.sub_workflow_id not in (None, event.child_id) or draft.workflow.status.is_terminal:
        return
    reason = None
    if event.status is not WorkflowStatus.COMPLETED:
        name = f"{event.child_name}.{event.child_version}/{event.child_id}"
        reason = f"Sub workflow {name} failure reason: {event.reason}"
    flow.finish(
        draft,
        replace(
            task,
            sub_workflow_id=event.child_id,
            input=with_version(task.input, event.child_version),
        ),
        draft.place_of(task),
        _TASK_STATUS[event.status],
        output={"subWorkflowId": event.child_id, **event.output},
        reason=reason,
    )


def with_version(inputs: Payload, version: int | None) -> Payload:
    """Return a SUB_WORKFLOW's input with the version that was started, unless it names one."""
    if not isinstance(inputs, dict) or version is None or inputs.get("subWorkflowVersion"):
        return inputs
    return {**inputs, "subWorkflowVersion": version}


def _inputs(draft: Draft, place: Place, seed: Seed) -> JsonObject:
    node = place.node.task
    params = node.sub_workflow_param
    if params is None:
        raise ExpressionError(node.task_reference_name, "SUB_WORKFLOW has no subWorkflowParam")
    wire = params.to_wire()
    embedded = wire.pop("workflowDefinition", None)
    given = attempts.evaluated(draft, wire)
    fields = given if isinstance(given, dict) else {}
    definition = (
        attempts.evaluated(draft, embedded)
        if isinstance(embedded, str)
        else written_secrets(embedded)
    )
    inputs = attempts.input_of(draft, place, seed, node.task_definition)
    shown: JsonObject = {
        "subWorkflowName": fields.get("name"),
        "subWorkflowVersion": fields.get("version"),
        "subWorkflowTaskToDomain": fields.get("taskToDomain"),
        "subWorkflowDefinition": definition,
        "priority": fields.get("priority"),
        "idempotencyKey": fields.get("idempotencyKey"),
        "idempotencyStrategy": fields.get("idempotencyStrategy"),
    }
    return {**{k: v for k, v in shown.items() if v is not None}, "workflowInput": inputs}
