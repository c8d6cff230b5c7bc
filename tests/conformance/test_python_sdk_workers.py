"""Workers of the official Python SDK: what they ask and tell, the server must take."""

from collections.abc import Callable

import pytest
from conductor.client.http.models import StartWorkflowRequest, Workflow
from conductor.client.orkes.orkes_metadata_client import OrkesMetadataClient
from conductor.client.orkes.orkes_task_client import OrkesTaskClient
from conductor.client.orkes.orkes_workflow_client import OrkesWorkflowClient
from conductor.client.workflow.conductor_workflow import ConductorWorkflow
from conductor.client.workflow.executor.workflow_executor import WorkflowExecutor
from conductor.client.workflow.task.simple_task import simple_task

Ended = Callable[..., Workflow]
Start = Callable[..., str]

pytestmark = pytest.mark.usefixtures("sdk_workers")


@pytest.fixture
def start_one(
    executor: WorkflowExecutor, workflows: OrkesWorkflowClient, unique: Callable[[str], str]
) -> Start:
    """Return a function that starts a workflow of one worker task and returns its id."""

    def start(task_type: str, *, domain: str | None = None, **inputs: object) -> str:
        workflow = ConductorWorkflow(executor=executor, name=unique("one"), version=1)
        workflow >> simple_task(task_type, "work", inputs)
        workflow.register(overwrite=True)
        request = StartWorkflowRequest(name=workflow.name, version=1)
        request.task_to_domain = {task_type: domain} if domain else None
        return workflows.start_workflow(request)

    return start


def test_result_of_a_sync_worker_is_the_tasks_output(start_one: Start, ended: Ended) -> None:
    workflow = ended(start_one("sdk_greet", name="Antonia"))

    assert workflow.status == "COMPLETED"
    assert workflow.tasks[0].output_data == {"result": "Hello, Antonia!"}


def test_result_of_an_async_worker_is_the_tasks_output(start_one: Start, ended: Ended) -> None:
    workflow = ended(start_one("sdk_square", number=12))

    assert workflow.status == "COMPLETED"
    assert workflow.tasks[0].output_data == {"square": 144}


def test_many_tasks_of_one_type_are_all_done(start_one: Start, ended: Ended) -> None:
    ids = [start_one("sdk_square", number=number) for number in range(30)]

    outputs = [ended(workflow_id).tasks[0].output_data for workflow_id in ids]

    assert outputs == [{"square": number * number} for number in range(30)]


def test_task_in_progress_comes_back_after_its_callback(start_one: Start, ended: Ended) -> None:
    workflow = ended(start_one("sdk_patient"))

    task = workflow.tasks[0]
    assert (workflow.status, len(workflow.tasks)) == ("COMPLETED", 1)
    assert task.output_data == {"polls": 3}
    assert task.poll_count == 3
    assert task.end_time - task.start_time >= 2_000


def test_task_whose_worker_raises_is_retried(start_one: Start, ended: Ended) -> None:
    workflow = ended(start_one("sdk_flaky"))

    first, second = workflow.tasks
    assert workflow.status == "COMPLETED"
    assert (first.status, second.status) == ("FAILED", "COMPLETED")
    assert "always fails" in first.reason_for_incompletion
    assert second.output_data == {"attempt": 1}
    assert second.retried_task_id == first.task_id


def test_non_retryable_exception_ends_the_workflow(start_one: Start, ended: Ended) -> None:
    workflow = ended(start_one("sdk_hopeless"))

    assert workflow.status == "FAILED"
    assert [task.status for task in workflow.tasks] == ["FAILED_WITH_TERMINAL_ERROR"]
    assert "no use trying again" in workflow.tasks[0].reason_for_incompletion


def test_heartbeats_keep_a_task_beyond_its_response_timeout(start_one: Start, ended: Ended) -> None:
    workflow = ended(start_one("sdk_slow"))

    task = workflow.tasks[-1]
    assert (workflow.status, task.output_data) == ("COMPLETED", {"done": True})
    assert task.response_timeout_seconds == 6
    assert task.end_time - task.start_time >= 7_500


def test_worker_of_a_domain_gets_the_tasks_of_its_domain(start_one: Start, ended: Ended) -> None:
    workflow = ended(start_one("sdk_regional", domain="north"))

    assert workflow.status == "COMPLETED"
    assert workflow.tasks[0].output_data == {"domain": "north"}


def test_worker_of_a_domain_does_not_get_other_tasks(
    start_one: Start, ended: Ended, workflows: OrkesWorkflowClient
) -> None:
    southern = start_one("sdk_regional", domain="south")
    nowhere = start_one("sdk_regional")

    ended(start_one("sdk_regional", domain="north"))

    assert workflows.get_workflow(southern).tasks[0].status == "SCHEDULED"
    assert workflows.get_workflow(nowhere).tasks[0].status == "SCHEDULED"


def test_log_lines_of_a_worker_are_kept_in_order(
    start_one: Start, ended: Ended, tasks: OrkesTaskClient
) -> None:
    task = ended(start_one("sdk_talkative")).tasks[0]

    lines = tasks.get_task_logs(task.task_id)

    assert [line.log for line in lines] == ["tuning", 'playing "dal segno"']
    assert {line.task_id for line in lines} == {task.task_id}
    assert all(line.created_time for line in lines)


def test_workers_register_their_task_definitions(
    start_one: Start, ended: Ended, metadata: OrkesMetadataClient
) -> None:
    ended(start_one("sdk_greet", name="Antonia"))

    definition = metadata.get_task_def("sdk_slow")

    assert (definition.retry_count, definition.response_timeout_seconds) == (50, 6)
    assert metadata.get_task_def("sdk_greet").retry_count == 3
