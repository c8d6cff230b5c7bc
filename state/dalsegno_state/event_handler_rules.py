"""What an event handler must be to be kept."""

from collections.abc import Iterator
from typing import Any, Final

from dalsegno.errors import InvalidRequestError
from dalsegno.models import (
    Action,
    ActionType,
    EventHandler,
    JsonValue,
    TaskDetails,
    ValidationErrorItem,
)
from dalsegno_state.expressions import expressions_in
from dalsegno_state.reserved_names import domain_faults
from dalsegno_state.scripts import Scripts
from dalsegno_state.tasks.switch import JAVASCRIPT_EVALUATORS

_LONGEST_NAME: Final = 256
_MOST_ACTIONS: Final = 50


def check_handler(handler: EventHandler, scripts: Scripts) -> None:
    """Raise InvalidRequestError if the handler breaks a rule, naming each field that does."""
    found = tuple(_violations(handler, scripts))
    if found:
        raise InvalidRequestError(validation_errors=found)


def _violations(handler: EventHandler, scripts: Scripts) -> Iterator[ValidationErrorItem]:
    for field, value, missing in (
        ("name", handler.name, "Missing event handler name"),
        ("event", handler.event, "Missing event location"),
    ):
        if not value.strip():
            yield _item(field, missing)
        elif len(value) > _LONGEST_NAME:
            yield _item(field, f"{field}: at most {_LONGEST_NAME} characters", len(value))
    yield from _condition_violations(handler, scripts)
    if not handler.actions:
        yield _item("actions", "No actions specified. Please specify at-least one action")
    elif len(handler.actions) > _MOST_ACTIONS:
        yield _item("actions", f"actions: at most {_MOST_ACTIONS}", len(handler.actions))
    for index, action in enumerate(handler.actions[:_MOST_ACTIONS]):
        for field, missing in _of_action(action):
            yield _item(f"actions[{index}].{field}", missing)


def _condition_violations(handler: EventHandler, scripts: Scripts) -> Iterator[ValidationErrorItem]:
    evaluator = handler.evaluator_type
    if evaluator and evaluator not in JAVASCRIPT_EVALUATORS:
        yield _item("evaluatorType", f"No evaluator registered for type: {evaluator}", evaluator)
    elif handler.condition and (error := scripts.syntax_error(handler.condition)):
        yield _item("condition", f"condition: {error}")


def _of_action(action: Action) -> Iterator[tuple[str, str]]:
    """Yield the fields of an action that are wrong, and why."""
    kind = action.action
    if kind is ActionType.START_AGENT:
        yield "action", "action: start_agent is not supported; start a workflow instead"
        return
    details = getattr(action, kind.value)
    if details is None:
        yield kind.value, f"{kind.value}: is required by the action {kind.value}"
        return
    if kind is ActionType.START_WORKFLOW:
        for fault in domain_faults(details.task_to_domain):
            yield "start_workflow.taskToDomain", f"start_workflow.{fault}"
    missing = _missing(kind, details)
    if missing is not None:
        yield missing
    for written in expressions_in(details.to_wire()):
        if written.fault is not None:
            yield kind.value, f"expression '{written.path}' is malformed: {written.fault}"


def _missing(kind: ActionType, details: Any) -> tuple[str, str] | None:
    """Return the field without which an action has nothing to work on, if it lacks it."""
    match kind:
        case ActionType.START_WORKFLOW if not details.name:
            return "start_workflow.name", "name: Workflow name cannot be null or empty"
        case ActionType.COMPLETE_TASK | ActionType.FAIL_TASK if not _names_a_task(details):
            return kind.value, "needs a taskId, or workflowId together with taskRefName"
        case ActionType.TERMINATE_WORKFLOW | ActionType.UPDATE_WORKFLOW_VARIABLES:
            if not details.workflow_id:
                return f"{kind.value}.workflowId", "workflowId: cannot be null or empty"
    return None


def _names_a_task(details: TaskDetails) -> bool:
    return bool(details.task_id or (details.workflow_id and details.task_ref_name))


def _item(path: str, message: str, value: JsonValue = None) -> ValidationErrorItem:
    shown = None if value is None else str(value)
    return ValidationErrorItem(path=path, message=message, invalid_value=shown)
