"""What an execution shows beyond its stored properties."""

import pytest

from dalsegno.models import Task, TaskStatus, Workflow, WorkflowDef, WorkflowStatus


def a_task(**properties: object) -> Task:
    return Task.model_validate({"status": "IN_PROGRESS", **properties})


def test_workflow_shows_name_and_version_of_its_definition() -> None:
    workflow = Workflow(workflow_id="w1", workflow_definition=WorkflowDef(name="w", version=3))

    wire = workflow.to_wire()

    assert (wire["workflowName"], wire["workflowVersion"]) == ("w", 3)


def test_workflow_starts_when_it_is_created() -> None:
    assert Workflow(workflow_id="w1", create_time=17).to_wire()["startTime"] == 17


def test_task_without_a_definition_task_shows_one_made_up() -> None:
    task = a_task(taskType="mail", referenceTaskName="mail_ref")

    assert task.workflow_task.name == "mail"
    assert task.workflow_task.task_reference_name == "mail_ref"


def test_definition_name_falls_back_to_the_type() -> None:
    assert a_task(taskType="mail").task_def_name == "mail"
    assert (
        Task(status=TaskStatus.SCHEDULED, task_type="mail", task_def_name="m").task_def_name == "m"
    )


def test_sub_workflow_id_falls_back_to_the_output() -> None:
    assert a_task(outputData={"subWorkflowId": "w2"}).sub_workflow_id == "w2"
    assert a_task(subWorkflowId="w3", outputData={"subWorkflowId": "w2"}).sub_workflow_id == "w3"


def test_execution_metadata_is_always_shown() -> None:
    assert a_task().to_wire()["executionMetadata"] == {"additionalContext": {}}


def test_task_in_a_loop_says_so() -> None:
    assert a_task(iteration=1).loop_over_task
    assert not a_task().loop_over_task


def test_wait_in_the_queue_ends_at_the_start() -> None:
    assert a_task(scheduledTime=1_000, startTime=1_500).queue_wait_millis(now=9_000) == 500


def test_task_not_started_has_not_waited() -> None:
    assert a_task(scheduledTime=1_000).queue_wait_millis(now=9_000) == 0


def test_task_called_back_waits_from_its_callback_on() -> None:
    task = a_task(scheduledTime=1, startTime=2, updateTime=1_000, callbackAfterSeconds=3)

    assert task.queue_wait_millis(now=4_500) == 500
    assert task.queue_wait_millis(now=2_000) == 0


@pytest.mark.parametrize(
    ("status", "flags"),
    [
        ("SCHEDULED", (False, True, True)),
        ("IN_PROGRESS", (False, True, True)),
        ("COMPLETED", (True, True, True)),
        ("COMPLETED_WITH_ERRORS", (True, True, True)),
        ("SKIPPED", (True, True, False)),
        ("FAILED", (True, False, True)),
        ("TIMED_OUT", (True, False, True)),
        ("FAILED_WITH_TERMINAL_ERROR", (True, False, False)),
        ("CANCELED", (True, False, False)),
    ],
)
def test_task_status_flags(status: str, flags: tuple[bool, bool, bool]) -> None:
    known = TaskStatus(status)

    assert (known.is_terminal, known.is_successful, known.is_retriable) == flags


@pytest.mark.parametrize(
    ("status", "flags"),
    [
        ("RUNNING", (False, False)),
        ("COMPLETED", (True, True)),
        ("FAILED", (True, False)),
        ("TIMED_OUT", (True, False)),
        ("TERMINATED", (True, False)),
        ("PAUSED", (False, True)),
    ],
)
def test_workflow_status_flags(status: str, flags: tuple[bool, bool]) -> None:
    known = WorkflowStatus(status)

    assert (known.is_terminal, known.is_successful) == flags
