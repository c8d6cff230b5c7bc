"""What the official Python SDK can do beyond Conductor's open-source server, and searches."""

from collections.abc import Callable
from typing import Any

import pytest
from conductor.client.configuration.configuration import Configuration
from conductor.client.http.api.task_resource_api import TaskResourceApi
from conductor.client.http.api.workflow_resource_api import WorkflowResourceApi
from conductor.client.http.api_client import ApiClient
from conductor.client.http.models import (
    StartWorkflowRequest,
    WorkflowDef,
    WorkflowTask,
)
from conductor.client.http.models.correlation_ids_search_request import (
    CorrelationIdsSearchRequest,
)
from conductor.client.http.models.schema_def import SchemaDef, SchemaType
from conductor.client.http.models.task_def import TaskDef
from conductor.client.http.models.task_result import TaskResult
from conductor.client.http.models.workflow_state_update import WorkflowStateUpdate
from conductor.client.http.models.workflow_test_request import WorkflowTestRequest
from conductor.client.orkes.models.metadata_tag import MetadataTag
from conductor.client.orkes.orkes_metadata_client import OrkesMetadataClient
from conductor.client.orkes.orkes_schema_client import OrkesSchemaClient
from conductor.client.orkes.orkes_workflow_client import OrkesWorkflowClient

Unique = Callable[[str], str]


def a_step(name: str, ref: str | None = None, **fields: Any) -> WorkflowTask:
    return WorkflowTask(name=name, task_reference_name=ref or name, **fields)


@pytest.fixture
def workflow_api(configuration: Configuration) -> WorkflowResourceApi:
    return WorkflowResourceApi(ApiClient(configuration))


@pytest.fixture
def task_api(configuration: Configuration) -> TaskResourceApi:
    return TaskResourceApi(ApiClient(configuration))


@pytest.fixture
def flow(metadata: OrkesMetadataClient, unique: Unique) -> str:
    """Return the name of a workflow of three tasks that nobody works on."""
    name = unique("flow")
    tasks = [a_step(f"{name}_{ref}", ref) for ref in ("one", "two", "three")]
    metadata.register_workflow_def(WorkflowDef(name=name, version=1, tasks=tasks))
    return name


@pytest.fixture
def running(workflows: OrkesWorkflowClient, flow: str) -> str:
    request = StartWorkflowRequest(name=flow, correlation_id=f"of {flow}", input={"a": 1})
    workflow_id: str = workflows.start_workflow(request)
    return workflow_id


def test_update_variables(workflows: OrkesWorkflowClient, running: str) -> None:
    workflows.update_variables(running, {"approved": True})

    assert workflows.get_workflow(running).variables == {"approved": True}


def test_update_state(workflow_api: WorkflowResourceApi, running: str) -> None:
    # The client's own update_state names its argument wrongly; this is what it means to call.
    run = workflow_api.update_workflow_and_task_state_with_http_info(
        WorkflowStateUpdate(
            task_reference_name="one",
            task_result=TaskResult(status="COMPLETED", output_data={"x": 1}),
            variables={"v": 1},
        ),
        "request-1",
        running,
        wait_for_seconds=1,
        wait_until_task_ref="one",
        _return_http_data_only=True,
    )

    assert (run.request_id, run.variables) == ("request-1", {"v": 1})
    assert [task.status for task in run.tasks] == ["COMPLETED", "SCHEDULED"]


def test_jump(
    workflow_api: WorkflowResourceApi, workflows: OrkesWorkflowClient, running: str
) -> None:
    workflow_api.jump_to_task({"b": 2}, running, task_reference_name="three")

    tasks = workflows.get_workflow(running, include_tasks=True).tasks
    statuses = {task.reference_task_name: task.status for task in tasks}
    assert statuses == {"one": "SKIPPED", "two": "SKIPPED", "three": "SCHEDULED"}


def test_upgrade(
    workflow_api: WorkflowResourceApi,
    workflows: OrkesWorkflowClient,
    metadata: OrkesMetadataClient,
    flow: str,
    running: str,
) -> None:
    tasks = [a_step(f"{flow}_zero", "zero"), a_step(f"{flow}_one", "one")]
    metadata.register_workflow_def(WorkflowDef(name=flow, version=2, tasks=tasks))

    workflow_api.upgrade_running_workflow_to_version(
        {"name": flow, "version": 2, "taskOutput": {"x": 1}}, running
    )

    workflow = workflows.get_workflow(running, include_tasks=True)
    assert workflow.workflow_version == 2
    assert {t.reference_task_name: t.status for t in workflow.tasks} == {
        "zero": "COMPLETED",
        "one": "SCHEDULED",
    }


def test_run_with_mocks(workflows: OrkesWorkflowClient, flow: str) -> None:
    mocks = {ref: [{"status": "COMPLETED", "output": {"of": ref}}] for ref in ("one", "two")}
    mocks["three"] = [{"status": "COMPLETED", "output": {"sum": 3}, "executionTime": 10}]

    workflow = workflows.test_workflow(
        WorkflowTestRequest(name=flow, version=1, task_ref_to_mock_output=mocks)
    )

    assert (workflow.status, workflow.output) == ("COMPLETED", {"sum": 3})


def test_execute_as_api(
    workflow_api: WorkflowResourceApi, metadata: OrkesMetadataClient, unique: Unique
) -> None:
    name = unique("flow")
    metadata.register_workflow_def(
        WorkflowDef(
            name=name,
            version=1,
            tasks=[a_step("noop", type="NOOP")],
            output_parameters={"x": "${workflow.input.x}"},
        )
    )

    assert workflow_api.execute_workflow_as_api({"x": 1}, name, version=1) == {"x": 1}
    assert workflow_api.execute_workflow_as_get_api(name) == {"x": None}


def test_search_by_correlation_in_batch(
    workflows: OrkesWorkflowClient, flow: str, running: str
) -> None:
    found = workflows.get_by_correlation_ids_in_batch(
        CorrelationIdsSearchRequest(correlation_ids=[f"of {flow}"], workflow_names=[flow]),
        include_completed=True,
    )

    assert [each.workflow_id for each in found[f"of {flow}"]] == [running]


def test_search(workflows: OrkesWorkflowClient, flow: str, running: str) -> None:
    query = f"workflowType = '{flow}' AND (status IN (RUNNING) OR version > 7)"

    found = workflows.search(start=0, size=10, query=query)

    assert [each.workflow_id for each in found.results] == [running]


def test_task_search(task_api: TaskResourceApi, flow: str, running: str) -> None:
    query = f"workflowType = '{flow}' AND status != COMPLETED"

    summaries = task_api.search1(start=0, size=10, sort="startTime:DESC", query=query)
    tasks = task_api.search_v21(start=0, size=10, query=query)

    assert [each.workflow_id for each in summaries.results] == [running]
    assert [each.reference_task_name for each in tasks.results] == ["one"]


def test_requeue(task_api: TaskResourceApi, flow: str, running: str) -> None:
    assert running
    assert str(task_api.requeue_pending_task(f"{flow}_one")) == "1"


def test_tags_of_definitions(metadata: OrkesMetadataClient, flow: str, unique: Unique) -> None:
    task_name = unique("task")
    metadata.register_task_def(TaskDef(name=task_name))

    metadata.add_workflow_tag(MetadataTag("team", "pay"), flow)
    metadata.set_workflow_tags([MetadataTag("team", "ship"), MetadataTag("tier", "1")], flow)
    metadata.delete_workflow_tag(MetadataTag("tier", "1"), flow)
    metadata.addTaskTag(MetadataTag("team", "pay"), task_name)
    metadata.setWorkflowRateLimit(5, flow)

    tags = metadata.get_workflow_tags(flow)
    assert [(tag.key, tag.value) for tag in tags if tag.type == "METADATA"] == [("team", "ship")]
    assert metadata.getWorkflowRateLimit(flow) == 5
    assert [tag.value for tag in metadata.getTaskTags(task_name)] == ["pay"]
    metadata.deleteTaskTag(MetadataTag("team", "pay"), task_name)
    assert metadata.getTaskTags(task_name) == []
    metadata.setTaskTags([MetadataTag("team", "ship")], task_name)
    assert [tag.value for tag in metadata.getTaskTags(task_name)] == ["ship"]
    metadata.removeWorkflowRateLimit(flow)
    assert metadata.getWorkflowRateLimit(flow) is None


def test_schemas(configuration: Configuration, unique: Unique) -> None:
    client, name = OrkesSchemaClient(configuration), unique("schema")

    for version in (1, 2):
        schema = SchemaDef(name=name, version=version, type=SchemaType.JSON, data={"a": version})
        client.register_schema(schema)

    assert client.get_schema(name, 2).data == {"a": 2}
    assert {each.version for each in client.get_all_schemas() if each.name == name} == {1, 2}
    client.delete_schema(name, 2)
    client.delete_schema_by_name(name)
    assert name not in {each.name for each in client.get_all_schemas()}
