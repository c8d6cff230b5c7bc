"""Executions: workflows and tasks as the API shows them."""

import time
from collections.abc import Mapping
from typing import Annotated, TypeAlias

from pydantic import AfterValidator, Field, JsonValue, computed_field, model_validator

from dalsegno.models.base import (
    AuditedModel,
    ConductorModel,
    EpochMillis,
    Int32,
    JsonObject,
    Millis,
    Seconds,
)
from dalsegno.models.definitions import TaskDef, WorkflowDef, WorkflowTask
from dalsegno.models.enums import TaskStatus, WorkflowStatus

__all__ = [
    "MAX_REASON_CHARS",
    "ExecutionMetadata",
    "Reason",
    "Task",
    "TaskExecLog",
    "Workflow",
]

MAX_REASON_CHARS = 500


def _cut(reason: str) -> str:
    return reason[:MAX_REASON_CHARS]


Reason: TypeAlias = Annotated[str, AfterValidator(_cut)]


class ExecutionMetadata(ConductorModel):
    """Timings of one attempt as its worker measured them, and whatever else it adds."""

    server_send_time: EpochMillis | None = None
    client_receive_time: EpochMillis | None = None
    execution_start_time: EpochMillis | None = None
    execution_end_time: EpochMillis | None = None
    client_send_time: EpochMillis | None = None
    poll_network_latency: Millis | None = None
    update_network_latency: Millis | None = None
    additional_context: JsonObject = Field(default_factory=dict)


class TaskExecLog(ConductorModel):
    """One line of a task's log; workers may report its text alone."""

    log: str | None = None
    task_id: str | None = None
    created_time: EpochMillis = 0

    @model_validator(mode="before")
    @classmethod
    def _take_text(cls, data: object) -> object:
        return {"log": data} if isinstance(data, str) else data


class Task(ConductorModel):
    """One attempt of one task."""

    task_type: str = ""
    status: TaskStatus
    input_data: JsonObject = Field(default_factory=dict)
    reference_task_name: str = ""
    retry_count: Int32 = 0
    seq: Int32 = 0
    correlation_id: str | None = None
    poll_count: Int32 = 0
    task_def_name: str = ""
    scheduled_time: EpochMillis = 0
    start_time: EpochMillis = 0
    end_time: EpochMillis = 0
    update_time: EpochMillis = 0
    start_delay_in_seconds: Int32 = 0
    retried_task_id: str | None = None
    retried: bool = False
    executed: bool = False
    callback_from_worker: bool = True
    response_timeout_seconds: Seconds = 0
    workflow_instance_id: str = ""
    workflow_type: str = ""
    task_id: str = ""
    reason_for_incompletion: Reason | None = None
    callback_after_seconds: Seconds = 0
    worker_id: str | None = None
    output_data: JsonObject = Field(default_factory=dict)
    workflow_task: WorkflowTask = Field(default_factory=WorkflowTask)
    domain: str | None = None
    rate_limit_per_frequency: Int32 = 0
    rate_limit_frequency_in_seconds: Int32 = 0
    external_input_payload_storage_path: str | None = None
    external_output_payload_storage_path: str | None = None
    workflow_priority: Int32 = 0
    execution_name_space: str | None = None
    isolation_group_id: str | None = None
    iteration: Int32 = 0
    sub_workflow_id: str | None = None
    subworkflow_changed: bool = False
    first_start_time: EpochMillis = 0
    parent_task_id: str | None = None
    execution_metadata: ExecutionMetadata = Field(default_factory=ExecutionMetadata)
    runtime_metadata: dict[str, str] | None = None

    @model_validator(mode="before")
    @classmethod
    def _fill_in_what_follows(cls, data: object) -> object:
        return _completed_task(data) if isinstance(data, Mapping) else data

    def queue_wait_millis(self, *, now: EpochMillis) -> Millis:
        """Return how long the attempt waited for a worker, as Conductor counts it."""
        if not (self.start_time > 0 and self.scheduled_time > 0):
            return 0
        if self.update_time > 0 and self.callback_after_seconds > 0:
            return max(0, now - (self.update_time + self.callback_after_seconds * 1000))
        return self.start_time - self.scheduled_time

    @computed_field  # type: ignore[prop-decorator]  # mypy#1362
    @property
    def queue_wait_time(self) -> Millis:
        """``queue_wait_millis`` at this moment."""
        return self.queue_wait_millis(now=time.time_ns() // 1_000_000)

    @computed_field  # type: ignore[prop-decorator]  # mypy#1362
    @property
    def loop_over_task(self) -> bool:
        """True for a task inside a loop."""
        return self.iteration > 0

    @computed_field  # type: ignore[prop-decorator]  # mypy#1362
    @property
    def task_definition(self) -> TaskDef | None:
        """The definition embedded in ``workflow_task``."""
        return self.workflow_task.task_definition


def _completed_task(data: Mapping[str, object]) -> dict[str, object]:
    """Return the task with the properties Conductor derives from others when absent."""

    def given(wire_name: str, python_name: str) -> object:
        return data.get(wire_name) or data.get(python_name)

    task = dict(data)
    name = given("taskDefName", "task_def_name") or given("taskType", "task_type")
    if name and not given("taskDefName", "task_def_name"):
        task["taskDefName"] = name
    if not given("workflowTask", "workflow_task"):
        reference = given("referenceTaskName", "reference_task_name")
        task["workflowTask"] = {"name": name, "taskReferenceName": reference}
    if not given("subWorkflowId", "sub_workflow_id"):
        payloads = given("outputData", "output_data"), given("inputData", "input_data")
        ids = (p.get("subWorkflowId") for p in payloads if isinstance(p, Mapping))
        task["subWorkflowId"] = next((i for i in ids if isinstance(i, str)), None)
    return task


class Workflow(AuditedModel):
    """One execution of a workflow."""

    workflow_id: str
    status: WorkflowStatus = WorkflowStatus.RUNNING
    end_time: EpochMillis = 0
    parent_workflow_id: str | None = None
    parent_workflow_task_id: str | None = None
    re_run_from_workflow_id: str | None = None
    tasks: list[Task] = Field(default_factory=list)
    input: JsonObject = Field(default_factory=dict)
    output: JsonObject = Field(default_factory=dict)
    variables: JsonObject = Field(default_factory=dict)
    correlation_id: str | None = None
    reason_for_incompletion: str | None = None
    event: str | None = None
    idempotency_key: str | None = None
    rate_limit_key: str | None = None
    rate_limited: bool = False
    task_to_domain: dict[str, str] = Field(default_factory=dict)
    failed_reference_task_names: list[str] = Field(default_factory=list)
    failed_task_names: list[str] = Field(default_factory=list)
    workflow_definition: WorkflowDef = Field(default_factory=WorkflowDef)
    external_input_payload_storage_path: str | None = None
    external_output_payload_storage_path: str | None = None
    priority: Int32 = 0
    last_retried_time: EpochMillis = 0
    history: list["Workflow"] = Field(default_factory=list)
    aggregate_token_usage: JsonValue = None

    @computed_field  # type: ignore[prop-decorator]  # mypy#1362
    @property
    def start_time(self) -> EpochMillis:
        """``create_time`` under its other name."""
        return self.create_time

    @computed_field  # type: ignore[prop-decorator]  # mypy#1362
    @property
    def workflow_name(self) -> str:
        """Name of the definition."""
        return self.workflow_definition.name

    @computed_field  # type: ignore[prop-decorator]  # mypy#1362
    @property
    def workflow_version(self) -> int:
        """Version of the definition."""
        return self.workflow_definition.version
