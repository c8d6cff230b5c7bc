"""Event handlers: what is done when an event comes, and what became of each that did."""

from enum import StrEnum

from pydantic import Field

from dalsegno.models.base import ConductorModel, EpochMillis, Int32, JsonObject, JsonValue
from dalsegno.models.tags import Tag

__all__ = [
    "Action",
    "ActionType",
    "EventExecution",
    "EventExecutionStatus",
    "EventHandler",
    "EventMessage",
    "HandledEvent",
    "StartWorkflowAction",
    "TaskDetails",
    "TerminateWorkflowAction",
    "UpdateWorkflowVariables",
]


class ActionType(StrEnum):
    """What a handler can do."""

    START_WORKFLOW = "start_workflow"
    COMPLETE_TASK = "complete_task"
    FAIL_TASK = "fail_task"
    TERMINATE_WORKFLOW = "terminate_workflow"
    UPDATE_WORKFLOW_VARIABLES = "update_workflow_variables"
    START_AGENT = "start_agent"


class StartWorkflowAction(ConductorModel):
    """Starts a workflow."""

    name: str | None = None
    version: Int32 | str | None = None
    correlation_id: str | None = None
    input: JsonObject = Field(default_factory=dict)
    task_to_domain: dict[str, str] | None = None


class TaskDetails(ConductorModel):
    """The task that is completed or failed, by its id or by workflow and reference name."""

    workflow_id: str | None = None
    task_ref_name: str | None = None
    task_id: str | None = None
    output: JsonObject = Field(default_factory=dict)
    reason_for_incompletion: str | None = None


class TerminateWorkflowAction(ConductorModel):
    """Terminates a workflow."""

    workflow_id: str | None = None
    termination_reason: str | None = None


class UpdateWorkflowVariables(ConductorModel):
    """Merges variables into those of a workflow; lists are added to lists if ``append_array``."""

    workflow_id: str | None = None
    variables: JsonObject = Field(default_factory=dict)
    append_array: bool = False


class Action(ConductorModel):
    """One thing to do; strings in it may hold ``${...}`` expressions over the event."""

    action: ActionType
    start_workflow: StartWorkflowAction | None = Field(default=None, alias="start_workflow")
    complete_task: TaskDetails | None = Field(default=None, alias="complete_task")
    fail_task: TaskDetails | None = Field(default=None, alias="fail_task")
    terminate_workflow: TerminateWorkflowAction | None = Field(
        default=None, alias="terminate_workflow"
    )
    update_workflow_variables: UpdateWorkflowVariables | None = Field(
        default=None, alias="update_workflow_variables"
    )
    expand_inline_json: bool = Field(default=False, alias="expandInlineJSON")


class EventHandler(ConductorModel):
    """What is done when an event of this name comes and meets the condition.

    ``condition`` is JavaScript that sees the event as ``$``; without it, every event meets it.
    """

    name: str = ""
    description: str | None = None
    event: str = ""
    condition: str | None = None
    evaluator_type: str | None = None
    actions: list[Action] = Field(default_factory=list)
    active: bool = False
    created_by: str | None = None
    tags: list[Tag] | None = None


class EventExecutionStatus(StrEnum):
    """How far an action has come."""

    IN_PROGRESS = "IN_PROGRESS"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    SKIPPED = "SKIPPED"


class EventExecution(ConductorModel):
    """One action of one handler for one message; SKIPPED if the condition was not met."""

    id: str
    message_id: str
    name: str
    event: str
    created: EpochMillis
    status: EventExecutionStatus
    action: ActionType | None = None
    output: dict[str, JsonValue] = Field(default_factory=dict)


class EventMessage(ConductorModel):
    """A message that no handler was there for."""

    id: str
    event_target: str
    created_at: EpochMillis
    full_payload: JsonObject = Field(default_factory=dict)
    status: str = "REJECTED"
    status_description: str = "No active event handler"


class HandledEvent(ConductorModel):
    """How many messages are remembered of a handler, or of an event that has none."""

    name: str | None = None
    event: str
    active: bool
    number_of_actions: int
    number_of_messages: int
