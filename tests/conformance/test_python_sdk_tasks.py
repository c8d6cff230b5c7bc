"""Tasks, through the task client of the official Python SDK."""

from collections.abc import Callable

import pytest
from conductor.client.http.models import Task, TaskResult, Workflow
from conductor.client.http.models.task_def import TaskDef
from conductor.client.http.models.workflow_def import WorkflowDef
from conductor.client.http.models.workflow_task import WorkflowTask
from conductor.client.http.rest import ApiException
from conductor.client.orkes.orkes_metadata_client import OrkesMetadataClient
from conductor.client.orkes.orkes_task_client import OrkesTaskClient
from conductor.client.orkes.orkes_workflow_client import OrkesWorkflowClient

Ended = Callable[..., Workflow]
Unique = Callable[[str], str]


@pytest.fixture
def step(unique: Unique) -> str:
    """Return a task type of the test's own."""
    return unique("step")


@pytest.fixture
def start(
    metadata: OrkesMetadataClient, workflows: OrkesWorkflowClient, unique: Unique, step: str
) -> Callable[[], str]:
    """Return a function that starts a workflow of two tasks of that type."""
    name = unique("flow")
    tasks = [
        WorkflowTask(name=step, task_reference_name=ref, input_parameters={"side": ref})
        for ref in ("left", "right")
    ]
    metadata.register_workflow_def(WorkflowDef(name=name, version=1, tasks=tasks))
    return lambda: workflows.start_workflow_by_name(name, {})


def result_of(task: Task, status: str, **output: object) -> TaskResult:
    return TaskResult(
        workflow_instance_id=task.workflow_instance_id,
        task_id=task.task_id,
        worker_id="tester",
        status=status,
        output_data=output,
    )


def test_polled_task_is_in_progress_with_the_worker(
    tasks: OrkesTaskClient, start: Callable[[], str], step: str
) -> None:
    workflow_id = start()

    task = tasks.poll_task(step, worker_id="tester")

    assert task.workflow_instance_id == workflow_id
    assert (task.status, task.worker_id, task.poll_count) == ("IN_PROGRESS", "tester", 1)
    assert (task.task_def_name, task.reference_task_name) == (step, "left")
    assert task.input_data == {"side": "left"}
    assert tasks.get_task(task.task_id).status == "IN_PROGRESS"


def test_batch_poll_returns_no_more_tasks_than_asked(
    tasks: OrkesTaskClient, start: Callable[[], str], step: str
) -> None:
    started = {start() for _ in range(5)}

    first = tasks.batch_poll_tasks(step, "tester", count=3, timeout_in_millisecond=2_000)
    second = tasks.batch_poll_tasks(step, "tester", count=3, timeout_in_millisecond=2_000)

    assert (len(first), len(second)) == (3, 2)
    assert {task.workflow_instance_id for task in first + second} == started


def test_poll_without_tasks_returns_none_of_substance(tasks: OrkesTaskClient, step: str) -> None:
    # SDK 2.0.0 makes an empty Task of a 204.
    assert tasks.poll_task(step).task_id is None
    assert tasks.batch_poll_tasks(step, "tester", count=5, timeout_in_millisecond=50) == []


def test_update_returns_the_task_id_and_lets_the_workflow_go_on(
    tasks: OrkesTaskClient, start: Callable[[], str], step: str, ended: Ended
) -> None:
    workflow_id = start()

    for _ in range(2):
        task = tasks.poll_task(step, worker_id="tester")
        answer = tasks.update_task(result_of(task, "COMPLETED", side=task.reference_task_name))
        assert answer == task.task_id

    workflow = ended(workflow_id)
    assert workflow.status == "COMPLETED"
    assert workflow.output == {"side": "right"}


def test_second_result_of_an_attempt_is_acknowledged_and_ignored(
    tasks: OrkesTaskClient, start: Callable[[], str], step: str
) -> None:
    start()
    task = tasks.poll_task(step)
    tasks.update_task(result_of(task, "COMPLETED", winner="first"))

    answer = tasks.update_task(result_of(task, "FAILED", winner="second"))

    stored = tasks.get_task(task.task_id)
    assert answer == task.task_id
    assert (stored.status, stored.output_data) == ("COMPLETED", {"winner": "first"})


def test_update_v2_answers_with_the_next_task_of_the_type(
    tasks: OrkesTaskClient, start: Callable[[], str], step: str
) -> None:
    start()
    task = tasks.poll_task(step, worker_id="tester")

    following = tasks.taskResourceApi.update_task_v2(body=result_of(task, "COMPLETED"))
    last = tasks.taskResourceApi.update_task_v2(body=result_of(following, "COMPLETED"))

    assert (following.reference_task_name, following.status) == ("right", "IN_PROGRESS")
    assert following.worker_id == "tester"
    assert last is None


def test_task_is_updated_by_its_reference_name(
    tasks: OrkesTaskClient, start: Callable[[], str], workflows: OrkesWorkflowClient
) -> None:
    workflow_id = start()
    # SDK 2.0.0 raises a TypeError if a worker id is given here.

    task_id = tasks.update_task_by_ref_name(workflow_id, "left", "COMPLETED", {"a": 1})

    assert tasks.get_task(task_id).output_data == {"result": {"a": 1}}
    refs = [task.reference_task_name for task in workflows.get_workflow(workflow_id).tasks]
    assert refs == ["left", "right"]


def test_synchronous_update_by_reference_name_returns_the_workflow(
    tasks: OrkesTaskClient, start: Callable[[], str]
) -> None:
    workflow_id = start()
    tasks.update_task_sync(workflow_id, "left", "COMPLETED", {"a": 1})

    workflow = tasks.update_task_sync(workflow_id, "right", "COMPLETED", "plain")

    assert (workflow.workflow_id, workflow.status) == (workflow_id, "COMPLETED")
    assert [task.output_data for task in workflow.tasks] == [{"a": 1}, {"result": "plain"}]


def test_synchronous_update_without_such_a_task_is_refused(
    tasks: OrkesTaskClient, start: Callable[[], str]
) -> None:
    workflow_id = start()

    with pytest.raises(ApiException) as refusal:
        tasks.update_task_sync(workflow_id, "nowhere", "COMPLETED", {})

    assert refusal.value.status == 404


def test_log_lines_come_back_as_they_were_written(
    tasks: OrkesTaskClient, start: Callable[[], str], step: str
) -> None:
    start()
    task = tasks.poll_task(step)

    tasks.add_task_log(task.task_id, 'déjà "vu"\nand more')
    tasks.add_task_log(task.task_id, "second")

    lines = [line.log for line in tasks.get_task_logs(task.task_id)]
    # SDK 2.0.0 sends the line JSON-escaped but without quotes, and the server keeps what it gets.
    assert len(lines) == 2
    assert "vu" in lines[0]
    assert lines[1] == "second"


def test_queue_size_counts_what_waits(
    tasks: OrkesTaskClient, start: Callable[[], str], step: str
) -> None:
    for _ in range(3):
        start()
    assert tasks.get_queue_size_for_task(step) == 3

    tasks.poll_task(step)

    assert tasks.get_queue_size_for_task(step) == 2


def test_poll_data_tells_who_polled(tasks: OrkesTaskClient, step: str) -> None:
    tasks.batch_poll_tasks(step, "violinist", count=1, timeout_in_millisecond=10)

    data = tasks.get_task_poll_data(step)

    assert [(poll.queue_name, poll.worker_id) for poll in data] == [(step, "violinist")]
    assert data[0].last_poll_time > 0


def test_unknown_task_is_404(tasks: OrkesTaskClient) -> None:
    with pytest.raises(ApiException) as refusal:
        tasks.get_task("nobody")

    assert refusal.value.status == 404


def test_failed_task_is_retried_as_its_definition_says(
    tasks: OrkesTaskClient,
    metadata: OrkesMetadataClient,
    start: Callable[[], str],
    step: str,
) -> None:
    metadata.register_task_def(TaskDef(name=step, retry_count=1, retry_delay_seconds=0))
    start()
    first = tasks.poll_task(step)

    tasks.update_task(result_of(first, "FAILED"))

    [second] = tasks.batch_poll_tasks(step, "tester", count=1, timeout_in_millisecond=5_000)
    assert (second.reference_task_name, second.retry_count) == ("left", 1)
    assert second.retried_task_id == first.task_id
