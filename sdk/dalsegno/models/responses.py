"""Responses: the small objects the API answers with."""

from typing import Generic, TypeVar

from pydantic import Field

from dalsegno.models.base import ConductorModel, EpochMillis, Int32, Int64, JsonObject
from dalsegno.models.enums import ReturnStrategy, TaskStatus, WorkflowStatus
from dalsegno.models.execution import Task

__all__ = [
    "BulkResponse",
    "EnvironmentVariable",
    "ErrorResponse",
    "ExternalStorageLocation",
    "HealthCheckStatus",
    "PollData",
    "SearchResult",
    "SignalResponse",
    "TaskRun",
    "TokenResponse",
    "ValidationErrorItem",
    "WorkflowMessage",
    "WorkflowRun",
    "WorkflowStatusResponse",
]

_Hit = TypeVar("_Hit")


class ValidationErrorItem(ConductorModel):
    """One thing that is wrong with a request."""

    path: str
    message: str
    invalid_value: str | None = None


class ErrorResponse(ConductorModel):
    """Body of every answer that is not a success."""

    status: int
    message: str | None = None
    code: str | None = None
    instance: str | None = None
    retryable: bool = False
    validation_errors: list[ValidationErrorItem] | None = None
    metadata: dict[str, str] | None = None


class SearchResult(ConductorModel, Generic[_Hit]):
    """One page of hits, and how many there are in all."""

    total_hits: Int64 = 0
    results: list[_Hit] = Field(default_factory=list)


class BulkResponse(ConductorModel):
    """What became of each item of a bulk request: its error, or its own success."""

    bulk_error_results: dict[str, str] = Field(default_factory=dict)
    bulk_successful_results: list[str] = Field(default_factory=list)
    message: str = "Bulk Request has been processed."


class PollData(ConductorModel):
    """When a worker last asked a queue for work."""

    queue_name: str
    domain: str | None = None
    worker_id: str | None = None
    last_poll_time: EpochMillis = 0


class HealthCheckStatus(ConductorModel):
    """Whether the server is able to serve."""

    healthy: bool = True
    health_results: list[JsonObject] = Field(default_factory=list)
    suppressed_health_results: list[JsonObject] = Field(default_factory=list)


class ExternalStorageLocation(ConductorModel):
    """Where a large payload is to be put or fetched."""

    uri: str
    path: str


class EnvironmentVariable(ConductorModel):
    """A named value that workflows may read."""

    name: str
    value: str | None = None


class WorkflowMessage(ConductorModel):
    """A message pushed to a running workflow."""

    id: str
    workflow_id: str
    payload: JsonObject = Field(default_factory=dict)
    received_at: str


class TokenResponse(ConductorModel):
    """The token that later requests carry."""

    token: str = Field(repr=False)


class WorkflowStatusResponse(ConductorModel):
    """How a workflow stands; output and variables only if asked for."""

    workflow_id: str
    correlation_id: str | None = None
    output: JsonObject | None = None
    variables: JsonObject | None = None
    status: WorkflowStatus


class SignalResponse(ConductorModel):
    """What a synchronous start and a synchronous signal have in common.

    ``signal_timeout`` tells that the wait was over before anything was blocked or done.
    """

    response_type: ReturnStrategy = ReturnStrategy.TARGET_WORKFLOW
    target_workflow_id: str | None = None
    target_workflow_status: str | None = None
    request_id: str | None = None
    workflow_id: str | None = None
    correlation_id: str | None = None
    input: JsonObject = Field(default_factory=dict)
    output: JsonObject = Field(default_factory=dict)
    signal_timeout: bool = False


class WorkflowRun(SignalResponse):
    """A workflow as a synchronous call answers it."""

    priority: Int32 = 0
    variables: JsonObject = Field(default_factory=dict)
    tasks: list[Task] = Field(default_factory=list)
    created_by: str | None = None
    create_time: EpochMillis = 0
    status: WorkflowStatus
    update_time: EpochMillis = 0


class TaskRun(SignalResponse):
    """A blocking task as a synchronous call answers it."""

    task_type: str | None = None
    task_id: str | None = None
    reference_task_name: str | None = None
    retry_count: Int32 = 0
    task_def_name: str | None = None
    retried_task_id: str | None = None
    workflow_type: str | None = None
    reason_for_incompletion: str | None = None
    priority: Int32 = 0
    variables: JsonObject = Field(default_factory=dict)
    tasks: list[Task] = Field(default_factory=list)
    created_by: str | None = None
    create_time: EpochMillis = 0
    update_time: EpochMillis = 0
    status: TaskStatus
