"""Executions as the API shows them."""

from dataclasses import dataclass
from datetime import UTC, datetime

from dalsegno.models import (
    EpochMillis,
    JsonObject,
    Task,
    TaskStatus,
    TaskSummary,
    Workflow,
    WorkflowSummary,
    WorkflowTask,
)
from dalsegno_state.draft import Place
from dalsegno_state.execution import TaskState, WorkflowState
from dalsegno_state.expressions import java_text
from dalsegno_state.plan import Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownTask:
    """A task with what is not in its item.

    Attributes:
        place: Where it stands; None if the definition no longer tells.
        seq: Its number in the order of creation.
        is_current: No later attempt has replaced it.
    """

    task: TaskState
    place: Place | None
    inputs: JsonObject
    output: JsonObject
    seq: int
    is_current: bool


def wire_task(shown: ShownTask, workflow: WorkflowState) -> Task:
    """Return a task as Conductor's clients know it."""
    task = shown.task
    node = _node(shown)
    task_def = node.task_definition
    return Task.model_construct(
        task_type=task.task_type,
        status=task.status,
        input_data={} if task.external_input_path else shown.inputs,
        reference_task_name=task.ref,
        retry_count=task.retry_count,
        seq=shown.seq,
        correlation_id=workflow.correlation_id,
        poll_count=task.poll_count,
        task_def_name=task.name,
        scheduled_time=task.scheduled_at,
        start_time=task.started_at,
        end_time=task.ended_at,
        update_time=task.updated_at,
        start_delay_in_seconds=task.start_delay_seconds,
        retried_task_id=task.retried_task_id,
        retried=not shown.is_current,
        executed=shown.is_current and _is_executed(task, node),
        callback_from_worker=True,
        response_timeout_seconds=3600 if task_def is None else task_def.response_timeout_seconds,
        workflow_instance_id=task.workflow_id,
        workflow_type=workflow.name,
        task_id=task.task_id,
        reason_for_incompletion=None if task.reason is None else task.reason[:500],
        callback_after_seconds=task.callback_after_seconds or _seconds_of_wait(task),
        worker_id=task.worker_id,
        output_data={} if task.external_output_path else shown.output,
        workflow_task=node,
        domain=task.domain,
        rate_limit_per_frequency=0 if task_def is None else task_def.rate_limit_per_frequency,
        rate_limit_frequency_in_seconds=1
        if task_def is None
        else task_def.rate_limit_frequency_in_seconds,
        external_input_payload_storage_path=task.external_input_path,
        external_output_payload_storage_path=task.external_output_path,
        workflow_priority=workflow.priority,
        iteration=task.iterations[-1] if task.iterations else task.turn,
        sub_workflow_id=task.sub_workflow_id,
    )


def _seconds_of_wait(task: TaskState) -> int:
    """Return how long a WAIT with a time lasts, which Conductor's clients see as its call-back."""
    if task.task_type != "WAIT" or task.wait_until is None or not task.started_at:
        return 0
    return max(0, -((task.started_at - task.wait_until) // 1000))


def wire_workflow(
    workflow: WorkflowState,
    plan: Plan,
    *,
    inputs: JsonObject,
    output: JsonObject,
    tasks: list[Task],
) -> Workflow:
    """Return a workflow as Conductor's clients know it."""
    failed = [task for task in tasks if task.status in _FAILED and not task.retried]
    names = [task.reference_task_name for task in failed] or list(workflow.failed_refs)
    parent = workflow.parent_task_id
    return Workflow.model_construct(
        owner_app=workflow.owner_app,
        create_time=workflow.created_at,
        update_time=workflow.updated_at,
        created_by=workflow.created_by,
        workflow_id=workflow.workflow_id,
        status=workflow.status,
        end_time=workflow.ended_at,
        parent_workflow_id=workflow.parent_workflow_id,
        parent_workflow_task_id=parent,
        re_run_from_workflow_id=workflow.rerun_from_workflow_id,
        tasks=tasks,
        input={} if workflow.external_input_path else inputs,
        output=output,
        variables=workflow.variables,
        correlation_id=workflow.correlation_id,
        reason_for_incompletion=workflow.reason,
        event=workflow.event,
        idempotency_key=workflow.idempotency_key,
        rate_limit_key=workflow.rate_limit_key,
        rate_limited=workflow.rate_limited,
        task_to_domain=workflow.task_to_domain,
        failed_reference_task_names=names if workflow.status.is_terminal else [],
        failed_task_names=sorted({task.task_def_name for task in failed})
        if workflow.status.is_terminal
        else [],
        workflow_definition=plan.definition,
        external_input_payload_storage_path=workflow.external_input_path,
        priority=workflow.priority,
        last_retried_time=workflow.last_retried_at,
    )


def wire_summary(
    workflow: WorkflowState, *, inputs: JsonObject, output: JsonObject
) -> WorkflowSummary:
    """Return a workflow as a search shows it."""
    ended = workflow.ended_at
    return WorkflowSummary(
        workflow_type=workflow.name,
        version=workflow.version,
        workflow_id=workflow.workflow_id,
        correlation_id=workflow.correlation_id,
        start_time=iso_time(workflow.created_at),
        update_time=iso_time(workflow.updated_at),
        end_time=iso_time(ended) if ended else None,
        status=workflow.status,
        input=java_text({} if workflow.external_input_path else inputs),
        output=java_text(output),
        reason_for_incompletion=workflow.reason,
        execution_time=ended - workflow.created_at if ended else 0,
        event=workflow.event,
        external_input_payload_storage_path=workflow.external_input_path,
        failed_reference_task_names=",".join(workflow.failed_refs),
        priority=workflow.priority,
        created_by=workflow.created_by,
        task_to_domain=workflow.task_to_domain,
        idempotency_key=workflow.idempotency_key,
        parent_workflow_id=workflow.parent_workflow_id or "",
        classifier=workflow.classifier,
    )


def wire_task_summary(
    task: TaskState, workflow: WorkflowState, *, inputs: JsonObject, output: JsonObject
) -> TaskSummary:
    """Return a task attempt as a search shows it."""
    started, ended = task.started_at, task.ended_at
    return TaskSummary(
        workflow_id=workflow.workflow_id,
        workflow_type=workflow.name,
        correlation_id=workflow.correlation_id,
        scheduled_time=iso_time(task.scheduled_at),
        start_time=iso_time(started),
        update_time=iso_time(task.updated_at),
        end_time=iso_time(ended),
        status=task.status,
        reason_for_incompletion=task.reason,
        execution_time=ended - started if started and ended else 0,
        queue_wait_time=started - task.scheduled_at if started and task.scheduled_at else 0,
        task_def_name=task.name,
        task_type=task.task_type,
        input=java_text(inputs),
        output=java_text(output),
        task_id=task.task_id,
        external_input_payload_storage_path=task.external_input_path,
        external_output_payload_storage_path=task.external_output_path,
        workflow_priority=workflow.priority,
        domain=task.domain,
    )


def iso_time(at: EpochMillis) -> str:
    """Return ``yyyy-MM-dd'T'HH:mm:ss.SSS'Z'``."""
    moment = datetime.fromtimestamp(at / 1000, tz=UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{at % 1000:03d}Z"


_FAILED = frozenset({TaskStatus.FAILED, TaskStatus.FAILED_WITH_TERMINAL_ERROR})


def _node(shown: ShownTask) -> WorkflowTask:
    if shown.place is not None:
        return shown.place.node.task
    return WorkflowTask(name=shown.task.name, task_reference_name=shown.task.base_ref)


def _is_executed(task: TaskState, node: WorkflowTask) -> bool:
    return task.status.is_terminal and (task.status.is_successful or node.permissive)
