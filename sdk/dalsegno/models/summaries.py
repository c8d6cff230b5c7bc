"""Summaries: the short forms that lists and searches show.

Times are ISO-8601 strings in GMT with milliseconds, payloads are strings.
"""

from pydantic import Field, computed_field

from dalsegno.models.base import ConductorModel, EpochMillis, Int32, Millis
from dalsegno.models.enums import TaskStatus, WorkflowStatus

__all__ = ["TaskSummary", "WorkflowDefSummary", "WorkflowSummary"]


class WorkflowDefSummary(ConductorModel):
    """A definition's identity and times."""

    name: str
    version: Int32 = 1
    create_time: EpochMillis = 0
    update_time: EpochMillis = 0


class WorkflowSummary(ConductorModel):
    """An execution as a search shows it."""

    workflow_type: str
    version: Int32 = 1
    workflow_id: str
    correlation_id: str | None = None
    start_time: str | None = None
    update_time: str | None = None
    end_time: str | None = None
    status: WorkflowStatus
    input: str | None = None
    output: str | None = None
    reason_for_incompletion: str | None = None
    execution_time: Millis = 0
    event: str | None = None
    failed_reference_task_names: str = ""
    failed_task_names: list[str] = Field(default_factory=list)
    external_input_payload_storage_path: str | None = None
    external_output_payload_storage_path: str | None = None
    priority: Int32 = 0
    created_by: str | None = None
    task_to_domain: dict[str, str] | None = None
    idempotency_key: str | None = None
    parent_workflow_id: str = ""
    classifier: str = "workflow"

    @computed_field  # type: ignore[prop-decorator]  # mypy#1362
    @property
    def input_size(self) -> int:
        """Length of ``input`` in characters."""
        return len(self.input or "")

    @computed_field  # type: ignore[prop-decorator]  # mypy#1362
    @property
    def output_size(self) -> int:
        """Length of ``output`` in characters."""
        return len(self.output or "")


class TaskSummary(ConductorModel):
    """A task attempt as a search shows it."""

    workflow_id: str
    workflow_type: str
    correlation_id: str | None = None
    scheduled_time: str | None = None
    start_time: str | None = None
    update_time: str | None = None
    end_time: str | None = None
    status: TaskStatus
    reason_for_incompletion: str | None = None
    execution_time: Millis = 0
    queue_wait_time: Millis = 0
    task_def_name: str | None = None
    task_type: str
    input: str | None = None
    output: str | None = None
    task_id: str
    external_input_payload_storage_path: str | None = None
    external_output_payload_storage_path: str | None = None
    workflow_priority: Int32 = 0
    domain: str | None = None
