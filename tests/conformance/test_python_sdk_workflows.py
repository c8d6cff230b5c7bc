"""Executions, through the workflow client and executor of the official Python SDK."""

from collections.abc import Callable
from typing import Any

import pytest
from conductor.client.configuration.configuration import Configuration
from conductor.client.http.api.workflow_bulk_resource_api import WorkflowBulkResourceApi
from conductor.client.http.api_client import ApiClient
from conductor.client.http.models import (
    RerunWorkflowRequest,
    SkipTaskRequest,
    StartWorkflowRequest,
    Workflow,
)
from conductor.client.http.models.start_workflow_request import IdempotencyStrategy
from conductor.client.http.models.workflow_def import WorkflowDef
from conductor.client.http.models.workflow_task import WorkflowTask
from conductor.client.http.rest import ApiException
from conductor.client.orkes.orkes_metadata_client import OrkesMetadataClient
from conductor.client.orkes.orkes_task_client import OrkesTaskClient
from conductor.client.orkes.orkes_workflow_client import OrkesWorkflowClient
from conductor.client.workflow.executor.workflow_executor import WorkflowExecutor

Ended = Callable[..., Workflow]
Unique = Callable[[str], str]
Register = Callable[..., str]

WAIT = WorkflowTask(name="wait", task_reference_name="wait", type="WAIT")
SECOND_WAIT = WorkflowTask(name="wait", task_reference_name="second_wait", type="WAIT")
SUM = WorkflowTask(
    name="sum",
    task_reference_name="sum",
    type="INLINE",
    input_parameters={
        "evaluatorType": "javascript",
        "expression": "$.a + 1",
        "a": "${workflow.input.a}",
    },
)
STEP = WorkflowTask(name="sdk_untouched_step", task_reference_name="step")


@pytest.fixture
def register(metadata: OrkesMetadataClient, unique: Unique) -> Register:
    """Return a function that registers a workflow of tasks and returns its name."""

    def register_tasks(*tasks: WorkflowTask, **fields: Any) -> str:
        name = unique("flow")
        metadata.register_workflow_def(
            WorkflowDef(name=name, version=1, tasks=list(tasks), **fields)
        )
        return name

    return register_tasks


def refs_of(workflow: Workflow) -> list[str]:
    return [task.reference_task_name for task in workflow.tasks]


def test_started_workflow_is_found_by_its_id(
    workflows: OrkesWorkflowClient, register: Register
) -> None:
    name = register(WAIT)
    request = StartWorkflowRequest(
        name=name, version=1, input={"a": 1, "nothing": None}, correlation_id="c1", priority=7
    )

    workflow = workflows.get_workflow(workflows.start_workflow(request))

    assert (workflow.workflow_name, workflow.status) == (name, "RUNNING")
    assert workflow.input == {"a": 1, "nothing": None}
    assert (workflow.correlation_id, workflow.priority) == ("c1", 7)
    assert refs_of(workflow) == ["wait"]


def test_workflow_is_started_by_name(workflows: OrkesWorkflowClient, register: Register) -> None:
    name = register(WAIT)

    workflow_id = workflows.start_workflow_by_name(
        name, {"a": 2}, version=1, correlationId="c2", priority=3
    )

    workflow = workflows.get_workflow(workflow_id)
    assert (workflow.input, workflow.correlation_id, workflow.priority) == ({"a": 2}, "c2", 3)


def test_several_workflows_are_started_at_once(
    executor: WorkflowExecutor, register: Register
) -> None:
    name = register(WAIT)

    ids = executor.start_workflows(*[StartWorkflowRequest(name=name, version=1)] * 3)

    assert len(set(ids)) == 3


def test_unknown_workflow_is_404(workflows: OrkesWorkflowClient, unique: Unique) -> None:
    with pytest.raises(ApiException) as start:
        workflows.start_workflow_by_name(unique("nobody"), {})
    with pytest.raises(ApiException) as get:
        workflows.get_workflow("nobody")

    assert (start.value.status, get.value.status) == (404, 404)


def test_executed_workflow_is_returned_with_its_output(
    executor: WorkflowExecutor, register: Register
) -> None:
    name = register(SUM)

    run = executor.execute(name, version=1, workflow_input={"a": 41}, request_id="r1")

    assert (run.status, run.output["result"]) == ("COMPLETED", 42)
    assert run.request_id == "r1"
    assert [task.reference_task_name for task in run.tasks] == ["sum"]


def test_execution_returns_once_a_task_has_ended(
    executor: WorkflowExecutor, register: Register
) -> None:
    name = register(SUM, STEP)

    run = executor.execute(name, 1, {"a": 1}, wait_until_task_ref="sum", wait_for_seconds=20)

    assert run.status == "RUNNING"
    assert [task.status for task in run.tasks] == ["COMPLETED", "SCHEDULED"]


def test_execution_returns_after_its_time(executor: WorkflowExecutor, register: Register) -> None:
    run = executor.execute(register(STEP), 1, {}, wait_for_seconds=1)

    assert run.status == "RUNNING"
    assert run.output == {}


@pytest.mark.parametrize(
    ("strategy", "holds"),
    [
        ("TARGET_WORKFLOW", "workflow"),
        ("BLOCKING_WORKFLOW", "workflow"),
        ("BLOCKING_TASK", "task"),
        ("BLOCKING_TASK_INPUT", "task"),
    ],
)
def test_return_strategy_says_what_a_blocked_execution_returns(
    executor: WorkflowExecutor, register: Register, strategy: str, holds: str
) -> None:
    request = StartWorkflowRequest(name=register(SUM, WAIT), version=1, input={"a": 1})

    answer = executor.execute_workflow_with_return_strategy(request, return_strategy=strategy)

    assert answer.response_type == strategy
    assert answer.target_workflow_id == answer.workflow_id
    assert answer.target_workflow_status == "RUNNING"
    if holds == "task":
        assert answer.reference_task_name == "wait"
        assert answer.status.value == "IN_PROGRESS"
    else:
        assert [task["referenceTaskName"] for task in answer.tasks] == ["sum", "wait"]


def test_status_comes_with_output_and_variables_if_asked(
    workflows: OrkesWorkflowClient, executor: WorkflowExecutor, register: Register
) -> None:
    run = executor.execute(register(SUM), 1, {"a": 1})

    bare = workflows.get_workflow_status(run.workflow_id)
    full = workflows.get_workflow_status(
        run.workflow_id, include_output=True, include_variables=True
    )

    assert (bare.status, bare.output) == ("COMPLETED", None)
    assert (full.status, full.output, full.variables) == ("COMPLETED", {"result": 2}, {})


def test_paused_workflow_goes_on_when_resumed(
    workflows: OrkesWorkflowClient,
    executor: WorkflowExecutor,
    register: Register,
    ended: Ended,
) -> None:
    workflow_id = workflows.start_workflow_by_name(register(WAIT, SUM), {"a": 1})

    executor.pause(workflow_id)
    executor.signal_async(workflow_id, "COMPLETED", {})
    paused = workflows.get_workflow(workflow_id)
    executor.resume(workflow_id)

    assert (paused.status, refs_of(paused)) == ("PAUSED", ["wait"])
    assert ended(workflow_id).output["result"] == 2


def test_terminated_workflow_says_why(
    workflows: OrkesWorkflowClient, register: Register, ended: Ended
) -> None:
    workflow_id = workflows.start_workflow_by_name(register(WAIT), {})

    workflows.terminate_workflow(
        workflow_id, reason="no more strings", trigger_failure_workflow=True
    )

    workflow = ended(workflow_id)
    assert workflow.status == "TERMINATED"
    assert workflow.reason_for_incompletion == "no more strings"
    assert workflow.tasks[0].status == "CANCELED"


def test_retried_workflow_tries_its_failed_task_again(
    workflows: OrkesWorkflowClient,
    tasks: OrkesTaskClient,
    register: Register,
    ended: Ended,
) -> None:
    workflow_id = workflows.start_workflow_by_name(register(WAIT), {})
    tasks.update_task_by_ref_name(workflow_id, "wait", "FAILED_WITH_TERMINAL_ERROR", {})
    assert ended(workflow_id).status == "FAILED"

    workflows.retry_workflow(workflow_id, resume_subworkflow_tasks=True)

    assert workflows.get_workflow(workflow_id).status == "RUNNING"
    tasks.update_task_by_ref_name(workflow_id, "wait", "COMPLETED", {})
    assert ended(workflow_id).status == "COMPLETED"


def test_restarted_workflow_begins_again(
    workflows: OrkesWorkflowClient, executor: WorkflowExecutor, register: Register
) -> None:
    run = executor.execute(register(SUM), 1, {"a": 1})

    workflows.restart_workflow(run.workflow_id, use_latest_def=True)

    again = workflows.get_workflow(run.workflow_id)
    assert again.status == "COMPLETED"
    assert refs_of(again) == ["sum"]
    assert again.tasks[0].task_id != run.tasks[0].task_id


def test_rerun_begins_at_a_task_with_new_input(
    workflows: OrkesWorkflowClient, executor: WorkflowExecutor, register: Register, ended: Ended
) -> None:
    run = executor.execute(register(SUM), 1, {"a": 1})
    request = RerunWorkflowRequest(
        re_run_from_workflow_id=run.workflow_id,
        re_run_from_task_id=run.tasks[0].task_id,
        task_input={"evaluatorType": "javascript", "expression": "$.a + 1", "a": 100},
    )

    answer = workflows.rerun_workflow(run.workflow_id, request)

    assert answer == run.workflow_id
    assert ended(run.workflow_id).output == {"result": 101}


def test_skipped_task_is_stepped_over(
    workflows: OrkesWorkflowClient, executor: WorkflowExecutor, register: Register, ended: Ended
) -> None:
    workflow_id = workflows.start_workflow_by_name(register(WAIT, STEP), {})

    # SDK 2.0.0 puts the request into the query as Python prints it; its body is empty.
    workflows.skip_task_from_workflow(workflow_id, "step", SkipTaskRequest())
    executor.signal_async(workflow_id, "COMPLETED", {})

    workflow = ended(workflow_id)
    assert workflow.status == "COMPLETED"
    assert [task.status for task in workflow.tasks] == ["COMPLETED", "SKIPPED"]


def test_deleted_workflow_is_gone(
    workflows: OrkesWorkflowClient, executor: WorkflowExecutor, register: Register
) -> None:
    workflow_id = executor.execute(register(SUM), 1, {"a": 1}).workflow_id

    workflows.delete_workflow(workflow_id, archive_workflow=False)

    with pytest.raises(ApiException) as refusal:
        workflows.get_workflow(workflow_id)
    assert refusal.value.status == 404


def test_search_finds_by_name_and_status(
    workflows: OrkesWorkflowClient, executor: WorkflowExecutor, register: Register
) -> None:
    name = register(SUM)
    done = {executor.execute(name, 1, {"a": number}).workflow_id for number in range(3)}

    found = workflows.search(query=f"workflowType = '{name}' AND status = 'COMPLETED'")
    none = workflows.search(query=f"workflowType = '{name}' AND status = 'FAILED'")
    page = workflows.search(start=1, size=1, query=f"workflowType IN ({name})")

    assert {summary.workflow_id for summary in found.results} == done
    assert found.results[0].status == "COMPLETED"
    assert none.results == []
    assert len(page.results) == 1


def test_workflows_are_found_by_correlation_id(
    workflows: OrkesWorkflowClient, register: Register, unique: Unique
) -> None:
    name, correlation_id = register(WAIT), unique("order")
    workflow_id = workflows.start_workflow_by_name(name, {}, correlationId=correlation_id)

    # The executor's ``get_by_correlation_ids_and_names`` of SDK 2.0.0 raises a TypeError.
    found = workflows.get_by_correlation_ids(
        name, [correlation_id, "nobody"], include_completed=True, include_tasks=True
    )

    assert [workflow.workflow_id for workflow in found[correlation_id]] == [workflow_id]
    assert refs_of(found[correlation_id][0]) == ["wait"]
    assert not found.get("nobody")


def test_signal_ends_the_wait_and_returns_where_the_workflow_stops_next(
    workflows: OrkesWorkflowClient, executor: WorkflowExecutor, register: Register
) -> None:
    workflow_id = workflows.start_workflow_by_name(register(WAIT, SECOND_WAIT), {})

    answer = executor.signal(workflow_id, "COMPLETED", {"by": "me"}, "BLOCKING_TASK")

    assert (answer.response_type, answer.reference_task_name) == ("BLOCKING_TASK", "second_wait")
    first = workflows.get_workflow(workflow_id).tasks[0]
    assert (first.status, first.output_data) == ("COMPLETED", {"by": "me"})


def test_signal_to_a_workflow_that_waits_for_nothing_is_refused(
    executor: WorkflowExecutor, register: Register
) -> None:
    workflow_id = executor.execute(register(SUM), 1, {"a": 1}).workflow_id

    with pytest.raises(ApiException) as refusal:
        executor.signal(workflow_id, "COMPLETED", {})

    assert refusal.value.status == 404


def test_executor_updates_tasks_by_id_and_by_reference_name(
    workflows: OrkesWorkflowClient, executor: WorkflowExecutor, register: Register, ended: Ended
) -> None:
    workflow_id = workflows.start_workflow_by_name(register(STEP, WAIT, SECOND_WAIT), {})
    task_id = workflows.get_workflow(workflow_id).tasks[0].task_id

    executor.update_task(task_id, workflow_id, {"n": 1}, "COMPLETED")
    executor.update_task_by_ref_name({"n": 2}, workflow_id, "wait", "COMPLETED")
    workflow = executor.update_task_by_ref_name_sync(
        {"n": 3}, workflow_id, "second_wait", "COMPLETED"
    )

    assert workflow.status == "COMPLETED"
    assert [task.output_data for task in workflow.tasks] == [{"n": 1}, {"n": 2}, {"n": 3}]
    assert executor.get_task(task_id).output_data == {"n": 1}


def test_bulk_calls_report_on_each_workflow(
    workflows: OrkesWorkflowClient, configuration: Configuration, register: Register
) -> None:
    bulk = WorkflowBulkResourceApi(ApiClient(configuration))
    name = register(WAIT)
    ids = [workflows.start_workflow_by_name(name, {}) for _ in range(3)]

    paused = bulk.pause_workflow([*ids, "nobody"])
    assert sorted(paused.bulk_successful_results) == sorted(ids)
    assert set(paused.bulk_error_results) == {"nobody"}
    assert bulk.resume_workflow(ids).bulk_error_results == {}
    assert bulk.terminate(ids, reason="enough").bulk_error_results == {}
    assert bulk.restart(ids).bulk_error_results == {}
    assert bulk.terminate(ids).bulk_error_results == {}
    assert bulk.retry(ids).bulk_error_results == {}

    assert {workflows.get_workflow(workflow_id).status for workflow_id in ids} == {"RUNNING"}


def test_idempotency_key_returns_the_execution_that_exists(
    workflows: OrkesWorkflowClient, register: Register
) -> None:
    request = StartWorkflowRequest(
        name=register(WAIT),
        version=1,
        input={},
        idempotency_key="k",
        idempotency_strategy=IdempotencyStrategy.RETURN_EXISTING,
    )

    first = workflows.start_workflow(request)

    assert workflows.start_workflow(request) == first
    request.idempotency_strategy = IdempotencyStrategy.FAIL
    with pytest.raises(ApiException) as refused:
        workflows.start_workflow(request)
    assert refused.value.status == 409
