"""Executions, through the executor of the official Python SDK."""

from collections.abc import Callable

import pytest
from conductor.client.http.models import (
    RerunWorkflowRequest,
    SkipTaskRequest,
    StartWorkflowRequest,
    Workflow,
    WorkflowDef,
    WorkflowTask,
)
from conductor.client.http.rest import ApiException
from conductor.client.orkes.orkes_metadata_client import OrkesMetadataClient
from conductor.client.workflow.executor.workflow_executor import WorkflowExecutor

Unique = Callable[[str], str]
Ended = Callable[..., Workflow]


@pytest.fixture
def flow(metadata: OrkesMetadataClient, unique: Unique) -> str:
    """Return the name of a workflow of two tasks that wait to be told."""
    name = unique("flow")
    tasks = [WorkflowTask(name=r, task_reference_name=r, type="WAIT") for r in ("one", "two")]
    metadata.register_workflow_def(WorkflowDef(name=name, version=1, tasks=tasks))
    return name


@pytest.fixture
def running(executor: WorkflowExecutor, flow: str) -> str:
    request = StartWorkflowRequest(name=flow, version=1, correlation_id=f"of {flow}")
    workflow_id: str = executor.start_workflow(request)
    return workflow_id


def test_executor_reads_an_execution(executor: WorkflowExecutor, running: str) -> None:
    tasks = executor.get_workflow(running, include_tasks=True).tasks
    assert [task.reference_task_name for task in tasks] == ["one"]
    status = executor.get_workflow_status(running, include_output=True, include_variables=True)
    assert (status.status, status.variables) == ("RUNNING", {})


def test_executor_finds_executions(executor: WorkflowExecutor, flow: str, running: str) -> None:
    found = executor.search(start=0, size=10, query=f"workflowType = '{flow}'")
    correlated = executor.get_by_correlation_ids(flow, [f"of {flow}"], include_closed=True)

    assert [each.workflow_id for each in found.results] == [running]
    assert [each.workflow_id for each in correlated[f"of {flow}"]] == [running]


def test_executor_ends_an_execution_and_has_it_begin_again(
    executor: WorkflowExecutor, ended: Ended, running: str
) -> None:
    executor.skip_task_from_workflow(running, "two", SkipTaskRequest())
    executor.terminate(running, reason="enough")
    assert ended(running).reason_for_incompletion == "enough"

    executor.retry(running)
    executor.signal_async(running, "COMPLETED", {})
    assert [task.status for task in ended(running).tasks][-1] == "SKIPPED"

    executor.restart(running, use_latest_definitions=True)
    executor.terminate(running, reason="again")
    assert executor.rerun(RerunWorkflowRequest(), running) == running
    assert executor.get_workflow(running).status == "RUNNING"


def test_executor_removes_an_execution(executor: WorkflowExecutor, running: str) -> None:
    executor.terminate(running)

    executor.remove_workflow(running, archive_workflow=False)

    with pytest.raises(ApiException) as refused:
        executor.get_workflow(running)
    assert refused.value.status == 404
