"""How a workflow ends, and what its end leads to."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from dalsegno.models import EpochMillis, JsonObject, TaskStatus, WorkflowDef, WorkflowStatus
from dalsegno_state import ids
from dalsegno_state.draft import BUSY_WAKE_MS, MAX_PAYLOAD_BYTES, Draft, depth_fault, size_bytes
from dalsegno_state.events import ChildNews, Close, Closed, Terminate, encode_evaluation
from dalsegno_state.execution import TaskState, WorkflowState
from dalsegno_state.expressions import ExpressionError, evaluate
from dalsegno_state.forgetting import is_forgotten
from dalsegno_state.outputs import output_of
from dalsegno_state.ports import Message
from dalsegno_state.schemas import breach
from dalsegno_state.scope import DraftScope
from dalsegno_state.transition import Transition
from dalsegno_state.writes import SetWake, UpdateWorkflow

# Where an output names the failure workflow; a parent's task does not have it, as it may end first.
FAILURE_WORKFLOW: Final = "conductor.failure_workflow"


def complete(draft: Draft, *, reason: str | None = None, output: JsonObject | None = None) -> None:
    """End the workflow well; nothing is left open unless the caller cut it short.

    Or a loop was: an optional one that times out leaves its turn unfinished.
    """
    left_open = output is not None or draft.view.plan.has_optional_loop
    _end(draft, WorkflowStatus.COMPLETED, reason, output=output, left_open=left_open)


def give_up(
    draft: Draft,
    task: TaskState | None,
    reason: str,
    *,
    status: WorkflowStatus = WorkflowStatus.FAILED,
    output: JsonObject | None = None,
) -> None:
    """End the workflow because of a task, or of something that is no task's fault."""
    if task is not None:
        draft.current = task
    _end(draft, status, reason, task=task, output=output, left_open=True)


def terminate(draft: Draft, reason: str | None) -> None:
    """End the workflow from outside; no failure workflow follows."""
    workflow = draft.workflow
    if workflow.status is WorkflowStatus.COMPLETED:
        return
    if workflow.status.is_terminal:
        if workflow.status is not WorkflowStatus.TERMINATED:
            draft.update_workflow(
                replace(workflow, status=WorkflowStatus.TERMINATED, reason=reason)
            )
        if draft.workflow.closing:
            draft.go_on_with(Close())
        return
    _end(draft, WorkflowStatus.TERMINATED, reason, left_open=True)


def unevaluable(workflow: WorkflowState, cause: str, now: EpochMillis) -> Transition:
    """Return what ends a workflow whose evaluation fails again and again.

    It evaluates nothing and needs no definition. Its first call leaves the cancelling of open
    tasks to ``close``; if that fails as often, the second one ends the workflow without it.
    """
    ended = replace(workflow, revision=workflow.revision + 1, updated_at=now)
    if not workflow.status.is_terminal:
        ended = replace(
            ended,
            status=WorkflowStatus.FAILED,
            reason=f"cannot be evaluated: {cause}",
            ended_at=now,
            operation=None,
            closing=True,
        )
        renewed = SetWake(workflow.workflow_id, workflow.wake_at, now + BUSY_WAKE_MS, 0)
        return Transition(
            writes=(renewed, UpdateWorkflow(ended, workflow.revision)), then=(Close(),)
        )
    ended = replace(ended, closing=False)
    return Transition(
        writes=(UpdateWorkflow(ended, workflow.revision, clears_wake=True),),
        messages=tuple(_news(workflow)),
    )


def _news(workflow: WorkflowState) -> Iterator[Message]:
    """Yield the messages that tell each waiting task that a workflow has ended."""
    for task_id in waiting_tasks(workflow):
        address = ids.parse_task_id(task_id)
        if address is not None:
            news = ChildNews(task_id=task_id, child_id=workflow.workflow_id)
            yield Message(
                queue=ids.EVALUATOR_QUEUE, body=encode_evaluation(address.workflow_id, news)
            )


def close(draft: Draft, event: Close) -> None:
    """Cancel what an ended workflow left open and tell its parent; repeat until all is done."""
    workflow = draft.workflow
    if not workflow.status.is_terminal:
        return
    for task in draft.everything() if event.left_open else ():
        if not draft.has_budget:
            draft.go_on_with(Close())
            return
        if is_forgotten(draft, draft.place_of(task)):
            draft.delete(task.ref)
        else:
            _cancel(draft, task)
    for message in _news(workflow):
        draft.send(message)
    draft.go_on_with(Closed(failure_workflow_id=None))


def waiting_tasks(workflow: WorkflowState) -> tuple[str, ...]:
    """Return the SUB_WORKFLOW tasks that wait for a workflow's end."""
    parent = () if workflow.parent_task_id is None else (workflow.parent_task_id,)
    return (*parent, *workflow.followers)


def closed(draft: Draft, failure_workflow_id: str | None) -> None:
    """Note that the end of the workflow is seen to, but for a last look."""
    workflow = draft.workflow
    if not workflow.status.is_terminal or not workflow.closing:
        return
    output = draft.payload(workflow.output)
    if failure_workflow_id is not None:
        output = {**output, FAILURE_WORKFLOW: failure_workflow_id}
    # A task created by somebody who had not yet seen the end is found by the wake still set.
    clears_wake = draft.waking or workflow.status is WorkflowStatus.COMPLETED
    draft.update_workflow(replace(workflow, closing=False, output=output), clears_wake=clears_wake)


def failure_workflow_follows(workflow: WorkflowState, definition: WorkflowDef) -> bool:
    """Return whether a workflow's failure workflow follows its end."""
    if not definition.failure_workflow:
        return False
    ended_by_itself = workflow.status in {WorkflowStatus.FAILED, WorkflowStatus.TIMED_OUT}
    by_task = workflow.status is WorkflowStatus.TERMINATED and workflow.failed_task_id is not None
    return ended_by_itself or by_task


def end_of_child(parent: WorkflowState) -> Terminate:
    """Return what ends a workflow whose parent has ended, or does without it."""
    cause = (
        f"reason: {parent.reason}"
        if parent.status is WorkflowStatus.TERMINATED
        else f"status {parent.status}"
    )
    return Terminate(reason=f"Parent workflow has been terminated with {cause}")


def end_of_abandoned(task_ref: str) -> Terminate:
    """Return what ends a workflow whose parent's task was skipped or forgotten while it ran."""
    return Terminate(reason=f"Parent workflow went on without task {task_ref}")


def _end(
    draft: Draft,
    status: WorkflowStatus,
    reason: str | None,
    *,
    task: TaskState | None = None,
    output: JsonObject | None = None,
    left_open: bool,
) -> None:
    workflow = draft.workflow
    if workflow.status.is_terminal:
        return  # this decision has come upon another reason before
    if output is None:
        output, fault = _output(draft)
    else:
        fault = None
    if status is WorkflowStatus.COMPLETED:
        fault = fault or _output_breach(draft, output)
        if fault is not None:
            status, reason, left_open = WorkflowStatus.FAILED, fault, True
    is_awaited = bool(waiting_tasks(workflow)) or workflow.rate_limit_key is not None
    is_told = draft.view.plan.tells_changes or any(t.unpublished for t in draft.known_tasks())
    closing = left_open or is_awaited or is_told
    failed = () if task is None or task.status is TaskStatus.COMPLETED else (task.ref,)
    draft.update_workflow(
        replace(
            workflow,
            status=status,
            reason=reason,
            output=output,
            ended_at=draft.now,
            failed_task_id=None if task is None else task.task_id,
            failed_refs=(*workflow.failed_refs, *failed),
            closing=closing,
        ),
        clears_wake=not closing,
    )
    draft.agenda.clear()
    if closing:
        draft.go_on_with(Close(left_open=left_open))


def _output(draft: Draft) -> tuple[JsonObject, str | None]:
    """Return the workflow's output, and what is wrong with it if something is."""
    parameters = draft.view.plan.definition.output_parameters
    output: JsonObject = {}
    if parameters:
        try:
            value = evaluate(parameters, DraftScope(draft))
        except ExpressionError as error:
            return {}, f"Error evaluating outputParameters: {error}"
        output = value if isinstance(value, dict) else {}
    elif draft.current is not None:
        output = output_of(draft, draft.task(draft.current.ref) or draft.current)
    if (fault := depth_fault(output, "The output of the workflow")) is not None:
        return {}, fault
    if (size := size_bytes(output)) > MAX_PAYLOAD_BYTES:
        return {}, (
            f"The output payload size: {size} of workflow: {draft.workflow.workflow_id} is greater "
            f"than the permissible limit: {MAX_PAYLOAD_BYTES} bytes"
        )
    return output, None


def _output_breach(draft: Draft, output: JsonObject) -> str | None:
    """Return in what the output breaks the schema that the definition enforces, or None."""
    definition = draft.view.plan.definition
    if not definition.enforce_schema or definition.output_schema is None:
        return None
    found = breach(definition.output_schema, output, "output", draft.tools.scripts)
    return None if found is None else f"The output of workflow {definition.name} {found}"


def _cancel(draft: Draft, task: TaskState) -> None:
    workflow = draft.workflow
    if not task.status.is_terminal:
        draft.replace(
            task,
            replace(task, status=TaskStatus.CANCELED, ended_at=draft.now, updated_at=draft.now),
        )
    if task.task_type == "SUB_WORKFLOW" and task.status in {
        TaskStatus.SCHEDULED,
        TaskStatus.IN_PROGRESS,
        TaskStatus.CANCELED,
    }:
        # One that it only waits for goes on; one it came to own by another id finds its parent
        # ended when it is woken.
        child_id = ids.child_workflow_id(task.task_id, task.scheduled_at)
        if task.sub_workflow_id in (None, child_id):
            draft.tell(child_id, end_of_child(workflow))
