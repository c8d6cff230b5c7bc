"""Requests: the bodies clients and workers send."""

from typing import Annotated, TypeAlias

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from dalsegno.models.base import ConductorModel, Int32, JsonObject, Millis
from dalsegno.models.definitions import WorkflowDef
from dalsegno.models.enums import IdempotencyStrategy, TaskResultStatus, TaskStatus
from dalsegno.models.execution import ExecutionMetadata, Reason, Task, TaskExecLog

__all__ = [
    "CorrelationIdsRequest",
    "NamedTaskResult",
    "RerunWorkflowRequest",
    "SkipTaskRequest",
    "StartWorkflowRequest",
    "TaskIds",
    "TaskMock",
    "TaskResult",
    "TokenRequest",
    "UpgradeWorkflowRequest",
    "WorkflowStateUpdate",
    "WorkflowTestRequest",
]


def _given(message: str) -> AfterValidator:
    def check(text: str) -> str:
        if not text:
            raise PydanticCustomError("not_empty", message)
        return text

    return AfterValidator(check)


def _checked_priority(priority: int) -> int:
    if priority < 0:
        raise PydanticCustomError(
            "priority", "priority: {value} should be minimum 0", {"value": priority}
        )
    if priority > 99:
        raise PydanticCustomError(
            "priority", "priority: {value} should be maximum 99", {"value": priority}
        )
    return priority


Priority: TypeAlias = Annotated[Int32, AfterValidator(_checked_priority)]


class StartWorkflowRequest(ConductorModel):
    """Starts a workflow, by name or from the definition it brings along."""

    name: Annotated[str, _given("Workflow name cannot be null or empty")] = Field(
        default="", validate_default=True
    )
    version: Int32 | None = None
    correlation_id: str | None = None
    input: JsonObject = Field(default_factory=dict)
    task_to_domain: dict[str, str] = Field(default_factory=dict)
    workflow_def: WorkflowDef | None = None
    external_input_payload_storage_path: str | None = None
    priority: Priority = 0
    created_by: str | None = None
    idempotency_key: str | None = None
    idempotency_strategy: IdempotencyStrategy | None = None


class TaskMock(ConductorModel):
    """What a task of a test run answers with, and how long it pretends to have taken."""

    status: TaskResultStatus = TaskResultStatus.COMPLETED
    output: JsonObject = Field(default_factory=dict)
    execution_time: Millis = 0
    queue_wait_time: Millis = 0


class WorkflowTestRequest(StartWorkflowRequest):
    """Runs a workflow to its end against prepared answers."""

    task_ref_to_mock_output: dict[str, list[TaskMock]] = Field(default_factory=dict)
    sub_workflow_test_request: dict[str, "WorkflowTestRequest"] = Field(default_factory=dict)


class RerunWorkflowRequest(ConductorModel):
    """Runs an ended workflow again, from its beginning or from one of its tasks."""

    re_run_from_workflow_id: str | None = None
    workflow_input: JsonObject | None = None
    re_run_from_task_id: str | None = None
    task_input: JsonObject | None = None
    correlation_id: str | None = None


class SkipTaskRequest(ConductorModel):
    """What a skipped task shall show as its input and output."""

    task_input: JsonObject | None = None
    task_output: JsonObject | None = None


class UpgradeWorkflowRequest(ConductorModel):
    """Moves a running workflow to another version of its definition."""

    name: Annotated[str, _given("Workflow name cannot be null or empty")] = Field(
        default="", validate_default=True
    )
    version: Int32 | None = None
    workflow_input: JsonObject | None = None
    task_output: JsonObject | None = None


class TaskResult(ConductorModel):
    """What a worker reports of one attempt."""

    workflow_instance_id: Annotated[str, _given("Workflow Id cannot be null or empty")] = Field(
        default="", validate_default=True
    )
    task_id: Annotated[str, _given("Task ID cannot be null or empty")] = Field(
        default="", validate_default=True
    )
    status: TaskResultStatus
    reason_for_incompletion: Reason | None = None
    callback_after_seconds: Int32 = 0
    worker_id: str | None = None
    output_data: JsonObject = Field(default_factory=dict)
    logs: list[TaskExecLog] = Field(default_factory=list)
    external_output_payload_storage_path: str | None = None
    sub_workflow_id: str | None = None
    extend_lease: bool = False
    supports_cancellation: bool = False
    execution_metadata: ExecutionMetadata | None = None

    @classmethod
    def from_task(cls, task: Task) -> "TaskResult":
        """Return a result that reports ``task`` as it stands."""
        return cls(
            workflow_instance_id=task.workflow_instance_id,
            task_id=task.task_id,
            status=_reportable(task.status),
            reason_for_incompletion=task.reason_for_incompletion,
            callback_after_seconds=task.callback_after_seconds,
            worker_id=task.worker_id,
            output_data=task.output_data,
            external_output_payload_storage_path=task.external_output_payload_storage_path,
            sub_workflow_id=task.sub_workflow_id,
        )


def _reportable(status: TaskStatus) -> TaskResultStatus:
    match status:
        case TaskStatus.COMPLETED_WITH_ERRORS | TaskStatus.TIMED_OUT | TaskStatus.SKIPPED:
            return TaskResultStatus.FAILED
        case TaskStatus.SCHEDULED:
            return TaskResultStatus.IN_PROGRESS
        case _:
            return TaskResultStatus(status.value)


class CorrelationIdsRequest(ConductorModel):
    """Asks for the executions of several workflows by correlation id."""

    correlation_ids: list[str] = Field(default_factory=list)
    workflow_names: list[str] = Field(default_factory=list)


class NamedTaskResult(TaskResult):
    """A result whose task is named by its reference beside it, not by its ids."""

    workflow_instance_id: str = ""
    task_id: str = ""


class WorkflowStateUpdate(ConductorModel):
    """Changes the variables of a workflow and one of its tasks in one call."""

    task_reference_name: str | None = None
    task_result: NamedTaskResult | None = None
    variables: JsonObject | None = None


class TaskIds(ConductorModel):
    """Names tasks."""

    task_ids: Annotated[list[str], Field(max_length=100)] = Field(default_factory=list)


class TokenRequest(ConductorModel):
    """Exchanges an access key for a token."""

    key_id: str
    key_secret: str = Field(repr=False)
