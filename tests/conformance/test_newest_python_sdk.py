"""What the newest Python SDK has, and its predecessors have not, or get wrong."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from conductor.client.ai.schedule import Schedule
from conductor.client.configuration.configuration import Configuration
from conductor.client.http.models import StartWorkflowRequest, Workflow, WorkflowDef, WorkflowTask
from conductor.client.http.models.correlation_ids_search_request import (
    CorrelationIdsSearchRequest,
)
from conductor.client.http.models.task_result import TaskResult
from conductor.client.http.models.workflow_state_update import WorkflowStateUpdate
from conductor.client.http.rest import ApiException
from conductor.client.orkes.orkes_agent_client import OrkesAgentClient
from conductor.client.orkes.orkes_metadata_client import OrkesMetadataClient
from conductor.client.orkes.orkes_scheduler_client import OrkesSchedulerClient
from conductor.client.orkes.orkes_workflow_client import OrkesWorkflowClient
from conductor.client.workflow.executor.workflow_executor import WorkflowExecutor

from tests.eventually import eventually

Ended = Callable[..., Workflow]
Register = Callable[..., str]

AGENT_CALLS: dict[str, tuple[Any, ...]] = {
    "compile_agent": ({},),
    "deploy_agent": ({},),
    "get_execution": ("a",),
    "get_status": ("a",),
    "list_executions": (),
    "respond": ("a", {}),
    "signal": ("a", "b"),
    "start_agent": ({},),
    "stop": ("a",),
}


@pytest.fixture
def register(metadata: OrkesMetadataClient, unique: Callable[[str], str]) -> Register:
    """Return a function that registers a workflow of tasks of a type and returns its name."""

    def register_tasks(task_type: str, *refs: str) -> str:
        name = unique("flow")
        tasks = [WorkflowTask(name=r, task_reference_name=r, type=task_type) for r in refs]
        metadata.register_workflow_def(WorkflowDef(name=name, version=1, tasks=tasks))
        return name

    return register_tasks


def test_message_completes_the_task_that_waits_for_it(
    executor: WorkflowExecutor,
    workflows: OrkesWorkflowClient,
    register: Register,
    ended: Ended,
) -> None:
    name = register("PULL_WORKFLOW_MESSAGES", "first", "second")
    workflow_id = workflows.start_workflow_by_name(name, {})

    executor.send_message(workflow_id, {"n": 1})
    eventually(
        lambda: workflows.get_workflow(workflow_id, include_tasks=True).tasks,
        lambda tasks: len(tasks) == 2,
    )
    workflows.send_message(workflow_id, {"n": 2})

    payloads = [task.output_data["messages"][0]["payload"] for task in ended(workflow_id).tasks]
    assert payloads == [{"n": 1}, {"n": 2}]


def test_workflow_is_executed_paused_and_resumed(
    executor: WorkflowExecutor, workflows: OrkesWorkflowClient, unique: Callable[[str], str]
) -> None:
    tasks = [WorkflowTask(name="one", task_reference_name="one", type="WAIT")]
    definition = WorkflowDef(name=unique("flow"), version=1, tasks=tasks)
    executor.register_workflow(definition, overwrite=True)
    request = StartWorkflowRequest(name=definition.name, version=1, input={"n": 1})

    first = executor.execute_workflow(request, wait_for_seconds=1)
    second = workflows.execute_workflow(request, wait_for_seconds=1)

    assert first.input == second.input == {"n": 1}
    workflows.pause_workflow(first.workflow_id)
    assert workflows.get_workflow(first.workflow_id).status == "PAUSED"
    workflows.resume_workflow(first.workflow_id)
    assert workflows.get_workflow(first.workflow_id).status == "RUNNING"


def test_state_is_updated(workflows: OrkesWorkflowClient, register: Register) -> None:
    workflow_id = workflows.start_workflow_by_name(register("WAIT", "one"), {})
    update = WorkflowStateUpdate(
        task_reference_name="one",
        task_result=TaskResult(status="COMPLETED", output_data={"x": 1}),
        variables={"v": 1},
    )

    run = workflows.update_state(workflow_id, update, wait_for_seconds=25)

    assert (run.status, run.variables, run.output) == ("COMPLETED", {"v": 1}, {"x": 1})


def test_removed_execution_is_gone(workflows: OrkesWorkflowClient, register: Register) -> None:
    workflow_id = workflows.start_workflow_by_name(register("WAIT", "one"), {})
    workflows.terminate_workflow(workflow_id)

    workflows.remove_workflow(workflow_id)

    # Archived, so it can still be read; an execution that was not is gone.
    assert workflows.get_workflow(workflow_id).status == "TERMINATED"
    with pytest.raises(ApiException):
        workflows.restart_workflow(workflow_id)


def test_call_that_the_sdk_itself_gets_wrong(executor: WorkflowExecutor) -> None:
    # It names an argument as the client it calls does not; the client's own method works.
    batch = CorrelationIdsSearchRequest(correlation_ids=["c"], workflow_names=["flow"])

    with pytest.raises(TypeError, match="include_closed"):
        executor.get_by_correlation_ids_and_names(batch)


def test_schedules_of_one_workflow_are_kept_by_short_names(
    configuration: Configuration, workflows: OrkesWorkflowClient, register: Register
) -> None:
    scheduler = OrkesSchedulerClient(configuration)
    name = register("WAIT", "one")

    scheduler.reconcile(name, [Schedule("nightly", "0 0 2 * * ?"), Schedule("old", "0 0 3 * * ?")])
    scheduler.reconcile(name, [Schedule("nightly", "0 0 4 * * ?", input={"by": "hand"})])

    (schedule,) = scheduler.get_all_schedules(name)
    assert (schedule.name, schedule.cron_expression) == (f"{name}-nightly", "0 0 4 * * ?")
    started = scheduler.run_now(SimpleNamespace(agent=name, input={"by": "hand"}))
    assert workflows.get_workflow(started).input == {"by": "hand"}
    scheduler.delete_schedule(schedule.name)


@pytest.mark.parametrize("method", AGENT_CALLS)
def test_method_is_told_that_there_are_no_agents(configuration: Configuration, method: str) -> None:
    call = getattr(OrkesAgentClient(configuration), method)

    with pytest.raises(Exception, match=r"404|not found") as refusal:
        call(*AGENT_CALLS[method])
    assert getattr(refusal.value, "status_code", 404) == 404
