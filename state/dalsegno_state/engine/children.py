"""The workflows that tasks start, and the failure workflows that follow an end."""

from dataclasses import replace
from typing import Final

from pydantic import ValidationError
from pydantic_core import to_json

from dalsegno.errors import (
    ConductorError,
    ConflictError,
    InvalidRequestError,
    UnavailableError,
)
from dalsegno.models import (
    JsonObject,
    JsonValue,
    StartWorkflowRequest,
    TaskStatus,
    WorkflowDef,
)
from dalsegno_state import ids
from dalsegno_state.engine.loading import Loader
from dalsegno_state.engine.starting import Origin, Starter
from dalsegno_state.events import ChildNews, Event, Launched, Look, Reported, encode_evaluation
from dalsegno_state.execution import Payload, TaskState, WorkflowState
from dalsegno_state.expressions import as_template, java_text
from dalsegno_state.ports import Message, Ports
from dalsegno_state.view import View
from dalsegno_state.whole_numbers import whole_number
from dalsegno_state.writes import UpdateWorkflow

_MOST_TRIES: Final = 50


class Children:
    """Starts workflows with ids that follow from their cause, so that each starts once."""

    def __init__(self, ports: Ports, loader: Loader, starter: Starter) -> None:
        self._ports = ports
        self._loader = loader
        self._starter = starter

    def see_to(self, view: View, task: TaskState) -> Event | None:
        """Start a task's workflow, or see whether it has ended; return what came of it."""
        if task.status.is_terminal:
            return None
        if task.sub_workflow_id is not None:
            return self._news(task, task.sub_workflow_id)
        try:
            child = self._start(view.workflow, task)
            if task.task_type == "SUB_WORKFLOW" and child.parent_task_id != task.task_id:
                child = self._followed(child, task)
        except UnavailableError:
            raise  # says nothing about the child: whoever brought the event tries again
        except (ConductorError, ValidationError) as error:
            return Reported(
                ref=task.ref,
                task_id=task.task_id,
                status=TaskStatus.FAILED,
                reason=_explained(task, error),
            )
        self._set_going(child)
        if child.status.is_terminal and task.task_id in child.followers:
            self._tell(task, child)
        return Launched(
            ref=task.ref,
            task_id=task.task_id,
            child_id=child.workflow_id,
            child_version=child.version,
        )

    def start_failure_workflow(self, view: View, failed: JsonObject) -> str:
        """Start the failure workflow of an ended workflow; return its id, or what went wrong.

        Args:
            view: The failed workflow as it is stored.
            failed: The failed workflow as the API shows it.
        """
        workflow, definition = view.workflow, view.plan.definition
        inputs = self._content(workflow.input)
        name = _failure_workflow_name(definition.failure_workflow or "", inputs)
        cause = f"{workflow.workflow_id}.{workflow.run}.failure"
        given: JsonObject = {
            **inputs,
            "workflowId": workflow.workflow_id,
            "reason": workflow.reason,
            "failureStatus": workflow.status.value,
            "failureTaskId": workflow.failed_task_id,
            "failedWorkflow": failed,
        }
        try:
            child = self._starter.create(
                StartWorkflowRequest(
                    name=name,
                    version=definition.failure_workflow_version,
                    correlation_id=workflow.correlation_id,
                    task_to_domain=workflow.task_to_domain,
                ).model_copy(update={"input": given}),
                Origin(
                    workflow_id=ids.child_workflow_id(cause, workflow.ended_at),
                    generation=workflow.generation + 1,
                ),
            )
        except UnavailableError:
            raise
        except (ConductorError, ValidationError) as error:
            return f"Error executing workflow failure workflow {name}: {error}"
        self._set_going(child)
        return child.workflow_id

    def _news(self, task: TaskState, child_id: str) -> Event | None:
        child = self._ports.state.workflow(child_id)
        if child is not None and child.status.is_terminal:
            return ChildNews(task_id=task.task_id, child_id=child_id)
        if child is None:
            return Reported(
                ref=task.ref,
                task_id=task.task_id,
                status=TaskStatus.FAILED,
                reason=f"Sub workflow {child_id} no longer exists",
            )
        return None

    def _start(self, parent: WorkflowState, task: TaskState) -> WorkflowState:
        inputs = self._content(task.input)
        child_id = ids.child_workflow_id(task.task_id, task.scheduled_at)
        if task.task_type == "START_WORKFLOW":
            return self._starter.create(
                _detached_request(inputs, parent),
                Origin(workflow_id=child_id, generation=parent.generation + 1),
            )
        self._check_ancestors(parent)
        return self._starter.create(
            _child_request(inputs, parent),
            Origin(
                workflow_id=child_id,
                parent_workflow_id=parent.workflow_id,
                parent_task_id=task.task_id,
                depth=parent.depth + 1,
                generation=parent.generation,
            ),
        )

    def _check_ancestors(self, parent: WorkflowState) -> None:
        """Raise ConflictError if a workflow above one that is about to start has ended.

        Its end is on the way down, and must not be outrun by workflows that start each other.
        """
        above: WorkflowState | None = parent
        while above is not None:
            if above.status.is_terminal:
                raise ConflictError(f"Workflow {above.workflow_id} above it has ended")
            ancestor_id = above.parent_workflow_id
            above = None if ancestor_id is None else self._ports.state.workflow(ancestor_id)

    def _followed(self, child: WorkflowState, task: TaskState) -> WorkflowState:
        """Have a task wait for a workflow that something else has started.

        Raises:
            ConflictError: The task would wait for its own workflow.
        """
        if child.workflow_id == task.workflow_id:
            raise ConflictError(f"Workflow {child.workflow_id} cannot be its own sub-workflow")
        for _ in range(_MOST_TRIES):
            if task.task_id in child.followers:
                return child
            followed = replace(
                child, revision=child.revision + 1, followers=(*child.followers, task.task_id)
            )
            if self._ports.state.commit([UpdateWorkflow(followed, child.revision)]) is None:
                return followed
            stored = self._ports.state.workflow(child.workflow_id)
            if stored is None:
                raise ConflictError(f"Workflow {child.workflow_id} was removed")
            child = stored
        raise UnavailableError(f"workflow {child.workflow_id} keeps changing; try again")

    def _tell(self, task: TaskState, child: WorkflowState) -> None:
        news = ChildNews(task_id=task.task_id, child_id=child.workflow_id)
        body = encode_evaluation(task.workflow_id, news)
        self._ports.queues.send([Message(queue=ids.EVALUATOR_QUEUE, body=body)])

    def _set_going(self, child: WorkflowState) -> None:
        body = encode_evaluation(child.workflow_id, Look())
        self._ports.queues.send([Message(queue=ids.EVALUATOR_QUEUE, body=body)])

    def _content(self, payload: Payload) -> JsonObject:
        return payload if isinstance(payload, dict) else self._loader.payload(payload)


def _child_request(inputs: JsonObject, parent: WorkflowState) -> StartWorkflowRequest:
    given = inputs.get("workflowInput")
    child_input = given if isinstance(given, dict) and given else inputs
    embedded = inputs.get("subWorkflowDefinition")
    name, version = inputs.get("subWorkflowName"), inputs.get("subWorkflowVersion")
    definition = None
    if embedded is not None:
        definition = WorkflowDef.model_validate(as_template(embedded))
        name, version = definition.name, definition.version
        child_input = {**child_input, "_systemMetadata": {"dynamic": True}}
    return StartWorkflowRequest.model_validate(
        {
            "name": name,
            "version": _number(version),
            "input": child_input,
            "correlationId": parent.correlation_id,
            "taskToDomain": inputs.get("subWorkflowTaskToDomain") or parent.task_to_domain,
            "priority": _number(inputs.get("priority")) or 0,
            "workflowDef": definition,
            "idempotencyKey": _text(inputs.get("idempotencyKey")),
            "idempotencyStrategy": inputs.get("idempotencyStrategy"),
        }
    ).model_copy(update={"input": child_input})  # validation has lost its references to secrets


def _detached_request(inputs: JsonObject, parent: WorkflowState) -> StartWorkflowRequest:
    asked = inputs.get("startWorkflow")
    if isinstance(asked, dict) and "workflowDef" in asked:
        asked = {**asked, "workflowDef": as_template(asked["workflowDef"])}
    request = StartWorkflowRequest.model_validate(asked)
    given = asked.get("input") if isinstance(asked, dict) else None
    return request.model_copy(
        update={
            "input": given if isinstance(given, dict) else request.input,
            "correlation_id": request.correlation_id or parent.correlation_id,
            "task_to_domain": request.task_to_domain or parent.task_to_domain,
        }
    )


def _number(value: JsonValue) -> JsonValue:
    """Return a number that an expression may have made a text of."""
    number = whole_number(value) if isinstance(value, str) else None
    return value if number is None else number


def _text(value: JsonValue) -> str | None:
    """Return a text that an expression may have made something else of."""
    return None if value is None else java_text(value)


def _failure_workflow_name(name: str, inputs: JsonObject) -> str:
    """Return the name, looked up in the input if it is given as ``$workflow.input.NAME``."""
    if not name.startswith("$"):
        return name
    parts = name.strip("${}").split(".")
    return str(inputs.get(parts[2], "")) if len(parts) > 2 else name


def _explained(task: TaskState, error: Exception) -> str:
    if not isinstance(error, ValidationError):
        return str(error)
    inputs = task.input if isinstance(task.input, dict) else {}
    if task.task_type != "START_WORKFLOW":
        return _told(error, inputs)
    if "startWorkflow" not in inputs:
        return "Missing 'startWorkflow' in input data."
    problems = "; ".join(f"{e['loc'][-1] if e['loc'] else ''}: {e['msg']}" for e in error.errors())
    return f"startWorkflow validation failed. {problems}"


def _told(error: ValidationError, inputs: JsonObject) -> str:
    """Return what is wrong with the workflow that a SUB_WORKFLOW task asks for."""
    embedded = inputs.get("subWorkflowDefinition")
    if embedded is not None and not isinstance(embedded, dict):
        got = to_json(embedded).decode()[:200]
        return f"subWorkflowParam.workflowDefinition: expected a workflow definition, got {got}"
    faults = InvalidRequestError.from_validation(error).validation_errors
    return "; ".join(f"subWorkflowParam: {each.path}: {each.message}" for each in faults)
