"""Schedules: when workflows are started by the clock, and what became of each start."""

from enum import StrEnum

from pydantic import Field

from dalsegno.models.base import ConductorModel, EpochMillis
from dalsegno.models.requests import StartWorkflowRequest

__all__ = [
    "CronSchedule",
    "ScheduleExecutionState",
    "WorkflowSchedule",
    "WorkflowScheduleExecution",
]


class CronSchedule(ConductorModel):
    """A cron expression in a time zone."""

    cron_expression: str
    zone_id: str = "UTC"


class WorkflowSchedule(ConductorModel):
    """When to start a workflow, and with what.

    ``cron_schedules``, unless empty, counts instead of ``cron_expression`` and ``zone_id``.
    """

    name: str = ""
    description: str | None = None
    cron_expression: str | None = None
    zone_id: str = "UTC"
    cron_schedules: list[CronSchedule] = Field(default_factory=list)
    run_catchup_schedule_instances: bool = False
    paused: bool = False
    paused_reason: str | None = None
    start_workflow_request: StartWorkflowRequest
    schedule_start_time: EpochMillis | None = None
    schedule_end_time: EpochMillis | None = None
    create_time: EpochMillis = 0
    updated_time: EpochMillis = 0
    created_by: str | None = None
    updated_by: str | None = None
    next_run_time: EpochMillis | None = None


class ScheduleExecutionState(StrEnum):
    """What became of one time of a schedule."""

    POLLED = "POLLED"
    FAILED = "FAILED"
    EXECUTED = "EXECUTED"


class WorkflowScheduleExecution(ConductorModel):
    """One time at which a schedule started its workflow, or tried to."""

    execution_id: str
    schedule_name: str
    scheduled_time: EpochMillis
    execution_time: EpochMillis
    workflow_name: str | None = None
    workflow_id: str | None = None
    reason: str | None = None
    stack_trace: str | None = None
    start_workflow_request: StartWorkflowRequest | None = None
    state: ScheduleExecutionState
    zone_id: str = "UTC"
