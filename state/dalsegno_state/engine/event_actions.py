"""What event handlers do, each so that doing it again changes nothing."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, TypeVar

from pydantic import ValidationError

from dalsegno.errors import (
    ConflictError,
    InvalidRequestError,
    NotFoundError,
    PayloadTooLargeError,
    UnavailableError,
)
from dalsegno.models import (
    Action,
    ActionType,
    ConductorModel,
    EpochMillis,
    JsonObject,
    JsonValue,
    StartWorkflowAction,
    StartWorkflowRequest,
    TaskDetails,
    TaskStatus,
    TerminateWorkflowAction,
    UpdateWorkflowVariables,
)
from dalsegno_state import ids
from dalsegno_state.engine.executions import Executions
from dalsegno_state.engine.queries import Queries
from dalsegno_state.engine.runner import Runner
from dalsegno_state.engine.starting import Origin, Starter
from dalsegno_state.events import Look, Reported, Wake, encode_evaluation
from dalsegno_state.expressions import ExpressionError, evaluate
from dalsegno_state.incoming_event import IncomingEvent, PayloadScope, expanded, payload_of
from dalsegno_state.ports import Message, Ports
from dalsegno_state.tasks.set_variable import variables_fault
from dalsegno_state.waking import WAKE_RETRY_MS

_MOST_TRIES: Final = 50
_REMEMBERED_MARKS: Final = 16
_PAYLOADS: Final = ("input", "output", "variables")

M = TypeVar("M", bound=ConductorModel)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """One action that an event calls for.

    Attributes:
        identity: Tells it from every other, and is the same whenever it is done again.
        created: When it was first stored.
        task_id: The attempt that it ends, found out before it was stored; else None.
    """

    identity: str
    created: EpochMillis
    action: Action
    event: IncomingEvent
    task_id: str | None = None


class EventActions:
    """Carries out actions; raises ConductorError if one cannot be, now or ever."""

    def __init__(
        self,
        ports: Ports,
        queries: Queries,
        runner: Runner,
        starter: Starter,
        executions: Executions,
    ) -> None:
        self._ports = ports
        self._queries = queries
        self._runner = runner
        self._starter = starter
        self._executions = executions

    def target(self, action: Action, event: IncomingEvent) -> str | None:
        """Return the id of the attempt that an action is to end; None if it ends none.

        Once it is stored, doing the action again cannot end the next attempt, or the next turn
        of a loop.
        """
        if action.action not in {ActionType.COMPLETE_TASK, ActionType.FAIL_TASK}:
            return None
        details = _task_details(action, event)
        if details.task_id:
            return self._queries.task(details.task_id).task_id
        if not details.workflow_id or not details.task_ref_name:
            raise InvalidRequestError("the event names neither a task nor a workflow")
        self._queries.view(details.workflow_id)
        task = self._queries.pending(details.workflow_id, details.task_ref_name)
        if task is None:
            raise NotFoundError(
                f"No open task {details.task_ref_name} in workflow {details.workflow_id}"
            )
        return task.task_id

    def do(self, deed: Deed) -> JsonObject:
        """Return what is to be shown of an action, which now is done."""
        match deed.action.action:
            case ActionType.START_WORKFLOW:
                return self._start(deed)
            case ActionType.COMPLETE_TASK:
                return self._end_task(deed, TaskStatus.COMPLETED)
            case ActionType.FAIL_TASK:
                return self._end_task(deed, TaskStatus.FAILED)
            case ActionType.TERMINATE_WORKFLOW:
                return self._terminate(deed)
            case ActionType.UPDATE_WORKFLOW_VARIABLES:
                return self._update_variables(deed)
            case ActionType.START_AGENT:
                raise InvalidRequestError("start_agent is not supported")

    def _start(self, deed: Deed) -> JsonObject:
        workflow_id = ids.workflow_id(deed.created, _digest(deed))
        if self._ports.state.workflow(workflow_id) is None:
            origin = Origin(
                workflow_id=workflow_id,
                event=deed.event.event,
                generation=deed.event.generation + 1,
            )
            workflow_id = self._starter.create(_start_request(deed), origin).workflow_id
        body = encode_evaluation(workflow_id, Look())
        self._ports.queues.send([Message(queue=ids.EVALUATOR_QUEUE, body=body)])
        return {"workflowId": workflow_id}

    def _end_task(self, deed: Deed, status: TaskStatus) -> JsonObject:
        details = _task_details(deed.action, deed.event)
        address = ids.parse_task_id(deed.task_id or "")
        if address is None:
            raise NotFoundError(f"No such task found by id: {deed.task_id}")
        output = {**details.output, **_without(details.to_wire(), "output")}
        reported = Reported(
            ref=address.ref,
            task_id=deed.task_id or "",
            status=status,
            output=output,
            reason=details.reason_for_incompletion if status is TaskStatus.FAILED else None,
            worker_id=deed.event.event,
        )
        self._runner.run(address.workflow_id, reported)
        return {"workflowId": address.workflow_id, "taskId": deed.task_id, "output": output}

    def _terminate(self, deed: Deed) -> JsonObject:
        details = _rendered(
            deed.action, deed.event, deed.action.terminate_workflow, TerminateWorkflowAction
        )
        workflow_id = _named(details.workflow_id)
        self._executions.terminate(workflow_id, details.termination_reason)
        return {"workflowId": workflow_id}

    def _update_variables(self, deed: Deed) -> JsonObject:
        details = _rendered(
            deed.action, deed.event, deed.action.update_workflow_variables, UpdateWorkflowVariables
        )
        workflow_id, mark = _named(details.workflow_id), _digest(deed).hex()[:12]
        for _ in range(_MOST_TRIES):
            view = self._queries.view(workflow_id)
            workflow = view.workflow
            if mark in workflow.applied_actions:
                break
            if workflow.status.is_terminal:
                raise ConflictError(f"Workflow {workflow_id} has ended: {workflow.status}")
            now = self._ports.clock.now()
            changed = replace(
                workflow,
                variables=_merged(workflow.variables, details),
                applied_actions=(*workflow.applied_actions, mark)[-_REMEMBERED_MARKS:],
                revision=workflow.revision + 1,
                updated_at=now,
            )
            if self._runner.commit(view, changed, wake_by=now + WAKE_RETRY_MS):
                break
        else:
            raise UnavailableError(f"workflow {workflow_id} keeps changing; try again")
        self._runner.run(workflow_id, Wake())
        return {"workflowId": workflow_id}


def _rendered(action: Action, event: IncomingEvent, details: M | None, model: type[M]) -> M:
    """Return the details of an action with its expressions evaluated over the event."""
    if details is None:
        raise InvalidRequestError(f"{action.action}: is required by the action {action.action}")
    payload = payload_of(expanded(event.payload)) if action.expand_inline_json else event.payload
    try:
        evaluated = evaluate(details.to_wire(), PayloadScope(payload))
        return _with_secrets(model.model_validate(evaluated), evaluated)
    except ExpressionError as error:
        raise InvalidRequestError(str(error)) from error
    except ValidationError as error:
        raise _invalid(error) from error


def _with_secrets(details: M, evaluated: JsonValue) -> M:
    """Return details with the references to secrets that validation has lost."""
    given = evaluated if isinstance(evaluated, dict) else {}
    return details.model_copy(
        update={name: given[name] for name in _PAYLOADS if isinstance(given.get(name), dict)}
    )


def _task_details(action: Action, event: IncomingEvent) -> TaskDetails:
    is_completion = action.action is ActionType.COMPLETE_TASK
    details = action.complete_task if is_completion else action.fail_task
    return _rendered(action, event, details, TaskDetails)


def _start_request(deed: Deed) -> StartWorkflowRequest:
    event = deed.event
    details = _rendered(deed.action, event, deed.action.start_workflow, StartWorkflowAction)
    domains = details.task_to_domain
    if domains is None:
        domains = _text_map(event.payload.get("taskToDomain"))
    request: JsonObject = {
        **details.to_wire(),
        "taskToDomain": {**domains},
        "input": {
            **details.input,
            "conductor.event.messageId": event.id,
            "conductor.event.name": event.event,
        },
    }
    try:
        return _with_secrets(StartWorkflowRequest.model_validate(request), request)
    except ValidationError as error:
        raise _invalid(error) from error


def _merged(variables: JsonObject, details: UpdateWorkflowVariables) -> JsonObject:
    joined: Callable[[JsonValue, JsonValue], JsonValue] = (
        _appended if details.append_array else _replaced
    )
    merged = {
        **variables,
        **{name: joined(variables.get(name), value) for name, value in details.variables.items()},
    }
    if (fault := variables_fault(details.workflow_id or "", merged)) is not None:
        raise PayloadTooLargeError(fault)
    return merged


def _replaced(_old: JsonValue, new: JsonValue) -> JsonValue:
    return new


def _appended(old: JsonValue, new: JsonValue) -> JsonValue:
    if not isinstance(old, list):
        return new
    return [*old, *new] if isinstance(new, list) else [*old, new]


def _named(workflow_id: str | None) -> str:
    if not workflow_id:
        raise InvalidRequestError("the event names no workflow")
    return workflow_id


def _text_map(value: JsonValue) -> dict[str, str]:
    if not isinstance(value, dict):
        return {}
    return {key: text for key, text in value.items() if isinstance(text, str)}


def _without(values: JsonObject, key: str) -> JsonObject:
    return {name: value for name, value in values.items() if name != key}


def _invalid(error: ValidationError) -> InvalidRequestError:
    first = InvalidRequestError.from_validation(error).validation_errors[0]
    return InvalidRequestError(f"{first.path}: {first.message}")


def _digest(deed: Deed) -> bytes:
    return hashlib.sha256(deed.identity.encode()).digest()
