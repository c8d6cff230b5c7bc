"""Attempts: what a task has when it comes into being, and what it may not be stored with."""

from dataclasses import replace

from dalsegno.models import JsonObject, JsonValue, TaskDef, TaskStatus
from dalsegno_state import ids
from dalsegno_state.draft import (
    MAX_PAYLOAD_BYTES,
    Draft,
    Place,
    depth_fault,
    runtime_type,
    size_bytes,
)
from dalsegno_state.execution import TaskState
from dalsegno_state.expressions import evaluate, written_secrets
from dalsegno_state.retry import settled_status
from dalsegno_state.schemas import breach
from dalsegno_state.scope import DraftScope
from dalsegno_state.task_type import Seed
from dalsegno_state.timeouts import deadline


def new_task(
    draft: Draft,
    place: Place,
    seed: Seed,
    *,
    status: TaskStatus,
    inputs: JsonObject,
    task_type: str | None = None,
    output: JsonObject | None = None,
    reason: str | None = None,
    delay_seconds: int = 0,
    name: str | None = None,
    domain: str | None = None,
    turn: int = 0,
    wait_until: int | None = None,
    cache_key: str | None = None,
) -> TaskState:
    """Create the first attempt of the task at a place; return it as it will be stored."""
    workflow = draft.workflow
    is_worker = status is TaskStatus.SCHEDULED
    task = TaskState(
        workflow_id=workflow.workflow_id,
        ref=place.ref,
        base_ref=place.node.ref,
        iterations=place.iterations,
        task_id=ids.task_id(workflow.workflow_id, workflow.run, 0, place.ref),
        task_type=task_type or runtime_type(place.node.task),
        name=name or place.node.task.name,
        status=status,
        sequence=0,
        input=inputs,
        output=output or {},
        scheduled_at=draft.now,
        first_scheduled_at=draft.now,
        started_at=0 if is_worker else draft.now,
        ended_at=draft.now if status.is_terminal else 0,
        updated_at=draft.now,
        start_delay_seconds=delay_seconds,
        callback_after_seconds=delay_seconds,
        domain=domain,
        reason=reason,
        turn=turn,
        wait_until=draft.now + delay_seconds * 1000 if delay_seconds > 0 else wait_until,
        node=seed.node,
        root=None if seed.node is not None else place.root,
        membership=seed.membership,
        cache_key=cache_key,
    )
    task = settled(draft, conforming(draft, fitting(task), place, is_new=True), place)
    draft.create(task)
    watch_deadline(draft, task, place)
    return task


def input_of(draft: Draft, place: Place, seed: Seed, task_def: TaskDef | None) -> JsonObject:
    """Return a new task's input: its parameters and its definition's template, evaluated.

    Template keys are added where missing before evaluation; a value that comes to null is
    replaced by the template's own.
    """
    if seed.whole_input is not None:
        return seed.whole_input
    task_id = ids.task_id(draft.workflow.workflow_id, draft.workflow.run, 0, place.ref)
    return {
        **evaluated_input(draft, place.node.task.input_parameters, task_def, task_id),
        **seed.inputs,
    }


def evaluated(draft: Draft, template: JsonValue, task_id: str | None = None) -> JsonValue:
    """Return a template's value as the workflow stands."""
    return evaluate(template, DraftScope(draft, task_id))


def evaluated_input(
    draft: Draft, parameters: JsonObject, task_def: TaskDef | None, task_id: str
) -> JsonObject:
    """Return the value of parameters, with what the definition's template adds to them."""
    template = task_def.input_template if task_def is not None else {}
    value = evaluated(draft, {**template, **parameters}, task_id)
    if not isinstance(value, dict):
        raise TypeError("an object evaluates to an object")
    return {
        key: written_secrets(template[key]) if each is None and key in template else each
        for key, each in value.items()
    }


def watch_deadline(draft: Draft, task: TaskState, place: Place) -> None:
    """See that the workflow is looked at when the task's first timeout runs out."""
    at = deadline(task, draft.task_def(place, task.name), draft.now)
    if at is not None:
        draft.wake_by(at)


def settled(draft: Draft, task: TaskState, place: Place) -> TaskState:
    """Return the task with the status that it ends with if it is optional and has failed."""
    if not place.node.task.optional:
        return task
    task_def = draft.task_def(place, task.name)
    return replace(task, status=settled_status(task, place.node.task, task_def))


def fitting(task: TaskState) -> TaskState:
    """Return the task, ended in error and without its payload if that is beyond all bounds."""
    for name, payload in (("input", task.input), ("output", task.output)):
        if not isinstance(payload, dict) or not payload:
            continue
        fault = depth_fault(payload, f"The {name} of task {task.task_id}")
        if fault is None and (size := size_bytes(payload)) > MAX_PAYLOAD_BYTES:
            fault = (
                f"The payload size: {size} of task: {task.task_id} in workflow: "
                f"{task.workflow_id}  is greater than the permissible limit: "
                f"{MAX_PAYLOAD_BYTES} bytes"
            )
        if fault is not None:
            return replace(
                task,
                status=TaskStatus.FAILED_WITH_TERMINAL_ERROR,
                input=task.input if payload is task.output else {},
                output={},
                reason=fault,
                ended_at=task.ended_at or task.updated_at,
            )
    return task


def conforming(draft: Draft, task: TaskState, place: Place, *, is_new: bool) -> TaskState:
    """Return the task, ended in error if it breaks a schema that its definition enforces.

    Its input is looked at when the attempt begins, its output when it has done well.
    """
    task_def = draft.task_def(place, task.name)
    if task_def is None or not task_def.enforce_schema or not task.status.is_successful:
        return task
    found, scripts = None, draft.tools.scripts
    if is_new and task_def.input_schema is not None:
        found = breach(task_def.input_schema, draft.payload(task.input), "input", scripts)
    if found is None and task_def.output_schema is not None and _has_output(task):
        found = breach(task_def.output_schema, draft.payload(task.output), "output", scripts)
    if found is None:
        return task
    status = TaskStatus.FAILED_WITH_TERMINAL_ERROR
    return replace(task, status=status, reason=f"Task {task.name} {found}", ended_at=draft.now)


def _has_output(task: TaskState) -> bool:
    """Return whether a task's output is whole; some are put together when they are read."""
    return task.status is TaskStatus.COMPLETED and task.task_type not in {"JOIN", "DO_WHILE"}
